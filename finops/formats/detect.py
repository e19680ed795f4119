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
        BrokenProfile: it is neither; the message begins with the name and says what it looks like.
    """
    try:
        raw = engine.inflate(data)
        return folded.parse(raw) if folded.looks_folded(raw) else pprof.read(raw)
    except BrokenProfile as error:
        raise BrokenProfile(f"{name}: {error}") from error
