"""Arithmetic on the four metrics at once."""

from hypothesis import given
from hypothesis import strategies as st

from finops.costs.amounts import by_resource, cost, is_nothing, split_amounts, sum_amounts
from finops.costs.split import split_price
from finops.domain.charge import Amounts, CostMetric
from finops.domain.money import Money
from finops.domain.resource import Resource
from tests.finops.costs.notation import NANOS_PER_HOUR, price

ONE, TWO = Money(1), Money(2)

amounts = st.builds(Amounts, *[st.none() | st.integers(-(10**18), 10**18).map(Money)] * 4)
weights = st.lists(st.integers(0, 10**20), min_size=1, max_size=6).filter(any)


def test_a_price_gives_the_metrics_that_it_has_and_never_what_was_billed() -> None:
    listed = price(hourly="0.34", contracted="0.30", effective="0.21")

    assert cost(listed, NANOS_PER_HOUR) == Amounts(Money.of("0.34"), Money.of("0.30"), Money.of("0.21"), None)
    assert cost(price(), 2 * NANOS_PER_HOUR) == Amounts(list=Money.of("0.68"))


def test_each_metric_is_divided_by_itself() -> None:
    parts = by_resource(Amounts(list=Money(11), effective=Money(6)), split_price(price()))

    assert parts == {
        Resource.CPU: Amounts(list=Money(9), effective=Money(5)),
        Resource.MEMORY: Amounts(list=Money(2), effective=Money(1)),
        Resource.GPU: Amounts(list=Money(0), effective=Money(0)),
    }


def test_a_sum_is_unknown_where_one_part_is() -> None:
    assert sum_amounts([Amounts(ONE, ONE), Amounts(TWO)]) == Amounts(Money(3))
    assert sum_amounts([]) == Amounts()


def test_nothing_is_zero_or_unknown_in_every_metric() -> None:
    assert is_nothing(Amounts(list=Money(0)))
    assert not is_nothing(Amounts(list=Money(0), billed=ONE))


@given(whole=amounts, weights=weights)
def test_parts_add_up_in_every_metric(whole: Amounts, weights: list[int]) -> None:
    parts = split_amounts(whole, weights)

    assert len(parts) == len(weights)
    assert all(sum_amounts(parts).of(metric) == whole.of(metric) for metric in CostMetric)
