"""The queue of work: rows of `job_runs` that a look put there and nobody has begun.

There is at most one open row, queued or running, for each (job, window, scope); the key of `job_runs`
sees to that however many look and take at once. Only looks put work here, because only they know what
is due; whoever is free takes it.
"""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.orm import Session

from finops.domain.window import Window
from finops.storage.portable import AnyRow, AnySelect, insert_missing
from finops.storage.runs import Claim, Key, Outcome, done, latest
from finops.storage.tables import JobRunRow

# No row is ever held as an object, so none has to be brought up to date.
_APART = {"synchronize_session": False}


def put(
    session: Session,
    job: str,
    reach: Window,
    works: Mapping[Key, str],
    wanted: Mapping[Key, str],
    now: datetime,
) -> None:
    """Make the queue of a job say what a look has found. The caller commits.

    What is queued already for other inputs is brought up to date; what is running is left alone, unless
    its lease has died; what was done meanwhile is not queued.

    Args:
        session: the session.
        job: the job that looked.
        reach: as far as it looked; what is queued outside stays as it is.
        works: what is to be queued, with the fingerprint of its inputs, in the order in which to do it.
        wanted: what may stay queued: those, and what somebody else may have queued though it is resting.
        now: the time.
    """
    revive(session, [job], now)
    last, marks = latest(session, job, reach), done(session, job, reach)
    row, rows = JobRunRow, []
    for (window, scope), mark in works.items():
        key = (window, scope)
        before = last.get(key)
        if marks.get(key) == mark:
            continue
        if before is None or not before.outcome.is_open:
            attempt = before.attempt + 1 if before else 1
            rows.append(_row(job, window, scope, attempt, mark, now))
        elif before.outcome is Outcome.QUEUED and before.fingerprint != mark:
            session.execute(
                update(row).where(*_is_queued(job, key)).values(fingerprint=mark), execution_options=_APART
            )
    insert_missing(session, JobRunRow, rows)
    for key, run in last.items():
        if run.outcome is Outcome.QUEUED and wanted.get(key) in (None, marks.get(key)):
            session.execute(delete(row).where(*_is_queued(job, key)), execution_options=_APART)


def waiting(session: Session, job: str) -> bool:
    """Whether something of a job is queued."""
    return session.execute(_oldest([job])).first() is not None


def take(
    session: Session,
    jobs: Collection[str],
    *,
    worker: str,
    now: datetime,
    lease: timedelta,
    key: Key | None = None,
) -> Claim | None:
    """The claim to the oldest work that is queued, of some jobs or of one key; None if there is none.

    The caller commits. Of workers that take at once each gets another row, and none waits for another.
    """
    query = _oldest(jobs)
    if key is not None:
        query = query.where(*(condition for job in jobs for condition in _is_queued(job, key)))
    found: AnyRow | None = session.execute(query.with_for_update(skip_locked=True)).one_or_none()
    if found is None:
        return None
    begun = {
        "outcome": Outcome.RUNNING.value,
        "worker": worker,
        "started_at": now,
        "heartbeat_at": now,
        "lease_until": now + lease,
    }
    session.execute(update(JobRunRow).where(JobRunRow.id == found.id).values(begun), execution_options=_APART)
    taken = Window(found.window_start, found.window_end)
    return Claim(found.id, found.job, taken, found.scope, found.attempt, worker, found.fingerprint)


def revive(session: Session, jobs: Collection[str], now: datetime) -> None:
    """Mark runs whose lease has died as lost, and queue the next attempt of each. The caller commits.

    One that is being written is locked by its writer, and so is alive.
    """
    row = JobRunRow
    dead = select(row.__table__).where(
        row.job.in_(jobs), row.outcome == Outcome.RUNNING.value, row.lease_until <= now
    )
    found = session.execute(dead.order_by(row.id).with_for_update(skip_locked=True)).all()
    for lost in found:
        ended = {"outcome": Outcome.LOST.value, "finished_at": now}
        session.execute(update(row).where(row.id == lost.id).values(ended), execution_options=_APART)
    insert_missing(session, row, [*_next_attempts(found, now)])


def withdraw(session: Session, job: str, scope: str) -> None:
    """Take back what is queued of one scope; a look that finds it due queues it again."""
    row = JobRunRow
    query = delete(row).where(row.job == job, row.scope == scope, row.outcome == Outcome.QUEUED.value)
    session.execute(query, execution_options=_APART)


def _oldest(jobs: Collection[str]) -> AnySelect:
    row = JobRunRow
    query = select(row.__table__).where(row.outcome == Outcome.QUEUED.value, row.job.in_(jobs))
    return query.order_by(row.id).limit(1)


def _is_queued(job: str, key: Key) -> list[ColumnElement[bool]]:
    row, (window, scope) = JobRunRow, key
    return [
        row.job == job,
        row.window_start == window.start,
        row.window_end == window.end,
        row.scope == scope,
        row.outcome == Outcome.QUEUED.value,
    ]


def _next_attempts(lost: Collection[AnyRow], now: datetime) -> Iterator[dict[str, object]]:
    for row in lost:
        window = Window(row.window_start, row.window_end)
        yield _row(row.job, window, row.scope, row.attempt + 1, row.fingerprint, now)


def _row(job: str, window: Window, scope: str, attempt: int, mark: str, now: datetime) -> dict[str, object]:
    return {
        "job": job,
        "window_start": window.start,
        "window_end": window.end,
        "scope": scope,
        "attempt": attempt,
        "worker": "",
        "outcome": Outcome.QUEUED.value,
        "fingerprint": mark,
        "started_at": now,
        "heartbeat_at": now,
        "lease_until": now,
        "finished_at": None,
        "counts": "{}",
        "error": "",
    }
