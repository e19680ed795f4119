"""A claim, and a run, in one step: as a look and a worker make them in two."""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from finops.app import App
from finops.domain.window import Window
from finops.storage import run_queue
from finops.storage.runs import Claim
from jobs import runner
from jobs.runner import Ended, Job
from jobs.windows import Due


def claim(
    session: Session,
    job: str,
    window: Window,
    scope: str,
    *,
    worker: str,
    now: datetime,
    lease: timedelta,
    fingerprint: str,
) -> Claim | None:
    """The claim to a window, or None while another worker holds it, or where it was done for these inputs."""
    key = (window, scope)
    run_queue.put(session, job, window, works={key: fingerprint}, wanted={key: fingerprint}, now=now)
    return run_queue.take(session, [job], worker=worker, now=now, lease=lease, key=key)


def run(app: App, job: Job, work: Due) -> Ended:
    """What becomes of a piece of work that a look has found, whether or not it is due by now."""
    window, works = work.key.window, {(work.key.window, work.key.scope): work.fingerprint}
    with app.sessions.begin() as session:
        run_queue.put(session, job.name, window, works=works, wanted=works, now=app.clock.real())
    return runner.run(app, job, work)
