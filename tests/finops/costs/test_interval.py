"""The sampling error of a function's cost."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.costs.interval import Interval, cost_interval, wilson
from finops.domain.money import Money, rounded


@pytest.mark.parametrize(
    ("k", "n", "low", "high"),
    [
        # Newcombe 1998, Statistics in Medicine 17, table I, method 3 (Wilson without continuity correction).
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_the_bounds_are_those_of_the_literature(k: int, n: int, low: float, high: float) -> None:
    assert wilson(k, n) == pytest.approx((low, high), abs=5e-5)


def test_an_unknown_number_of_observations_has_no_interval() -> None:
    assert cost_interval(Money(100), None, 10) is None
    assert cost_interval(Money(100), 1, None) is None
    assert cost_interval(Money(100), 0, 0) is None


def test_more_hits_than_observations_are_refused() -> None:
    with pytest.raises(ValueError, match="11 of 10"):
        cost_interval(Money(100), 11, 10)


def test_a_third_of_a_thousand_observations() -> None:
    interval = cost_interval(Money.of("1000"), 320, 1000)

    assert interval is not None
    assert (round(interval.low.amount, 2), round(interval.high.amount, 2), interval.level) == (
        Decimal("291.82"),
        Decimal("349.55"),
        Decimal("0.95"),
    )


counts = st.integers(1, 10**9).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


def interval_of(nanos: int, k: int, n: int) -> Interval:
    interval = cost_interval(Money(nanos), k, n)
    assert interval is not None
    return interval


@given(nanos=st.integers(0, 10**19), counts=counts)
def test_the_interval_holds_the_point_and_stays_within_the_charge(
    nanos: int, counts: tuple[int, int]
) -> None:
    k, n = counts
    interval = interval_of(nanos, k, n)

    assert 0 <= interval.low.nanos <= rounded(nanos * k, n) <= interval.high.nanos <= nanos


@given(nanos=st.integers(10**6, 10**15), counts=counts)
def test_ten_times_the_observations_narrow_it(nanos: int, counts: tuple[int, int]) -> None:
    k, n = counts

    def width(times: int) -> int:
        interval = interval_of(nanos, k * times, n * times)
        return interval.high.nanos - interval.low.nanos

    assert width(10) <= width(1)
