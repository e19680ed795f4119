"""Reads a profile whose format nobody named: pprof, or collapsed stacks."""

from finops import engine
from finops.engine import Columns
from finops.errors import BrokenProfile
from finops.formats import folded, pprof


def read_any(data: bytes, name: str) -> Columns:
    """The profile in some bytes; what it is shows in the bytes, not in the name.

    Args:
        data: the bytes of a file or of an answer, compressed or not.
        name: what to call them in an error.

    Raises:
        BrokenProfile: it is neither; the message begins with the name and says what it looks like,
            and of text also which line is no stack.
    """
    try:
        raw = engine.inflate(data)
        if folded.looks_folded(raw):
            return folded.parse(raw)
        return _read_text(raw) if engine.is_plain_text(raw) else pprof.read(raw)
    except BrokenProfile as error:
        raise BrokenProfile(f"{name}: {error}") from error


def _read_text(raw: bytes) -> Columns:
    """Stacks behind many lines that are none, which is a refusal of the first of those."""
    try:
        columns = folded.parse(raw)
    except BrokenProfile as error:
        raise BrokenProfile(f"{engine.explain(raw)}; as collapsed stacks, {error}") from error
    if not columns.values.size:
        raise BrokenProfile(f"{engine.explain(raw)}; as collapsed stacks, it has no line with a stack")
    return columns
