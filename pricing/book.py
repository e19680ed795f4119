"""Books of prices: what a kind of machine cost at a moment. An unknown price is None, never a neighbour's."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from finops.domain.machine import MachineKind
from finops.domain.ports import PriceBook
from finops.domain.price import Price


class Book:
    """Prices held in memory, found by the kind of machine and the moment.

    >>> from datetime import UTC
    >>> Book([]).find(MachineKind("aws", "us-east-1", "m99.large"), datetime(2026, 11, 2, tzinfo=UTC))
    """

    def __init__(self, prices: Iterable[Price]) -> None:
        self._prices: dict[MachineKind, list[Price]] = {}
        for price in sorted(prices, key=lambda price: price.valid_from):
            self._prices.setdefault(price.kind, []).append(price)

    def find(self, kind: MachineKind, at: datetime) -> Price | None:
        """The price in force: of exactly this zone and account, else of any zone, else of any account.

        A moment before the first price of a kind has none, and a spot machine never takes the
        on-demand price: a wrong price is worse than a charge that says it has none.
        """
        for candidate in _from_exact_to_general(kind):
            price = in_force(self._prices.get(candidate, ()), at)
            if price is not None:
                return price
        return None


def first_of(books: Sequence[PriceBook]) -> PriceBook:
    """Books asked in turn: the first that answers wins, and the price's `source` says which it was."""
    return _Ladder(tuple(books))


@dataclass(frozen=True, slots=True)
class _Ladder:
    """Several books as one."""

    _books: Sequence[PriceBook]

    def find(self, kind: MachineKind, at: datetime) -> Price | None:
        """The first book's price in force, or None if no book has one."""
        for book in self._books:
            price = book.find(kind, at)
            if price is not None:
                return price
        return None


def in_force(prices: Sequence[Price], at: datetime) -> Price | None:
    """Of one kind's prices, in order of `valid_from`, the one whose [valid_from, valid_to) holds a moment."""
    begun = bisect_right(prices, at, key=lambda price: price.valid_from)
    for price in reversed(prices[:begun]):
        if price.valid_to is None or at < price.valid_to:
            return price
    return None


def _from_exact_to_general(kind: MachineKind) -> list[MachineKind]:
    """The kind itself, then what a list without zones or without accounts would call it."""
    # An account's own price outranks a zone's: what was negotiated holds wherever the machine stands.
    places = [(kind.zone, kind.account), ("", kind.account), (kind.zone, ""), ("", "")]
    return [
        MachineKind(kind.cloud, kind.region, kind.machine_type, kind.purchase_option, zone, account)
        for zone, account in dict.fromkeys(places)
    ]
