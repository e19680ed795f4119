"""The versions of service-hours (charges) and service-days (function costs), and which one stands.

Version 1 is written over while it is provisional. A final version never changes: a restatement, with
its reason, adds the next one. Exactly one version of a window stands at any moment, and only charges
and function costs of that version are read.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, func, insert, or_, select, tuple_, update
from sqlalchemy.orm import Session

from finops.domain.charge import ChargeState
from finops.domain.window import DAY, HOUR, Window, day_of
from finops.errors import StorageError
from finops.storage.portable import AnyRow, AnySelect
from finops.storage.tables import ChargeDayRow, ChargeRow, FunctionCostRow, LedgerWindowRow
from finops.storage.temporal import standing

HOURLY, DAILY = "hour", "day"
_GRAINS = {HOUR: HOURLY, DAY: DAILY}


@dataclass(frozen=True, slots=True)
class LedgerState:
    """One version of a window of one service.

    Attributes:
        is_held: its numbers are shown and not believed; the message says why.
        fingerprint: of the inputs that it was computed from.
        reason, restated_by: why and by whom it was restated; "" for the first version.
        recorded_at: when this version began.
        written_at: when it was last written over; it was provisional until then.
    """

    version: int
    state: ChargeState
    is_held: bool
    fingerprint: str
    message: str
    recorded_at: datetime
    written_at: datetime
    reason: str = ""
    restated_by: str = ""
    superseded_at: datetime | None = None


def record(
    session: Session,
    service: str,
    window: Window,
    *,
    state: ChargeState,
    is_held: bool,
    fingerprint: str,
    message: str,
    now: datetime,
) -> int:
    """Say how the standing version of an hour or a day stands, and give its number.

    The first time makes version 1. A final version may be recorded again as it is, not otherwise.

    Raises:
        StorageError: the version that stands is final, and this would change it.
        ValueError: the window is no whole hour or day, or the state is not provisional or final.
    """
    if state is ChargeState.HELD:
        raise ValueError("a window is provisional or final; whether it is held is said beside that")
    said: dict[str, object] = {
        "state": state.value,
        "is_held": is_held,
        "fingerprint": fingerprint,
        "message": message,
    }
    row = _standing(session, service, window)
    if row is None:
        session.execute(insert(LedgerWindowRow), [_first(service, window, now) | said])
        return 1
    if row.state == ChargeState.FINAL:
        if any(getattr(row, name) != value for name, value in said.items()):
            raise StorageError(f"{service} {window} is final: it changes only by a restatement")
    else:
        said["written_at"] = max(now, row.recorded_at)  # a clock may have stepped back
        session.execute(update(LedgerWindowRow).where(*_version(service, window, row)).values(said))
    return int(row.ledger_version)


def states(
    session: Session,
    window: Window,
    service: str | None = None,
    *,
    grain: timedelta | None = None,
    as_of: datetime | None = None,
) -> dict[tuple[str, Window], LedgerState]:
    """The versions that stand, or stood at a moment, of the hours and days within a window.

    One that was provisional at that moment is given as provisional, and as it was last written.
    """
    query = _within(select(LedgerWindowRow.__table__), window, grain)
    query = query.where(standing(LedgerWindowRow, as_of))
    if service is not None:
        query = query.where(LedgerWindowRow.service == service)
    rows = session.execute(query.order_by(LedgerWindowRow.window_start)).all()
    return {(row.service, Window(row.window_start, row.window_end)): _state(row, as_of) for row in rows}


def history(session: Session, service: str, window: Window) -> list[LedgerState]:
    """Every version of one window, the first one first."""
    query = select(LedgerWindowRow.__table__).where(*_of(service, window))
    return [_state(row) for row in session.execute(query.order_by(LedgerWindowRow.ledger_version))]


def versions(session: Session, service: str, window: Window) -> list[tuple[Window, LedgerState]]:
    """Every version of every hour of a service within a window, by hour, the first one first."""
    row = LedgerWindowRow
    query = _within(select(row.__table__), window, HOUR).where(row.service == service)
    found = session.execute(query.order_by(row.window_start, row.ledger_version))
    return [(Window(each.window_start, each.window_end), _state(each)) for each in found]


def stands(
    table: type[ChargeRow] | type[FunctionCostRow],
    window: Window,
    *,
    service: str | None = None,
    as_of: datetime | None = None,
    state: ChargeState | None = None,
) -> ColumnElement[bool]:
    """The condition that a charge or a function cost within a window is of a version that stands, or stood.

    A list of versions and not a join: without statistics SQLite would look for each row's version in
    the whole window instead of at its moment.
    """
    version = LedgerWindowRow
    versions = _within(
        select(version.service, version.window_start, version.ledger_version),
        window,
        HOUR if table is ChargeRow else DAY,
    ).where(standing(version, as_of))
    if service is not None:
        versions = versions.where(version.service == service)
    if state is not None:
        versions = versions.where(stood_as(state, as_of))
    return tuple_(table.service, table.window_start, table.ledger_version).in_(versions)


def hours_with_final(session: Session, window: Window) -> set[Window]:
    """The hours within a window of which at least one service is final."""
    query = select(LedgerWindowRow.window_start, LedgerWindowRow.window_end).distinct()
    found = session.execute(_in_state(query, window, ChargeState.FINAL))
    return {Window(start, end) for start, end in found}


def hours_ever_final(session: Session, window: Window) -> set[Window]:
    """The hours within a window of which something is final, or was until it was restated."""
    row = LedgerWindowRow
    query = _within(select(row.window_start, row.window_end).distinct(), window, HOUR)
    found = session.execute(query.where(row.state == ChargeState.FINAL.value))
    return {Window(start, end) for start, end in found}


def provisional_hours(
    session: Session, window: Window, service: str | None = None, *, as_of: datetime | None = None
) -> int:
    """How many hours within a window may still change, or might at a moment, for any service or for one."""
    query = select(LedgerWindowRow.window_start).distinct()
    query = _in_state(query, window, ChargeState.PROVISIONAL, as_of)
    if service is not None:
        query = query.where(LedgerWindowRow.service == service)
    return len(session.execute(query).all())


def accounted(session: Session, window: Window, as_of: datetime | None = None) -> Window | None:
    """The part of a window that lies between the ledger's first hour and its latest; None if none does.

    A service without a charge in an hour of it had no machine then; of an hour beyond it nothing is known.
    """
    whole = reached(session, as_of)
    return whole and whole.overlap(window)


def reached(session: Session, as_of: datetime | None = None) -> Window | None:
    """From the ledger's first hour to the end of its latest; None of an empty one."""
    row = LedgerWindowRow
    hours = (row.grain == HOURLY, standing(row, as_of))
    start, end = session.execute(
        select(func.min(row.window_start), func.max(row.window_end)).where(*hours)
    ).one()
    return None if start is None else Window(start, end)


def written_since(session: Session, window: Window, as_of: datetime) -> tuple[int, int]:
    """How many hours and days stood at a moment, and were provisional then and written over since."""
    row = LedgerWindowRow
    query = _within(select(row.grain, row.window_start).distinct(), window, None)
    found = [
        grain for grain, _ in session.execute(query.where(standing(row, as_of), last_written(row) > as_of))
    ]
    return found.count(HOURLY), found.count(DAILY)


def summed_days(session: Session, window: Window) -> set[tuple[str, Window]]:
    """The service-days within a window whose hours have left the ledger for daily sums."""
    row = ChargeDayRow
    query = select(row.service, row.window_start, row.window_end).distinct()
    found = session.execute(query.where(row.window_start >= window.start, row.window_end <= window.end))
    return {(service, Window(start, end)) for service, start, end in found}


def last_written(table: type[LedgerWindowRow]) -> ColumnElement[datetime]:
    """When a version was last written over."""
    return func.coalesce(table.written_at, table.recorded_at)


def stood_as(state: ChargeState, as_of: datetime | None = None) -> ColumnElement[bool]:
    """The condition that a version is in a state, or was at a moment: only a provisional one is written."""
    row = LedgerWindowRow
    if as_of is None:
        return row.state == state.value
    if state is ChargeState.PROVISIONAL:
        return or_(row.state == state.value, last_written(row) > as_of)
    return and_(row.state == state.value, last_written(row) <= as_of)


def refuse_expired(session: Session, service: str, window: Window) -> None:
    """Raise StorageError if the hours of that day have left the ledger for daily sums."""
    day = day_of(window.start)
    query = select(ChargeDayRow.id).where(
        ChargeDayRow.service == service, ChargeDayRow.window_start == day.start
    )
    if session.execute(query.limit(1)).first() is not None:
        raise StorageError(
            f"the hours of {service} on {day.start:%Y-%m-%d} have left the ledger for a daily sum"
        )


def _standing(session: Session, service: str, window: Window) -> AnyRow | None:
    query = select(LedgerWindowRow.__table__).where(*_of(service, window), standing(LedgerWindowRow))
    return session.execute(query).one_or_none()


def _of(service: str, window: Window) -> list[ColumnElement[bool]]:
    row = LedgerWindowRow
    return [row.service == service, row.window_start == window.start, row.window_end == window.end]


def _version(service: str, window: Window, row: AnyRow) -> list[ColumnElement[bool]]:
    return [*_of(service, window), LedgerWindowRow.ledger_version == row.ledger_version]


def _first(service: str, window: Window, now: datetime) -> dict[str, object]:
    return {
        "service": service,
        "window_start": window.start,
        "window_end": window.end,
        "ledger_version": 1,
        "grain": _grain(window.end - window.start),
        "state": ChargeState.PROVISIONAL.value,
        "fingerprint": "",
        "reason": "",
        "restated_by": None,
        "recorded_at": now,
        "written_at": now,
        "superseded_at": None,
    }


def _grain(span: timedelta) -> str:
    if span not in _GRAINS:
        raise ValueError(f"the ledger is kept by hours and by days, not by {span}")
    return _GRAINS[span]


def _within(query: AnySelect, window: Window, grain: timedelta | None) -> AnySelect:
    row = LedgerWindowRow
    query = query.where(row.window_start >= window.start, row.window_end <= window.end)
    return query if grain is None else query.where(row.grain == _grain(grain))


def _in_state(
    query: AnySelect, window: Window, state: ChargeState, as_of: datetime | None = None
) -> AnySelect:
    query = _within(query, window, HOUR)
    return query.where(standing(LedgerWindowRow, as_of), stood_as(state, as_of))


def _state(row: AnyRow, as_of: datetime | None = None) -> LedgerState:
    written_at = row.written_at or row.recorded_at
    is_written_since = as_of is not None and written_at > as_of
    return LedgerState(
        version=row.ledger_version,
        state=ChargeState.PROVISIONAL if is_written_since else ChargeState(row.state),
        is_held=row.is_held,
        fingerprint=row.fingerprint,
        message=row.message,
        recorded_at=row.recorded_at,
        written_at=written_at,
        reason=row.reason,
        restated_by=row.restated_by or "",
        superseded_at=row.superseded_at,
    )
