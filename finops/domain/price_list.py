"""A price list as it was looked at: what one source said of one region of one cloud at one moment.

The rule that must not be broken: a list says what held when it was observed, and nothing about a machine
that it leaves out.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from finops.domain.machine import MachineKind
from finops.domain.price import Price


@dataclass(frozen=True, slots=True)
class PriceList:
    """One look at one list.

    Attributes:
        prices: each valid from the moment it was observed.
        effective: since when the list itself says a price holds.
        published: when its source says it made it; None where it does not say.
        version: the list's own name for that state of it.
    """

    cloud: str
    region: str
    source: str
    observed_at: datetime
    prices: tuple[Price, ...]
    effective: Mapping[MachineKind, datetime] = field(default_factory=dict)
    published: datetime | None = None
    version: str = ""

    @property
    def scope(self) -> tuple[str, str, str]:
        """What lists are compared within: source, cloud and region."""
        return self.source, self.cloud, self.region

    def __str__(self) -> str:
        return f"{self.source} {self.region}".rstrip()
