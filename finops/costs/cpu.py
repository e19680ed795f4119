"""CPU: how the core-time of a pool's machines divides into kinds of charge.

The rule that must not be broken: a profiler's seconds are a claim. What was measured busy bounds it,
else what was paid for, and the ratio is kept; a claim past belief holds the hour instead of being
scaled down.
"""

from collections.abc import Sequence

from finops.costs.division import (
    DEMAND,
    Capacity,
    Division,
    Rest,
    Words,
    by_shares,
    count,
    exceeded,
    settled,
    unclaimed,
)
from finops.costs.pools import Pool
from finops.domain.charge import ChargeKind
from finops.domain.money import rounded
from finops.domain.profile import ProfileKind, Usage
from finops.domain.resource import Resource
from finops.domain.service import Service

NO_PROFILE = Rest(unseen=ChargeKind.NO_PROFILE, unmeasured=ChargeKind.NO_PROFILE)
PROFILED = Rest(unseen=ChargeKind.NOT_PROFILED, unmeasured=ChargeKind.UNPROFILED_OR_IDLE)
WORDS = Words(
    claimant="the CPU profile",
    measured="core-time measured busy",
    paid="core-time paid for",
    remedy="declare `profiler_gives_shares = true` in its [[services]] table, or check that the measured"
    " utilisation, the observed time and the number of instances are right",
    unmeasured="measure the utilisation of all its machines, or declare `profiler_gives_shares = true` in its"
    " [[services]] table; check that the observed time and the number of instances are right",
)


def divide_cpu(service: Service, pool: Pool) -> Division:
    """Divide the core-nanoseconds of the machines whose shape is known.

    Demand is what the profiles say, scaled from the instance-time that was profiled to all that ran,
    and laid over the machines by busy time where all of them were measured, else by vCPU-time.
    """
    capacity, usage = Capacity.of(pool.shaped, Resource.CPU), pool.of(ProfileKind.CPU)
    if capacity.is_exceeded:
        counted = exceeded(
            "more core-time was measured busy than was paid for: check the measured utilisation"
        )
        return settled(capacity, counted, usage, PROFILED)
    if not usage or not capacity.paid:
        return unclaimed(capacity, NO_PROFILE)
    demand, messages = _demand(pool, usage)
    if capacity.is_mixed:
        messages.append("only some of its machines have a measured utilisation; it counts as not measured")
    if service.profiler_gives_shares and any(each.total for each in usage):
        counted = by_shares(demand, capacity)
    else:
        counted = count(demand, capacity, capacity.bounds, DEMAND, WORDS)
    return settled(capacity, counted, usage, PROFILED, messages)


def _demand(pool: Pool, usage: Sequence[Usage]) -> tuple[int, list[str]]:
    """Core-nanoseconds that all running instances used, and what had to be taken for granted.

    Instances on machines of unknown shape used their part of it, which is laid on none of the others.
    """
    used = sum(each.total for each in usage)
    running = sum(machine.hours.instance_nanos for machine in pool.machines)
    laid = sum(machine.hours.instance_nanos for machine in pool.shaped)
    known = [each.observed_nanos for each in usage if each.observed_nanos]
    observed = sum(known) if len(known) == len(usage) else None
    messages = []
    if len(sources := sorted({each.key.source for each in usage})) > 1:
        messages.append(f"CPU profiles of {len(sources)} sources are added up: {', '.join(sources)}")
    if observed is None:
        messages.append("how much instance-time was profiled is not known; it counts as all that ran")
    elif observed > running:
        messages.append("more instance-time was profiled than ran; it counts as all that ran")
    if observed is None or observed > running:
        observed = running
    # Where no instance is said to have run at all, there is nothing to scale by.
    return rounded(used * laid, observed) if observed else used, messages
