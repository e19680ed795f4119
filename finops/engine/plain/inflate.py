"""Bytes of a profile, whatever they were compressed with. What comes out is bounded before it is made."""

import zlib

from finops.engine.limits import MAX_INFLATED, MAX_PROFILE_BYTES
from finops.errors import BrokenProfile

GZIP = b"\x1f\x8b"
ZSTD = b"\x28\xb5\x2f\xfd"

# zstd's densest block is 4 bytes for 128 KiB, so one piece of a frame that hides its size makes at most
# 32 MiB before the bound is looked at again.
_PIECE = 1024


def inflate(data: bytes, max_bytes: int = MAX_INFLATED) -> bytes:
    """The bytes inside gzip or zstd, known by their first bytes; anything else is given back as it is.

    One gzip member or one zstd frame is taken. A second one, which is how concatenated profiles
    look, and anything else behind the end are refused.

    Raises:
        BrokenProfile: more than 128 MiB came in or more than `max_bytes` would come out, the
            compressed data is damaged or cut short, or something follows it.
    """
    if len(data) > MAX_PROFILE_BYTES:
        raise BrokenProfile(f"{len(data)} bytes are more than the {MAX_PROFILE_BYTES} a profile may have")
    if data.startswith(GZIP):
        return _gunzip(data, max_bytes)
    if data.startswith(ZSTD):
        return _unzstd(data, max_bytes)
    if len(data) > max_bytes:
        raise _beyond(max_bytes)
    return data


def _gunzip(data: bytes, max_bytes: int) -> bytes:
    stream = zlib.decompressobj(wbits=31)
    try:
        out = stream.decompress(data, max_bytes + 1)
    except zlib.error as error:
        raise BrokenProfile(f"the gzip data is damaged: {error}") from error
    if len(out) > max_bytes:
        raise _beyond(max_bytes)
    if not stream.eof:
        raise _cut_short("gzip", len(data))
    if stream.unused_data:
        raise _trailing("gzip member", GZIP, stream.unused_data)
    return out


def _unzstd(data: bytes, max_bytes: int) -> bytes:
    import zstandard  # noqa: PLC0415 - 30 ms that gzip and raw profiles, nearly all, need not wait for

    stream = zstandard.ZstdDecompressor().decompressobj()
    parts: list[bytes] = []
    size = at = 0
    try:
        # A frame need not tell its size, and may lie about it: too much is refused at once.
        if zstandard.frame_content_size(data) > max_bytes:
            raise _beyond(max_bytes)
        while at < len(data) and not stream.eof:
            parts.append(stream.decompress(data[at : at + _PIECE]))
            at += _PIECE
            size += len(parts[-1])
            if size > max_bytes:
                raise _beyond(max_bytes)
    except zstandard.ZstdError as error:
        raise BrokenProfile(f"the zstd data is damaged: {error}") from error
    if not stream.eof:
        raise _cut_short("zstd", len(data))
    if rest := stream.unused_data + data[at:]:
        raise _trailing("zstd frame", ZSTD, rest)
    return b"".join(parts)


def _beyond(max_bytes: int) -> BrokenProfile:
    return BrokenProfile(f"the profile inflates beyond {max_bytes} bytes")


def _cut_short(kind: str, size: int) -> BrokenProfile:
    return BrokenProfile(f"the profile is cut short: its {kind} data does not end within {size} bytes")


def _trailing(kind: str, magic: bytes, rest: bytes) -> BrokenProfile:
    if rest.startswith(magic):
        return BrokenProfile(f"several {kind}s in one file: these are concatenated profiles")
    return BrokenProfile(f"{len(rest)} bytes follow the end of the {kind}")
