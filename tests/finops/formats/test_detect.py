import gzip
from pathlib import Path

import pytest
import zstandard

from finops.engine import ValueType, encode, totals
from finops.errors import BrokenProfile
from finops.formats import read_any
from tests.finops.engine import wire
from tests.finops.engine.profiles import assert_same, profile, table

DATA = Path(__file__).parents[2] / "data" / "profiles"


LEGACY = "this is a legacy pprof text profile; convert it with `go tool pprof -proto`"
TEXT = "this is text, not a pprof profile; as collapsed stacks"


def packings(raw: bytes) -> list[bytes]:
    return [raw, gzip.compress(raw), zstandard.ZstdCompressor().compress(raw)]


def test_a_pprof_is_known_by_its_bytes() -> None:
    columns = profile("main;serve 5")
    for data in packings(encode(columns, compress=False)):
        assert_same(read_any(data, "whatever.txt"), columns)


def test_collapsed_stacks_are_known_by_their_lines() -> None:
    for data in packings(b"# a comment\n\nmain;serve 5\nmain 1\n"):
        found = read_any(data, "whatever.pb.gz")
        assert found.value_types == (ValueType("samples", "count"),)
        assert table(totals(found, 0)) == {"main": (1, 6), "serve": (5, 5)}


@pytest.mark.parametrize(
    "path", [*sorted(DATA.glob("*.pb.gz")), DATA / "pyspy.folded.txt"], ids=lambda path: path.name
)
def test_captures_are_read(path: Path) -> None:
    assert totals(read_any(path.read_bytes(), path.name), 0).total > 0


def test_the_smallest_pprof_is_not_taken_for_text() -> None:
    assert read_any(wire.strings(""), "empty").value_types == ()


def test_frames_that_the_file_drops_are_gone() -> None:
    data = encode(profile("main;malloc;brk 5", drop="malloc"))
    assert table(totals(read_any(data, "heap"), 0)) == {"main": (5, 5)}


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "the profile is empty (0 bytes)"),
        (b"<html>\n502 0\n", "this is an HTML page, not a profile"),
        (b'{"a":\n 12 }', "this is JSON, not a pprof profile"),
        (b"heap profile: 1: 2 [3: 4] @ heap/524288\n1: 2 [3: 4] @ 0x1 0x2\n", LEGACY),
        (b"main 5\nmain;serve x\n", "line 2: 'main;serve x': the count 'x' is not a whole number"),
        (
            b"main;serve\nmain 5\n",
            "line 1: 'main;serve' is no stack with a space and a count behind it",
        ),
        (
            b"main;a -3\n",
            "line 1: 'main;a -3': the count '-3' is negative, which collapsed stacks cannot say",
        ),
        (
            b"# perf\nmain;serve x\n",
            f"{TEXT}, line 2: 'main;serve x': the count 'x' is not a whole number",
        ),
        (b"main 0.5\n", f"{TEXT}, line 1: 'main 0.5': the count '0.5' is not a whole number"),
        (b"hello\nworld\n", f"{TEXT}, line 1: 'hello' is no stack with a space and a count behind it"),
        (b"# hello\n\n", f"{TEXT}, it has no line with a stack"),
        (b"\x1f\x8b\x08", "the profile is cut short: its gzip data does not end within 3 bytes"),
        (b"\0\1\2", "this is not a pprof profile: its protobuf encoding is broken"),
    ],
)
def test_a_refusal_begins_with_the_name(data: bytes, why: str) -> None:
    with pytest.raises(BrokenProfile) as refused:
        read_any(data, "shop.pb.gz")
    assert str(refused.value) == f"shop.pb.gz: {why}"


def test_stacks_behind_many_lines_that_are_none_are_still_not_read() -> None:
    with pytest.raises(BrokenProfile, match=f"{TEXT}, line 1: 'a note': the count 'note' is not a whole"):
        read_any(b"a note\n" * 30 + b"main 5\n", "notes.txt")


def test_a_legacy_profile_is_told_how_to_become_a_new_one() -> None:
    path = DATA / "legacy.goroutine.txt"
    with pytest.raises(BrokenProfile, match="convert it with `go tool pprof -proto`"):
        read_any(path.read_bytes(), path.name)
