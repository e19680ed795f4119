"""Reports as they were made. A version is never edited: printed twice it is the same."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from finops.domain.window import Window
from finops.storage.portable import AnyRow, AnySelect
from finops.storage.tables import ReportRow


@dataclass(frozen=True, slots=True)
class ReportHeading:
    """Which report, which version of it, and when it was made."""

    kind: str
    window: Window
    version: int
    made_at: datetime
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Report:
    """A report with its document, and the ledger versions that it read (`pins`), both as text."""

    heading: ReportHeading
    document: str
    pins: str


def store(
    session: Session,
    kind: str,
    window: Window,
    document: str,
    pins: str,
    fingerprint: str,
    now: datetime,
) -> int:
    """Keep a report as its next version, and give the number; one that says the same adds none."""
    last = latest(session, kind, window)
    if last is not None and (last.heading.fingerprint, last.document) == (fingerprint, document):
        return last.heading.version
    version = 1 if last is None else last.heading.version + 1
    row = {
        "kind": kind,
        "window_start": window.start,
        "window_end": window.end,
        "version": version,
        "made_at": now,
        "fingerprint": fingerprint,
        "document": document,
        "pins": pins,
    }
    session.execute(insert(ReportRow), [row])
    return version


def latest(session: Session, kind: str, window: Window) -> Report | None:
    """The last version of a report, or None."""
    query = _of(kind, window).order_by(ReportRow.version.desc()).limit(1)
    row = session.execute(query).one_or_none()
    return None if row is None else _report(row)


def find(session: Session, kind: str, window: Window, version: int) -> Report | None:
    """One version of a report, or None."""
    row = session.execute(_of(kind, window).where(ReportRow.version == version)).one_or_none()
    return None if row is None else _report(row)


def listing(session: Session, kind: str | None = None) -> list[ReportHeading]:
    """The reports there are, of one kind or of all, every version, the latest window first."""
    row = ReportRow
    query = select(row.kind, row.window_start, row.window_end, row.version, row.made_at, row.fingerprint)
    if kind is not None:
        query = query.where(row.kind == kind)
    found = [_heading(one) for one in session.execute(query)]
    return sorted(found, key=lambda one: (one.window, one.version, one.kind), reverse=True)


def _of(kind: str, window: Window) -> AnySelect:
    row = ReportRow
    return select(row.__table__).where(
        row.kind == kind, row.window_start == window.start, row.window_end == window.end
    )


def _heading(row: AnyRow) -> ReportHeading:
    return ReportHeading(
        kind=row.kind,
        window=Window(row.window_start, row.window_end),
        version=row.version,
        made_at=row.made_at,
        fingerprint=row.fingerprint,
    )


def _report(row: AnyRow) -> Report:
    return Report(_heading(row), row.document, row.pins)
