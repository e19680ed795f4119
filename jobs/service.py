"""The scheduler as a process: a clock, and a look of each job whenever its cron says so."""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import structlog

from finops.app import App
from finops.errors import FinopsError
from jobs import runner
from jobs.registry import JOBS
from jobs.schedule import clock

log = structlog.get_logger()


# How often a long look says how far it is.
_EVERY_SECONDS = 10

# Who drains waits for it: the crons of a day would keep him for one.
_AT_ONCE = "* * * * * *"

# Soon enough for whoever stops a service, and no work for the processor.
_WAKES_EVERY_SECONDS = 0.5


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
    with _until_a_signal(stopping.set):
        log.info("scheduler started", worker=runner.worker_name())
        ticking.start()
        _wait_for(stopping)
        ticking.shutdown()
    log.info("scheduler stopped")
    if failures:
        raise failures[0]
    return drain and idle >= set(JOBS)


def _wait_for(stopping: threading.Event) -> None:
    """Wait, and be awake now and then.

    A signal's handler runs once the main thread is awake; where the system gave the signal to another
    thread, or a moment before this one fell asleep, nothing else would wake it.
    """
    while not stopping.wait(_WAKES_EVERY_SECONDS):
        pass


@contextmanager
def _until_a_signal(stop: Callable[[], None]) -> Iterator[None]:
    """Call `stop` at the first SIGTERM or SIGINT; another one does what it would do without this."""
    before = {each: signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGINT)}

    def restore() -> None:
        for each, handler in before.items():
            signal.signal(each, handler)

    def first(_signal: int, _frame: FrameType | None) -> None:
        restore()
        stop()

    for each in before:
        signal.signal(each, first)
    try:
        yield
    finally:
        restore()


def _said(job: str) -> Callable[[int, int], None]:
    """Logs how far a look is, now and then."""
    last = time.monotonic()

    def progress(done: int, whole: int) -> None:
        nonlocal last
        if time.monotonic() - last >= _EVERY_SECONDS:
            last = time.monotonic()
            log.info("job works", job=job, done=done, of=whole)

    return progress
