"""Call tries with money."""

import pytest
from hypothesis import given

from finops.costs.attribute import attribute
from finops.costs.tree import dollar_tree, merged
from finops.domain.money import Money
from tests.finops.costs.notation import trie, usage
from tests.finops.costs.test_attribute import charges, folded


def test_a_frame_is_as_wide_as_what_was_spent_in_it_and_below() -> None:
    tree = trie("main;serve;parse 30\nmain;serve 50\nmain;gc 20")
    dollars = dollar_tree(tree, attribute(Money(1000), tree))
    names = [dollars.keys[each].name for each in dollars.functions]

    assert dict(zip(names, dollars.total_nanos, strict=True)) == {
        "main": 1000,
        "gc": 200,
        "serve": 800,
        "parse": 300,
    }


@given(charge=charges, text=folded)
def test_the_outermost_frames_are_as_wide_as_the_charge(charge: Money, text: str) -> None:
    tree = trie(text)
    dollars = dollar_tree(tree, attribute(charge, tree))
    outermost = [
        total for total, parent in zip(dollars.total_nanos, dollars.parents, strict=True) if parent < 0
    ]

    assert sum(outermost) == sum(dollars.self_nanos) == charge.nanos


def test_an_attribution_of_another_trie_is_refused() -> None:
    with pytest.raises(ValueError, match="another trie"):
        dollar_tree(trie("main;a 1\nmain;b 1"), attribute(Money(2), trie("main;a 2\na 1")))


def test_usages_merge_and_keep_the_interval_that_they_share() -> None:
    tree, interval = merged([usage("main;a 1", interval=10), usage("main;b 2\nmain;a 3", interval=10)])

    assert [tree.keys[each].name for each in tree.functions] == ["main", "a", "b"]
    assert (tree.selfs.tolist(), interval) == ([0, 4, 2], 10)
    assert merged([usage("a 1", interval=10), usage("a 1")])[1] is None
    assert merged([usage("a 1", interval=10), usage("a 1", interval=20)])[1] is None


def test_no_usage_is_no_trie() -> None:
    with pytest.raises(ValueError, match="no usage"):
        merged([])
