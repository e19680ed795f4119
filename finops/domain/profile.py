"""Profiles: what one service's stacks said in one window, and what their values may be money of."""

from dataclasses import dataclass, field
from enum import StrEnum

from finops.domain.resource import Resource
from finops.domain.window import Window
from finops.engine.columns import Columns, Trie, ValueType

CPU_TIMES = frozenset({"cpu", "cpu-time", "samples", "on_cpu", "ctimer", "itimer", "perf_events"})
LIVE_HEAPS = frozenset({"inuse_space", "live", "heap-space", "heap_live_size"})

NANOSECONDS = {
    **dict.fromkeys(("ns", "nanosecond", "nanoseconds"), 1),
    **dict.fromkeys(("us", "μs", "microsecond", "microseconds"), 10**3),
    **dict.fromkeys(("ms", "millisecond", "milliseconds"), 10**6),
    **dict.fromkeys(("s", "sec", "second", "seconds"), 10**9),
}
BYTES = {
    **dict.fromkeys(("b", "byte", "bytes"), 1),
    **dict.fromkeys(("kb", "kib", "kilobyte", "kilobytes"), 1 << 10),
    **dict.fromkeys(("mb", "mib", "megabyte", "megabytes"), 1 << 20),
    **dict.fromkeys(("gb", "gib", "gigabyte", "gigabytes"), 1 << 30),
}


class ProfileKind(StrEnum):
    """What a column of a profile can be money of: CPU time or live heap; nothing else can."""

    CPU = "cpu"
    HEAP = "heap"

    @property
    def resource(self) -> Resource:
        """The resource whose dollars it divides."""
        return Resource.CPU if self is ProfileKind.CPU else Resource.MEMORY


@dataclass(frozen=True, slots=True)
class Meaning:
    """A value column read as money: its kind, and how many nanoseconds or bytes one unit of it is."""

    kind: ProfileKind
    factor: int


def meaning(value: ValueType, period_type: ValueType | None, period: int) -> Meaning | None:
    """What a column may be money of, or None.

    Wall-clock, off-CPU, lock, block and allocation columns are None: they never become dollars.
    A count of samples becomes CPU time where the profile gives its period as CPU time.
    """
    if value.type in LIVE_HEAPS and value.unit.lower() in BYTES:
        return Meaning(ProfileKind.HEAP, BYTES[value.unit.lower()])
    if value.type not in CPU_TIMES:
        return None
    if value.unit in NANOSECONDS:
        # "samples" in a unit of time is async-profiler's wall clock as often as not: only named CPU counts.
        return Meaning(ProfileKind.CPU, NANOSECONDS[value.unit]) if value.type != "samples" else None
    if value.unit == "count" and period_type is not None and period > 0:
        is_cpu = period_type.type == "cpu" and period_type.unit in NANOSECONDS
        return Meaning(ProfileKind.CPU, period * NANOSECONDS[period_type.unit]) if is_cpu else None
    return None


@dataclass(frozen=True, slots=True, eq=False)
class Profile:
    """One decoded profile of a service, as its source vouches for it.

    Attributes:
        columns: what the bytes said.
        kind: which of its columns counts: CPU time or live heap.
        value: the index of that column in `columns.value_types`.
        factor: nanoseconds or bytes per unit of that column.
        observed_nanos: instance-time that was under the profiler; None where the source cannot say.
        snapshots: how many heap snapshots the values are the sum of; None where unknown.
        sampling_interval: nanoseconds (cpu) or bytes (heap) of one observation; None where unknown.
        source_total: the source's own total in nanoseconds or bytes, if it gives one beside the stacks.
        raw: the bytes as they came, to be kept for a while.
        origin: what an error calls it: the path of its file, the question that it answered.
    """

    service: str
    window: Window
    kind: ProfileKind
    columns: Columns
    value: int
    factor: int = 1
    observed_nanos: int | None = None
    snapshots: int | None = None
    sampling_interval: int | None = None
    source_total: int | None = None
    version: str = ""
    environment: str = ""
    region: str = ""
    instance: str = ""
    raw: bytes = field(default=b"", repr=False)
    origin: str = ""


@dataclass(frozen=True, slots=True, order=True)
class RefusedProfile:
    """What a source had of a service-hour and nobody could use, and why; the service by the source's name."""

    service: str
    window: Window
    kind: ProfileKind
    source: str
    why: str


@dataclass(frozen=True, slots=True)
class UsageKey:
    """Whose usage, of what, when, and who says so."""

    service: str
    window: Window
    kind: ProfileKind
    source: str
    version: str = ""
    environment: str = ""
    region: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Usage:
    """What the profiles of one service-hour said, merged, in nanoseconds or bytes; no dollars in it.

    Attributes:
        trie: the merged call trie in nanoseconds or bytes; its `no_stack` is the weight of empty stacks.
        total: the source's total: the trie, its no_stack, and what reached no stack at all.
        observed_nanos, snapshots: as of Profile, summed; None if any is.
        sampling_interval: as of Profile; None unless all agree.
        profiles: how many profiles were merged.
        fingerprint: tells whether a re-pull brought something else.
        raw_digests: blobs of the profiles as they came.
    """

    key: UsageKey
    trie: Trie
    total: int
    observed_nanos: int | None
    snapshots: int | None
    sampling_interval: int | None
    profiles: int
    fingerprint: str
    raw_digests: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for value in (self.total, self.observed_nanos, self.snapshots, self.sampling_interval):
            if value is not None and value < 0:
                raise ValueError(f"{value} is less than nothing of {self.key.kind} of {self.key.service}")

    @property
    def stacked(self) -> int:
        """The weight that stands in stacks."""
        return int(self.trie.selfs.sum())

    @property
    def no_stack(self) -> int:
        """The weight of empty stacks."""
        return self.trie.no_stack

    @property
    def source_unattributed(self) -> int:
        """The source's total minus its stacks."""
        return self.total - self.stacked - self.trie.no_stack
