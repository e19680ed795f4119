"""A claim in one step: as a look and a worker make it in two."""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from finops.domain.window import Window
from finops.storage import run_queue
from finops.storage.runs import Claim


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
