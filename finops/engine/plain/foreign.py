"""Says what bytes are that are no pprof, so that a refusal tells its reader what to do."""

import re
import struct

from finops.errors import BrokenProfile

_LEGACY = "this is a legacy pprof {} profile; convert it with `go tool pprof -proto`"

# The first line of each text format that google/pprof still reads, and of Java's two.
_LEGACY_TEXT = re.compile(
    rb"(\s*#[^\n]*\n|\s)*(heap profile:|--- ?\w+ \d+ ---|--- threadz|--- contention|--- mutex:|--- cpu"
    rb"|\S+ profile: total \d+|MAPPED_LIBRARIES:)"
)

_PREFIXES = {
    b"\x1f\x8b": "this is gzip inside gzip; unpack it once",
    b"\x28\xb5\x2f\xfd": "this is zstd inside another compression; unpack it once",
    b"PERFILE2": "this is a perf.data file; convert it with perf_to_profile",
    b"FLR\0": "this is a Java Flight Recorder file; convert it to pprof",
    b"PK\x03\x04": "this is a zip archive, not a profile",
    b"\x7fELF": "this is a program, not a profile",
}

_BINARY = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]")

_HEAD = 4096
_TEXT = "this is text, not a pprof profile"


def explain(data: bytes) -> str | None:
    """What bytes are that are no pprof, in one sentence; None where nothing is recognised.

    >>> explain(b"<html><body>502 Bad Gateway</body></html>")
    'this is an HTML page, not a profile'
    """
    if not data:
        return "the profile is empty (0 bytes)"
    if _is_legacy_cpu(data):
        return _LEGACY.format("binary")
    for prefix, what in _PREFIXES.items():
        if data.startswith(prefix):
            return what
    return _explain_text(data[:_HEAD])


def is_plain_text(data: bytes) -> bool:
    """Whether all that is seen of bytes is that they are text: no page, no JSON, no legacy profile."""
    return explain(data) == _TEXT


def not_pprof(raw: bytes, why: str) -> BrokenProfile:
    """The refusal of bytes that are no pprof message."""
    return BrokenProfile(explain(raw) or f"this is not a pprof profile: {why}")


def _is_legacy_cpu(data: bytes) -> bool:
    """Whether the five header words are there: 0, 3, 0 (1 from Java), the period, 0."""
    for layout in ("<5I", ">5I", "<5Q", ">5Q"):
        if len(data) >= struct.calcsize(layout):
            zero, three, version, period, end = struct.unpack_from(layout, data)
            if (zero, three, end) == (0, 3, 0) and version in (0, 1) and period > 0:
                return True
    return False


def _explain_text(head: bytes) -> str | None:
    if not is_text(head):
        return None
    start = head.lstrip().lower()
    if start.startswith((b"<!doctype html", b"<html")):
        return "this is an HTML page, not a profile"
    if start.startswith((b"<?xml", b"<svg", b"<!--", b"<error>")):
        return "this is XML, not a profile"
    if start.startswith((b"{", b"[{", b"[]", b'["')):
        return "this is JSON, not a pprof profile"
    if _LEGACY_TEXT.match(head):
        return _LEGACY.format("text")
    return _TEXT


def is_text(data: bytes) -> bool:
    """Whether bytes read as text. No pprof does: its first string is empty, which takes a zero byte.

    A character cut at the end of the bytes is no reason to say no.
    """
    return _BINARY.search(data) is None
