"""Queue what is due, claim a piece of it, do it, record it.

Here every error is caught, because a run is to be recorded. A look queues what it found and does what
nobody else takes meanwhile; a worker does what is queued.

Whatever is slow happens before the writing transaction opens. In that transaction the claim is
checked, the work is written and the run is recorded as done, or none of the three.
"""

import os
import socket
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, NamedTuple, Protocol

import structlog

from finops.app import App
from finops.domain.window import Window
from finops.errors import BrokenInput, Fenced, FinopsError, StorageError, Unavailable
from finops.storage import run_queue, runs
from finops.storage.database import Session
from finops.storage.runs import Outcome
from jobs.windows import Due, Key, due

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Done:
    """What a run wrote, in numbers, and what it had to leave out, in words."""

    counts: Mapping[str, int]
    problems: str = ""


class Job(Protocol):
    """One kind of work. `inputs` says what there is to do; `prepare` is slow; `write` is one transaction."""

    @property
    def name(self) -> str:
        """What it is called in the record of runs."""

    def inputs(self, app: App, within: Window | None = None) -> Mapping[Key, str]:
        """The fingerprint of the inputs of every piece of work that may still change."""

    def prepare(self, app: App, work: Due) -> Any:  # noqa: ANN401 (each job's own)
        """Fetch and compute, without a transaction."""

    def write(self, app: App, session: Session, work: Due, prepared: Any) -> Done:  # noqa: ANN401
        """Write in place of what was written before. Raises Moved if the inputs have changed meanwhile."""


class Moved(FinopsError):
    """The inputs changed while the work was done, or are about to: it will be due again for the new ones."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What one look of a job came to."""

    due: int = 0
    ok: int = 0
    failed: int = 0
    skipped: int = 0

    def __str__(self) -> str:
        return f"{self.due} due, {self.ok} ok, {self.failed} failed, {self.skipped} skipped"

    def __add__(self, other: "Summary") -> "Summary":
        return Summary(
            self.due + other.due,
            self.ok + other.ok,
            self.failed + other.failed,
            self.skipped + other.skipped,
        )


class Ended(NamedTuple):
    """How a run ended, if it was this worker's, and whether something outside did not answer it."""

    outcome: Outcome | None
    did_not_answer: bool = False


SKIPPED = Ended(Outcome.SKIPPED)


def look(
    app: App,
    job: Job,
    within: Window | None = None,
    progress: Callable[[int, int], None] | None = None,
    is_over: Callable[[], bool] = lambda: False,
) -> Summary:
    """Queue whatever a job has due, and do it, oldest first; what another worker takes is left to it.

    Args:
        app: the configured service.
        job: the job.
        within: only work of this window, and even what failed a moment ago.
        progress: told how many pieces of work are done, of how many.
        is_over: asked before each piece of work; once it is, the rest stays queued.
    """
    works = _queue(app, job, within)
    summary = Summary(due=len(works))
    silent: set[str] = set()
    for number, work in enumerate(works, start=1):
        if is_over():
            break
        # What did not answer for one hour is not asked for the five hundred after it.
        ended = SKIPPED if work.key.scope in silent else run(app, job, work)
        if ended.did_not_answer:
            silent.add(work.key.scope)
        summary += Summary(
            ok=ended.outcome is Outcome.OK,
            failed=ended.outcome is Outcome.FAILED,
            skipped=ended.outcome not in (Outcome.OK, Outcome.FAILED),
        )
        if progress is not None:
            progress(number, len(works))
    return summary


def pending(app: App, job: Job, within: Window | None = None) -> list[Due]:
    """What a job has due now."""
    return _find(app, job, within).works


def run(app: App, job: Job, work: Due) -> Ended:
    """Do one piece of queued work and record it; no outcome where another worker has it, or did it."""
    claim = _take(app, {job.name: job}, work.key)
    return Ended(None) if claim is None else _carry_out(app, job, claim)


def run_now(app: App, job: Job, work: Due) -> Ended:
    """Queue a piece of work that somebody asks for, and do it; no outcome where another worker has it."""
    marks = _marks([work])
    with app.sessions.begin() as session:
        run_queue.put(session, job.name, work.key.window, works=marks, wanted=marks, now=app.clock.real())
    return run(app, job, work)


def run_oldest(app: App, jobs: Mapping[str, Job]) -> Ended | None:
    """Do the oldest work that is queued for some jobs and record it; None if nothing is queued.

    What a worker that died had at hand is queued again first.
    """
    claim = _take(app, jobs)
    return None if claim is None else _carry_out(app, jobs[claim.job], claim)


@dataclass(frozen=True, slots=True)
class _Found:
    """What a look found as far as it reached: what is to be done, and what may be though it is resting."""

    reach: Window | None = None
    works: list[Due] = field(default_factory=list)
    wanted: list[Due] = field(default_factory=list)
    has_queued: bool = False


def _find(app: App, job: Job, within: Window | None) -> _Found:
    inputs = job.inputs(app, within)
    if not inputs:
        return _Found()
    reach = Window(min(key.window.start for key in inputs), max(key.window.end for key in inputs))
    with app.readers() as session:
        marks = runs.done(session, job.name, reach)
        failures = runs.failures(session, job.name, reach)
        has_queued = run_queue.waiting(session, job.name)
    done = {Key(window, scope): mark for (window, scope), mark in marks.items()}
    rested = app.clock.real() - timedelta(seconds=app.settings.schedule.retry_after_seconds)
    resting = [
        Key(run.window, run.scope)
        for run in failures.values()
        if within is None and run.outcome is Outcome.FAILED and (run.finished_at or rested) > rested
    ]
    return _Found(reach, due(inputs, done, resting), due(inputs, done), has_queued)


def _queue(app: App, job: Job, within: Window | None) -> list[Due]:
    """What a job has due now, queued for whoever takes it."""
    found = _find(app, job, within)
    if found.reach is not None and (found.works or found.has_queued):
        with app.sessions.begin() as session:
            run_queue.put(
                session,
                job.name,
                found.reach,
                works=_marks(found.works),
                wanted=_marks(found.wanted),
                now=app.clock.real(),
            )
    return found.works


def _marks(works: Iterable[Due]) -> dict[runs.Key, str]:
    return {(work.key.window, work.key.scope): work.fingerprint for work in works}


def _take(app: App, jobs: Mapping[str, Job], key: Key | None = None) -> runs.Claim | None:
    """The claim to one piece of queued work, or to the oldest there is."""
    now = app.clock.real()
    with app.sessions.begin() as session:
        if key is None:
            run_queue.revive(session, jobs, now)
        return run_queue.take(
            session,
            jobs,
            worker=worker_name(),
            now=now,
            lease=_lease(app),
            key=None if key is None else (key.window, key.scope),
        )


def _lease(app: App) -> timedelta:
    return timedelta(seconds=app.settings.schedule.lease_seconds)


def _carry_out(app: App, job: Job, claim: runs.Claim) -> Ended:
    work = Due(Key(claim.window, claim.scope), claim.fingerprint)
    with structlog.contextvars.bound_contextvars(job=job.name, window=str(claim.window), scope=claim.scope):
        try:
            _do(app, job, work, claim)
        except Fenced as error:
            return _record(app, claim, Outcome.FENCED, error)
        except Moved as error:
            return _record(app, claim, Outcome.SKIPPED, error)
        except FinopsError as error:
            return _record(app, claim, Outcome.FAILED, error)
        except Exception as error:  # the one place that may: a run must be recorded whatever broke it
            log.exception("run broke")
            return _record(app, claim, Outcome.FAILED, error)
    return Ended(Outcome.OK)


def _do(app: App, job: Job, work: Due, claim: runs.Claim) -> None:
    with _heartbeat(app, claim, _lease(app)):
        prepared = job.prepare(app, work)
    with app.sessions.begin() as session:
        runs.fence(session, claim)
        done = job.write(app, session, work, prepared)
        runs.finish(
            session,
            claim,
            outcome=Outcome.OK,
            counts=done.counts,
            error=done.problems,
            now=app.clock.real(),
        )
    log.debug("run done", **done.counts)


def worker_name() -> str:
    """The name of this process, told from every other that may share the database."""
    return f"{socket.gethostname()}:{os.getpid()}"


def _record(app: App, claim: runs.Claim, outcome: Outcome, error: Exception) -> Ended:
    why = str(error) if isinstance(error, FinopsError) else f"{type(error).__name__}: {error}"
    log.warning("run not done", outcome=outcome.value, why=why)
    is_silent = isinstance(error, (BrokenInput, Unavailable))
    try:
        with app.sessions.begin() as session:
            runs.finish(session, claim, outcome=outcome, counts={}, error=why, now=app.clock.real())
            if is_silent:  # what did not answer for one hour is not asked for the five hundred after it
                run_queue.withdraw(session, claim.job, claim.scope)
    except Fenced as fenced:
        # What went wrong is the other worker's to find out now; a record that is gone stays gone.
        return Ended(outcome) if outcome is Outcome.FENCED else _record(app, claim, Outcome.FENCED, fenced)
    return Ended(outcome, did_not_answer=is_silent)


@contextmanager
def _heartbeat(app: App, claim: runs.Claim, lease: timedelta) -> Iterator[None]:
    """Keep a claim alive while its work is prepared; a claim that was lost is found at the fence."""
    over = threading.Event()

    def beat() -> None:
        while not over.wait(lease.total_seconds() / 3):
            try:
                with app.sessions.begin() as session:
                    runs.heartbeat(session, claim, now=app.clock.real(), lease=lease)
            except Fenced:
                return
            except StorageError as error:
                log.warning("heartbeat missed", why=str(error))  # the next one may still be in time
            except Exception:
                log.exception("heartbeat missed")

    thread = threading.Thread(target=beat, name=f"heartbeat {claim}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
