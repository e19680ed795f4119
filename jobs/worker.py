"""A worker as a process: it takes what the schedulers' looks have queued, one piece at a time."""

import threading
from collections.abc import Sequence

import structlog

from finops.app import App
from finops.errors import FinopsError
from finops.storage.network import refuse_shared_file
from jobs import runner
from jobs.registry import named
from jobs.stopping import until_a_signal

log = structlog.get_logger()


def work(app: App, names: Sequence[str], *, drain: bool = False, poll_seconds: float = 2) -> int:
    """Do what is queued until a signal says stop; the piece of work at hand is finished first.

    Args:
        app: the configured service; its database must stand at this release's schema.
        names: the jobs to work for.
        drain: stop as well once nothing is queued for them.
        poll_seconds: how long to wait before it looks again into a queue that was empty, or out of reach.

    Returns:
        How many runs it made.

    Raises:
        NotFound: a name is none of a job.
        ConfigError: the database is a file that several machines share.

    With `drain`, raises what kept it from the queue; else it goes on when that is over.
    """
    jobs = {name: named(name) for name in names}
    refuse_shared_file(app.settings.database.url)
    app.sessions  # noqa: B018 (a database that cannot be used is found at once)
    stopping = threading.Event()
    made = 0
    with until_a_signal(stopping.set):
        log.info("worker started", worker=runner.worker_name(), jobs=" ".join(jobs))
        while not stopping.is_set():
            try:
                ended = runner.run_oldest(app, jobs)
            except Exception as error:
                if drain:
                    raise
                if isinstance(error, FinopsError):
                    log.warning("worker could not look into the queue", why=str(error))
                else:
                    log.exception("worker could not look into the queue")
                stopping.wait(poll_seconds)
                continue
            if ended is not None:
                made += 1
            elif drain:
                break
            else:
                stopping.wait(poll_seconds)
    log.info("worker stopped", worker=runner.worker_name(), runs=made)
    return made
