"""Runs of jobs: a claim while they run, a record after. No work is written without the claim to it.

A claim is one attempt at one (job, window, scope), for as long as its lease is renewed; `run_queue` gives
it. When a lease dies another worker takes the next attempt; from then on the first one is fenced: it finds
its attempt lost inside the very transaction that would have written.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, Update, and_, func, select, update
from sqlalchemy.orm import Session

from finops.domain.window import Window
from finops.errors import Fenced
from finops.storage.portable import AnyRow, AnySelect, hold_days
from finops.storage.tables import JobRunRow

Key = tuple[Window, str]
"""What a job's runs are told apart by: window and scope."""


class Outcome(StrEnum):
    """How a run ended, or that it has not, or not begun."""

    QUEUED = "queued"
    RUNNING = "running"
    OK = "ok"
    FAILED = "failed"
    SKIPPED = "skipped"
    LOST = "lost"
    FENCED = "fenced"

    @property
    def is_open(self) -> bool:
        """Whether it has not ended."""
        return self in (Outcome.QUEUED, Outcome.RUNNING)


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to write one window of one job, until another attempt takes it."""

    id: int
    job: str
    window: Window
    scope: str
    attempt: int
    worker: str
    fingerprint: str

    def __str__(self) -> str:
        return f"{self.job} {self.window} {self.scope}".rstrip() + f", attempt {self.attempt}"


@dataclass(frozen=True, slots=True)
class Run:
    """One attempt of a job, as it is recorded."""

    job: str
    window: Window
    scope: str
    attempt: int
    worker: str
    outcome: Outcome
    fingerprint: str
    started_at: datetime
    heartbeat_at: datetime
    lease_until: datetime
    finished_at: datetime | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    error: str = ""

    @property
    def has_begun(self) -> bool:
        """Whether a worker took it; until then it started when it was queued."""
        return self.outcome is not Outcome.QUEUED


def heartbeat(session: Session, claim: Claim, now: datetime, lease: timedelta) -> None:
    """Say that the worker lives, and renew its lease.

    Raises:
        Fenced: another worker has the claim.
    """
    alive = {"heartbeat_at": now, "lease_until": now + lease}
    if not _change(session, claim, alive, Outcome.RUNNING):
        raise _fenced(claim)


def fence(session: Session, claim: Claim) -> None:
    """Make sure that a claim still holds. To be called first in the transaction that writes.

    Until that transaction ends no other worker can take the claim, nor write to the days of its window.

    Raises:
        Fenced: another worker has taken it, or the run has ended.
    """
    row = JobRunRow
    query = select(row.outcome).where(row.id == claim.id).with_for_update()  # SQLite has the lock already
    outcome = session.scalars(query).one_or_none()
    latest = _latest(session, claim.job, claim.window, claim.scope)
    if outcome != Outcome.RUNNING or latest is None or latest.id != claim.id:
        raise _fenced(claim)
    hold_days(session, claim.window)


def finish(
    session: Session,
    claim: Claim,
    *,
    outcome: Outcome,
    counts: Mapping[str, int],
    error: str = "",
    now: datetime,
) -> None:
    """Record how a run ended. A run that wrote records it in the transaction that wrote.

    A worker that was fenced may say so of its own attempt, though that is lost already.

    Raises:
        Fenced: another worker has the claim.
        ValueError: `queued` or `running` is no end.
    """
    if outcome.is_open:
        raise ValueError(f"a run does not end as {outcome}")
    ended = {
        "outcome": outcome.value,
        "counts": json.dumps(dict(counts), sort_keys=True),
        "error": error,
        "finished_at": now,
    }
    before = (Outcome.RUNNING, Outcome.LOST) if outcome is Outcome.FENCED else (Outcome.RUNNING,)
    if not _change(session, claim, ended, *before):
        raise _fenced(claim)


def done(session: Session, job: str, window: Window | None = None) -> dict[Key, str]:
    """What a job has done, all of it or within a window: the fingerprint of the latest run that was ok."""
    rows = session.execute(_latest_of(job, window, JobRunRow.outcome == Outcome.OK.value))
    return {_key(row): row.fingerprint for row in rows}


def failures(session: Session, job: str, window: Window | None = None) -> dict[Key, Run]:
    """What a job has tried last without success: the latest run, where it failed or was lost."""
    rows = session.execute(_latest_of(job, window))
    return {_key(row): _run(row) for row in rows if row.outcome in (Outcome.FAILED, Outcome.LOST)}


def latest(session: Session, job: str, window: Window) -> dict[Key, Run]:
    """The latest attempt at each piece of a job's work within a window, whatever has become of it."""
    return {_key(row): _run(row) for row in session.execute(_latest_of(job, window))}


def unfinished(session: Session, window: Window) -> list[Run]:
    """What is queued or running of a window, by any job."""
    row = JobRunRow
    query = select(row.__table__).where(
        row.outcome.in_([outcome.value for outcome in Outcome if outcome.is_open]),
        row.window_start < window.end,
        row.window_end > window.start,
    )
    return [_run(row) for row in session.execute(query.order_by(row.id))]


def recent(session: Session, limit: int, job: str | None = None, outcome: Outcome | None = None) -> list[Run]:
    """The runs that started last, the latest first."""
    query = select(JobRunRow.__table__).order_by(JobRunRow.started_at.desc(), JobRunRow.id.desc())
    if job is not None:
        query = query.where(JobRunRow.job == job)
    if outcome is not None:
        query = query.where(JobRunRow.outcome == outcome.value)
    return [_run(row) for row in session.execute(query.limit(limit))]


def _latest(session: Session, job: str, window: Window, scope: str) -> AnyRow | None:
    row = JobRunRow
    query = select(row.__table__).where(
        row.job == job, row.window_start == window.start, row.window_end == window.end, row.scope == scope
    )
    return session.execute(query.order_by(row.attempt.desc()).limit(1)).one_or_none()


def _latest_of(job: str, window: Window | None, *conditions: ColumnElement[bool]) -> AnySelect:
    """The latest attempt of each window and scope, among those that meet some conditions."""
    row = JobRunRow
    conditions = (row.job == job, *conditions)
    if window is not None:
        conditions = (*conditions, row.window_start >= window.start, row.window_end <= window.end)
    key = (row.window_start, row.window_end, row.scope)
    latest = select(*key, func.max(row.attempt).label("attempt")).where(*conditions).group_by(*key).subquery()
    of_it = and_(row.attempt == latest.c.attempt, *(column == latest.c[column.key] for column in key))
    return select(row.__table__).join(latest, of_it).where(row.job == job)


def _change(session: Session, claim: Claim, values: Mapping[str, object], *before: Outcome) -> bool:
    row = JobRunRow
    query = update(row).where(row.id == claim.id, row.outcome.in_([outcome.value for outcome in before]))
    return _affects_one(session, query.values(values))


def _affects_one(session: Session, query: Update) -> bool:
    apart = {"synchronize_session": False}  # no row is ever held as an object
    return len(session.scalars(query.returning(JobRunRow.id), execution_options=apart).all()) == 1


def _fenced(claim: Claim) -> Fenced:
    return Fenced(f"{claim} is no longer {claim.worker}'s: it wrote nothing")


def _key(row: AnyRow) -> Key:
    return Window(row.window_start, row.window_end), row.scope


def _run(row: AnyRow) -> Run:
    return Run(
        job=row.job,
        window=Window(row.window_start, row.window_end),
        scope=row.scope,
        attempt=row.attempt,
        worker=row.worker,
        outcome=Outcome(row.outcome),
        fingerprint=row.fingerprint,
        started_at=row.started_at,
        heartbeat_at=row.heartbeat_at,
        lease_until=row.lease_until,
        finished_at=row.finished_at,
        counts=json.loads(row.counts),
        error=row.error,
    )
