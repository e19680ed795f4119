"""Restating: the next version of what is final, beside the version that it takes the place of.

The whole of a restatement is one transaction of the caller's. Until its hours are written anew they say
what they said before, so that nobody reads a hole; what is superseded is never touched again.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, case, exists, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, aliased

from finops.domain.charge import ChargeState
from finops.domain.window import HOUR, Window, day_of
from finops.errors import NotFound, StorageError
from finops.storage import ledger
from finops.storage.ledger import DAILY, HOURLY, last_written
from finops.storage.tables import ChargeRow, FunctionCostRow, LedgerWindowRow
from finops.storage.temporal import standing

ServiceHour = tuple[str, Window]

# No two versions of a window begin at one moment, even where a clock has stepped back.
_TICK = timedelta(microseconds=1)
_NAMED = 3


@dataclass(frozen=True, slots=True)
class Affected:
    """The service-hours of a window: final ones, to be restated; provisional ones, which follow anyway."""

    final: tuple[ServiceHour, ...]
    provisional: tuple[ServiceHour, ...]


def affected(session: Session, window: Window, service: str | None = None) -> Affected:
    """The service-hours of a window of whole hours, of all services or of one.

    Raises:
        NotFound: nothing of it is final.
        StorageError: the hours of some of its days have left the ledger for daily sums.
    """
    _refuse_expired(session, window, service)
    states = sorted(ledger.states(session, window, service, grain=HOUR).items())
    final = tuple(key for key, state in states if state.state is ChargeState.FINAL)
    if not final:
        whose = service or "any service"
        raise NotFound(
            f"the ledger holds nothing final of {whose} in {window}"
            + (": what is provisional follows its inputs by itself" if states else "")
        )
    return Affected(final, tuple(key for key, state in states if state.state is not ChargeState.FINAL))


def restate(
    session: Session, window: Window, reason: str, now: datetime, *, service: str | None = None, by: str = ""
) -> datetime:
    """Begin the next version of every final service-hour of a window, and give the moment at which it begins.

    With the hours go their days, whose function costs divide the charges of the hours. A new version is
    provisional and due: it has no fingerprint. The moment is `now`, or later where something that is
    restated was written later than that.

    Raises:
        NotFound, StorageError: as `affected`; or another restatement came between.
    """
    affected(session, window, service)
    moment = _after_all(session, window, service, now)
    _supersede(session, window, service, moment)
    try:
        with session.begin_nested():
            _add_versions(session, window, service, moment, {"reason": reason, "restated_by": by})
    except IntegrityError as error:
        raise StorageError(
            f"{window} was restated by somebody else a moment ago: see what `finops ledger history` says"
        ) from error
    for table in (ChargeRow, FunctionCostRow):
        _copy(session, table, window, service, moment)
    return moment


def reopened(session: Session, window: Window | None = None) -> set[Window]:
    """The hours that were restated and are not final again, within a window or of all time."""
    query = _restated().where(LedgerWindowRow.state == ChargeState.PROVISIONAL.value)
    return _windows(session, query, window, HOURLY)


def restated_days(session: Session) -> set[Window]:
    """The days of which a restated version stands, of all time."""
    return _windows(session, _restated(), None, DAILY)


def marks(session: Session, window: Window) -> dict[Window, list[str]]:
    """For each hour within a window that was restated, which version of whom stands."""
    row = LedgerWindowRow
    query = _restated().add_columns(row.service, row.ledger_version).order_by(row.service)
    found: dict[Window, list[str]] = {}
    for start, end, service, version in session.execute(_inside(query, window, HOURLY)):
        found.setdefault(Window(start, end), []).append(f"{service} {version}")
    return found


def newest(session: Session, window: Window, as_of: datetime | None = None) -> tuple[int, str]:
    """How many hours within a window stand, or stood at a moment, restated; and the newest reason."""
    row = LedgerWindowRow
    query = select(row.window_start, row.recorded_at, row.reason).where(
        row.ledger_version > 1, standing(row, as_of)
    )
    found = session.execute(_inside(query, window, HOURLY)).all()
    reasons = sorted((recorded, reason) for _, recorded, reason in found)
    return len({start for start, _, _ in found}), reasons[-1][1] if reasons else ""


def _refuse_expired(session: Session, window: Window, service: str | None) -> None:
    days = Window(day_of(window.start).start, day_of(window.end - _TICK).end)
    gone = sorted(
        (name, day)
        for name, day in ledger.summed_days(session, days)
        if service in (None, name) and day.overlap(window)
    )
    if gone:
        named = ", ".join(f"{name} on {day.start:%Y-%m-%d}" for name, day in gone[:_NAMED])
        more = f" and {len(gone) - _NAMED:,} more" if len(gone) > _NAMED else ""
        raise StorageError(
            f"the hours of {named}{more} have left the ledger for daily sums: they cannot be restated"
        )


def _after_all(session: Session, window: Window, service: str | None, now: datetime) -> datetime:
    row = LedgerWindowRow
    days = Window(day_of(window.start).start, day_of(window.end - _TICK).end)
    query = select(func.max(last_written(row)), func.max(row.recorded_at)).where(standing(row))
    last: list[datetime] = [moment for moment in session.execute(_of(query, service, days)).one() if moment]
    return max([now, *(moment + _TICK for moment in last)])


def _supersede(session: Session, window: Window, service: str | None, moment: datetime) -> None:
    """Take the final hours of a window out of what stands, and then the final days that hold them."""
    row, hour = LedgerWindowRow, aliased(LedgerWindowRow)
    final = and_(standing(row), row.state == ChargeState.FINAL.value)
    hours = and_(row.grain == HOURLY, row.window_start >= window.start, row.window_end <= window.end)
    days = and_(
        row.grain == DAILY,
        row.window_start >= day_of(window.start).start,
        row.window_start < window.end,
        exists().where(
            hour.service == row.service,
            hour.grain == HOURLY,
            hour.superseded_at == moment,
            hour.window_start >= row.window_start,
            hour.window_end <= row.window_end,
        ),
    )
    for chosen in (hours, days):
        change = update(row).where(final, chosen).values(superseded_at=moment)
        if service is not None:
            change = change.where(row.service == service)
        session.execute(change, execution_options={"synchronize_session": False})


def _add_versions(
    session: Session, window: Window, service: str | None, moment: datetime, why: dict[str, str]
) -> None:
    table = LedgerWindowRow.__table__
    query = _of(select(table), service, Window(day_of(window.start).start, day_of(window.end - _TICK).end))
    old = session.execute(query.where(LedgerWindowRow.superseded_at == moment)).mappings().all()
    new = {
        "state": ChargeState.PROVISIONAL.value,
        "fingerprint": "",
        "recorded_at": moment,
        "written_at": moment,
        "superseded_at": None,
        **why,
    }
    rows = [{**row, **new, "ledger_version": row["ledger_version"] + 1} for row in old]
    session.execute(insert(LedgerWindowRow), rows)


def _copy(
    session: Session,
    table: type[ChargeRow] | type[FunctionCostRow],
    window: Window,
    service: str | None,
    moment: datetime,
) -> None:
    """Give the new versions the rows of those that they take the place of."""
    version = LedgerWindowRow
    changed: dict[str, ColumnElement[Any]] = {"ledger_version": table.ledger_version + 1}
    if table is ChargeRow:
        final = ChargeRow.state == ChargeState.FINAL.value
        changed["state"] = case((final, ChargeState.PROVISIONAL.value), else_=ChargeRow.state)
    columns = [column for column in table.__table__.columns if column.name != "id"]
    rows = select(*(changed.get(column.name, column) for column in columns)).join(
        version,
        and_(
            version.service == table.service,
            version.window_start == table.window_start,
            version.ledger_version == table.ledger_version,
            version.grain == (HOURLY if table is ChargeRow else DAILY),
        ),
    )
    days = Window(day_of(window.start).start, day_of(window.end - _TICK).end)
    rows = _of(rows.where(version.superseded_at == moment), service, days)
    session.execute(insert(table).from_select([column.name for column in columns], rows))


def _of(query: Any, service: str | None, window: Window) -> Any:  # noqa: ANN401 - any select
    """A query of ledger windows narrowed to some within a window, of all services or of one."""
    row = LedgerWindowRow
    query = query.where(row.window_start >= window.start, row.window_end <= window.end)
    return query if service is None else query.where(row.service == service)


def _restated() -> Any:  # noqa: ANN401 - a select
    row = LedgerWindowRow
    return select(row.window_start, row.window_end).where(row.ledger_version > 1, standing(row))


def _inside(query: Any, window: Window, grain: str) -> Any:  # noqa: ANN401 - any select
    return _of(query.where(LedgerWindowRow.grain == grain), None, window)


def _windows(session: Session, query: Any, window: Window | None, grain: str) -> set[Window]:  # noqa: ANN401
    query = query.where(LedgerWindowRow.grain == grain) if window is None else _inside(query, window, grain)
    return {Window(start, end) for start, end in session.execute(query.distinct())}
