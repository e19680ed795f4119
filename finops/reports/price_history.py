"""The history of prices, and what changed between two moments, as text and as documents."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from finops.domain.machine import MachineKind
from finops.domain.price import Price
from finops.domain.window import moment_text
from finops.reports.shown import harmless, table
from finops.storage.prices import Known


def document(known: Known) -> dict[str, Any]:
    """One stored price for a program."""
    price = known.price
    return {
        "machine": price.kind.machine_type,
        "cloud": price.kind.cloud,
        "region": price.kind.region,
        "zone": price.kind.zone,
        "account": price.kind.account,
        "purchase_option": price.kind.purchase_option,
        "hourly": format(price.hourly, "f"),
        "currency": price.currency,
        "valid_from": moment_text(price.valid_from),
        "valid_to": moment_text(price.valid_to) if price.valid_to else None,
        "source": price.source,
        "price_id": price.id,
        "recorded_at": moment_text(known.recorded_at),
        "superseded_at": moment_text(known.superseded_at) if known.superseded_at else None,
    }


def text(found: Sequence[Known]) -> str:
    """Stored prices for a person, in order of time."""
    rows = [
        [
            _shown(known.price.valid_from),
            _shown(known.price.valid_to) if known.price.valid_to else "on",
            f"{known.price.hourly} {known.price.currency}",
            known.price.kind.purchase_option,
            harmless(known.price.kind.zone),
            harmless(known.price.source),
            _shown(known.recorded_at) + (f" to {_shown(known.superseded_at)}" if known.superseded_at else ""),
        ]
        for known in found
    ]
    return table(
        ["from", "to", "an hour", "bought", "zone", "source", "known"], rows, left=[0, 1, 3, 4, 5, 6]
    )


@dataclass(frozen=True, slots=True)
class Difference:
    """A kind of machine whose price is not at both moments the same; None where there is none."""

    kind: MachineKind
    source: str
    before: Price | None
    after: Price | None

    @property
    def change(self) -> Decimal | None:
        """By how much it changed, as a share."""
        if self.before is None or self.after is None:
            return None
        return self.after.hourly / self.before.hourly - 1

    def document(self) -> dict[str, Any]:
        """For a program."""
        return {
            "machine": self.kind.machine_type,
            "cloud": self.kind.cloud,
            "region": self.kind.region,
            "purchase_option": self.kind.purchase_option,
            "zone": self.kind.zone,
            "source": self.source,
            "before": format(self.before.hourly, "f") if self.before else None,
            "after": format(self.after.hourly, "f") if self.after else None,
            "change": f"{self.change:.6f}" if self.change is not None else None,
        }


def differences(prices: Iterable[Price], before: datetime, after: datetime) -> list[Difference]:
    """What is not the same at both moments, by kind and source."""
    held: dict[tuple[MachineKind, str], list[Price | None]] = {}
    for price in prices:
        for place, at in enumerate((before, after)):
            if price.valid_from <= at and (price.valid_to is None or at < price.valid_to):
                held.setdefault((price.kind, price.source), [None, None])[place] = price
    return [
        Difference(kind, source, old, new)
        for (kind, source), (old, new) in sorted(held.items())
        if (old.hourly if old else None) != (new.hourly if new else None)
    ]


def differences_text(found: Sequence[Difference]) -> str:
    """What changed, for a person."""
    if not found:
        return "no stored price differs between the two"
    rows = [
        [
            each.kind.machine_type,
            each.kind.region,
            each.kind.purchase_option,
            format(each.before.hourly, "f") if each.before else "–",
            format(each.after.hourly, "f") if each.after else "–",
            f"{each.change * 100:+.1f} %" if each.change is not None else "new" if each.after else "gone",
            each.source,
        ]
        for each in found
    ]
    return table(
        ["machine", "region", "bought", "before", "after", "change", "source"], rows, left=[0, 1, 2, 6]
    )


def _shown(moment: datetime | None) -> str:
    return moment_text(moment.replace(microsecond=0)) if moment else ""
