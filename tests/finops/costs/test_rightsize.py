"""How many machines would do, and what that saves."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.costs.rightsize import Rightsizing, rightsize
from finops.costs.split import split_price
from finops.domain.money import Money
from finops.errors import Incomplete
from tests.finops.costs.notation import decimal, price

PRICE = price()
SPLIT = split_price(PRICE)


def sized(count: int, utilisation: str | None, remove: str, target: str | None = None) -> Rightsizing:
    return rightsize(count, decimal(utilisation), Decimal(remove), PRICE, SPLIT, decimal(target))


def test_the_reference_fleet_shrinks_to_exactly_sixty() -> None:
    found = sized(100, "0.70", "0.40")

    assert found.instances == 60
    assert (found.present, found.saving) == (Money.of("24820"), Money.of("9928"))
    assert (found.cpu, found.memory, found.gpu) == (
        Money.of("8122.909090909"),
        Money.of("1805.090909091"),
        Money(0),
    )


@pytest.mark.parametrize(
    ("utilisation", "remove", "target", "instances", "saving"),
    [
        ("0.70", "0.4285714285", "0.70", 58, "10424.40"),  # 40 % busy of 100 machines, read literally
        ("0.389", "0", "0.70", 56, "10920.80"),  # the shares after are of the new total
        ("0.70", "0.32", None, 68, "7942.40"),  # one share is of a service that is half the fleet
        ("0.70", "0.28", None, 72, "6949.60"),
    ],
)
def test_other_readings_of_the_reference_case(
    utilisation: str, remove: str, target: str | None, instances: int, saving: str
) -> None:
    found = sized(100, utilisation, remove, target)

    assert (found.instances, found.saving) == (instances, Money.of(saving))


def test_the_inputs_are_known_to_their_last_written_decimal() -> None:
    interval = sized(100, "0.70", "0.40").interval

    assert (interval.instances_low, interval.instances_high) == (60, 61)
    assert (interval.saving_low, interval.saving_high) == (Money.of("9679.80"), Money.of("9928"))
    assert interval.basis == "rounding of the inputs"


def test_rougher_inputs_leave_more_open() -> None:
    interval = sized(100, "0.7", "0.4").interval

    assert (interval.instances_low, interval.instances_high) == (55, 65)


def test_a_target_that_was_set_does_not_move_with_the_utilisation() -> None:
    interval = sized(100, "0.70", "0.40", "0.70").interval

    assert (interval.instances_low, interval.instances_high) == (60, 61)
    assert sized(100, "0.70", "0", "0.70").interval.instances_high == 101


def test_without_a_measured_utilisation_there_is_no_answer() -> None:
    with pytest.raises(Incomplete, match="a measured utilisation is needed"):
        sized(100, None, "0.40")


@pytest.mark.parametrize(
    ("count", "utilisation", "remove", "target", "message"),
    [
        (0, "0.7", "0.4", None, "count is 0"),
        (1, "0", "0.4", None, "utilisation is 0"),
        (1, "1.01", "0.4", None, "utilisation is 1.01"),
        (1, "NaN", "0.4", None, "utilisation is NaN"),
        (1, "0.7", "1", None, "remove is 1"),
        (1, "0.7", "-0.1", None, "remove is -0.1"),
        (1, "0.7", "0.4", "0", "target is 0"),
        (1, "0.7", "0.4", "1.5", "target is 1.5"),
        (1, "1e-999999", "0.4", None, "at most 12 decimals"),
        (1, "0.7", "0.4", "Infinity", "target is Infinity"),
    ],
)
def test_a_value_out_of_bounds_is_named(
    count: int, utilisation: str, remove: str, target: str | None, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        sized(count, utilisation, remove, target)


def test_one_instance_always_stays() -> None:
    assert sized(1, "0.05", "0.9").instances == 1


def test_a_lower_target_may_need_more_and_says_so() -> None:
    found = sized(100, "0.70", "0.10", "0.50")

    assert (found.instances, found.saving) == (126, Money.of("-6453.20"))
    assert any("negative" in sentence for sentence in found.assumptions)
    assert any(
        "scales linearly from a utilisation of 0.70 to 0.50" in sentence for sentence in found.assumptions
    )


def test_what_is_taken_for_granted_is_said() -> None:
    said = " ".join(sized(100, "0.70", "0.40").assumptions)

    for word in (
        "730 hours",
        "list prices",
        "commitments",
        "target utilisation is 0.70, as now",
        "peaks",
        "memory",
    ):
        assert word in said


def test_a_gpu_that_leaves_is_named() -> None:
    one = price("g5.xlarge", "1.006", vcpu="4", gib="16", gpu="1")
    found = rightsize(10, Decimal("0.5"), Decimal("0.5"), one, split_price(one))

    assert found.gpu > Money(0)
    assert any("GPUs" in sentence for sentence in found.assumptions)


shares = st.decimals("0.01", "1", places=2)


@given(
    count=st.integers(1, 10_000),
    utilisation=shares,
    remove=st.decimals("0", "0.99", places=2),
    target=st.none() | shares,
)
def test_a_saving_lies_in_its_interval_and_never_exceeds_what_is_paid(
    count: int, utilisation: Decimal, remove: Decimal, target: Decimal | None
) -> None:
    found = rightsize(count, utilisation, remove, PRICE, SPLIT, target)
    interval = found.interval

    assert interval.instances_low <= found.instances <= interval.instances_high
    assert interval.saving_low <= found.saving <= interval.saving_high
    assert interval.saving_high < found.present
    assert found.cpu + found.memory + found.gpu == found.saving
    assert found.instances * (target or utilisation) >= count * utilisation * (1 - remove)


def test_how_the_inputs_were_read_stands_beside_the_interval() -> None:
    assert (
        "The interval is what rounding leaves open: 0.70 for the utilisation stands for 0.695 to 0.705,"
        " 0.4 for the part removed stands for 0.35 to 0.45."
    ) in sized(100, "0.70", "0.4").assumptions
