"""What a column of a profile may be money of."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.domain.profile import (
    BYTES,
    CPU_TIMES,
    LIVE_HEAPS,
    NANOSECONDS,
    Meaning,
    ProfileKind,
    Usage,
    UsageKey,
    meaning,
)
from finops.domain.resource import Resource
from finops.domain.window import hour_of
from finops.engine import FunctionKey, Trie, ValueType

CPU_NANOS = ValueType("cpu", "nanoseconds")

USAGE = Usage(
    key=UsageKey("checkout", hour_of(datetime(2026, 11, 2, tzinfo=UTC)), ProfileKind.CPU, "parca"),
    trie=Trie(
        (FunctionKey("main", ""),),
        np.array([-1], np.int32),
        np.array([0], np.int32),
        np.array([5], np.int64),
        2,
    ),
    total=10,
    observed_nanos=None,
    snapshots=None,
    sampling_interval=None,
    profiles=1,
    fingerprint="",
)


@pytest.mark.parametrize(
    ("type_", "unit", "period_type", "period", "expected"),
    [
        ("cpu", "nanoseconds", None, 0, Meaning(ProfileKind.CPU, 1)),
        ("cpu", "microseconds", None, 0, Meaning(ProfileKind.CPU, 1000)),
        ("cpu-time", "nanoseconds", None, 0, Meaning(ProfileKind.CPU, 1)),
        # Go's first column: a count of samples, worth a period of CPU time each.
        ("samples", "count", CPU_NANOS, 10_000_000, Meaning(ProfileKind.CPU, 10_000_000)),
        ("samples", "count", ValueType("cpu", "milliseconds"), 10, Meaning(ProfileKind.CPU, 10_000_000)),
        ("samples", "count", None, 0, None),
        ("samples", "count", CPU_NANOS, 0, None),
        ("samples", "count", ValueType("wall", "nanoseconds"), 10, None),
        # async-profiler's wall clock comes so.
        ("samples", "nanoseconds", CPU_NANOS, 1, None),
        ("wall", "nanoseconds", CPU_NANOS, 1, None),
        ("wall-time", "nanoseconds", CPU_NANOS, 1, None),
        ("off_cpu", "nanoseconds", None, 0, None),
        ("contentions", "count", ValueType("contentions", "count"), 1, None),
        ("delay", "nanoseconds", ValueType("contentions", "count"), 1, None),
        ("alloc_space", "bytes", ValueType("space", "bytes"), 524288, None),
        ("alloc_objects", "count", ValueType("space", "bytes"), 524288, None),
        ("inuse_objects", "count", ValueType("space", "bytes"), 524288, None),
        ("inuse_space", "bytes", ValueType("space", "bytes"), 524288, Meaning(ProfileKind.HEAP, 1)),
        ("inuse_space", "MB", None, 0, Meaning(ProfileKind.HEAP, 1 << 20)),
        ("inuse_space", "count", None, 0, None),
        ("cpu", "bytes", None, 0, None),
        ("goroutine", "count", CPU_NANOS, 1, None),
    ],
)
def test_columns_read_as_money(
    type_: str, unit: str, period_type: ValueType | None, period: int, expected: Meaning | None
) -> None:
    assert meaning(ValueType(type_, unit), period_type, period) == expected


words = st.sampled_from([*CPU_TIMES, *LIVE_HEAPS, "wall", "alloc_space", "delay", "off_cpu", ""]) | st.text(
    max_size=5
)
units = st.sampled_from([*NANOSECONDS, *BYTES, "count", ""]) | st.text(max_size=5)


@given(
    type_=words, unit=units, period_type=st.none() | st.builds(ValueType, words, units), period=st.integers()
)
def test_only_cpu_time_and_live_heap_ever_become_money(
    type_: str, unit: str, period_type: ValueType | None, period: int
) -> None:
    found = meaning(ValueType(type_, unit), period_type, period)

    if found:
        assert type_ in (CPU_TIMES if found.kind is ProfileKind.CPU else LIVE_HEAPS)
        assert found.factor > 0


def test_a_kind_divides_the_dollars_of_its_resource() -> None:
    assert [kind.resource for kind in ProfileKind] == [Resource.CPU, Resource.MEMORY]


def test_what_reached_no_stack_is_the_total_minus_the_stacks() -> None:
    assert (USAGE.stacked, USAGE.no_stack, USAGE.source_unattributed) == (5, 2, 3)


@pytest.mark.parametrize(
    "make",
    [
        lambda: replace(USAGE, total=-1),
        lambda: replace(USAGE, observed_nanos=-1),
        lambda: replace(USAGE, snapshots=-1),
        lambda: replace(USAGE, sampling_interval=-1),
    ],
    ids=["total", "observed", "snapshots", "interval"],
)
def test_usage_is_never_less_than_nothing(make: Callable[[], Usage]) -> None:
    with pytest.raises(ValueError, match="-1 is less than nothing of cpu of checkout"):
        make()
