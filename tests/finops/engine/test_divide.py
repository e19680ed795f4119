from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.engine import divide

weights = st.lists(st.integers(0, 32 * 10**13), min_size=1, max_size=30).filter(any)
amounts = st.integers(-(10**15), 10**15)


@given(amount=amounts, weights=weights)
def test_parts_add_up_to_the_whole(amount: int, weights: list[int]) -> None:
    assert sum(divide(amount, weights)) == amount


@given(amount=amounts, weights=weights)
def test_no_part_is_a_unit_off_its_exact_share(amount: int, weights: list[int]) -> None:
    whole = sum(weights)
    for part, weight in zip(divide(amount, weights), weights, strict=True):
        assert abs(part * whole - amount * weight) < whole


@given(amount=amounts, weights=weights)
def test_a_weight_of_zero_gets_nothing(amount: int, weights: list[int]) -> None:
    for part, weight in zip(divide(amount, weights), weights, strict=True):
        assert weight or part == 0


@given(amount=amounts, weights=weights)
def test_a_negative_amount_divides_as_its_mirror(amount: int, weights: list[int]) -> None:
    assert divide(-amount, weights) == [-part for part in divide(amount, weights)]


@given(amount=st.integers(0, 10**15), weights=weights)
def test_more_weight_never_gets_less(amount: int, weights: list[int]) -> None:
    parts = divide(amount, weights)
    by_weight = sorted(zip(weights, parts, strict=True))
    for (lighter, less), (heavier, more) in pairwise(by_weight):
        assert less <= more or lighter == heavier


def test_what_is_left_goes_to_those_that_lost_most_and_ties_to_the_first() -> None:
    assert divide(10, [1, 1, 1]) == [4, 3, 3]
    assert divide(10, [10, 26, 64]) == [1, 3, 6]
    assert divide(1, [1, 1, 2]) == [0, 0, 1]
    assert divide(-10, [1, 1, 1]) == [-4, -3, -3]


def test_products_beyond_64_bits_are_exact() -> None:
    bytes_in_use = 32 * 10**13
    assert divide(10**15, [bytes_in_use, bytes_in_use, 1]) == [5 * 10**14 - 1, 5 * 10**14 - 1, 2]


@pytest.mark.parametrize("weights", [[], [0], [0, 0], [1, -1], [3, -1]])
def test_weights_that_divide_nothing_are_refused(weights: list[int]) -> None:
    with pytest.raises(ValueError, match="weights must be non-negative and not all zero"):
        divide(100, weights)
