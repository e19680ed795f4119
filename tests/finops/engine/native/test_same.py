"""The engine in C against the plain one, which shares none of its code for reading and adding up."""

import gzip
import pickle
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops import engine
from finops.engine import Columns, FunctionKey, Grouping, Trie, ValueType, encode
from finops.engine.plain import decode as plain_decode
from finops.engine.plain import divide as plain_divide
from finops.engine.plain import inflate as plain_inflate
from finops.engine.plain import reduce as plain_reduce
from finops.engine.plain import trie as plain_trie
from finops.errors import BrokenProfile
from tests.finops.engine import wire
from tests.finops.engine.profiles import (
    Sample,
    assert_same,
    columns_of,
    profile,
    samples,
    tree,
    unhurried,
)

if not shutil.which("cc"):
    pytest.skip("there is no C compiler", allow_module_level=True)

from finops.engine.native import decode, divide, inflate, reduce, trie

ROOT = Path(__file__).parents[4]
CAPTURES = sorted([*ROOT.glob("tests/data/profiles/*.gz"), *ROOT.glob("finops/demo/captures/*.gz")])
TWO = (ValueType("samples", "count"), ValueType("cpu", "nanoseconds"))


def assert_all_same(one: Columns, other: Columns) -> None:
    """Sums, tries and columns, in this order: what is made from the file must not need columns."""
    for value in range(len(one.value_types)):
        for by in get_args(Grouping):
            assert_same(plain_reduce.totals(one, value, by), reduce.totals(other, value, by))
        assert plain_reduce.least(one, value) == reduce.least(other, value)
        assert_same_trie(one, other, value)
    assert_same(one, other)


def assert_same_trie(one: Columns, other: Columns, value: int) -> None:
    expected, found = (
        _trie_or_refusal(act, columns, value) for act, columns in ((plain_trie.trie, one), (trie.trie, other))
    )
    if isinstance(expected, str) or isinstance(found, str):
        assert expected == found
        return
    assert_same(expected, found)
    assert_same(plain_trie.trie_totals(expected), trie.trie_totals(found))
    assert plain_trie.subtree_sums(expected).tolist() == trie.subtree_sums(found).tolist()


def _trie_or_refusal(act: Callable[[Columns, int], Trie], columns: Columns, value: int) -> Trie | str:
    try:
        return act(columns, value)
    except BrokenProfile as error:
        return str(error)


def test_where_there_is_a_compiler_the_core_runs() -> None:
    assert engine.name() == "native"


@pytest.mark.parametrize("path", CAPTURES, ids=lambda path: path.name)
def test_real_captures_are_the_same(path: Path) -> None:
    data = path.read_bytes()

    assert_all_same(plain_decode.decode(data), decode.decode(data))


@given(samples(least=-(2**53), types=2))
@unhurried
def test_profiles_at_random_are_the_same_from_bytes_and_from_columns(chosen: list[Sample]) -> None:
    columns = columns_of(chosen, TWO)
    data = encode(columns)

    assert_all_same(plain_decode.decode(data), decode.decode(data))
    assert_all_same(columns, columns)


@given(st.lists(samples(), max_size=4))
@unhurried
def test_merging_gives_the_same_trie(chosen: list[list[Sample]]) -> None:
    tries = [plain_trie.trie(columns_of(each), 0) for each in chosen]

    assert_same(plain_trie.merge(tries), trie.merge(tries))
    assert_same(plain_trie.merge(tries), trie.merge(each for each in reversed(tries)))


names = st.text(st.sampled_from("ab\0é/."), max_size=20) | st.sampled_from(["example.com/shop/cart.Add"])


@given(st.lists(st.tuples(names, names), max_size=60))
@unhurried
def test_keys_are_in_order_whatever_they_share(chosen: list[tuple[str, str]]) -> None:
    functions = b"".join(wire.function(at, 2 * at + 1, 2 * at + 2) for at in range(1, len(chosen) + 1))
    texts = ("", "cpu", "ns", *(text for pair in chosen for text in pair))
    locations = b"".join(wire.location(at, at) for at in range(1, len(chosen) + 1))
    data = wire.profile(
        samples=b"".join(wire.sample([at], [1]) for at in range(1, len(chosen) + 1)),
        locations=locations,
        functions=functions,
        texts=wire.strings(*texts),
    )

    expected = plain_reduce.totals(plain_decode.decode(data), 0)
    assert_same(expected, reduce.totals(decode.decode(data), 0))
    assert list(expected.keys) == sorted(expected.keys)


def test_names_that_are_no_utf_8_are_one_function_where_they_read_the_same() -> None:
    broken = wire.strings("", "cpu", "nanoseconds", b"a\xff", "a.c", b"a\xfe", "a.c")
    data = wire.profile(texts=broken)

    assert_all_same(plain_decode.decode(data), decode.decode(data))
    assert reduce.totals(decode.decode(data), 0).keys == (FunctionKey("a\N{REPLACEMENT CHARACTER}", "a.c"),)


# A stack in pieces: unpacked, packed, behind the values, in one sample.
SCATTERED = {
    "unpacked": wire.numbers(1, [2, 1]) + wire.numbers(2, [10]),
    "two lists": wire.packed(1, [2]) + wire.packed(1, [1]) + wire.packed(2, [10]),
    "mixed": wire.numbers(1, [2]) + wire.packed(1, [1, 1]) + wire.numbers(2, [10]),
    "behind the values": wire.packed(2, [10]) + wire.packed(1, [2, 1]),
    "around the values": wire.packed(1, [2]) + wire.packed(2, [10]) + wire.numbers(1, [1]),
    "no stack": wire.packed(2, [10]),
    "an empty list": wire.packed(1, []) + wire.packed(2, [10]),
}


@pytest.mark.parametrize("content", SCATTERED.values(), ids=SCATTERED)
def test_a_stack_in_any_form_is_the_same(content: bytes) -> None:
    data = wire.profile(samples=wire.blob(2, content) + wire.SAMPLES)

    assert_all_same(plain_decode.decode(data), decode.decode(data))


@pytest.mark.parametrize("id_", [70_000, 2**40, 2**64 - 1])
def test_sparse_ids_are_found(id_: int) -> None:
    data = wire.profile(
        samples=wire.sample([id_, 1], [10]), locations=wire.location(1, 1) + wire.location(id_, 2)
    )

    assert_all_same(plain_decode.decode(data), decode.decode(data))


LINES = wire.location(1, *[1] * 1000) + wire.location(2, 2)
TOO_MUCH = {
    "the deepest stack is named, not the first": wire.sample([1] * 66, [1]) + wire.sample([1] * 67, [1]),
    "no stack is too deep, all are too much": wire.sample([1] * 65, [1]) * 2000,
    "a deep stack comes before many": wire.sample([1] * 65, [1]) * 2000 + wire.sample([1] * 66, [1]),
    "a value of 0 is not looked at": wire.sample([1] * 66, [0]) + wire.sample([1] * 66, [1]),
    "a negative value comes first": wire.sample([1] * 66, [1]) + wire.sample([1], [2**64 - 5]),
    "what adds up to too much comes first": wire.sample([1] * 66, [2**63 - 1]) * 2,
}


@pytest.mark.parametrize("samples", TOO_MUCH.values(), ids=TOO_MUCH)
def test_too_many_frames_are_refused_in_the_same_words(samples: bytes) -> None:
    data = wire.profile(samples=samples, locations=LINES)
    one, other = plain_decode.decode(data), decode.decode(data)

    for plainly, natively in ((plain_reduce.totals, reduce.totals), (plain_trie.trie, trie.trie)):
        why = _refusal(plainly, one)
        assert why
        assert _refusal(natively, other) == why
        assert _refusal(natively, one) == why  # as arrays, which the core did not parse


def _refusal(act: Callable[[Columns, int], object], columns: Columns) -> str:
    try:
        act(columns, 0)
    except BrokenProfile as error:
        return str(error)
    return ""


def test_threads_get_what_one_would() -> None:
    data = CAPTURES[0].read_bytes()

    def sums(_: int) -> object:
        columns = decode.decode(data)
        found = reduce.totals(columns, 0)
        return found.keys, found.lists(), tree(trie.trie(columns, 0))

    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(sums, range(16)))
    assert all(each == results[0] for each in results)


def test_columns_are_made_when_they_are_looked_at() -> None:
    columns, name = decode.decode(CAPTURES[0].read_bytes()), "nothing"

    assert columns.stack_offsets is columns.stack_offsets
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        getattr(columns, name)
    assert_same(pickle.loads(pickle.dumps(columns)), columns)  # noqa: S301


def test_a_trie_whose_parents_are_out_of_order_is_refused() -> None:
    upside_down = Trie(
        (FunctionKey("a", ""),), np.array([1, -1], np.int32), np.zeros(2, np.int32), np.ones(2, np.int64)
    )

    for act in (lambda: trie.merge([upside_down]), lambda: trie.trie_totals(upside_down)):
        with pytest.raises(BrokenProfile, match="the parent of node 0 does not stand before it"):
            act()
    with pytest.raises(BrokenProfile):
        trie.subtree_sums(upside_down)


def test_columns_that_point_nowhere_are_an_error_and_no_crash() -> None:
    columns = profile("a;b 1")
    columns.stack_locations[0] = 7

    with pytest.raises(ValueError, match="these are no stacks of such locations"):
        reduce.totals(columns, 0)


weights = st.lists(st.one_of(st.integers(0, 5), st.integers(0, 2**62)), min_size=1, max_size=12)


@given(st.integers(-(2**70), 2**70), weights)
def test_division_is_the_same(amount: int, chosen: list[int]) -> None:
    if not any(chosen):
        with pytest.raises(ValueError, match="not all zero"):
            divide.divide(amount, chosen)
        return
    assert divide.divide(amount, chosen) == plain_divide.divide(amount, chosen)


def test_gzip_that_zlib_refuses_is_refused_in_its_words() -> None:
    data = bytearray(gzip.compress(wire.VALID))
    data[-6] ^= 1  # of the checksum

    for act in (plain_inflate.inflate, inflate.inflate):
        with pytest.raises(BrokenProfile, match="incorrect data check"):
            act(bytes(data))
