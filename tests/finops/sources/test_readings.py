from decimal import Decimal

import pytest

from finops.domain.profile import ProfileKind
from finops.sources import readings
from finops.sources.captures import Capture
from finops.sources.folder import Header
from finops.sources.readings import Reading
from tests.finops.sources.notation import value_type

CPU, HEAP = ProfileKind.CPU, ProfileKind.HEAP
HOUR_NANOS = 3600 * 10**9


def header(types: str, period: str = "", duration_nanos: int = 0) -> Header:
    every, _, of = period.partition(" ")
    return Header(
        value_types=tuple(value_type(text) for text in types.split()),
        period_type=value_type(of) if of else None,
        period=int(every or 0),
        time_nanos=0,
        duration_nanos=duration_nanos,
    )


def of(type_: str = "", hz: str | None = None) -> Capture:
    return Capture("a.pb.gz", "checkout", type=type_, sampling_hz=Decimal(hz) if hz else None)


GO_CPU = header("samples/count cpu/nanoseconds", "10000000 cpu/nanoseconds", 30 * 10**9)
GO_HEAP = header(
    "alloc_objects/count alloc_space/bytes inuse_objects/count inuse_space/bytes", "524288 space/bytes"
)
FOLDED = header("samples/count")
WALL = header("samples/count wall/nanoseconds", "10000000 wall/nanoseconds")
BOTH = header("wall/nanoseconds cpu-time/ns heap-space/bytes alloc-space/bytes")


@pytest.mark.parametrize(
    ("profile", "capture", "cpu", "heap"),
    [
        (GO_CPU, of(), Reading(1, 1), None),
        (GO_CPU, of("cpu"), Reading(1, 1), None),
        (GO_CPU, of("samples"), Reading(0, 10_000_000), None),
        (GO_CPU, of("wall"), None, None),
        (GO_CPU, of("heap"), None, None),
        (GO_HEAP, of(), None, Reading(3, 1)),
        (GO_HEAP, of("heap"), None, Reading(3, 1)),
        (GO_HEAP, of("inuse_space"), None, Reading(3, 1)),
        (GO_HEAP, of("alloc_space"), None, None),
        (GO_HEAP, of("cpu"), None, None),
        (header("samples/count", "10 cpu/milliseconds"), of("cpu"), Reading(0, 10_000_000), None),
        (header("cpu/microseconds"), of(), Reading(0, 1000), None),
        (BOTH, of(), Reading(1, 1), Reading(2, 1)),
        (BOTH, of("cpu-time"), Reading(1, 1), None),
        (WALL, of(), None, None),
        (
            header("off_cpu/nanoseconds contentions/count delay/nanoseconds lock/nanoseconds"),
            of(),
            None,
            None,
        ),
        (header(""), of(), None, None),
        (FOLDED, of(), None, None),
        (FOLDED, of(hz="100"), Reading(0, 10_000_000), None),
        (FOLDED, of("cpu", hz="100"), Reading(0, 10_000_000), None),
        (FOLDED, of("samples", hz="99"), Reading(0, 10_101_010), None),
        (FOLDED, of("heap", hz="99"), None, None),
    ],
)
def test_only_cpu_time_and_live_heap_are_money(
    profile: Header, capture: Capture, cpu: Reading | None, heap: Reading | None
) -> None:
    assert readings.reading(profile, CPU, capture) == cpu
    assert readings.reading(profile, HEAP, capture) == heap


def test_a_configured_rate_makes_no_cpu_time_of_a_profile_that_knows_better() -> None:
    assert readings.reading(WALL, CPU, of(hz="100")) is None
    assert readings.reading(header("samples/count wall/nanoseconds"), CPU, of(hz="100")) is None
    assert readings.reading(header("samples/count", "1 wall/nanoseconds"), CPU, of(hz="100")) is None


@pytest.mark.parametrize(
    ("profile", "capture", "kinds"),
    [
        (GO_CPU, of(), [CPU]),
        (BOTH, of(), [CPU, HEAP]),
        (WALL, of(), []),
        (WALL, of("wall"), []),
        (GO_HEAP, of("alloc_space"), []),
        # What is asked for and absent is offered, so that fetching it says so.
        (WALL, of("cpu"), [CPU]),
        (GO_CPU, of("heap"), [HEAP]),
        (GO_CPU, of("inuse_space"), [HEAP]),
        (FOLDED, of("cpu"), [CPU]),
        (GO_CPU, of("goroutines"), []),
    ],
)
def test_a_capture_is_offered_as_what_it_can_be(
    profile: Header, capture: Capture, kinds: list[ProfileKind]
) -> None:
    assert readings.kinds(profile, capture) == kinds


def test_a_refusal_names_the_types_and_escapes_them() -> None:
    profile = header("wall/nanoseconds sam\x1bples/count")

    assert readings.refusal(profile, of()) == (
        "'a.pb.gz': it is neither CPU time nor live heap that could be money, "
        "but 'wall/nanoseconds', 'sam\\x1bples/count'"
    )
    assert readings.refusal(FOLDED, of("cpu")) == (
        "'a.pb.gz': it has no 'cpu' that could be money, but 'samples/count'; "
        "if it counts samples of CPU time, say how many a second: sampling_hz"
    )


@pytest.mark.parametrize(
    ("duration_nanos", "observed", "is_merged", "expected"),
    [
        (30 * 10**9, None, False, 30 * 10**9),
        (30 * 10**9, None, True, None),
        (30 * 10**9, 7, False, 7),
        (30 * 10**9, 7, True, 7),
        (0, None, False, None),
        (-1, None, False, None),
        (24 * HOUR_NANOS, None, False, 24 * HOUR_NANOS),
        (24 * HOUR_NANOS + 1, None, False, None),
    ],
)
def test_observed_time_is_vouched_for_or_a_raw_captures_own(
    duration_nanos: int, observed: int | None, *, is_merged: bool, expected: int | None
) -> None:
    capture = Capture("a", "checkout", observed_nanos=observed)
    profile = header("cpu/nanoseconds", duration_nanos=duration_nanos)

    assert readings.observed_nanos(profile, capture, is_merged=is_merged) == expected


@pytest.mark.parametrize(
    ("kind", "given", "is_merged", "expected"),
    [
        (HEAP, None, False, 1),
        (HEAP, None, True, None),
        (HEAP, 12, False, 12),
        (HEAP, 12, True, 12),
        (CPU, 12, False, None),
    ],
)
def test_a_raw_heap_is_one_snapshot(
    kind: ProfileKind, given: int | None, *, is_merged: bool, expected: int | None
) -> None:
    capture = Capture("a", "checkout", snapshots=given)

    assert readings.snapshots(kind, capture, is_merged=is_merged) == expected


@pytest.mark.parametrize(
    ("kind", "profile", "hz", "is_merged", "expected"),
    [
        (CPU, GO_CPU, None, False, 10_000_000),
        (CPU, GO_CPU, None, True, None),
        (CPU, GO_CPU, "99", True, 10_101_010),
        (CPU, header("cpu/nanoseconds", "1 cpu/milliseconds"), None, False, 10**6),
        (CPU, header("cpu/nanoseconds", "999999 cpu/nanoseconds"), None, False, None),
        (CPU, header("cpu/nanoseconds", "3601 cpu/seconds"), None, False, None),
        (CPU, header("cpu/nanoseconds", "10000000 wall/nanoseconds"), None, False, None),
        (CPU, header("cpu/nanoseconds"), None, False, None),
        (HEAP, GO_HEAP, None, True, 524_288),
        (HEAP, GO_HEAP, "99", False, 524_288),
        (HEAP, header("inuse_space/bytes", "512 space/kilobytes"), None, False, 524_288),
        (HEAP, header("inuse_space/bytes", "0 space/bytes"), None, False, None),
        (HEAP, header("inuse_space/bytes", "10 cpu/nanoseconds"), None, False, None),
        (HEAP, header("inuse_space/bytes"), None, False, None),
    ],
)
def test_the_sampling_interval_is_known_or_not(
    kind: ProfileKind, profile: Header, hz: str | None, *, is_merged: bool, expected: int | None
) -> None:
    assert readings.sampling_interval(profile, kind, of(hz=hz), is_merged=is_merged) == expected
