"""Memory: how the MiB-time of a pool's machines divides into kinds of charge.

The rule that must not be broken: residency, not churn, and in bytes. Without the number of snapshots a
heap profile has shares but no bytes, and reaches no function unless the configuration accepts that.
"""

from collections.abc import Sequence

from finops.costs.division import (
    LIVE_HEAP,
    Capacity,
    Counted,
    Division,
    Rest,
    Words,
    by_shares,
    count,
    exceeded,
    settled,
    unclaimed,
)
from finops.costs.pools import NANOS_PER_SECOND, Pool
from finops.domain.charge import ChargeKind
from finops.domain.money import rounded
from finops.domain.profile import ProfileKind, Usage
from finops.domain.resource import Resource
from finops.domain.service import Service

BYTES_PER_MIB = 1 << 20
NO_PROFILE = Rest(unseen=ChargeKind.NO_PROFILE, unmeasured=ChargeKind.NO_PROFILE)
NO_HEAP = Rest(unseen=ChargeKind.NO_HEAP_PROFILE, unmeasured=ChargeKind.MEMORY_NOT_MEASURED)
WORDS = Words(
    claimant="the heap profile",
    measured="memory measured resident",
    paid="memory paid for",
    remedy="check that the measured resident set and the numbers of snapshots and of instances are right",
    unmeasured="measure the resident set of all its machines; check that the numbers of snapshots and of"
    " instances are right",
)


def divide_memory(service: Service, pool: Pool) -> Division:
    """Divide the MiB-seconds of the machines whose shape is known.

    Live heap is the mean of the snapshots, times the instances that ran, laid over the machines by
    instance-time.
    """
    capacity, usage = Capacity.of(pool.shaped, Resource.MEMORY), pool.of(ProfileKind.HEAP)
    if capacity.is_exceeded:
        counted = exceeded(
            "more memory was measured resident than was paid for: check the measured resident set"
        )
        return settled(capacity, counted, usage, NO_HEAP)
    if not usage or not capacity.paid:
        return unclaimed(capacity, NO_HEAP if pool.usage else NO_PROFILE)
    live = _live(pool, usage)
    if live is None and not (service.accepts_memory_shares and capacity.is_measured):
        unknown = (
            "how many heap snapshots were merged is not known; without it they give no bytes and no dollars"
        )
        return unclaimed(capacity, NO_HEAP, [unknown])
    messages = []
    if capacity.is_mixed:
        messages.append("only some of its machines have a measured resident set; it counts as not measured")
    counted = _counted(live, capacity, pool, usage)
    return settled(capacity, counted, usage, NO_HEAP, messages)


def _live(pool: Pool, usage: Sequence[Usage]) -> int | None:
    """MiB-seconds of live heap in all instances on machines of known shape; None without the snapshots."""
    known = [each.snapshots for each in usage if each.snapshots]
    if len(known) < len(usage):
        return None
    live = sum(each.total for each in usage)
    running = sum(machine.hours.instance_nanos for machine in pool.shaped)
    return rounded(live * running, sum(known) * BYTES_PER_MIB * NANOS_PER_SECOND)


def _counted(live: int | None, capacity: Capacity, pool: Pool, usage: Sequence[Usage]) -> Counted:
    if live is not None:
        laid_by = [machine.hours.instance_nanos for machine in pool.shaped]
        return count(live, capacity, laid_by, LIVE_HEAP, WORDS)
    if any(each.total for each in usage):
        return by_shares(None, capacity)
    return Counted((0,) * len(capacity.paid), LIVE_HEAP)
