"""The scheduler as a process: a clock, and a look of each job whenever its cron says so."""

import threading
import time
from collections.abc import Callable

import structlog

from finops.app import App
from finops.errors import FinopsError
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

    With `drain`, raises what kept a job from looking for work.
    """
    app.sessions  # noqa: B018 (a database that cannot be used is found before the clock starts)
    stopping = threading.Event()
    idle: set[str] = set()
    failures: list[Exception] = []

    def look(name: str) -> None:
        if stopping.is_set():
            return
        try:
            summary = runner.look(app, JOBS[name], progress=_said(name), is_over=stopping.is_set)
        except Exception as error:
            # Whatever breaks one look, the clock goes on; a drain would wait for ever.
            if isinstance(error, FinopsError):
                log.warning("job could not look for work", job=name, why=str(error))
            else:
                log.exception("look broke", job=name)
            if drain:
                failures.append(error)
        else:
            if summary.due:
                log.info("job looked", job=name, due=summary.due, ok=summary.ok, failed=summary.failed)
                idle.clear()
            else:
                idle.add(name)
        if failures or (drain and idle >= set(JOBS)):
            stopping.set()

    crons = {job: _AT_ONCE if drain else getattr(app.settings.schedule, job) for job in JOBS}
    ticking = clock(crons, look)
    with until_a_signal(stopping.set):
        log.info("scheduler started", worker=runner.worker_name())
        ticking.start()
        wait_for(stopping)
        ticking.shutdown()
    log.info("scheduler stopped")
    if failures:
        raise failures[0]
    return drain and idle >= set(JOBS)


def _said(job: str) -> Callable[[int, int], None]:
    """Logs how far a look is, now and then."""
    last = time.monotonic()

    def progress(done: int, whole: int) -> None:
        nonlocal last
        if time.monotonic() - last >= _EVERY_SECONDS:
            last = time.monotonic()
            log.info("job works", job=job, done=done, of=whole)

    return progress
