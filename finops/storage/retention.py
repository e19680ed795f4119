"""What leaves when it is old enough. Money never does: hours become exact daily sums.

Only whole days are summed: each of their hours was charged and is final. What a restatement superseded
leaves with the hours; `ledger_windows` and the reports keep that and why it was restated.
"""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import (
    ColumnElement,
    and_,
    case,
    delete,
    exists,
    func,
    insert,
    literal,
    not_,
    or_,
    select,
)
from sqlalchemy.orm import Session, aliased

from finops.domain.charge import ChargeState, CostMetric
from finops.domain.window import DAY, Window, day_of
from finops.storage.ledger import DAILY, HOURLY, stands
from finops.storage.portable import AnySelect, UtcDay, batches, hold_days
from finops.storage.runs import Outcome
from finops.storage.tables import (
    ChargeDayRow,
    ChargeRow,
    JobRunRow,
    LedgerWindowRow,
    RawProfileRow,
    RefusedProfileRow,
    UsageRow,
)
from finops.storage.temporal import standing
from finops.storage.types import UtcDateTime

# What the hours of a day may say differently without being told apart in the daily sum.
_SAID_WHERE_AGREED = ("claim_ratio", "note")


def expire(
    session: Session,
    *,
    hourly_before: datetime,
    raw_before: datetime,
    runs_before: datetime,
) -> dict[str, int]:
    """Let leave what is older than its retention, and give what did.

    Hourly charges of days that ended by `hourly_before` become daily sums, and why profiles of such days
    were refused leaves with them; usage that ended by `raw_before` forgets its raw profiles (the blobs are
    the caller's); runs that started before `runs_before` leave, but for the latest good one of each window
    and scope.

    The counts are `charge_hours`, `refused_profiles`, `raw_profiles` and `job_runs` that leave, and
    `charge_days` made.
    """
    counts = plan(session, hourly_before=hourly_before, raw_before=raw_before, runs_before=runs_before)
    for of_day, sums in _leaving_charges(session, hourly_before):
        columns = [str(column.key) for column in sums.selected_columns]
        session.execute(insert(ChargeDayRow).from_select(columns, sums))
        session.execute(delete(ChargeRow).where(of_day))
    session.execute(delete(RefusedProfileRow).where(_is_old_refusal(hourly_before)))
    session.execute(
        delete(RawProfileRow).where(_is_old_profile(raw_before)),
        execution_options={"synchronize_session": False},
    )
    for batch in batches(session.scalars(_leaving_runs(runs_before)).all()):
        session.execute(delete(JobRunRow).where(JobRunRow.id.in_(batch)))
    return counts


def plan(
    session: Session,
    *,
    hourly_before: datetime,
    raw_before: datetime,
    runs_before: datetime,
) -> dict[str, int]:
    """What `expire` would let leave and make, in the same counts; nothing is changed."""
    leaving = list(_leaving_charges(session, hourly_before))
    refused = select(RefusedProfileRow.id).where(_is_old_refusal(hourly_before))
    raw = select(RawProfileRow.usage_id).where(_is_old_profile(raw_before))
    return {
        "charge_hours": sum(_count(session, select(ChargeRow.id).where(of_day)) for of_day, _ in leaving),
        "charge_days": sum(_count(session, sums) for _, sums in leaving),
        "refused_profiles": _count(session, refused),
        "raw_profiles": _count(session, raw),
        "job_runs": _count(session, _leaving_runs(runs_before)),
    }


def _leaving_charges(session: Session, before: datetime) -> Iterator[tuple[ColumnElement[bool], AnySelect]]:
    """Hourly charges that have had their time, as a condition, and the daily sums that take their place."""
    for day in _days_with_hours(session, before):
        hold_days(session, day)  # what is added up is what is deleted
        for services in batches(_settled_services(session, day)):
            of_day = and_(
                ChargeRow.window_start >= day.start,
                ChargeRow.window_start < day.end,
                ChargeRow.service.in_(services),
            )
            yield of_day, _daily_sums(day, of_day)


def _days_with_hours(session: Session, before: datetime) -> list[Window]:
    """The days that ended by a moment and have hourly charges."""
    query = select(UtcDay(ChargeRow.window_start)).where(ChargeRow.window_start < day_of(before).start)
    return [Window(start, start + DAY) for start in sorted(session.scalars(query.distinct()))]


def _settled_services(session: Session, day: Window) -> list[str]:
    """The services with charges on a day of which every hour is final, and so is the day itself.

    A day of which an outage left hours out may still be backfilled; once summed it could not be.
    """
    row, version = ChargeRow, LedgerWindowRow
    in_day = (row.window_start >= day.start, row.window_start < day.end)
    charged = set(session.scalars(select(row.service).where(*in_day).distinct()))
    unsettled = select(version.service).where(
        version.window_start >= day.start,
        version.window_start < day.end,
        version.grain == HOURLY,
        version.state != ChargeState.FINAL.value,
        standing(version),
    )
    whole = select(version.service).where(
        version.window_start == day.start,
        version.window_end == day.end,
        version.grain == DAILY,
        version.state == ChargeState.FINAL.value,
        standing(version),
    )
    recorded = exists().where(
        version.service == row.service,
        version.window_start == row.window_start,
        version.window_end == row.window_end,
        version.ledger_version == row.ledger_version,
    )
    unrecorded = select(row.service).where(*in_day, not_(recorded))
    settled = charged & set(session.scalars(whole))
    return sorted(settled - set(session.scalars(unsettled)) - set(session.scalars(unrecorded)))


def _daily_sums(day: Window, of_day: ColumnElement[bool]) -> AnySelect:
    """The standing charges of a day added up: all that tells two charges apart, but for the hour, is kept.

    An amount that is unknown is never added to one that is known: they make two rows.
    """
    summed = {"quantity", *(f"{metric}_nanos" for metric in CostMetric)}
    apart = {"id", "window_start", "window_end", *summed, *_SAID_WHERE_AGREED}
    columns = ChargeRow.__table__.columns
    kept = [column for column in columns if column.key not in apart]
    amounts = [column for column in columns if column.key in summed]
    query = select(
        *kept,
        literal(day.start, UtcDateTime()).label("window_start"),
        literal(day.end, UtcDateTime()).label("window_end"),
        *(func.sum(column).label(column.key) for column in amounts),
        *(_if_agreed(columns[name]).label(name) for name in _SAID_WHERE_AGREED),
    )
    return query.where(of_day, stands(ChargeRow, day)).group_by(
        *kept, *(column.is_(None) for column in amounts)
    )


def _if_agreed(column: ColumnElement[str]) -> ColumnElement[str]:
    return case((func.min(column) == func.max(column), func.min(column)), else_="")


def _is_old_refusal(before: datetime) -> ColumnElement[bool]:
    return RefusedProfileRow.window_start < day_of(before).start


def _is_old_profile(before: datetime) -> ColumnElement[bool]:
    return RawProfileRow.usage_id.in_(select(UsageRow.id).where(UsageRow.window_end <= before))


def _leaving_runs(before: datetime) -> AnySelect:
    row, other = JobRunRow, aliased(JobRunRow)
    later_ok = exists().where(
        other.job == row.job,
        other.window_start == row.window_start,
        other.window_end == row.window_end,
        other.scope == row.scope,
        other.outcome == Outcome.OK.value,
        other.attempt > row.attempt,
    )
    return select(row.id).where(
        row.started_at < before,
        or_(row.outcome != Outcome.RUNNING.value, row.lease_until < before),
        or_(row.outcome != Outcome.OK.value, later_ok),
    )


def _count(session: Session, query: AnySelect) -> int:
    return session.scalars(select(func.count()).select_from(query.subquery())).one()
