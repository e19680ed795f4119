import gzip
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given

from finops import engine
from finops.engine import FunctionKey, Grouping, ValueType, decode, encode, totals, trie
from finops.errors import BrokenProfile
from tests.finops.engine import wire
from tests.finops.engine.profiles import Sample, by_hand, columns_of, profile, samples, table, unhurried

TWO = (ValueType("samples", "count"), ValueType("cpu", "nanoseconds"))


def test_self_goes_to_the_leaf_and_total_to_everyone_above() -> None:
    found = totals(profile("main;serve;parse 30\nmain;serve 50\nmain;gc 20"), 0)

    assert table(found) == {"gc": (20, 20), "main": (0, 100), "parse": (30, 30), "serve": (50, 80)}
    assert (found.total, found.no_stack) == (100, 0)


def test_a_recursive_function_counts_once_a_stack() -> None:
    assert table(totals(profile("main;fib;fib;fib 7\nmain;fib 1"), 0)) == {"main": (0, 8), "fib": (8, 8)}


def test_recursion_through_inlined_lines_counts_once_too() -> None:
    assert table(totals(profile("main;fib+fib;odd+fib 7"), 0)) == {
        "main": (0, 7),
        "fib": (7, 7),
        "odd": (0, 7),
    }


def test_self_goes_to_the_innermost_inlined_line() -> None:
    assert table(totals(profile("main;serve+parse+digit 9"), 0)) == {
        "main": (0, 9),
        "serve": (0, 9),
        "parse": (0, 9),
        "digit": (9, 9),
    }


def test_a_location_without_lines_is_one_frame_named_after_its_binary() -> None:
    found = totals(profile("main;[libc.so.6] 3\nmain;? 4\n[libc.so.6];main 5"), 0)

    assert table(found) == {"main": (5, 12), "[libc.so.6]": (3, 8), "<unknown>": (4, 4)}
    assert FunctionKey("[libc.so.6]", "") in found.keys


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/usr/lib/libc.so", "[libc.so]"),
        ("libc.so", "[libc.so]"),
        ("/usr/lib/", "[lib]"),
        ("//", "[/]"),
        ("", "<unknown>"),
        ("[vdso]", "[[vdso]]"),
    ],
)
def test_a_binary_is_named_as_go_names_the_base_of_a_path(path: str, name: str) -> None:
    columns = profile("[x] 1")
    columns = replace(columns, mappings=replace(columns.mappings, files=(path,)))
    assert table(totals(columns, 0)) == {name: (1, 1)}


def test_a_function_without_a_name_reads_like_no_function() -> None:
    columns = profile("main;serve 5")
    assert table(totals(replace(columns, function_names=("main", "")), 0)) == {
        "main": (0, 5),
        "[shop]": (5, 5),
    }


def test_samples_without_a_stack_are_in_the_sum_and_nowhere_else() -> None:
    found = totals(profile("main 3\n4\n5"), 0)

    assert table(found) == {"main": (3, 3)}
    assert (found.total, found.no_stack) == (12, 9)


def test_functions_met_only_with_zero_are_left_out() -> None:
    columns = profile("main;serve 1 0\nmain;gc 1 5", TWO)

    assert set(table(totals(columns, 0))) == {"main", "serve", "gc"}
    assert set(table(totals(columns, 1))) == {"main", "gc"}


def test_negative_values_are_added_as_they_are() -> None:
    found = totals(profile("main;serve 5\nmain;gc -8"), 0)

    assert table(found) == {"main": (0, -3), "serve": (5, 5), "gc": (-8, -8)}
    assert found.total == -3


def test_keys_are_in_order() -> None:
    found = totals(profile("b@x;a@y;a@x;c@x 1"), 0)
    assert found.keys == tuple(sorted(found.keys))


def grouped(by: Grouping, text: str) -> dict[tuple[str, str], tuple[int, int]]:
    found = totals(profile(text), 0, by)
    rows = zip(found.keys, found.selfs.tolist(), found.totals.tolist(), strict=True)
    return {(key.name, key.file): (self_value, total) for key, self_value, total in rows}


CALLS = (
    "main@/shop/main.go;encoding/json.Marshal@json.go 3\nmain@/shop/main.go;main@/shop/other.go;[libc.so] 4"
)


def test_by_function_keeps_files_apart() -> None:
    assert grouped("function", CALLS) == {
        ("main", "/shop/main.go"): (0, 7),
        ("main", "/shop/other.go"): (0, 4),
        ("encoding/json.Marshal", "json.go"): (3, 3),
        ("[libc.so]", ""): (4, 4),
    }


def test_by_name_does_not() -> None:
    assert grouped("name", CALLS) == {
        ("main", ""): (0, 7),
        ("encoding/json.Marshal", ""): (3, 3),
        ("[libc.so]", ""): (4, 4),
    }


def test_by_file_falls_back_on_the_binary() -> None:
    assert grouped("file", CALLS) == {
        ("/shop/main.go", ""): (0, 7),
        ("/shop/other.go", ""): (0, 4),
        ("json.go", ""): (3, 3),
        ("[libc.so]", ""): (4, 4),
    }


def test_by_package_counts_a_package_once_a_stack() -> None:
    assert grouped("package", CALLS) == {
        ("main", ""): (0, 7),
        ("encoding/json", ""): (3, 3),
        ("[libc.so]", ""): (4, 4),
    }


def test_by_package_without_any_hint_is_the_binary() -> None:
    columns = replace(profile("malloc 1"), function_files=("",))
    assert table(totals(columns, 0, "package")) == {"[shop]": (1, 1)}


def test_by_line_tells_lines_apart() -> None:
    columns = profile("main;serve 1\nmain+serve 2")
    assert columns.line_numbers.tolist() == [1, 2, 3, 4]
    keys = totals(columns, 0, "line").keys
    assert keys == (("main", "a.c:1"), ("main", "a.c:4"), ("serve", "a.c:2"), ("serve", "a.c:3"))


def test_by_binary_is_the_whole_path() -> None:
    assert grouped("binary", "main;[libc.so];? 2") == {
        ("/bin/shop", ""): (0, 2),
        ("/usr/lib/libc.so", ""): (0, 2),
        ("<unknown>", ""): (2, 2),
    }


@unhurried
@given(chosen=samples(least=-(2**53)))
def test_any_profile_adds_up_as_by_hand(chosen: list[Sample]) -> None:
    found = totals(columns_of(chosen), 0)

    rows = zip(found.selfs.tolist(), found.totals.tolist(), strict=True)
    assert dict(zip(found.keys, rows, strict=True)) == by_hand(chosen)
    assert found.total == sum(sample.values[0] for sample in chosen)
    assert found.total == found.no_stack + int(found.selfs.sum())


def test_more_samples_than_one_chunk_add_up(monkeypatch: pytest.MonkeyPatch) -> None:
    columns = profile("\n".join(f"main;f{place % 7};main {place}" for place in range(100)))
    whole = table(totals(columns, 0))
    monkeypatch.setattr("finops.engine.plain.frames._CHUNK", 5)
    assert table(totals(columns, 0)) == whole


@pytest.mark.parametrize("values", [[2**63 - 1, 1], [-(2**63), -1], [2**62, 2**62], [-(2**63)]])
def test_values_that_may_overflow_are_refused(values: list[int]) -> None:
    columns = profile("\n".join(f"main {value}" for value in values))
    with pytest.raises(BrokenProfile, match="the values of cpu/nanoseconds add up beyond 64 bits"):
        totals(columns, 0)


def test_the_largest_sum_that_fits_is_exact() -> None:
    assert totals(profile(f"main {2**62}\nmain {2**62 - 1}"), 0).total == 2**63 - 1


def test_a_file_made_to_hurt_is_refused() -> None:
    # 400 lines in one location, 400 times in one stack: 160,000 frames in two kilobytes.
    deep = wire.profile(
        samples=wire.sample([1] * 400, [1]), locations=wire.location(1, *[1] * 400) + wire.location(2, 2)
    )
    assert len(gzip.compress(deep)) < 500
    with pytest.raises(BrokenProfile, match="the stack of sample 0 has 160000 frames, over 65536"):
        totals(decode(deep), 0)


def test_all_stacks_together_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("finops.engine.plain.frames.MAX_FRAMES", 5)
    if engine.name() == "native":
        limits = import_module("finops.engine.native.refusals").LIMITS
        few = (*limits[:3], 5, *limits[4:])
        monkeypatch.setattr("finops.engine.native.reduce.LIMITS", few)
        monkeypatch.setattr("finops.engine.native.refusals.LIMITS", few)
    assert totals(profile("a;b;c 1\na;b 1"), 0).total == 2
    with pytest.raises(BrokenProfile, match="the 6 entries of its stacks make 6 frames, over 5"):
        totals(profile("a;b;c 1\na;b;c 1"), 0)


def test_what_inlining_makes_of_a_small_file_is_bounded() -> None:
    # 1,000 lines in one location, 65 times in each of 2,000 stacks: 130 million frames in 600 bytes.
    wide = wire.profile(
        samples=wire.sample([1] * 65, [1]) * 2000,
        locations=wire.location(1, *[1] * 1000) + wire.location(2, 2),
    )
    assert len(gzip.compress(wide)) < 1000

    for reduce in (totals, trie):
        with pytest.raises(BrokenProfile, match="the 130000 entries of its stacks make 130000000 frames"):
            reduce(decode(wide), 0)


def test_a_real_capture_is_the_same_by_name_in_every_form() -> None:
    path = Path(__file__).parents[2] / "data" / "profiles" / "go.cpu.pb.gz"
    columns = decode(path.read_bytes())
    found = totals(columns, 1, "name")

    assert found.total == int(columns.values[:, 1].sum())
    assert np.all(found.selfs <= found.totals)
    assert table(totals(decode(encode(columns)), 1, "name")) == table(found)
