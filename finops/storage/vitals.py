"""How the service is doing, as the database says: what ran, how far it came, what waits.

What the world alone bounds (services, functions) is counted and never listed.
"""

import json
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from finops.domain.charge import ChargeState
from finops.domain.window import Window
from finops.storage.ledger import HOURLY
from finops.storage.portable import AnySelect
from finops.storage.runs import Outcome
from finops.storage.tables import (
    JobRunRow,
    LedgerWindowRow,
    MachineHoursRow,
    PriceRow,
    UsageRow,
)
from finops.storage.temporal import standing


@dataclass(frozen=True, slots=True)
class Reached:
    """How far the ledger came.

    Attributes:
        until: the end of the latest hour that is in it; None of an empty ledger.
        provisional_hours: hours that may still change, from a moment on.
        oldest_provisional: the beginning of the first of them.
    """

    until: datetime | None
    provisional_hours: int
    oldest_provisional: datetime | None


def run_counts(session: Session) -> dict[tuple[str, Outcome], int]:
    """How many runs of each job are on record, by how they ended."""
    row = JobRunRow
    query = select(row.job, row.outcome, func.count()).group_by(row.job, row.outcome)
    return {(job, Outcome(outcome)): count for job, outcome, count in session.execute(query)}


def last_ok(session: Session) -> dict[str, datetime]:
    """When each job last did something and was done with it."""
    row = JobRunRow
    query = select(row.job, func.max(row.finished_at)).where(row.outcome == Outcome.OK.value)
    return _pairs(session, query.group_by(row.job))


def done_until(session: Session) -> dict[tuple[str, str], datetime]:
    """The end of the latest window that each job has done of each scope."""
    row = JobRunRow
    query = select(row.job, row.scope, func.max(row.window_end)).where(row.outcome == Outcome.OK.value)
    return {(job, scope): end for job, scope, end in session.execute(query.group_by(row.job, row.scope))}


def refused_profiles(session: Session, window: Window) -> int:
    """How many profiles of a window could not be used, by the latest good run of each of its hours."""
    row = JobRunRow
    of_it = (
        row.job == "collect_profiles",
        row.outcome == Outcome.OK.value,
        row.window_start >= window.start,
        row.window_end <= window.end,
    )
    query = select(row.window_start, row.scope, row.counts).where(*of_it).order_by(row.attempt)
    latest = {(start, scope): counts for start, scope, counts in session.execute(query)}
    return sum(int(json.loads(counts).get("refused", 0)) for counts in latest.values())


def reached(session: Session, since: datetime | None = None) -> Reached:
    """How far the ledger came, and what of it may still change, all of it or from a moment on."""
    row = LedgerWindowRow
    hours = (row.grain == HOURLY, standing(row))
    latest = select(row.window_end).where(*hours).order_by(row.window_start.desc()).limit(1)
    open_ = [*hours, row.state == ChargeState.PROVISIONAL.value]
    if since is not None:
        open_.append(row.window_start >= since)
    query = select(func.count(row.window_start.distinct()), func.min(row.window_start)).where(*open_)
    count, oldest = session.execute(query).one()
    return Reached(session.scalars(latest).one_or_none(), count, oldest)


def machines_until(session: Session) -> dict[str, datetime]:
    """The end of the latest hour of which each fleet source knew a machine."""
    return _until(session, MachineHoursRow)


def profiles_until(session: Session) -> dict[str, datetime]:
    """The end of the latest hour of which each profile source had a profile."""
    return _until(session, UsageRow)


def held_hours(session: Session, window: Window) -> int:
    """How many service-hours of a window are held for a person to look at."""
    row = LedgerWindowRow
    within = (row.window_start >= window.start, row.window_end <= window.end, row.grain == HOURLY)
    query = select(func.count()).select_from(row).where(*within, standing(row), row.is_held)
    return session.scalars(query).one()


def prices_as_of(session: Session) -> dict[str, datetime]:
    """How recent the latest standing price of each price list is."""
    query = select(PriceRow.source, func.max(PriceRow.as_of)).where(standing(PriceRow))
    return _pairs(session, query.group_by(PriceRow.source))


def _until(session: Session, table: type[MachineHoursRow] | type[UsageRow]) -> dict[str, datetime]:
    query = select(table.source, func.max(table.window_end)).where(standing(table)).group_by(table.source)
    return _pairs(session, query)


def _pairs(session: Session, query: AnySelect) -> dict[str, datetime]:
    return {name: moment for name, moment in session.execute(query) if moment is not None}
