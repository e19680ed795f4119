"""A day's function costs."""

from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.costs.attribute import Attribution, attribute
from finops.costs.function_costs import THRESHOLD, day_costs
from finops.domain.charge import CostMetric
from finops.domain.function_cost import FunctionCost
from finops.domain.money import Money
from finops.domain.resource import Resource
from finops.domain.window import day_of
from finops.errors import CurrencyMismatch
from tests.finops.costs.notation import trie
from tests.finops.costs.test_attribute import charges, folded

DAY = day_of(datetime(2026, 11, 2, tzinfo=UTC))


def costs(*hours: Attribution, threshold: str = "0.0001") -> list[FunctionCost]:
    return day_costs("checkout", DAY, Resource.CPU, CostMetric.LIST, "USD", hours, Decimal(threshold))


def hour(charge: str, stacks: str, interval: int | None = 10) -> Attribution:
    return attribute(Money.of(charge), trie(stacks), interval)


def brief(rows: list[FunctionCost]) -> list[tuple[str, Money, Money | None, int | None, int | None]]:
    return [
        (
            row.function.name if row.function else "[other]",
            row.self_cost,
            row.total_cost,
            row.self_observations,
            row.total_observations,
        )
        for row in rows
    ]


def test_hours_add_up_dearest_first() -> None:
    rows = costs(hour("10", "main;parse 30\nmain 70"), hour("2", "main;gc 100"))

    assert brief(rows) == [
        ("main", Money.of("7"), Money.of("12"), 7, 20),
        ("parse", Money.of("3"), Money.of("3"), 3, 3),
        ("gc", Money.of("2"), Money.of("2"), 10, 10),
    ]
    assert rows[0].window == DAY


def test_the_small_ones_are_one_row_without_a_total() -> None:
    rows = costs(hour("100", "main;parse 98\nmain;a 1\nmain;b 1", interval=1), threshold="0.02")

    assert brief(rows) == [
        ("main", Money(0), Money.of("100"), 0, 100),
        ("parse", Money.of("98"), Money.of("98"), 98, 98),
        ("[other]", Money.of("2"), None, 2, None),
    ]


def test_a_caller_is_kept_for_its_total_though_its_self_is_small() -> None:
    names = [row[0] for row in brief(costs(hour("100", "thin;wide 9999\nlone 1"), threshold="0.01"))]

    assert names == ["wide", "thin", "[other]"]


def test_a_total_right_at_the_threshold_is_kept() -> None:
    names = [row[0] for row in brief(costs(hour("1", "main 9999\nedge 1"), threshold="0.0001"))]

    assert names == ["main", "edge"]


def test_one_hour_of_unknown_sampling_makes_all_observations_unknown() -> None:
    rows = costs(hour("1", "main 100"), hour("1", "main 100", interval=None))

    assert brief(rows) == [("main", Money.of("2"), Money.of("2"), None, None)]


def test_what_cost_nothing_is_not_named_but_its_observations_stay() -> None:
    assert brief(costs(hour("0", "main 100"))) == [("[other]", Money(0), None, 10, None)]
    assert costs() == []


def test_two_currencies_are_refused() -> None:
    with pytest.raises(CurrencyMismatch):
        costs(hour("1", "main 1"), attribute(Money(1, "EUR"), trie("main 1")))


@given(
    hours=st.lists(st.tuples(charges, folded), max_size=4),
    threshold=st.sampled_from([Decimal(0), THRESHOLD, Decimal("0.1"), Decimal(1)]),
)
def test_self_costs_add_up_to_the_charges(hours: list[tuple[Money, str]], threshold: Decimal) -> None:
    found = [attribute(charge, trie(text), 1) for charge, text in hours]
    rows = day_costs("checkout", DAY, Resource.CPU, CostMetric.LIST, "USD", found, threshold)
    charge = sum(each.charge.nanos for each in found)

    assert sum(row.self_cost.nanos for row in rows) == charge
    assert sum(row.self_observations or 0 for row in rows) == sum(sum(each.self_weights) for each in found)
    assert all(row.total_cost.nanos >= threshold * charge for row in rows if row.total_cost)
    assert Counter(row.function is None for row in rows)[True] <= 1
    assert [row.function for row in rows if row.function] == [
        row.function for row in sorted(rows, key=_order) if row.function
    ]


def _order(row: FunctionCost) -> tuple[int, int, tuple[str, str]]:
    return -(row.total_cost or Money(0)).nanos, -row.self_cost.nanos, row.function or ("", "")
