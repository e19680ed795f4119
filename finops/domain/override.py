"""Overrides: what was negotiated, by account, region, family or type, while it holds."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from finops.domain.machine import MachineKind


@dataclass(frozen=True, slots=True)
class Override:
    """A percentage off the list, or an hourly price in its place; "" matches everything.

    Attributes:
        family: the part of a type's name before its dot, as c5.
        percent: what is taken off the list price; negative adds.
        hourly: the price of one machine for an hour, in the list's currency.
    """

    name: str
    cloud: str
    percent: Decimal | None = None
    hourly: Decimal | None = None
    account: str = ""
    region: str = ""
    family: str = ""
    machine_type: str = ""
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    note: str = ""

    def __post_init__(self) -> None:
        if (self.percent is None) == (self.hourly is None):
            raise ValueError(f"{self.name}: give percent or hourly, and not both")

    def covers(self, kind: MachineKind) -> bool:
        """Whether it speaks of a kind of machine."""
        wanted = (
            (self.cloud, kind.cloud),
            (self.account, kind.account),
            (self.region, kind.region),
            (self.family, kind.machine_type.partition(".")[0]),
            (self.machine_type, kind.machine_type),
        )
        return all(ours in ("", theirs) for ours, theirs in wanted)

    def holds(self, at: datetime) -> bool:
        """Whether it is in force at a moment: [valid_from, valid_to)."""
        return (self.valid_from is None or self.valid_from <= at) and (
            self.valid_to is None or at < self.valid_to
        )

    def contracted(self, listed: Decimal) -> Decimal:
        """What a list price comes to."""
        if self.hourly is not None:
            return self.hourly
        assert self.percent is not None  # noqa: S101 (one of the two is given)
        return listed * (100 - self.percent) / 100

    @property
    def rank(self) -> tuple[bool, ...]:
        """Its place among those that cover a machine: the more particular goes first."""
        return tuple(not each for each in (self.account, self.machine_type, self.family, self.region))
