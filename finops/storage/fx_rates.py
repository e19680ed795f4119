"""Rates of exchange by day, with their source. They show amounts; no amount of the ledger is made of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from finops.storage.portable import upsert
from finops.storage.tables import FxRateRow


@dataclass(frozen=True, slots=True)
class FxRate:
    """What one unit of `base` was worth in `quote` on a day."""

    base: str
    quote: str
    day: datetime
    rate: Decimal
    source: str

    def __post_init__(self) -> None:
        if not (self.rate.is_finite() and self.rate > 0) or self.base == self.quote:
            raise ValueError(f"{self.rate} is no rate from {self.base} to {self.quote}")


def record(session: Session, rates: Iterable[FxRate], now: datetime) -> int:
    """Store rates, in place of those of the same day and source; give how many. The caller commits."""
    rows = [
        {
            "base": each.base,
            "quote": each.quote,
            "day": each.day,
            "rate": each.rate,
            "source": each.source,
            "recorded_at": now,
        }
        for each in rates
    ]
    upsert(session, FxRateRow, rows, ("base", "quote", "day", "source"))
    return len(rows)


def find(session: Session, base: str, quote: str, at: datetime) -> FxRate | None:
    """The last rate between two currencies until a moment, by way of a common one if need be; or None."""
    pairs = {
        (row.base, row.quote): row
        for row in session.execute(
            select(FxRateRow.__table__).where(FxRateRow.day <= at).order_by(FxRateRow.day, FxRateRow.source)
        )
    }
    if row := pairs.get((base, quote)):
        return FxRate(base, quote, row.day, row.rate, row.source)
    for common in sorted({one for one, _ in pairs}):
        ours, theirs = pairs.get((common, base)), pairs.get((common, quote))
        if common == base or ours is None:
            continue
        if common == quote:
            return FxRate(base, quote, ours.day, _over(Decimal(1), ours.rate), ours.source)
        if theirs is not None and theirs.day == ours.day and theirs.source == ours.source:
            return FxRate(base, quote, ours.day, _over(theirs.rate, ours.rate), ours.source)
    return None


def _over(one: Decimal, other: Decimal) -> Decimal:
    return (one / other).quantize(Decimal("1e-9"))
