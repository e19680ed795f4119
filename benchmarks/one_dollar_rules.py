"""The rules from machines and profiles to dollars, a second time and in the plainest way.

Every amount is a whole number of nanos (1e-9 USD), every quantity a whole number of core-nanoseconds
or MiB-seconds, and all between them are exact fractions. No call trie is built: stacks from the root
down, sorted, are its nodes in depth-first order.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil
from typing import NamedTuple

from benchmarks.one_dollar_captures import Frame, NoRuleError, Profile, Stack
from benchmarks.one_dollar_inputs import MIB_PER_GIB, NANOS_PER_SECOND, Listed, Machines, Price

RESOURCES = ("cpu", "memory")
NANOS_PER_HOUR = 3600 * NANOS_PER_SECOND
BYTES_PER_MIB = 1 << 20

# How far a profiler may claim more than was measured busy, or than was paid for, before all of it is held.
MOST_OVER_MEASURED = 5
MOST_OVER_PAID = Fraction(11, 10)

# In which order the nanos that rounding leaves go to equal remainders.
KINDS = (
    *("used", "no_stack", "source_unattributed", "not_profiled", "no_heap_profile", "no_profile"),
    *("over_capacity", "idle", "unprofiled_or_idle", "memory_not_measured"),
)

Quantities = dict[str, int]


class Charge(NamedTuple):
    """How much of something, and what it cost at list price."""

    quantity: int
    nanos: int


class Cost(NamedTuple):
    """What a function cost by itself and with its callees; the row of the others has no totals."""

    self_nanos: int
    total_nanos: int | None
    self_observations: int
    total_observations: int | None

    @property
    def nanos(self) -> int:
        """What adds up."""
        return self.self_nanos


class Row(NamedTuple):
    """Machines of one kind, and what one of them costs and has."""

    machines: Machines
    price: Price


@dataclass(frozen=True)
class Seen:
    """The captures of one hour and type, as the index lists them and as they read."""

    listed: Sequence[Listed]
    profiles: Sequence[Profile]

    @property
    def weight(self) -> int:
        """The sum of all samples."""
        return sum(profile.weight for profile in self.profiles)

    @property
    def no_stack(self) -> int:
        """The sum of the samples without a stack."""
        return sum(profile.no_stack for profile in self.profiles)

    @property
    def stacks(self) -> Counter[Stack]:
        """The weight of every stack."""
        return sum((profile.stacks for profile in self.profiles), Counter[Stack]())

    @property
    def interval(self) -> int:
        """What one observation weighs."""
        (interval,) = {profile.interval for profile in self.profiles}
        return interval


@dataclass
class Day:
    """What the functions of a service cost over a day, for one resource."""

    used_nanos: int = 0
    selfs: Counter[Frame] = field(default_factory=Counter)
    totals: Counter[Frame] = field(default_factory=Counter)
    self_observations: Counter[Frame] = field(default_factory=Counter)
    total_observations: Counter[Frame] = field(default_factory=Counter)

    def add(self, used_nanos: int, seen: Seen) -> None:
        """Divide the used charge of an hour over the functions that its captures saw."""
        self.used_nanos += used_nanos
        stacks = sorted(seen.stacks.items())
        self_weights, total_weights = Counter[Frame](), Counter[Frame]()
        for (stack, weight), nanos in zip(stacks, stack_nanos(used_nanos, stacks), strict=True):
            self.selfs[stack[-1]] += nanos
            self_weights[stack[-1]] += weight
            for frame in set(stack):
                self.totals[frame] += nanos
                total_weights[frame] += weight
        for frame, weight in self_weights.items():
            self.self_observations[frame] += weight // seen.interval
        for frame, weight in total_weights.items():
            self.total_observations[frame] += weight // seen.interval

    def rows(self, smallest_share: Fraction) -> dict[Frame | None, Cost]:
        """A row for each function whose total is worth one; the others together, under None."""
        least = max(1, ceil(smallest_share * self.used_nanos))
        small = [frame for frame, total in self.totals.items() if total < least]
        rows: dict[Frame | None, Cost] = {
            frame: Cost(
                self.selfs[frame], total, self.self_observations[frame], self.total_observations[frame]
            )
            for frame, total in self.totals.items()
            if total >= least
        }
        if small:
            nanos = sum(self.selfs[frame] for frame in small)
            rows[None] = Cost(nanos, None, sum(self.self_observations[frame] for frame in small), None)
        return rows


def largest_remainder(whole: int, weights: Sequence[int]) -> list[int]:
    """Whole parts in proportion to weights; what flooring leaves goes to the largest remainders, in order.

    >>> largest_remainder(100, [1, 1, 1])
    [34, 33, 33]
    """
    total = sum(weights)
    if not total:
        if whole:
            raise NoRuleError(f"there is nothing to divide {whole} over")
        return [0] * len(weights)
    parts = [whole * weight // total for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda place: -(whole * weights[place] % total))
    for place in by_remainder[: whole - sum(parts)]:
        parts[place] += 1
    return parts


def stack_nanos(used_nanos: int, stacks: Sequence[tuple[Stack, int]]) -> list[int]:
    """A charge over functions in (name, file) order, then each function's part over its stacks in theirs."""
    places: dict[Frame, list[int]] = {}
    for place, (stack, _) in enumerate(stacks):
        places.setdefault(stack[-1], []).append(place)
    functions = sorted(places)
    weights = [sum(stacks[place][1] for place in places[function]) for function in functions]
    nanos = [0] * len(stacks)
    for function, part in zip(functions, largest_remainder(used_nanos, weights), strict=True):
        own = [stacks[place][1] for place in places[function]]
        for place, piece in zip(places[function], largest_remainder(part, own), strict=True):
            nanos[place] = piece
    return nanos


def resource_nanos(row: Row) -> dict[str, int]:
    """What machines cost in an hour, rounded once, then divided 9 : 1 per vCPU : GiB."""
    hours = Fraction(row.machines.machine_nanos, NANOS_PER_HOUR)
    nanos = round(row.price.hourly * NANOS_PER_SECOND * hours)
    weights = [row.price.vcpu * 9 * MIB_PER_GIB, row.price.memory_mib]
    return dict(zip(RESOURCES, largest_remainder(nanos, weights), strict=True))


def charges(nanos: int, quantities: Quantities) -> dict[str, Charge]:
    """The cost of a row's CPU or memory, by what became of it."""
    present = [kind for kind in KINDS if quantities.get(kind)]
    parts = largest_remainder(nanos, [quantities[kind] for kind in present])
    return {kind: Charge(quantities[kind], part) for kind, part in zip(present, parts, strict=True)}


def cpu_quantities(rows: Sequence[Row], seen: Seen) -> list[Quantities]:
    """What became of each row's core-nanoseconds."""
    paid = [row.price.vcpu * row.machines.machine_nanos for row in rows]
    busy = _measured(
        utilisation if utilisation is None else round(utilisation * own)
        for own, utilisation in zip(paid, (row.machines.utilisation for row in rows), strict=True)
    )
    room = paid if busy is None else busy
    if not seen.listed:
        return _laid([0] * len(rows), room, paid, seen, "no_profile")
    demand = _demand(rows, seen)
    if demand > (MOST_OVER_PAID * sum(paid) if busy is None else MOST_OVER_MEASURED * sum(busy)):
        return [{"over_capacity": own} for own in paid]
    used = largest_remainder(min(demand, sum(room)), room)
    return _laid(used, room, paid, seen, "unprofiled_or_idle" if busy is None else "not_profiled")


def memory_quantities(rows: Sequence[Row], seen: Seen, *, is_profiled: bool) -> list[Quantities]:
    """What became of each row's MiB-seconds; `is_profiled`: there is a profile of the hour's CPU."""
    seconds = [Fraction(row.machines.machine_nanos, NANOS_PER_SECOND) for row in rows]
    paid = [round(row.price.memory_mib * own) for row, own in zip(rows, seconds, strict=True)]
    resident = _measured(
        mib if mib is None else round(mib * own)
        for own, mib in zip(seconds, (row.machines.resident_mib for row in rows), strict=True)
    )
    room = paid if resident is None else resident
    unseen = "no_heap_profile" if resident is not None else "memory_not_measured"
    if not seen.listed:
        return _laid([0] * len(rows), room, paid, seen, unseen if is_profiled else "no_profile")
    live = largest_remainder(_live(rows, seen), [row.machines.instance_nanos for row in rows])
    if any(own > within for own, within in zip(live, room, strict=True)):
        raise NoRuleError(f"{live} MiB-seconds are live where there were {room}")
    return _laid(live, room, paid, seen, unseen)


def _laid(used: list[int], room: list[int], paid: list[int], seen: Seen, unseen: str) -> list[Quantities]:
    """What was used, what was within measure (or paid for, without one) and not seen, and what was idle."""
    return [
        {**_stacked(own, seen), unseen: within - own, "idle": all_of_it - within}
        for own, within, all_of_it in zip(used, room, paid, strict=True)
    ]


def _stacked(used: int, seen: Seen) -> Quantities:
    stacked, no_stack = largest_remainder(used, [seen.weight - seen.no_stack, seen.no_stack])
    return {"used": stacked, "no_stack": no_stack}


def _demand(rows: Sequence[Row], seen: Seen) -> int:
    """Core-nanoseconds of all instances, if those that were not observed did as the others."""
    running = sum(row.machines.instance_nanos for row in rows)
    observed = min(running, sum(listed.observed_nanos for listed in seen.listed))
    return round(Fraction(seen.weight * running, observed))


def _live(rows: Sequence[Row], seen: Seen) -> int:
    """MiB-seconds of an instance's mean live heap, for as long as instances ran."""
    running = sum(row.machines.instance_nanos for row in rows)
    snapshots = sum(listed.snapshots for listed in seen.listed)
    return round(Fraction(seen.weight * running, snapshots * BYTES_PER_MIB * NANOS_PER_SECOND))


def _measured(values: Iterable[int | None]) -> list[int] | None:
    """All of them, if every row was measured."""
    listed = list(values)
    known = [value for value in listed if value is not None]
    return known if len(known) == len(listed) else None
