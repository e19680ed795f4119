import random
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops import engine
from finops.engine import Trie, decode, encode, merge, subtree_sums, totals, trie, trie_totals
from finops.errors import BrokenProfile
from tests.finops.engine.profiles import (
    Sample,
    assert_same,
    columns_of,
    profile,
    samples,
    shown_frames,
    table,
    tree,
    unhurried,
)

CAPTURE = Path(__file__).parents[2] / "data" / "profiles" / "go.cpu.pb.gz"


def paths_by_hand(chosen: list[Sample]) -> dict[tuple[str, ...], int]:
    """The self of every node by its path of keys."""
    found: dict[tuple[str, ...], int] = {}
    for sample in chosen:
        path: tuple[str, ...] = ()
        if sample.values[0]:
            for location in sample.stack:
                for frame in reversed(shown_frames(location)):
                    path = (*path, "\0".join(frame))
                    found.setdefault(path, 0)
            if path:
                found[path] += sample.values[0]
    return found


def paths(found: Trie) -> dict[tuple[str, ...], int]:
    seen: list[tuple[str, ...]] = []
    for parent, function in zip(found.parents.tolist(), found.functions.tolist(), strict=True):
        above = seen[parent] if parent >= 0 else ()
        seen.append((*above, "\0".join(found.keys[function])))
    return dict(zip(seen, found.selfs.tolist(), strict=True))


def test_stacks_share_their_beginnings() -> None:
    found = trie(profile("main;serve;parse 30\nmain;serve 50\nmain;gc 20\nmain;serve;parse 1"), 0)

    assert tree(found) == {"main": 0, "main;gc": 20, "main;serve": 50, "main;serve;parse": 31}
    assert found.no_stack == 0


def test_inlined_frames_and_binaries_are_nodes_like_others() -> None:
    assert tree(trie(profile("main;serve+parse 3\nmain;serve;parse 4\n[libc.so];? 5"), 0)) == {
        "[libc.so]": 0,
        "[libc.so];<unknown>": 5,
        "main": 0,
        "main;serve": 0,
        "main;serve;parse": 7,
    }


def test_children_stand_in_the_order_of_name_and_file() -> None:
    found = trie(profile("b@2 1\nb@1;z 1\na@9;b@2 1\na@9;b@1 1\nB 1"), 0)
    assert [found.keys[function] for function in found.functions.tolist()] == [
        ("B", "a.c"),
        ("a", "9"),
        ("b", "1"),
        ("b", "2"),
        ("b", "1"),
        ("z", "a.c"),
        ("b", "2"),
    ]


def test_samples_of_zero_leave_no_node_and_no_key() -> None:
    found = trie(profile("main;gone 0\nmain 2"), 0)
    assert tree(found) == {"main": 2}
    assert [key.name for key in found.keys] == ["main"]


def test_samples_without_a_stack_belong_to_no_node() -> None:
    found = trie(profile("main 2\n3\n4"), 0)
    assert (tree(found), found.no_stack) == ({"main": 2}, 7)
    assert trie_totals(found).total == 9


def test_a_negative_value_cannot_become_money() -> None:
    with pytest.raises(
        BrokenProfile,
        match="sample 1 has the negative value -8 of cpu/nanoseconds; it cannot be turned into money",
    ):
        trie(profile("main 5\nmain;gc -8"), 0)


def test_no_samples_are_an_empty_trie() -> None:
    found = trie(profile(""), 0)
    assert (found.keys, found.parents.size, found.no_stack) == ((), 0, 0)
    assert_same(merge([found, found]), found)
    assert_same(merge([]), found)
    assert trie_totals(found).total == 0


def test_a_deep_stack_is_a_deep_trie() -> None:
    deep = trie(profile(";".join(["fib"] * 2_000) + " 1\nfib 2"), 0)
    assert deep.parents.tolist() == list(range(-1, 1_999))
    assert table(trie_totals(deep)) == {"fib": (3, 3)}


def test_subtree_sums_hold_a_node_and_all_below() -> None:
    found = trie(profile("main;serve;parse 30\nmain;serve 50\nmain;gc 20"), 0)
    assert dict(zip(tree(found), subtree_sums(found).tolist(), strict=True)) == {
        "main": 100,
        "main;gc": 20,
        "main;serve": 80,
        "main;serve;parse": 30,
    }


def test_a_node_below_its_own_function_adds_nothing_to_the_total() -> None:
    text = "a;b;a;b;a 1\na;c;a 2\nb;a;b 4\na 8\nc;b;b;c 16"
    assert table(trie_totals(trie(profile(text), 0))) == table(totals(profile(text), 0))


@unhurried
@given(chosen=samples())
def test_any_trie_has_the_paths_of_its_samples(chosen: list[Sample]) -> None:
    found = trie(columns_of(chosen), 0)
    by_hand = paths_by_hand(chosen)

    assert paths(found) == by_hand
    assert list(paths(found)) == sorted(by_hand)


@unhurried
@given(chosen=samples())
def test_a_trie_gives_the_totals_of_its_profile(chosen: list[Sample]) -> None:
    columns = columns_of(chosen)
    assert_same(trie_totals(trie(columns, 0)), totals(columns, 0))


@unhurried
@given(chosen=samples(), order=st.randoms(use_true_random=False))
def test_the_order_of_samples_makes_no_difference(chosen: list[Sample], order: random.Random) -> None:
    shuffled = order.sample(chosen, len(chosen))
    assert_same(trie(columns_of(shuffled), 0), trie(columns_of(chosen), 0))


@unhurried
@given(parts=st.lists(samples(), max_size=3), order=st.randoms(use_true_random=False))
def test_merged_tries_are_the_trie_of_all_samples(parts: list[list[Sample]], order: random.Random) -> None:
    whole = trie(columns_of([sample for part in parts for sample in part]), 0)
    tries = [trie(columns_of(part), 0) for part in parts]

    assert_same(merge(tries), whole)
    assert_same(merge(order.sample(tries, len(tries))), whole)
    assert_same(merge([merge(tries[:2]), merge(tries[2:])]), whole)


def test_more_samples_than_one_chunk_make_the_same_trie(monkeypatch: pytest.MonkeyPatch) -> None:
    columns = decode(CAPTURE.read_bytes())
    whole = trie(columns, 1)
    monkeypatch.setattr("finops.engine.plain.frames._CHUNK", 50)
    assert_same(trie(columns, 1), whole)


def test_weights_beyond_64_bits_are_refused() -> None:
    half = trie(profile(f"main {2**62}"), 0)
    with pytest.raises(BrokenProfile, match="merged profiles add up beyond 64 bits"):
        merge([half, half])
    assert merge([half, replace(half, selfs=half.selfs - 1)]).selfs.tolist() == [2**63 - 1]


def test_arrays_have_their_types() -> None:
    for found in (trie(profile("main;serve 1"), 0), trie(profile(""), 0), merge([])):
        assert found.parents.dtype == found.functions.dtype == np.int32
        assert found.selfs.dtype == np.int64


def test_stacks_that_share_nothing_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("finops.engine.plain.trie.MAX_NODES", 5)
    if engine.name() == "native":
        few = (*import_module("finops.engine.native.refusals").LIMITS[:-1], 5)
        for home in ("decode", "refusals", "trie"):
            monkeypatch.setattr(f"finops.engine.native.{home}.LIMITS", few)
    shared, apart = profile("a;b;c 1\na;b;d 1\na;e 1"), profile("a;x;x 1\nb;x;x 1")

    for written in (shared, decode(encode(shared))):
        assert trie(written, 0).selfs.size == 5
    for written in (apart, decode(encode(apart))):
        with pytest.raises(BrokenProfile, match="its stacks make a call tree of over 5 nodes"):
            trie(written, 0)
