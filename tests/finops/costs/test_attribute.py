"""A charge divided over functions."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.costs.attribute import Attribution, attribute
from finops.domain.money import Money
from finops.engine import Trie, trie_totals
from tests.finops.costs.notation import function, trie


def costs(charge: str, folded: str) -> dict[str, tuple[Money, Money]]:
    found = attribute(Money.of(charge), trie(folded))
    rows = zip(found.keys, found.self_nanos, found.total_nanos, strict=True)
    return {key.name: (Money(self_nanos), Money(total_nanos)) for key, self_nanos, total_nanos in rows}


def test_self_costs_add_up_and_totals_include_callees() -> None:
    assert costs("10.00", "main;serve;parse 30\nmain;serve 50\nmain;gc 20") == {
        "serve": (Money.of("5"), Money.of("8")),
        "parse": (Money.of("3"), Money.of("3")),
        "gc": (Money.of("2"), Money.of("2")),
        "main": (Money.of("0"), Money.of("10")),
    }


def test_a_recursive_function_counts_once_per_stack() -> None:
    found = costs("10.00", "main;walk;walk;leaf 40\nmain;walk;leaf;walk 60")

    assert found["walk"] == (Money.of("6"), Money.of("10"))
    assert found["leaf"] == (Money.of("4"), Money.of("10"))


def test_functions_of_one_name_in_two_files_stay_two() -> None:
    found = attribute(Money.of("1"), trie("main;parse@a.py 1\nmain;parse@b.py 3"))

    assert dict(zip(found.keys, found.self_nanos, strict=True)) == {
        function("main"): 0,
        function("parse@a.py"): 250_000_000,
        function("parse@b.py"): 750_000_000,
    }


def test_what_rounding_leaves_over_goes_to_the_first_functions_by_name() -> None:
    found = attribute(Money(100), trie("main;c 1\nmain;b 1\nmain;a 1"))

    assert dict(zip(found.keys, found.self_nanos, strict=True)) == {
        function("a"): 34,
        function("b"): 33,
        function("c"): 33,
        function("main"): 0,
    }


def test_weights_and_money_beyond_64_bits_stay_exact() -> None:
    found = attribute(Money.of("1000000"), trie("main;big 320000000000000\nmain;small 1"))

    assert found.self_nanos == [999_999_999_999_997, 0, 3]


def test_money_without_any_weight_is_refused() -> None:
    with pytest.raises(ValueError, match="weights"):
        attribute(Money(1), trie("main;idle 0"))

    assert attribute(Money(0), trie("main;idle 0")).self_nanos == [0, 0]


names = st.sampled_from(["main", "serve", "parse", "walk", "gc@rt.c", "gc@rt.h"])
stacks = st.dictionaries(
    st.lists(names, min_size=1, max_size=6).map(";".join), st.integers(0, 10**15), min_size=1, max_size=12
).filter(lambda each: sum(each.values()) > 0)
folded = stacks.map(lambda each: "\n".join(f"{stack} {weight}" for stack, weight in each.items()))
charges = st.integers(0, 10**18).map(Money)


@given(charge=charges, text=folded)
def test_self_costs_and_nodes_add_up_to_the_charge(charge: Money, text: str) -> None:
    found = attribute(charge, trie(text))

    assert sum(found.self_nanos) == sum(found.node_nanos) == charge.nanos
    assert min(found.node_nanos) >= 0


@given(charge=charges, text=folded)
def test_a_total_is_the_sum_of_its_nodes_once_per_stack(charge: Money, text: str) -> None:
    """Node by node, with each node's stack spelled out: no code shared with what is tested."""
    tree = trie(text)
    found = attribute(charge, tree)

    assert found.total_nanos == by_stacks(tree, found.node_nanos)
    assert found.total_weights == trie_totals(tree).totals.tolist()
    assert found.self_weights == trie_totals(tree).selfs.tolist()


def by_stacks(tree: Trie, values: list[int]) -> list[int]:
    """What each function's nodes hold, counting a stack once however often the function is in it."""
    on_stack: list[set[int]] = []
    totals = [0] * len(tree.keys)
    for parent, which, value in zip(tree.parents, tree.functions, values, strict=True):
        on_stack.append({int(which)} | (on_stack[parent] if parent >= 0 else set()))
        for each in on_stack[-1]:
            totals[each] += value
    return totals


@given(charge=charges, text=folded)
def test_a_functions_part_depends_on_no_other_but_through_rounding(charge: Money, text: str) -> None:
    found = attribute(charge, trie(text))
    whole = sum(found.self_weights)

    assert all(
        abs(nanos * whole - charge.nanos * weight) < whole
        for nanos, weight in zip(found.self_nanos, found.self_weights, strict=True)
    )
    assert all(own <= all_ for own, all_ in zip(found.self_nanos, found.total_nanos, strict=True))


@given(charge=charges, text=folded)
def test_the_order_of_the_samples_makes_no_difference(charge: Money, text: str) -> None:
    def columns(each: Attribution) -> tuple[object, ...]:
        return each.keys, each.self_nanos, each.total_nanos, each.node_nanos

    backwards = "\n".join(reversed(text.splitlines()))

    assert columns(attribute(charge, trie(text))) == columns(attribute(charge, trie(backwards)))


def test_depth_costs_no_recursion() -> None:
    deep = trie("main 1")
    deep = replace(
        deep,
        parents=np.arange(-1, 4999, dtype=np.int32),
        functions=deep.functions.repeat(5000),
        selfs=deep.selfs.repeat(5000),
    )

    assert attribute(Money(5000), deep).total_nanos == [5000]
