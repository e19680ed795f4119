"""The scheduler as a process: a clock, and a look of each job whenever its cron says so."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from finops.app import App
from finops.errors import FinopsError, Unavailable
from finops.reports.shown import counted
from jobs import runner
from jobs.registry import JOBS
from jobs.schedule import clock
from jobs.stopping import until_a_signal, wait_for

log = structlog.get_logger()

# How often a long look says how far it is.
_EVERY_SECONDS = 10

# Who drains waits for it: the crons of a day would keep him for one.
_AT_ONCE = "* * * * * *"


def serve(app: App, *, drain: bool = False) -> bool:
    """Run the jobs by their crons until a signal says stop; the piece of work at hand is finished first.

    Args:
        app: the configured service; its database must stand at this release's schema.
        drain: look all the time, whatever the crons say, and stop once every job in turn found nothing due.

    Returns:
        Whether it stopped because nothing was due.

    With `drain`, raises what kept a job from looking for work, and Unavailable where all that is left due
    is work that failed.
    """
    app.sessions  # noqa: B018 (a database that cannot be used is found before the clock starts)
    looks = _Looks(app, is_draining=drain)
    crons = {job: _AT_ONCE if drain else getattr(app.settings.schedule, job) for job in JOBS}
    ticking = clock(crons, looks.look)
    with until_a_signal(looks.stopping.set):
        log.info("scheduler started", worker=runner.worker_name())
        ticking.start()
        wait_for(looks.stopping)
        ticking.shutdown()
    log.info("scheduler stopped")
    if drain:
        looks.refuse_failed()
    return drain and looks.is_drained


@dataclass
class _Looks:
    """The looks of all jobs, one after the other, and what came of them.

    Attributes:
        stopping: set once there is nothing more to do, or somebody said so.
        idle: the jobs that found nothing to do since something was done.
        failing: how many runs of each job failed at its last look.
        broken: what kept a drain from looking.
    """

    app: App
    is_draining: bool
    stopping: threading.Event = field(default_factory=threading.Event)
    idle: set[str] = field(default_factory=set)
    failing: dict[str, int] = field(default_factory=dict)
    broken: list[Exception] = field(default_factory=list)

    @property
    def is_drained(self) -> bool:
        """Whether every job in turn found nothing to do."""
        return self.idle >= set(JOBS)

    def look(self, name: str) -> None:
        """One look of a job. Whatever breaks it, the clock goes on; a drain would wait for ever."""
        if self.stopping.is_set():
            return
        try:
            self._note(
                name, runner.look(self.app, JOBS[name], progress=_said(name), is_over=self.stopping.is_set)
            )
        except Exception as error:
            if isinstance(error, FinopsError):
                log.warning("job could not look for work", job=name, why=str(error))
            else:
                log.exception("look broke", job=name)
            if self.is_draining:
                self.broken.append(error)
        if self.broken or (self.is_draining and self.is_drained):
            self.stopping.set()

    def _note(self, name: str, summary: runner.Summary) -> None:
        if summary.due:
            log.info("job looked", job=name, due=summary.due, ok=summary.ok, failed=summary.failed)
            self.failing[name] = summary.failed
        if not summary.due or (summary.failed and not summary.ok):
            self.idle.add(name)  # what failed, and left nothing else to do, is not waited for
        else:
            self.idle.clear()

    def refuse_failed(self) -> None:
        """Raise what kept a drain from looking, and Unavailable where work is left because it failed."""
        if self.broken:
            raise self.broken[0]
        if said := [f"{counted(count, 'run')} of {name}" for name, count in self.failing.items() if count]:
            raise Unavailable(
                f"{' and '.join(said)} failed at the last look; see `finops jobs list --outcome failed`"
            )


def _said(job: str) -> Callable[[int, int], None]:
    """Logs how far a look is, now and then."""
    last = time.monotonic()

    def progress(done: int, whole: int) -> None:
        nonlocal last
        if time.monotonic() - last >= _EVERY_SECONDS:
            last = time.monotonic()
            log.info("job works", job=job, done=done, of=whole)

    return progress
