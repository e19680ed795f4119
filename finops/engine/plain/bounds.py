"""Refuses a profile that holds more than any profile does, before protobuf makes an object of each part.

The smallest message takes two bytes of a file, which compress to next to nothing, and 50 or more in memory.
Whatever walks over bytes here stops at a limit, and no later than protobuf does.
"""

from collections.abc import Callable
from dataclasses import dataclass

from finops.engine.limits import (
    FREE_MESSAGES,
    MAX_INNER_MESSAGES,
    MAX_MESSAGE_BYTES,
    MAX_MESSAGES,
    MAX_NUMBERS,
    MIN_MESSAGE_BYTES,
)
from finops.engine.plain.foreign import explain, not_pprof
from finops.engine.plain.wire import (
    BYTES,
    GROUP_END,
    GROUP_START,
    KINDS,
    ONE_BYTE,
    TAGS,
    field,
)
from finops.errors import BrokenProfile

# Tags of one byte, which are all of pprof's own, whose field says how long it is.
_SHORT = frozenset(range(BYTES, ONE_BYTE, 8))
_LABEL, _LINE = 0x1A, 0x22

STRIDE = 1 << 16
_CHUNK = 1 << 24
_CONTINUED = bytes(range(ONE_BYTE, 256))


def bound(raw: bytes) -> None:
    """Refuse inflated bytes that would become too many objects, or too large ones.

    Raises:
        BrokenProfile: they would; or they are no pprof, where that is seen on the way.
    """
    if is_small(raw):
        return
    _bound_messages(raw)
    if may_be_crowded(raw, lambda one, other: raw.count(one) + raw.count(other)):
        inspect(raw)


def is_small(raw: bytes) -> bool:
    """Whether bytes are too few to hold too many of anything."""
    return len(raw) <= BYTES * FREE_MESSAGES


def inspect(raw: bytes) -> None:
    """Refuse what `bound` does, by a count of every field; and fields that are not what pprof says.

    As google/pprof does, a known field in the wrong wire form and any group are refused; protobuf by
    itself sets both aside as unknown.

    Raises:
        BrokenProfile: there is one, or there are too many parts or numbers.
    """
    _inspect(raw, "Profile", 0, len(raw), _Tally())


@dataclass(slots=True)
class _Tally:
    """What was met so far."""

    parts: int = 0
    """Messages and strings, and fields that pprof does not have."""
    numbers: int = 0


def _inspect(raw: bytes, message: str, at: int, end: int, tally: _Tally) -> None:
    tags = TAGS[message]
    while at < end:
        try:
            tag, start, stop = field(raw, at)
        except LookupError:  # broken bytes, of which protobuf will say so
            return
        kind = tags.get(tag)
        if kind is None and (tag >> 3 in KINDS[message] or tag & 7 in (GROUP_START, GROUP_END)):
            raise not_pprof(raw, "a field has the wrong wire type")
        if kind is None or not kind.is_number:
            tally.parts += 1
            if is_crowd(tally.parts, at, MAX_INNER_MESSAGES):
                raise crowd(raw, tally.parts, at)
        else:
            _count_numbers(raw, start, stop, tally)
        if kind is not None and kind.type in TAGS:
            _inspect(raw, kind.type, start, min(stop, end), tally)
        at = stop


def _count_numbers(raw: bytes, start: int, end: int, tally: _Tally) -> None:
    tally.numbers += _numbers_in(raw[start:end])
    if tally.numbers > MAX_NUMBERS:
        raise BrokenProfile(f"the first {end} of its {len(raw)} bytes hold over {MAX_NUMBERS} numbers")


def _bound_messages(raw: bytes) -> None:
    """Walk the fields of the profile itself; half a second for a profile of two million samples."""
    at = parts = 0
    while (at := _skip(raw, at, STRIDE)) < len(raw):
        parts += STRIDE
        if is_crowd(parts, at, MAX_MESSAGES):
            raise crowd(raw, parts, at)


def _skip(raw: bytes, at: int, count: int) -> int:
    """Where the field stands that comes after some others; the end where there is none."""
    try:
        for _ in range(count):
            if raw[at] in _SHORT and (size := raw[at + 1]) < ONE_BYTE:
                at += 2 + size
            else:
                at = skip_long(raw, at)
    except LookupError:  # the end, or broken bytes, of which protobuf will say so
        return len(raw)
    return at


def skip_long(raw: bytes, at: int) -> int:
    """Where the field stands that comes after one of any form.

    Raises:
        BrokenProfile: it is one message of more bytes than any has.
        LookupError: there is none, or the bytes are broken.
    """
    tag, start, end = field(raw, at)
    if MAX_MESSAGE_BYTES < end - start <= len(raw) - start:
        kind = KINDS["Profile"].get(tag >> 3)
        if kind is not None and kind.type != "bytes":
            what = f"the {kind.name} at byte {at} has {end - start} bytes, over {MAX_MESSAGE_BYTES}"
            raise BrokenProfile(explain(raw) or what)
    return end


def is_crowd(parts: int, size: int, most: int) -> bool:
    """Whether there are too many parts, or too many for their size."""
    return parts > most or parts > FREE_MESSAGES + size // MIN_MESSAGE_BYTES


def crowd(raw: bytes, parts: int, at: int) -> BrokenProfile:
    """The refusal of too many parts."""
    what = f"the first {at} of its {len(raw)} bytes hold {parts} of them"
    return BrokenProfile(explain(raw) or f"it has more messages and strings than any profile: {what}")


def may_be_crowded(raw: bytes, alike: Callable[[int, int], int]) -> bool:
    """Whether there may be too many labels, lines or numbers; a no is certain, and quick.

    Each starts with its tag, which may be written longer than it need be; other bytes only look like one.
    `alike` counts the bytes that equal one of two.
    """
    for tag in (_LABEL, _LINE):
        if is_crowd(alike(tag, tag | ONE_BYTE), len(raw) // 2, MAX_INNER_MESSAGES):
            return True
    chunks = range(0, len(raw), _CHUNK) if len(raw) > MAX_NUMBERS else ()
    return sum(_numbers_in(raw[at : at + _CHUNK]) for at in chunks) > MAX_NUMBERS


def _numbers_in(varints: bytes) -> int:
    return len(varints.translate(None, _CONTINUED))
