"""Machines and usage grouped by what both know."""

from decimal import Decimal

import pytest

from finops.costs.pools import PricedMachine, pools
from finops.costs.split import split_price
from finops.domain.machine import MachineKind, Shape
from finops.domain.profile import Usage
from finops.domain.resource import Resource
from tests.finops.costs.notation import CORE_HOUR, hours, price, usage

EAST, WEST = (MachineKind("aws", region, "c5.2xlarge") for region in ("us-east-1", "us-west-2"))


def machine(kind: MachineKind = EAST, version: str = "", environment: str = "") -> PricedMachine:
    return PricedMachine(
        hours(kind, version=version, environment=environment, shape=Shape(Decimal(8), 16384))
    )


def grouped(machines: list[PricedMachine], said: list[Usage]) -> dict[tuple[str, ...], tuple[int, int]]:
    return {tuple(pool.at): (len(pool.machines), len(pool.usage)) for pool in pools(machines, said)}


def test_a_dimension_that_all_know_tells_pools_apart() -> None:
    machines = [machine(version="1"), machine(version="2")]
    said = [usage("a 1", version="1"), usage("a 1", version="2"), usage("b 1", version="2")]

    assert grouped(machines, said) == {("1", "", ""): (1, 1), ("2", "", ""): (1, 2)}


def test_a_dimension_that_one_row_does_not_know_tells_nothing_apart() -> None:
    said = [usage("a 1", version="1"), usage("a 1", version="2")]

    assert grouped([machine(version="1"), machine()], said) == {("", "", ""): (2, 2)}
    assert grouped([machine(version="1"), machine(version="2")], [usage("a 1")]) == {("", "", ""): (2, 1)}


def test_regions_and_environments_count_too() -> None:
    machines = [machine(EAST, environment="prod"), machine(WEST, environment="prod")]
    said = [usage("a 1", environment="prod", region="us-west-2")]

    assert grouped(machines, said) == {("", "prod", "us-east-1"): (1, 0), ("", "prod", "us-west-2"): (1, 1)}


def test_usage_without_machines_makes_a_pool_of_its_own() -> None:
    assert grouped([machine(version="1")], [usage("a 1", version="9")]) == {
        ("1", "", ""): (1, 0),
        ("9", "", ""): (0, 1),
    }
    assert pools([], []) == []


def test_the_shape_that_the_fleet_knows_comes_before_the_prices() -> None:
    listed = price()
    half = Shape(Decimal(4), 8192)
    machines = [
        PricedMachine(hours(listed.kind, shape=half), listed, split_price(listed)),
        PricedMachine(hours(listed.kind), listed, split_price(listed)),
        PricedMachine(hours(listed.kind)),
    ]

    assert [each.shape for each in machines] == [half, listed.shape, None]
    assert [each.paid(Resource.CPU) for each in machines] == [4 * CORE_HOUR, 8 * CORE_HOUR, 0]
    assert [each.paid(Resource.MEMORY) for each in machines] == [8192 * 3600, 16384 * 3600, 0]


def test_what_was_measured_is_in_the_unit_of_what_was_paid() -> None:
    listed = price()
    one = PricedMachine(
        hours(listed.kind, 2, utilisation="0.125", resident_gib="4"), listed, split_price(listed)
    )

    assert (one.measured(Resource.CPU), one.measured(Resource.MEMORY)) == (2 * CORE_HOUR, 2 * 4096 * 3600)
    assert machine().measured(Resource.CPU) is None


def test_a_price_comes_with_its_own_split() -> None:
    listed, other = price(), price("c5.large", "0.085")

    with pytest.raises(ValueError, match="only one"):
        PricedMachine(hours(listed.kind), listed)
    with pytest.raises(ValueError, match="another price"):
        PricedMachine(hours(listed.kind), listed, split_price(other))
