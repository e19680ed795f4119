from decimal import Decimal

import pytest

from finops.domain.machine import Shape
from finops.domain.price import Price
from pricing.outliers import crooked, outliers
from tests.fakes.prices import kind, price


def machine(name: str, vcpu: int, hourly: str, gib: int | None = None, gpu: int = 0, **how: str) -> Price:
    memory_mib = 1024 * (2 * vcpu if gib is None else gib)
    return price(hourly, kind(name, **how), shape=Shape(Decimal(vcpu), memory_mib, Decimal(gpu)))


LINE = [machine(f"c5.{size}xlarge", 4 * size, str(Decimal("0.17") * size)) for size in range(1, 9)]


def families(count: int) -> list[Price]:
    return [
        machine(f"f{family}.{size}xlarge", 4 * size, str(Decimal("0.17") * size))
        for family in range(count)
        for size in range(1, 5)
    ]


def test_prices_in_proportion_are_in_line() -> None:
    assert outliers(LINE) == (8, [])
    assert crooked(LINE) == []


def test_a_price_of_dedicated_tenancy_is_off_the_line() -> None:
    metal = machine("c5.metal", 32, str(Decimal("1.36") * Decimal("1.06")))

    compared, found = outliers([*LINE, metal])

    assert compared == 9
    assert [str(each) for each in found] == ["c5.metal (× 1.06)"]


def test_a_rounded_price_is_in_line() -> None:
    assert outliers([*LINE, machine("c5.medium", 1, "0.0427")])[1] == []


@pytest.mark.parametrize(
    "other",
    [
        machine("c5.highmem", 32, "9.99", gib=512),
        machine("c5.gpu", 32, "9.99", gpu=1),
        machine("c6.8xlarge", 32, "9.99"),
        machine("c5.8xlarge", 32, "9.99", region="eu-west-1"),
        machine("c5.8xlarge", 32, "9.99", purchase_option="spot"),
        machine("c5-8xlarge", 32, "9.99"),
    ],
)
def test_machines_that_are_no_siblings_are_not_compared(other: Price) -> None:
    assert outliers([*LINE, other]) == (8, [])


def test_two_cannot_tell_which_is_wrong() -> None:
    assert outliers([LINE[0], machine("c5.2xlarge", 8, "9.99")]) == (0, [])


def test_a_few_off_the_line_may_be_true() -> None:
    off = [machine(f"f{family}.metal", 16, "0.748") for family in range(5)]

    assert crooked([*families(5), *off]) == []


def test_many_off_the_line_are_a_list_asked_the_wrong_way() -> None:
    off = [machine(f"f{family}.metal", 16, "0.748") for family in range(6)]

    (said,) = crooked([*families(6), *off])
    assert said.startswith(
        "6 of 30 prices stand off the line of their siblings, more than 2.5%: f0.metal (× 1.10)"
    )
    assert crooked([*families(60), *off]) == []


@pytest.mark.parametrize(("hourly", "ratio"), [("6.12", "4.50"), ("0.30", "0.22")])
def test_a_price_of_another_unit_is_named(hourly: str, ratio: str) -> None:
    (said,) = crooked([*LINE, machine("c5.metal", 32, hourly)])

    assert said == f"c5.metal (× {ratio}) stands more than 4 times off the price per vCPU of its siblings"
