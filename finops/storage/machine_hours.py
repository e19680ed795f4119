"""Machine-hours: which machines ran for which name of the fleet, as each fleet source said."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import replace as changed
from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from finops.domain.machine import MachineHours, Shape
from finops.domain.window import Window, hour_of, moment_text
from finops.storage import ledger
from finops.storage.kinds import kind_columns, machine_kind
from finops.storage.portable import AnyRow
from finops.storage.tables import MachineHoursRow
from finops.storage.temporal import retire, standing
from finops.storage.types import plain_text


def replace(
    session: Session,
    source: str,
    window: Window,
    rows: Iterable[MachineHours],
    now: datetime,
    is_open: Callable[[str], bool] = lambda _name: True,
) -> int:
    """Store what a source says of a window, in place of what it said before; give the rows written.

    Rows that say the same as before, and those of names that are not open, are left untouched. What
    stood once something of its hour had been final is kept as superseded.

    Raises:
        ValueError: the window is not whole hours, or a row lies outside it or not within one hour.
    """
    said = _by_hour(source, window, rows)
    stored: dict[Window, list[AnyRow]] = defaultdict(list)
    for row in _rows(session, window, source=source):
        stored[hour_of(row.window_start)].append(row)
    settled = ledger.hours_ever_final(session, window)
    written = 0
    for hour in sorted(said.keys() | stored.keys()):
        new = Counter(row for row in said[hour] if is_open(row.service))
        gone = []
        for row in stored[hour]:
            if not is_open(row.service):
                continue
            one = _machine_hours(row)
            if new[one]:
                new[one] -= 1
            else:
                gone.append(row.id)
        retire(session, MachineHoursRow, gone, is_kept=hour in settled, now=now)
        rows_new = [_columns(row, now) for row in new.elements()]
        if rows_new:
            session.execute(insert(MachineHoursRow), rows_new)
        written += len(rows_new)
    return written


def within(session: Session, window: Window, *, as_of: datetime | None = None) -> list[MachineHours]:
    """What all sources say of the hours that begin in a window, in an order that has no chance in it."""
    return sorted((_machine_hours(row) for row in _rows(session, window, as_of=as_of)), key=_order)


def sources(session: Session, window: Window) -> set[str]:
    """Which sources say something of a window."""
    return {row.source for row in _rows(session, window)}


def _by_hour(source: str, window: Window, rows: Iterable[MachineHours]) -> dict[Window, list[MachineHours]]:
    if not window.is_whole_hours():
        raise ValueError(f"{window} is not whole hours")
    hours: dict[Window, list[MachineHours]] = defaultdict(list)
    for row in rows:
        hour = hour_of(row.window.start)
        if not (window.covers(row.window) and hour.covers(row.window)):
            raise ValueError(f"{row.service}: {row.window} is not within one hour of {window}")
        hours[hour].append(changed(row, source=source))
    return hours


def _rows(
    session: Session, window: Window, *, source: str | None = None, as_of: datetime | None = None
) -> list[AnyRow]:
    table = MachineHoursRow
    query = select(table.__table__).where(
        table.window_start >= window.start, table.window_start < window.end, standing(table, as_of)
    )
    if source is not None:
        query = query.where(table.source == source)
    return list(session.execute(query).all())


def _order(row: MachineHours) -> tuple[str, ...]:
    """All that a row says, in words."""
    kind, shape = row.kind, row.shape
    return (
        *(moment_text(row.window.start), moment_text(row.window.end), row.service),
        *(kind.cloud, kind.region, kind.zone, kind.account, kind.machine_type, kind.purchase_option),
        *(row.version, row.environment, row.source, str(row.machine_nanos), str(row.instance_nanos)),
        *(plain_text(row.utilisation), plain_text(row.resident_mib)),
        *((plain_text(shape.vcpu), str(shape.memory_mib), plain_text(shape.gpu)) if shape else ()),
    )


def _columns(row: MachineHours, now: datetime) -> dict[str, object]:
    shape = row.shape
    return {
        "service": row.service,
        "window_start": row.window.start,
        "window_end": row.window.end,
        **kind_columns(row.kind),
        "version": row.version,
        "environment": row.environment,
        "machine_nanos": row.machine_nanos,
        "instance_nanos": row.instance_nanos,
        "utilisation": row.utilisation,
        "resident_mib": row.resident_mib,
        "vcpu": shape and shape.vcpu,
        "memory_mib": shape and shape.memory_mib,
        "gpu": shape and shape.gpu,
        "source": row.source,
        "recorded_at": now,
        "superseded_at": None,
    }


def _machine_hours(row: AnyRow) -> MachineHours:
    return MachineHours(
        service=row.service,
        window=Window(row.window_start, row.window_end),
        kind=machine_kind(row),
        machine_nanos=row.machine_nanos,
        instance_nanos=row.instance_nanos,
        utilisation=row.utilisation,
        resident_mib=row.resident_mib,
        version=row.version,
        environment=row.environment,
        shape=None if row.vcpu is None else Shape(row.vcpu, row.memory_mib, row.gpu),
        source=row.source,
    )
