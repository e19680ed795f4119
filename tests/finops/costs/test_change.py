"""Days before a change against days after it."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from math import exp, lgamma, pi, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.costs.change import DayCost, Verdict, t_975, verify
from finops.domain.money import Money
from finops.domain.window import Window, day_of
from finops.errors import CurrencyMismatch

MONDAY = datetime(2026, 11, 2, tzinfo=UTC)


def days(costs: str, start: datetime = MONDAY) -> list[DayCost]:
    """A day a cost."""
    return [
        DayCost(day_of(start + timedelta(days=index)), Money.of(cost))
        for index, cost in enumerate(costs.split())
    ]


BEFORE = "100 102 98 101 99 60 58 103 100 99 104 98 61 59"
AFTER = MONDAY + timedelta(days=21)


def test_a_clear_drop_is_lower_but_unadjusted() -> None:
    verdict = verify(days(BEFORE), days("80 81 79 80 78 49 47 82 80 78 83 79 48 47", AFTER))

    assert verdict.verdict is Verdict.LOWER_UNADJUSTED
    assert verdict.relative is not None
    assert Decimal("-0.22") < verdict.relative.low < verdict.relative.point < verdict.relative.high < 0
    assert "no control" in verdict.reason
    assert (verdict.days, verdict.before, verdict.after) == (14, Money.of("1242"), Money.of("991"))


def test_a_clear_rise_is_higher() -> None:
    assert (
        verify(days("100 " * 7), days("111 109 110 112 108 110 111", AFTER)).verdict
        is Verdict.HIGHER_UNADJUSTED
    )


def test_the_interval_is_a_t_interval_of_the_log_ratios() -> None:
    verdict = verify(days("100 " * 7), days("80 82 78 80 81 79 80", AFTER))

    # In decimals of 40 digits: the mean of ln(a / 100) is -0.2232552, s is 0.0161409, t(6) is 2.446912.
    assert verdict.relative is not None
    assert [str(each) for each in (verdict.relative.point, verdict.relative.low, verdict.relative.high)] == [
        "-0.200089",
        "-0.211942",
        "-0.188059",
    ]
    assert verdict.daily is not None
    assert verdict.monthly is not None
    assert round(verdict.daily.point.amount, 2) == Decimal("-20.01")
    assert round(verdict.monthly.point.amount, 2) == Decimal("-608.60")


def test_days_are_paired_by_weekday_whatever_day_a_side_starts_on() -> None:
    week, later = "100 100 100 100 100 10 10", "100 100 10 10 100 100 100"
    verdict = verify(days(week), days(later, MONDAY + timedelta(days=10)))

    assert verdict.verdict is Verdict.INCONCLUSIVE
    assert verdict.relative is not None
    assert verdict.relative.low == verdict.relative.high == 0


def test_under_a_week_is_inconclusive_and_has_no_interval() -> None:
    verdict = verify(days("100 100 100"), days("50 50 50", AFTER))

    assert verdict.verdict is Verdict.INCONCLUSIVE
    assert (verdict.relative, verdict.daily, verdict.monthly) == (None, None, None)
    assert "too few" in verdict.reason


def test_an_interval_that_holds_zero_is_inconclusive_and_shown() -> None:
    verdict = verify(days("100 " * 7), days("90 115 95 108 99 104 93", AFTER))

    assert verdict.verdict is Verdict.INCONCLUSIVE
    assert verdict.relative is not None
    assert verdict.relative.low < 0 < verdict.relative.high


def test_a_day_that_cost_nothing_is_inconclusive_and_named() -> None:
    verdict = verify(days("100 " * 7), days("90 90 0 90 90 90 90", AFTER))

    assert verdict.verdict is Verdict.INCONCLUSIVE
    assert verdict.reason.startswith("2026-11-25T00:00:00Z cost")


def test_sides_of_other_weekdays_are_inconclusive() -> None:
    verdict = verify(days("100 " * 8), days("50 " * 8, MONDAY + timedelta(days=8)))

    assert verdict.verdict is Verdict.INCONCLUSIVE
    assert "same weekdays" in verdict.reason
    assert verdict.relative is None


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        (days("1 1"), days("1", AFTER), "same length"),
        ([], [], "same length"),
        (days("1") * 2, days("1 1", AFTER), "comes twice"),
        (days("1 1"), days("1 1", MONDAY + timedelta(days=1)), "must end before"),
        (days("1", AFTER), days("1"), "must end before"),
    ],
)
def test_periods_that_cannot_be_compared_are_refused(
    before: list[DayCost], after: list[DayCost], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        verify(before, after)


def test_a_day_is_a_whole_day() -> None:
    with pytest.raises(ValueError, match="not one whole day"):
        DayCost(Window(MONDAY, MONDAY + timedelta(hours=23)), Money(1))


def test_two_currencies_are_refused() -> None:
    euros = [DayCost(each.day, Money(each.cost.nanos, "EUR")) for each in days("1", AFTER)]

    with pytest.raises(CurrencyMismatch):
        verify(days("1"), euros)


costs = st.lists(st.integers(1, 10**16), min_size=7, max_size=7)


@given(before=costs, after=costs)
def test_no_saving_exceeds_what_was_paid(before: list[int], after: list[int]) -> None:
    one, other = (
        [DayCost(each.day, Money(nanos)) for each, nanos in zip(days("1 " * 7, start), side, strict=True)]
        for start, side in ((MONDAY, before), (AFTER, after))
    )
    verdict = verify(one, other)

    assert verdict.daily is not None
    assert verdict.monthly is not None
    assert verdict.daily.low <= verdict.daily.point <= verdict.daily.high
    assert -verdict.daily.low.nanos <= -(-sum(before) // 7)
    assert -verdict.monthly.low.nanos <= -(-sum(before) * 730 // (7 * 24))


@given(before=costs)
def test_the_same_costs_again_are_no_change(before: list[int]) -> None:
    one, other = (
        [DayCost(each.day, Money(nanos)) for each, nanos in zip(days("1 " * 7, start), before, strict=True)]
        for start in (MONDAY, AFTER)
    )

    assert verify(one, other).verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize("freedom", [*range(1, 35), 60, 365])
def test_the_t_points_leave_a_fortieth_above_them(freedom: int) -> None:
    """Student's density, integrated by Simpson's rule from 0 to the point."""
    constant = exp(lgamma((freedom + 1) / 2) - lgamma(freedom / 2)) / sqrt(freedom * pi)
    steps, end = 4000, t_975(freedom)

    def density(x: float) -> float:
        value: float = constant * (1 + x * x / freedom) ** (-(freedom + 1) / 2)
        return value

    inner = sum((4 if step % 2 else 2) * density(end * step / steps) for step in range(1, steps))
    area = (density(0) + inner + density(end)) * end / steps / 3

    assert area == pytest.approx(0.475, abs=1e-7)
