"""Which rows count: those that stand now, or those that stood at a moment.

A table with `recorded_at` and `superseded_at` never has a row edited once it was final: the row is
superseded and another added. What was never final is replaced in place, so that an hour that is
pulled again and again leaves one row.
"""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, and_, delete, or_, update
from sqlalchemy.orm import Session

from finops.storage.portable import batches
from finops.storage.tables import LedgerWindowRow, MachineHoursRow, PriceRow, RefusedProfileRow, UsageRow

Numbered = type[MachineHoursRow] | type[PriceRow] | type[RefusedProfileRow] | type[UsageRow]
Kept = type[LedgerWindowRow] | Numbered


def standing(table: Kept, as_of: datetime | None = None) -> ColumnElement[bool]:
    """The condition that a row counts: now, or as far as was known at a moment."""
    if as_of is None:
        return table.superseded_at.is_(None)
    return and_(table.recorded_at <= as_of, or_(table.superseded_at.is_(None), table.superseded_at > as_of))


def retire(session: Session, table: Numbered, ids: Collection[int], *, is_kept: bool, now: datetime) -> None:
    """Take rows out of what stands: kept as superseded, or gone.

    A row recorded at this very moment goes either way: nobody can have read it before its successor.
    """
    for batch in batches(ids):
        chosen = table.id.in_(batch)
        if not is_kept:
            session.execute(delete(table).where(chosen))
            continue
        session.execute(delete(table).where(chosen, table.recorded_at >= now))
        session.execute(update(table).where(chosen).values(superseded_at=now))
