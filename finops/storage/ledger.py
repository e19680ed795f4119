"""The versions of service-hours (charges) and service-days (function costs), and which one stands.

Version 1 is written over while it is provisional. A final version never changes: a restatement, with
its reason, adds the next one. Exactly one version of a window stands at any moment, and only charges
and function costs of that version are read.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, case, insert, literal, select, tuple_, update
from sqlalchemy.orm import Session

from finops.domain.charge import ChargeState
from finops.domain.window import DAY, HOUR, Window, day_of
from finops.errors import NotFound, StorageError
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
        reason: why it was restated; "" for the first version.
        recorded_at: when this version began, not when it was last written over.
    """

    version: int
    state: ChargeState
    is_held: bool
    fingerprint: str
    message: str
    recorded_at: datetime
    reason: str = ""
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
    reason: str = "",
) -> int:
    """Say how the standing version of an hour or a day stands, and give its number.

    The first time makes version 1. A final version may be recorded again as it is, not otherwise.

    Raises:
        StorageError: the version that stands is final, and this would change it.
        ValueError: the window is no whole hour or day, or the state is not provisional or final.
    """
    if state is ChargeState.HELD:
        raise ValueError("a window is provisional or final; whether it is held is said beside that")
    said = {"state": state.value, "is_held": is_held, "fingerprint": fingerprint, "message": message}
    row = _standing(session, service, window)
    if row is None:
        session.execute(insert(LedgerWindowRow), [_first(service, window, now) | said | {"reason": reason}])
        return 1
    if row.state == ChargeState.FINAL:
        if any(getattr(row, name) != value for name, value in said.items()):
            raise StorageError(f"{service} {window} is final: it changes only by a restatement")
    else:
        said["reason"] = reason or row.reason
        session.execute(update(LedgerWindowRow).where(*_version(service, window, row)).values(said))
    return int(row.ledger_version)


def restate(session: Session, service: str, window: Window, reason: str, now: datetime) -> int:
    """Begin the next version of a final window, and give its number; the old one is kept.

    The new version is provisional, due (it has no fingerprint), and until it is written a copy of
    what the old one said: nobody reads a hole. A window that is provisional anyway is left as it is.
    With an hour goes the day that holds it, whose function costs divide the hour's charges.

    Raises:
        NotFound: the window was never recorded.
        StorageError: its hours have left the ledger for daily sums.
    """
    refuse_expired(session, service, window)
    row = _standing(session, service, window)
    if row is None:
        raise NotFound(f"the ledger holds nothing of {service} in {window}")
    day = day_of(window.start)
    if window != day and _standing(session, service, day) is not None:
        restate(session, service, day, reason, now)
    return _restated(session, service, window, row, reason, now)


def states(
    session: Session,
    window: Window,
    service: str | None = None,
    *,
    grain: timedelta | None = None,
    as_of: datetime | None = None,
) -> dict[tuple[str, Window], LedgerState]:
    """The versions that stand, or stood at a moment, of the hours and days within a window."""
    query = _within(select(LedgerWindowRow.__table__), window, grain)
    query = query.where(standing(LedgerWindowRow, as_of))
    if service is not None:
        query = query.where(LedgerWindowRow.service == service)
    rows = session.execute(query.order_by(LedgerWindowRow.window_start)).all()
    return {(row.service, Window(row.window_start, row.window_end)): _state(row) for row in rows}


def history(session: Session, service: str, window: Window) -> list[LedgerState]:
    """Every version of one window, the first one first."""
    query = select(LedgerWindowRow.__table__).where(*_of(service, window))
    return [_state(row) for row in session.execute(query.order_by(LedgerWindowRow.ledger_version))]


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
        versions = versions.where(version.state == state.value)
    return tuple_(table.service, table.window_start, table.ledger_version).in_(versions)


def hours_with_final(session: Session, window: Window) -> set[Window]:
    """The hours within a window of which at least one service is final."""
    query = select(LedgerWindowRow.window_start, LedgerWindowRow.window_end).distinct()
    found = session.execute(_in_state(query, window, ChargeState.FINAL))
    return {Window(start, end) for start, end in found}


def provisional_hours(session: Session, window: Window, service: str | None = None) -> int:
    """How many hours within a window may still change, for any service or for one."""
    query = _in_state(select(LedgerWindowRow.window_start).distinct(), window, ChargeState.PROVISIONAL)
    if service is not None:
        query = query.where(LedgerWindowRow.service == service)
    return len(session.execute(query).all())


def summed_days(session: Session, window: Window) -> set[tuple[str, Window]]:
    """The service-days within a window whose hours have left the ledger for daily sums."""
    row = ChargeDayRow
    query = select(row.service, row.window_start, row.window_end).distinct()
    found = session.execute(query.where(row.window_start >= window.start, row.window_end <= window.end))
    return {(service, Window(start, end)) for service, start, end in found}


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
        "recorded_at": now,
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


def _in_state(query: AnySelect, window: Window, state: ChargeState) -> AnySelect:
    query = _within(query, window, HOUR)
    return query.where(standing(LedgerWindowRow), LedgerWindowRow.state == state.value)


def _restated(session: Session, service: str, window: Window, row: AnyRow, reason: str, now: datetime) -> int:
    version = int(row.ledger_version)
    if row.state != ChargeState.FINAL:
        return version
    old = update(LedgerWindowRow).where(*_version(service, window, row))
    session.execute(old.values(superseded_at=now))
    new = {"ledger_version": version + 1, "is_held": row.is_held, "message": row.message, "reason": reason}
    session.execute(insert(LedgerWindowRow), [_first(service, window, now) | new])
    _copy(session, service, window, version)
    return version + 1


def _state(row: AnyRow) -> LedgerState:
    return LedgerState(
        version=row.ledger_version,
        state=ChargeState(row.state),
        is_held=row.is_held,
        fingerprint=row.fingerprint,
        message=row.message,
        recorded_at=row.recorded_at,
        reason=row.reason,
        superseded_at=row.superseded_at,
    )


def _copy(session: Session, service: str, window: Window, version: int) -> None:
    """Give the next version of a window the rows of one version."""
    table = ChargeRow if _grain(window.end - window.start) == HOURLY else FunctionCostRow
    changed: dict[str, ColumnElement[Any]] = {"ledger_version": literal(version + 1)}
    if table is ChargeRow:
        final = ChargeRow.state == ChargeState.FINAL.value
        changed["state"] = case((final, ChargeState.PROVISIONAL.value), else_=ChargeRow.state)
    columns = [column for column in table.__table__.columns if column.name != "id"]
    rows = select(*(changed.get(column.name, column) for column in columns)).where(
        table.service == service, table.window_start == window.start, table.ledger_version == version
    )
    session.execute(insert(table).from_select([column.name for column in columns], rows))
