"""What others fulfil: the Protocols between the rooms, so that siblings never import each other."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, runtime_checkable

from finops.domain.machine import MachineHours, MachineKind, Shape
from finops.domain.price import Price
from finops.domain.profile import Profile, ProfileKind
from finops.domain.window import Window


class Clock(Protocol):
    """The time, as an argument. `now` decides what is due; `real` only how long a claim lasts."""

    def now(self) -> datetime:
        """The moment that counts for what is due; a configuration may pin it."""

    def real(self) -> datetime:
        """The machine's own time, for leases and for the record of runs."""


@dataclass(frozen=True, slots=True, order=True)
class ProfileOffer:
    """Profiles that a source has of one service, of one kind, in one hour.

    `service` is the name that the source knows it by. `fingerprint` changes when a pull would bring
    something else; a source that cannot tell gives "".
    """

    service: str
    window: Window
    kind: ProfileKind
    fingerprint: str = ""


class ProfileSource(Protocol):
    """A back-end that can be asked for profiles of one hour."""

    name: str

    def offers(self, window: Window) -> Iterable[ProfileOffer]:
        """What the source has within a window, an offer for each service, kind and whole hour.

        Raises SourceUnavailable when asking again later may help, and BrokenInput when it will not.
        """

    def fetch(self, offer: ProfileOffer) -> Iterator[Profile]:
        """The profiles of an offer, each with its dimensions and with what the source vouches for.

        Raises SourceUnavailable when asking again later may help, and BrokenProfile when it will not, after
        it gave those that are whole.
        """


@runtime_checkable
class Skipping(Protocol):
    """A source that can say what it holds and does not offer, since no column of it may be money."""

    def skipped(self, window: Window) -> Sequence[str]:
        """A sentence for each profile of a window that is not offered."""


class FleetSource(Protocol):
    """Knows which machines ran for whom, and, where measured, how busy they were."""

    name: str

    def machine_hours(self, window: Window) -> Iterable[MachineHours]:
        """The machines of every hour that overlaps a window, each row within one hour.

        Raises Unavailable when asking again later may help, and BrokenInput when it will not.
        """


class PriceSource(Protocol):
    """A cloud's price list, the bundled catalogue, or the configuration."""

    name: str

    def prices(self, regions: Sequence[str]) -> Iterable[Price]:
        """The prices of some regions of its cloud; all it has when none is named.

        A price list gives those now in force; who states prices gives those that have ended too.

        Raises PricesUnavailable when asking again later may help, and BrokenInput when it will not.
        """


class PriceBook(Protocol):
    """Answers what a kind of machine cost at a moment."""

    def find(self, kind: MachineKind, at: datetime) -> Price | None:
        """The price in force, or None: an unknown price is a charge that says so, never a guess."""


class PriceLadder(PriceBook, Protocol):
    """A book that also says when its answer changes, and that can estimate what has no price."""

    def during(
        self, kind: MachineKind, window: Window, shape: Shape | None = None
    ) -> Sequence[tuple[Window, Price | None]]:
        """The prices of a window, in order: it is split where another price begins."""
