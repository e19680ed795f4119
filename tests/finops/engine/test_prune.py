from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.engine import prune, prune_refusal, totals, trie
from tests.finops.engine.profiles import (
    Sample,
    assert_same,
    columns_of,
    profile,
    samples,
    table,
    tree,
    unhurried,
)

HEAP = r"malloc|tc_new|(__)?posix_memalign|tcmalloc::.*|runtime\..*"


def test_a_frame_that_matches_goes_with_all_it_called() -> None:
    found = prune(profile("main;serve;malloc;brk 5\nmain;serve 1", drop="malloc"))

    assert tree(trie(found, 0)) == {"main": 0, "main;serve": 6}
    assert prune_refusal(found) is None


def test_frames_before_the_first_that_stays_are_left_alone() -> None:
    found = prune(profile("malloc;malloc;main;malloc;brk 5\nmalloc;malloc 7", drop="malloc"))

    assert tree(trie(found, 0)) == {
        "malloc": 0,
        "malloc;malloc": 7,
        "malloc;malloc;main": 5,
    }


def test_keep_frames_wins_over_drop_frames() -> None:
    found = prune(
        profile("main;runtime.panic;x 5\nmain;runtime.mallocgc;x 7", drop=HEAP, keep=r"runtime\.panic")
    )
    assert tree(trie(found, 0)) == {"main": 7, "main;runtime.panic": 0, "main;runtime.panic;x": 5}


def test_only_whole_names_match_and_arguments_do_not_count() -> None:
    text = "main;mallocs 1\nmain;malloc(unsigned long) 2\nmain;.malloc 4\nmain;my_malloc 8"
    assert table(totals(prune(profile(text, drop="malloc")), 0)) == {
        "main": (6, 15),
        "mallocs": (1, 1),
        "my_malloc": (8, 8),
    }


def test_brackets_that_are_part_of_a_name_are_kept() -> None:
    text = "main;(anonymous namespace)::f(int) 1\nmain;g::operator()(int) 2\nmain;operator() 4"
    drop = r"\(anonymous namespace\)::f|g::operator\(\)"
    assert table(totals(prune(profile(text, drop=drop)), 0)) == {"main": (3, 7), "operator()": (4, 4)}


def test_an_inlined_line_that_matches_goes_with_those_inlined_into_it() -> None:
    found = prune(
        profile("main;serve+malloc+memset;x 5\nserve+malloc+memset 2\nmain;malloc+memset;x 3", drop="malloc")
    )

    # The location is cut in every sample, also where nothing before it stays.
    assert tree(trie(found, 0)) == {"main": 3, "main;serve": 5, "serve": 2}


def test_of_several_lines_the_outermost_that_matches_counts() -> None:
    found = prune(profile("main;a+malloc+b+malloc+c 5", drop="malloc"))
    assert tree(trie(found, 0)) == {"main": 0, "main;a": 5}


def test_lines_and_other_samples_stay_as_they_were() -> None:
    before = profile("main;serve+malloc 5\nmain;serve 7\n9", drop="malloc")
    after = prune(before)

    assert after.line_numbers.tolist() == [1, 3, 4]
    assert after.line_offsets.tolist() == [0, 1, 2, 3]
    assert after.values.tolist() == before.values.tolist()
    assert after.stack_offsets.tolist() == [0, 2, 4, 4]
    assert after.line_functions.dtype == before.line_functions.dtype
    assert after.stack_locations.dtype == before.stack_locations.dtype


def test_nothing_to_drop_gives_the_same_profile() -> None:
    for columns in (profile("main;serve 5"), profile("main;serve 5", drop="nothing")):
        assert prune(columns) is columns


def test_frames_without_a_name_are_never_dropped() -> None:
    columns = replace(profile("main;x 5", drop=".*"), function_names=("", ""))
    assert prune(columns) is columns


@pytest.mark.parametrize(
    ("drop", "keep", "why"),
    [
        ("malloc|(", "", "it ends too early"),
        ("malloc", "[", "it ends too early"),
        (r"\bmalloc", "", "\\b is not supported"),
        ("(?i)malloc", "", "the group at character 0 is not supported"),
        ("m" * 5000, "", "it has 5000 characters, over 4096"),
        ("(((a{9}){9}){9}){99}", "", "it takes over 10000 instructions"),
    ],
)
def test_a_pattern_that_cannot_be_followed_changes_nothing_and_says_so(
    drop: str, keep: str, why: str
) -> None:
    columns = profile("main;malloc 5", drop=drop, keep=keep)

    assert prune(columns) is columns
    assert prune_refusal(columns) == f"its drop_frames is not applied: {why}"


def test_a_pattern_that_costs_too_much_changes_nothing_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("finops.engine.plain.prune._STEPS", 10)
    columns = profile("main;malloc 5", drop="malloc")

    assert prune(columns) is columns
    assert prune_refusal(columns) == "its drop_frames is not applied: it takes too long to match"


@unhurried
@given(
    chosen=samples(), drop=st.sampled_from(["main", "serve|parse", "op.*", "operator\\(\\)", ".*", "s.*e"])
)
def test_no_weight_is_lost(chosen: list[Sample], drop: str) -> None:
    before = columns_of(chosen, drop=drop)
    after = prune(before)

    assert totals(after, 0).total == totals(before, 0).total
    assert totals(after, 0).no_stack == totals(before, 0).no_stack
    assert_same(prune(after), prune(prune(after)))
