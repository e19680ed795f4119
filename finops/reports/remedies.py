"""What a person can do about money that reached no function, or should know of it, by its kind."""

from collections.abc import Iterable

from finops.domain.charge import Charge, ChargeKind

REMEDIES = {
    ChargeKind.IDLE: "measured idle: `finops rightsize --service S --remove 0 --target X` sizes it",
    ChargeKind.NOT_PROFILED: "measured busy, but not seen by the profiler",
    ChargeKind.UNPROFILED_OR_IDLE: "measure utilisation to tell what is idle from what is unseen",
    ChargeKind.OVER_CAPACITY: "held: more was claimed or measured than there was; see below",
    ChargeKind.NO_STACK: "samples whose stack is empty",
    ChargeKind.SOURCE_UNATTRIBUTED: "the source's total beyond the stacks that it gave",
    ChargeKind.NO_HEAP_PROFILE: "resident, but in no heap profile: stacks, caches, the runtime itself",
    ChargeKind.MEMORY_NOT_MEASURED: "measure resident memory to tell used from idle",
    ChargeKind.NO_PROFILE: "no profile of those hours: is the profiler on, and the source configured?",
    ChargeKind.BEYOND_RETENTION: "the source no longer kept profiles of those hours",
    ChargeKind.NO_PRICE: "in no total, because no price is known: add one under [[prices.fixed]]",
}


def reasons(charges: Iterable[Charge]) -> str:
    """What is not used of some charges: each kind once, with what can be done about it.

    What was held says so in its own words, which name what helps there.
    """
    said: dict[ChargeKind, dict[str, None]] = {}
    for charge in charges:
        if charge.kind in REMEDIES:
            said.setdefault(charge.kind, {})[_remedy(charge)] = None
    return ", ".join(f"{kind} ({'; '.join(said[kind])})" for kind in ChargeKind if kind in said)


def _remedy(charge: Charge) -> str:
    if charge.kind is ChargeKind.OVER_CAPACITY:
        return f"held: {charge.note or 'more was claimed or measured than there was'}"
    return charge.note or REMEDIES[charge.kind]
