from dataclasses import replace
from pathlib import Path

import pytest

from finops.engine import Columns, ValueType, prune_refusal, totals
from finops.errors import BrokenProfile, NotFound
from finops.formats import pprof
from tests.finops.engine.profiles import assert_same, profile, table

DATA = Path(__file__).parents[2] / "data" / "profiles"
CAPTURES = sorted(DATA.glob("*.pb.gz"))

HEAP = tuple(
    ValueType(name, unit)
    for name, unit in [
        ("alloc_objects", "count"),
        ("alloc_space", "bytes"),
        ("inuse_objects", "count"),
        ("inuse_space", "bytes"),
    ]
)


def heap(*, default: str = "") -> Columns:
    return replace(profile("main 1 2 3 4", HEAP), default_type=default)


def shown(columns: Columns) -> str:
    """What a profile says, for a person to read in a diff: every type, and the last one by function."""
    lines = [f"{len(columns.values)} samples, {len(columns.stack_locations)} stack entries"]
    for place, value_type in enumerate(columns.value_types):
        found = totals(columns, place)
        lines.append(f"{value_type}: {found.total}, {found.no_stack} of it without a stack")
    last = totals(columns, len(columns.value_types) - 1)
    lines += ["", f"{'self':>12} {'total':>12}  function"]
    for key, own, total in zip(last.keys, last.selfs.tolist(), last.totals.tolist(), strict=True):
        lines.append(f"{own:>12} {total:>12}  {key.name}  {key.file}".rstrip())
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("path", CAPTURES, ids=lambda path: path.name)
def test_a_capture_reads_as_it_did(path: Path, request: pytest.FixtureRequest) -> None:
    golden = path.with_name(f"{path.name}.golden")
    text = shown(pprof.read(path.read_bytes()))
    if request.config.getoption("--update-golden", default=False):
        golden.write_text(text, "utf-8")
    assert text == golden.read_text("utf-8")


@pytest.mark.parametrize("path", CAPTURES, ids=lambda path: path.name)
def test_what_is_written_reads_the_same(path: Path) -> None:
    columns = pprof.read(path.read_bytes())
    assert_same(pprof.read(pprof.write(columns)), columns)


def test_frames_that_the_file_drops_are_gone() -> None:
    written = pprof.write(profile("main;serve;malloc;brk 5", drop="malloc"))
    assert table(totals(pprof.read(written), 0)) == {"main": (0, 5), "serve": (5, 5)}


def test_a_converted_heap_profile_asks_for_frames_to_be_dropped_and_gets_it() -> None:
    columns = pprof.read((DATA / "go.pruned-heap.pb.gz").read_bytes())
    assert "runtime" in columns.drop_frames
    assert prune_refusal(columns) is None


def test_no_profile_is_refused() -> None:
    with pytest.raises(BrokenProfile, match="this is text"):
        pprof.read(b"main 5\n")


@pytest.mark.parametrize(
    ("wanted", "place"),
    [
        ("alloc_objects", 0),
        ("inuse_space", 3),
        ("inuse_objects/count", 2),
        ("1", 1),
        (None, 3),
        ("", 3),
    ],
)
def test_a_type_is_found_by_name_by_number_or_is_the_last(wanted: str | None, place: int) -> None:
    assert pprof.value_index(heap(), wanted) == place


def test_the_file_has_a_say_in_the_default() -> None:
    assert pprof.value_index(heap(default="alloc_space")) == 1
    assert pprof.value_index(heap(default="alloc_space"), "inuse_space") == 3
    assert pprof.value_index(heap(default="no_such_type")) == 3


def test_old_names_of_live_memory_are_found() -> None:
    old = profile("main 1 2", (ValueType("objects", "count"), ValueType("space", "bytes")))
    assert pprof.value_index(old, "inuse_space") == 1


@pytest.mark.parametrize("wanted", ["cpu", "4", "-1", "9" * 5000, "inuse_", "space"])
def test_an_unknown_type_is_answered_with_those_there_are(wanted: str) -> None:
    known = "it has alloc_objects/count, alloc_space/bytes, inuse_objects/count, inuse_space/bytes"
    with pytest.raises(NotFound, match=f"^the profile has no type '{wanted}'; {known}$"):
        pprof.value_index(heap(), wanted)


def test_a_profile_without_types_has_no_default() -> None:
    with pytest.raises(NotFound, match="the profile has no value types"):
        pprof.value_index(profile("", ()))
