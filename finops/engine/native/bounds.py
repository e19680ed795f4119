"""Refuses what `plain.bounds` refuses, by the same rules, with the walking done in C."""

from finops.engine.limits import MAX_MESSAGE_BYTES, MAX_MESSAGES
from finops.engine.native.refusals import core
from finops.engine.plain.bounds import STRIDE, crowd, inspect, is_crowd, is_small, may_be_crowded, skip_long


def bound(raw: bytes) -> None:
    """Refuse inflated bytes that hold more than any profile does.

    The core could take many of them; but whether a profile is let in must not depend on which engine runs.

    Raises:
        BrokenProfile: they do; or they are no pprof, where that is seen on the way.
    """
    if is_small(raw):
        return
    at = parts = 0
    while (at := _skip(raw, at)) < len(raw):
        parts += STRIDE
        if is_crowd(parts, at, MAX_MESSAGES):
            raise crowd(raw, parts, at)
    if may_be_crowded(raw, lambda one, other: core.alike(raw, one, other)):
        inspect(raw)


def _skip(raw: bytes, at: int) -> int:
    """Where the field stands that comes a stride of fields later; the end where there is none."""
    left = STRIDE
    while left and at < len(raw):
        at, left = core.skip(raw, at, left, MAX_MESSAGE_BYTES)
        if left and at < len(raw):
            try:
                at, left = skip_long(raw, at), left - 1
            except LookupError:
                return len(raw)
    return at
