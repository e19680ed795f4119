"""Which column of a profile is money of which kind, and what a capture's own header may be believed.

The rule that must not be broken: what does not say that it is CPU time or live heap is neither.
"""

from decimal import Decimal
from typing import NamedTuple

from finops.domain.money import rounded
from finops.domain.profile import (
    BYTES,
    CPU_TIMES,
    LIVE_HEAPS,
    NANOSECONDS,
    Meaning,
    ProfileKind,
    meaning,
)
from finops.domain.window import DAY, HOUR, nanoseconds
from finops.engine import ValueType
from finops.sources.captures import Capture
from finops.sources.folder import Header

_CPU_TIME = ValueType("cpu", "nanoseconds")

# No profiler samples more often; a period of 1 or 20 nanoseconds is a unit, not an interval.
_SHORTEST_INTERVAL_NANOS = 10**6
_LONGEST_INTERVAL_NANOS = nanoseconds(HOUR)

# Converted Java recordings carry durations of decades: seconds since 1970 where a span belongs.
_LONGEST_CAPTURE_NANOS = nanoseconds(DAY)

_MOST_TYPES_NAMED = 20


class Reading(NamedTuple):
    """A column of values as money: its index, and nanoseconds or bytes in one unit of it."""

    value: int
    factor: int


def reading(header: Header, kind: ProfileKind, capture: Capture) -> Reading | None:
    """The column of a kind that a capture asks for, or the best there is; None where there is none.

    A column in a unit of time is taken before one of counts, which says the same less exactly.
    """
    found = []
    for value, value_type in enumerate(header.value_types):
        if _is_asked_for(value_type, kind, header, capture.type):
            means = _meaning(value_type, header, capture.sampling_hz)
            if means and means.kind is kind:
                found.append(Reading(value, means.factor))
    return min(
        found, key=lambda one: (header.value_types[one.value].unit == "count", one.value), default=None
    )


def kinds(header: Header, capture: Capture) -> list[ProfileKind]:
    """What a capture can be money of.

    One that asks for a type that the profile lacks is offered all the same, so that fetching it
    says so: somebody expected money there.
    """
    found = [kind for kind in ProfileKind if reading(header, kind, capture)]
    is_there = any(value_type.type == capture.type for value_type in header.value_types)
    return found or (expected(capture) if capture.type and not is_there else [])


def expected(capture: Capture) -> list[ProfileKind]:
    """What a capture is taken for as long as nobody can look into it."""
    if capture.type in LIVE_HEAPS or capture.type == ProfileKind.HEAP:
        return [ProfileKind.HEAP]
    return [ProfileKind.CPU] if not capture.type or capture.type in CPU_TIMES else []


def refusal(header: Header, capture: Capture) -> str:
    """Why a capture is no money, in one sentence."""
    has = ", ".join(repr(str(value_type)) for value_type in header.value_types[:_MOST_TYPES_NAMED])
    hint = ""
    if _counts_only(header) and capture.sampling_hz is None:
        hint = "; if it counts samples of CPU time, say how many a second: sampling_hz"
    wanted = f"it has no {capture.type!r}" if capture.type else "it is neither CPU time nor live heap"
    return f"{capture.path!r}: {wanted} that could be money, but {has or 'nothing'}{hint}"


def observed_nanos(header: Header, capture: Capture, *, is_merged: bool) -> int | None:
    """Instance-time under the profiler: what is vouched for, else how long a raw capture says it took."""
    if capture.observed_nanos is not None:
        return capture.observed_nanos
    is_believable = 0 < header.duration_nanos <= _LONGEST_CAPTURE_NANOS
    return header.duration_nanos if is_believable and not is_merged else None


def snapshots(kind: ProfileKind, capture: Capture, *, is_merged: bool) -> int | None:
    """How many heap snapshots the values are the sum of: what is vouched for, else one, unless merged."""
    if kind is not ProfileKind.HEAP:
        return None
    return capture.snapshots or (None if is_merged else 1)


def sampling_interval(header: Header, kind: ProfileKind, capture: Capture, *, is_merged: bool) -> int | None:
    """Nanoseconds or bytes of one observation, where the capture or a header to be believed says so."""
    if kind is ProfileKind.HEAP:
        unit = header.period_type.unit.lower() if header.period_type else ""
        return header.period * BYTES[unit] if unit in BYTES and header.period > 0 else None
    if capture.sampling_hz is not None:
        return _interval_nanos(capture.sampling_hz)
    period_type = header.period_type
    if is_merged or period_type is None or period_type.type != "cpu" or period_type.unit not in NANOSECONDS:
        return None
    nanos = header.period * NANOSECONDS[period_type.unit]
    return nanos if _SHORTEST_INTERVAL_NANOS <= nanos <= _LONGEST_INTERVAL_NANOS else None


def _is_asked_for(value_type: ValueType, kind: ProfileKind, header: Header, wanted: str) -> bool:
    """Whether a type is the one asked for. "cpu" and "heap" ask for a kind, where no type has that name."""
    if not wanted or value_type.type == wanted:
        return True
    return wanted == kind and all(other.type != wanted for other in header.value_types)


def _meaning(value_type: ValueType, header: Header, hz: Decimal | None) -> Meaning | None:
    """What a type means; counts that say no period get theirs from the configuration."""
    if hz is not None and _counts_only(header):
        return meaning(value_type, _CPU_TIME, _interval_nanos(hz))
    return meaning(value_type, header.period_type, header.period)


def _counts_only(header: Header) -> bool:
    """Whether a profile has one column of counts and says nothing of time, as collapsed stacks do."""
    return [value_type.unit for value_type in header.value_types] == ["count"] and header.period_type is None


def _interval_nanos(hz: Decimal) -> int:
    """The nearest whole nanosecond; at 99 Hz it is off by one part in a hundred million."""
    numerator, denominator = hz.as_integer_ratio()
    return rounded(10**9 * denominator, numerator)
