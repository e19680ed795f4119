"""Every job, in the order in which a dollar passes them."""

from collections.abc import Mapping

from finops.errors import NotFound
from jobs.attribute_costs import AttributeCosts
from jobs.collect_fleet import CollectFleet
from jobs.collect_profiles import CollectProfiles
from jobs.expire import Expire
from jobs.refresh_prices import RefreshPrices
from jobs.runner import Job
from jobs.weekly_report import WeeklyReport

JOBS: Mapping[str, Job] = {
    job.name: job
    for job in (
        RefreshPrices(),
        CollectFleet(),
        CollectProfiles(),
        AttributeCosts(),
        WeeklyReport(),
        Expire(),
    )
}


def named(name: str) -> Job:
    """The job of a name.

    Raises NotFound listing the names there are.
    """
    if name not in JOBS:
        raise NotFound(f"{name!r} is no job; there are {', '.join(JOBS)}")
    return JOBS[name]
