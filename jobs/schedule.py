"""When jobs look for work. The only module that imports APScheduler."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger

_FIELDS = ("second", "minute", "hour", "day", "month", "day_of_week")


def clock(crons: Mapping[str, str], look: Callable[[str], None]) -> BackgroundScheduler:
    """A clock that says "look" to each job, first at once, as a look may have been missed while it was down.

    What is due is for the runner to find out. One look at a time, as the jobs share one writer; those of
    the same second in the order in which they are named.
    """
    scheduler = BackgroundScheduler(
        timezone=UTC,
        executors={"default": {"type": "threadpool", "max_workers": 1}},
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
    )  # no job store is named, so jobs live in memory
    now = datetime.now(UTC)
    for place, (job, cron) in enumerate(crons.items()):
        # APScheduler takes those of the same moment by their ids.
        id_ = f"{place:02} {job}"
        scheduler.add_job(look, trigger(cron), args=[job], id=id_, name=job, next_run_time=now)
    return scheduler


def trigger(cron: str) -> CronTrigger:
    """A trigger from a cron of five fields, or of six that begin with seconds.

    Raises ValueError if it is neither.
    """
    fields = cron.split()
    if len(fields) == len(_FIELDS) - 1:
        fields = ["0", *fields]
    if len(fields) != len(_FIELDS):
        raise ValueError(f"{cron!r} has {len(fields)} fields; a cron has five, or six with seconds first")
    return CronTrigger(**dict(zip(_FIELDS, fields, strict=True)), timezone=UTC)
