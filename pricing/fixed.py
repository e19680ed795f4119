"""Prices that the configuration states: they outrank every list, so no two may hold at once."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from finops.domain.machine import MachineKind
from finops.domain.price import Price
from finops.errors import ConfigError
from pricing.book import Book
from pricing.declared import overlaps


class FixedPrices:
    """The configuration's prices, both as a source and as a book.

    Raises:
        ConfigError: two prices of one kind of machine hold at the same time.
    """

    def __init__(self, prices: Iterable[Price], name: str = "fixed") -> None:
        self.name = name
        self._prices = tuple(prices)
        clashes = overlaps(self._prices)
        if clashes:
            raise ConfigError("; ".join(clashes))
        self._book = Book(self._prices)

    def prices(self, regions: Sequence[str]) -> list[Price]:
        """The prices of some regions, whenever they hold; all when none is named."""
        return [price for price in self._prices if not regions or price.kind.region in regions]

    def find(self, kind: MachineKind, at: datetime) -> Price | None:
        """The price in force, as a Book finds it."""
        return self._book.find(kind, at)
