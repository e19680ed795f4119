"""Money and rates: exact, of one currency, and never a float."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.domain.money import Money, Rate, exact_decimal, rounded, total
from finops.errors import CurrencyMismatch

nanos = st.integers(-(10**30), 10**30)
weights = st.lists(st.integers(0, 10**20), min_size=1, max_size=20).filter(any)
rates = st.decimals("0", "1000000", places=12)


@given(nanos=nanos, weights=weights)
def test_parts_add_up_to_the_whole(nanos: int, weights: list[int]) -> None:
    assert sum(part.nanos for part in Money(nanos).split(weights)) == nanos


@given(nanos=nanos, weights=weights)
def test_a_part_is_within_a_nano_of_its_share(nanos: int, weights: list[int]) -> None:
    for part, weight in zip(Money(nanos).split(weights), weights, strict=True):
        assert abs(part.nanos - Fraction(nanos * weight, sum(weights))) < 1


@given(nanos=nanos, weights=weights)
def test_a_credit_divides_as_the_mirror_of_a_charge(nanos: int, weights: list[int]) -> None:
    assert Money(-nanos).split(weights) == [-part for part in Money(nanos).split(weights)]


@given(nanos=nanos, weights=weights, factor=st.integers(1, 10**6))
def test_only_proportions_count(nanos: int, weights: list[int], factor: int) -> None:
    assert Money(nanos).split([weight * factor for weight in weights]) == Money(nanos).split(weights)


@pytest.mark.parametrize("weights", [[], [0, 0], [1, -1], [2, -1]])
def test_weights_that_divide_nothing_are_refused(weights: list[int]) -> None:
    with pytest.raises(ValueError, match="weights"):
        Money(1).split(weights)


@given(one=nanos, other=nanos)
def test_adding_and_taking_away_are_exact(one: int, other: int) -> None:
    assert Money(one) + Money(other) - Money(other) == Money(one)
    assert (Money(one) < Money(other)) == (one < other)
    assert (Money(one) <= Money(other)) == (one <= other)
    assert Money(one) * 3 == Money(one) + Money(one) + Money(one)
    assert -Money(one) + Money(one) == Money(0)


def test_two_currencies_never_meet() -> None:
    dollar, euro = Money(1), Money(1, "EUR")

    for meet in (lambda: dollar + euro, lambda: dollar - euro, lambda: dollar < euro, lambda: dollar <= euro):
        with pytest.raises(CurrencyMismatch):
            meet()
    with pytest.raises(CurrencyMismatch):
        total([dollar, euro])
    assert dollar != euro


def test_a_sum_of_nothing_is_zero_of_the_currency() -> None:
    assert total([], "EUR") == Money(0, "EUR")
    assert total([Money(1), Money(2)]) == Money(3)


@given(nanos=nanos)
def test_an_amount_is_written_and_read_back_with_all_its_nanos(nanos: int) -> None:
    money = Money(nanos)

    assert Money.of(money.amount) == money
    assert Money.of(str(money).removesuffix(" USD")) == money


def test_what_is_finer_than_a_nano_is_refused() -> None:
    assert Money.of("0.000000001") == Money(1)
    with pytest.raises(ValueError, match="finer than a nano"):
        Money.of("0.0000000001")


@pytest.mark.parametrize("value", [0.1, 1.0, None, True])
def test_a_float_is_no_money(value: object) -> None:
    with pytest.raises(TypeError):
        Money.of(value)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        Money(value)  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["", "ten", "NaN", "Infinity", "1,5"])
def test_what_is_no_finite_number_is_no_amount(text: str) -> None:
    with pytest.raises(ValueError, match="number"):
        exact_decimal(text)


@given(numerator=st.integers(), denominator=st.integers().filter(bool))
def test_rounding_is_to_the_nearest_half_to_even(numerator: int, denominator: int) -> None:
    assert rounded(numerator, denominator) == round(Fraction(numerator, denominator))


@given(whole=st.integers(), denominator=st.integers(1))
def test_a_half_goes_to_the_even_neighbour(whole: int, denominator: int) -> None:
    assert rounded((2 * whole + 1) * denominator, 2 * denominator) == whole + whole % 2


def test_an_hour_at_a_rate_costs_the_rate() -> None:
    assert Rate(Decimal("0.34")).cost_of(3600 * 10**9) == Money.of("0.34")
    assert Rate(Decimal("0.34"), "EUR").cost_of(0) == Money(0, "EUR")
    # 100 machines for 730 hours: the reference fleet's month.
    assert Rate(Decimal("0.34")).cost_of(100 * 730 * 3600 * 10**9) == Money.of("24820")


@given(per_hour=rates, nanoseconds=st.integers(0, 10**18))
def test_a_cost_is_rounded_once(per_hour: Decimal, nanoseconds: int) -> None:
    exact = Fraction(per_hour) * nanoseconds / 3600

    assert abs(Rate(per_hour).cost_of(nanoseconds).nanos - exact) <= Fraction(1, 2)


@given(per_hour=rates, nanoseconds=st.integers(0, 10**18), more=st.integers(0, 10**18))
def test_longer_never_costs_less(per_hour: Decimal, nanoseconds: int, more: int) -> None:
    assert Rate(per_hour).cost_of(nanoseconds) <= Rate(per_hour).cost_of(nanoseconds + more)
