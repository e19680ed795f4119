"""What one look at a price list brought: the prices, and, counted by reason, what was left out."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, runtime_checkable

from finops.domain.machine import MachineKind
from finops.domain.price import Price
from finops.domain.price_list import PriceList

_EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class Rejection:
    """One item of a list that is no price of ours: why, and what it called itself."""

    reason: str
    what: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """All items left out for one reason, with the first few by name."""

    reason: str
    count: int
    examples: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.count} {self.reason} (as {', '.join(self.examples)})"


@dataclass(frozen=True, slots=True)
class Fetched:
    """The prices of one region, as one source lists them at one moment.

    Attributes:
        rejected: what the list held besides, by reason; nothing is left out uncounted.
        repeated: how many items said again what another had said.
        effective: since when the list says each price holds; older than `valid_from`, and worth
            believing only where no earlier price of that kind is known.
        published: when the source says it published the list; None where it does not say.
        version: the list's own name for that state of it.
    """

    cloud: str
    region: str
    prices: tuple[Price, ...]
    rejected: tuple[Rejected, ...] = ()
    repeated: int = 0
    effective: Mapping[MachineKind, datetime] = field(default_factory=dict)
    published: datetime | None = None
    version: str = ""

    def listed(self, source: str, observed_at: datetime) -> PriceList:
        """What was found, as one look at a list."""
        return PriceList(
            *(self.cloud, self.region, source, observed_at, self.prices, self.effective),
            published=self.published,
            version=self.version,
        )


@runtime_checkable
class Fetcher(Protocol):
    """A price source that is looked at, a region at a time; its lists pass the gate, others only declare."""

    name: str

    def fetch(self, region: str) -> Fetched:
        """What the source lists for a region now.

        Raises PricesUnavailable when asking again later may help, and BrokenInput when it will not.
        """


@runtime_checkable
class Moving(Protocol):
    """A price source that is asked for changes since a moment: prices that move by themselves."""

    name: str

    def changes(self, region: str, since: datetime, now: datetime) -> Fetched:
        """Every change of price since a moment, and the last before it, each from when it began.

        Raises PricesUnavailable when asking again later may help, and BrokenInput when it will not.
        """


def tally(rejections: Iterable[Rejection]) -> tuple[Rejected, ...]:
    """Rejections counted by reason, the most frequent first.

    >>> print(*tally([Rejection("zero price", "c5.large"), Rejection("zero price", "m5.large")]))
    2 zero price (as c5.large, m5.large)
    """
    names: dict[str, list[str]] = {}
    for rejection in rejections:
        names.setdefault(rejection.reason, []).append(rejection.what)
    counted = [
        Rejected(reason, len(items), tuple(dict.fromkeys(items))[:_EXAMPLES])
        for reason, items in names.items()
    ]
    return tuple(sorted(counted, key=lambda rejected: (-rejected.count, rejected.reason)))
