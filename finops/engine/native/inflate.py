"""gzip by ISA-L, in pieces that stay in the processor's cache; every other case is the plain engine's.

ISA-L only ever says yes: what it does not take whole, zlib looks at again, so that the two engines refuse
the same bytes in the same words.
"""

from io import BytesIO

from finops.engine.limits import MAX_INFLATED, MAX_PROFILE_BYTES
from finops.engine.plain.inflate import GZIP
from finops.engine.plain.inflate import inflate as inflate_plainly

try:
    from isal import isal_zlib
    from isal.igzip_lib import IsalError
except ImportError:  # no wheel for this machine
    _IS_THERE = False
else:
    _IS_THERE = True

# Larger pieces fall out of the cache; a piece may come out a thousand times larger.
_PIECE = 1 << 16

# Profiles come out 2 to 20 times larger. A file that says more is not believed at once.
_USUAL = 64

# Flags that ISA-L is not trusted with: a checksum of the header, and what is reserved.
_ODD_FLAGS = 0xE2
_FLAGS_AT = 3


def inflate(data: bytes, max_bytes: int = MAX_INFLATED) -> bytes:
    """The bytes inside gzip or zstd; see `finops.engine.plain.inflate`, whose refusals are the same."""
    if _IS_THERE and data.startswith(GZIP) and len(data) <= MAX_PROFILE_BYTES:
        inflated = _gunzip(data, max_bytes)
        if inflated is not None:
            return inflated
    return inflate_plainly(data, max_bytes)


def _gunzip(data: bytes, max_bytes: int) -> bytes | None:
    """What one gzip member holds; None where there is anything to say against it."""
    if len(data) <= _FLAGS_AT or data[_FLAGS_AT] & _ODD_FLAGS:
        return None
    stream, out, rest = isal_zlib.decompressobj(wbits=31), _room(data, max_bytes), memoryview(data)
    try:
        while rest and not stream.eof:
            # The bound is looked at before more is made.
            out.write(stream.decompress(rest[:_PIECE], max_bytes + 1 - out.tell()))
            if out.tell() > max_bytes:
                return None
            rest = rest[_PIECE:]
    except IsalError:  # type: ignore[misc] # its stub has the class as a value
        return None
    if not stream.eof or stream.unused_data or rest:
        return None
    out.truncate()
    return out.getvalue()


def _room(data: bytes, max_bytes: int) -> BytesIO:
    """Room for what the last four bytes say will come out, if that is likely; more is made as needed."""
    said = int.from_bytes(data[-4:], "little")
    out = BytesIO()
    if 0 < said <= min(max_bytes, _USUAL * len(data)):
        out.seek(said - 1)
        out.write(b"\0")
        out.seek(0)
    return out
