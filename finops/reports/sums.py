"""Self and total by function over several profiles, and how many samples stand behind them."""

from collections.abc import Sequence
from dataclasses import dataclass

from finops import engine
from finops.domain.function import Function
from finops.domain.profile import NANOSECONDS, ProfileKind, meaning
from finops.engine import Columns, Grouping, ValueType

# A sampler that is asked 1,000 times a second or less; a shorter period is another unit than time
# between samples (perf's events), by which nothing may be counted.
_SHORTEST_INTERVAL_NANOS = 10**6

_COUNTS = (ValueType("samples", "count"), ValueType("sample", "count"))
# A count, and what it is a count of.
_PAIR = 2


@dataclass(frozen=True, slots=True, eq=False)
class Sums:
    """Self and total of each group of frames over all files of a capture, ordered by key.

    `total` is of all samples, `no_stack` of those whose stack is empty.
    """

    keys: tuple[Function, ...]
    selfs: list[int]
    totals: list[int]
    total: int
    no_stack: int

    @property
    def stacked(self) -> int:
        """What stands in stacks: the sum of the selfs."""
        return self.total - self.no_stack


def sums_of(columns: Columns, value: int, by: Grouping) -> Sums:
    """Self and total of each group of frames in one column of a profile."""
    found = engine.totals(columns, value, by)
    return Sums(found.keys, *found.lists(), found.total, found.no_stack)


def added(parts: Sequence[Sums]) -> Sums:
    """The sums of several profiles together; at least one."""
    if len(parts) == 1:
        return parts[0]
    selfs: dict[Function, int] = {}
    totals: dict[Function, int] = {}
    for part in parts:
        for key, own, whole in zip(part.keys, part.selfs, part.totals, strict=True):
            selfs[key] = selfs.get(key, 0) + own
            totals[key] = totals.get(key, 0) + whole
    keys = tuple(sorted(selfs))
    return Sums(
        keys=keys,
        selfs=[selfs[key] for key in keys],
        totals=[totals[key] for key in keys],
        total=sum(part.total for part in parts),
        no_stack=sum(part.no_stack for part in parts),
    )


def observations(columns: Columns, value: int, by: Grouping, sums: Sums) -> Sums | None:
    """How many samples each of a column's sums rests on; None where the profile does not tell.

    Known where the values count samples, where they are CPU time and the profile gives the time
    between its samples, or where a column beside them counts those.
    """
    value_type = columns.value_types[value]
    if value_type in _COUNTS:
        return sums
    read = meaning(value_type, columns.period_type, columns.period)
    is_cpu = read is not None and read.kind is ProfileKind.CPU
    if read and is_cpu and (interval := _sampling_interval(columns)):
        return _divided(sums, read.factor, interval)
    at = next((columns.value_types.index(each) for each in _COUNTS if each in columns.value_types), None)
    # Beside several columns nothing says which of them a count of samples is of, but for CPU by custom.
    if at is None or not (is_cpu or len(columns.value_types) == _PAIR):
        return None
    if engine.least(columns, at) < 0:
        return None
    return sums_of(columns, at, by)


def _sampling_interval(columns: Columns) -> int | None:
    """The CPU nanoseconds between two samples, if the profile gives them."""
    period = columns.period_type
    if period is None or period.type != "cpu" or period.unit not in NANOSECONDS:
        return None
    nanos = columns.period * NANOSECONDS[period.unit]
    return nanos if nanos >= _SHORTEST_INTERVAL_NANOS else None


def _divided(sums: Sums, factor: int, interval: int) -> Sums:
    """How many intervals long each value is."""
    return Sums(
        keys=sums.keys,
        selfs=[each * factor // interval for each in sums.selfs],
        totals=[each * factor // interval for each in sums.totals],
        total=sums.total * factor // interval,
        no_stack=sums.no_stack * factor // interval,
    )
