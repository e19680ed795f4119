import time

import pytest
from hypothesis import given

from finops.engine.plain import decode, trie
from tests.finops.engine import wire
from tests.finops.engine.profiles import Sample, assert_same, columns_of, samples, unhurried


@given(samples())
@unhurried
def test_level_by_level_and_node_by_node_are_one_trie(chosen: list[Sample]) -> None:
    columns = columns_of(chosen)
    found = []
    for narrow in (0, 10**9):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(trie, "_NARROW", narrow)
            found.append(trie.trie(columns, 0))

    assert_same(*found)
    assert_same(trie.merge(found), trie.merge([found[0]] * 2))


def test_the_deepest_stack_there_may_be_is_no_reason_to_wait() -> None:
    deepest = decode.decode(wire.profile(samples=wire.sample([2, 1] * (1 << 15), [1])))

    start = time.process_time()
    grown = trie.trie(deepest, 0)
    assert trie.trie_totals(grown).totals.tolist() == [1, 1]
    assert time.process_time() - start < 6, "an array a level would take ten seconds"
    assert grown.parents.tolist() == list(range(-1, (1 << 16) - 1))
