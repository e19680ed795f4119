import pytest

from finops.engine import explain, is_plain_text
from finops.engine.plain.foreign import is_text

LEGACY_TEXT = "this is a legacy pprof text profile; convert it with `go tool pprof -proto`"


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "the profile is empty (0 bytes)"),
        (b"  <!doctype HTML>", "this is an HTML page, not a profile"),
        (b"<HTML><body>502", "this is an HTML page, not a profile"),
        (b'<?xml version="1.0"?><Error/>', "this is XML, not a profile"),
        (b'{"a": 1}', "this is JSON, not a pprof profile"),
        (b'[{"a": 1}]', "this is JSON, not a pprof profile"),
        (b"<module> (shop.py:22);serve 5", "this is text, not a pprof profile"),
        ("grüße\n".encode(), "this is text, not a pprof profile"),
        (b"heap profile: 3: 40 [5: 60] @ heap/1048576\n", LEGACY_TEXT),
        (b"heap profile: 3: 40 [5: 60] @ growthz\n", LEGACY_TEXT),
        (b"goroutine profile: total 7\n", LEGACY_TEXT),
        (b"# a comment\n\nthreadcreate profile: total 9\n", LEGACY_TEXT),
        (b"--- heapz 1 ---\n", LEGACY_TEXT),
        (b"--- threadz 1 ---\n\n--- Thread 7f (name: x/1) stack: ---", LEGACY_TEXT),
        (b"--- contention:\ncycles/second = 2500000000\n", LEGACY_TEXT),
        (b"--- mutex:\ncycles/second=2500000000\n", LEGACY_TEXT),
        (b"PERFILE2" + bytes(9), "this is a perf.data file; convert it with perf_to_profile"),
        (b"FLR\0\0\2", "this is a Java Flight Recorder file; convert it to pprof"),
        (b"\x1f\x8b\x08", "this is gzip inside gzip; unpack it once"),
        (b"PK\x03\x04", "this is a zip archive, not a profile"),
        (b"\x7fELF\2", "this is a program, not a profile"),
        (b"\x00\x01\x02", None),
    ],
)
def test_bytes_are_named_for_what_they_are(data: bytes, what: str | None) -> None:
    assert explain(data) == what


def test_a_byte_that_no_text_has_makes_it_no_text() -> None:
    assert is_text(b"\ttabs, \r\n and \xff\xfe bytes")
    assert not is_text(b"a zero\0")
    assert not is_text(b"\x12\x04")


def test_plain_text_is_text_of_which_nothing_else_is_seen() -> None:
    assert is_plain_text(b"main;serve 5\n")
    assert not is_plain_text(b"<html>")
    assert not is_plain_text(b"goroutine profile: total 7\n")
    assert not is_plain_text(b"")
