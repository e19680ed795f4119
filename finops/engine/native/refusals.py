"""The core, seeded; and its refusals as errors with a message. Nothing else imports `_core`."""

import os

from finops.engine import limits
from finops.engine.native import _core
from finops.engine.plain.foreign import explain
from finops.errors import BrokenProfile

__all__ = ["LIMITS", "core", "refused"]

core = _core

# Hashes are mixed with numbers that nobody outside knows, so that no file can be made of names that collide.
core.seed(*(int.from_bytes(os.urandom(8), "little") for _ in range(2)))

# A million samples make 1.1 million messages, and strings are a fraction of them. What the core makes of one
# takes 40 bytes at most, so that these bound its memory to some 400 MB beside the bytes themselves.
_MAX_MESSAGES = 1 << 23
_MAX_STRINGS = 1 << 22

# In the order of fb_limits in core/fb.h.
LIMITS = (
    _MAX_MESSAGES,
    _MAX_STRINGS,
    limits.MAX_STACK_FRAMES,
    limits.MAX_FRAMES,
    limits.FREE_FRAMES,
    limits.MAX_MEAN_INLINED,
    limits.MAX_NODES,
)

_TABLES = ("mapping", "location", "function")

# In the order of fb_code in core/fb.h, from 2 on.
_NOT_PPROF = (
    "its protobuf encoding is broken",
    "a field has the wrong wire type",
    "it has no string table",
    "the first string of its table is not empty",
    "it names string {0} of {1}",
)
_BROKEN = (
    "several profiles in one file: it has two times of collection",
    "a {table} has the reserved id 0",
    "several {table}s have the id {id}",
    "location {id0} has a line without a function",
    "sample {0} has {1} values for {2} value types",
    "it has samples but does not say what their values are",
    "sample {0} names the location {id}, which is not there",
    "the stack of sample {0} has {1} frames, over {deepest}",
    "the {0} entries of its stacks make {1} frames, over {2}",
    "its stacks make a call tree of over {nodes} nodes",
    "the values of {type} add up beyond 64 bits",
    "sample {0} has the negative value {1} of {type}; it cannot be turned into money",
    "it has {0} messages, over {messages}",
    "it has {0} strings, over {strings}",
    "the parent of node {0} does not stand before it",
)
_FIRST_CODE = 2


def refused(error: "_core.Refused", raw: bytes = b"", value_type: object = "") -> BrokenProfile:
    """A refusal of the core as the error that callers know."""
    code, *numbers = error.args
    at = code - _FIRST_CODE
    if at < len(_NOT_PPROF):
        why = _NOT_PPROF[at].format(*numbers)
        return BrokenProfile(explain(raw) or f"this is not a pprof profile: {why}")
    messages, strings, deepest, *_, nodes = LIMITS
    text = _BROKEN[at - len(_NOT_PPROF)].format(
        *numbers,
        table=_TABLES[numbers[0]] if 0 <= numbers[0] < len(_TABLES) else "",
        id0=numbers[0] & (2**64 - 1),
        id=numbers[1] & (2**64 - 1),
        type=value_type,
        messages=messages,
        strings=strings,
        deepest=deepest,
        nodes=nodes,
    )
    return BrokenProfile(text)
