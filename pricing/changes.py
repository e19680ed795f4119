"""What a price list changes in what is stored, and whether it may."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from finops.domain.price import Price
from finops.errors import GateRefused


class Verdict(StrEnum):
    """What happens to a list: it enters, waits for a person, or does not enter."""

    ADMITTED = "admitted"
    HELD = "held"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Change:
    """A price that became another: the old one, closed where the new one begins."""

    old: Price
    new: Price

    @property
    def ratio(self) -> Decimal:
        """The new price over the old."""
        return self.new.hourly / self.old.hourly


@dataclass(frozen=True, slots=True)
class Changes:
    """What a list changes.

    Attributes:
        unchanged: the stored prices that the list confirms.
        absent: the stored prices that the list does not mention; they stay open, and age.
        withdrawn: the stored prices that whoever stated them no longer states.
    """

    new: tuple[Price, ...] = ()
    changed: tuple[Change, ...] = ()
    unchanged: tuple[Price, ...] = ()
    absent: tuple[Price, ...] = ()
    withdrawn: tuple[Price, ...] = ()

    @property
    def to_store(self) -> tuple[Price, ...]:
        """The prices to be stored: new ones, changed ones, and the old of those with their end."""
        changed = (price for change in self.changed for price in (change.old, change.new))
        return (*self.new, *changed)


@dataclass(frozen=True, slots=True)
class Decision:
    """The verdict on a list, a sentence for each reason, and what it changes; nothing, if refused."""

    verdict: Verdict
    reasons: tuple[str, ...] = ()
    changes: Changes = Changes()

    def admitted(self) -> Changes:
        """What is to be stored.

        Raises:
            GateRefused: the list is held or refused; what was stored stays as it is.
        """
        if self.verdict is not Verdict.ADMITTED:
            raise GateRefused(f"prices {self.verdict}: {'; '.join(self.reasons)}")
        return self.changes
