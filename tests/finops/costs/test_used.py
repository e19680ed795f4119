"""What attribution divides, read back from the ledger."""

from dataclasses import replace
from decimal import Decimal

from hypothesis import given

from finops.costs.allocate import allocate
from finops.costs.pools import PricedMachine, pools
from finops.costs.split import split_price
from finops.costs.used import USAGE_OF, used_charges
from finops.domain.charge import Charge, ChargeKind, ChargeState
from finops.domain.machine import Shape
from finops.domain.profile import Usage
from finops.domain.resource import Resource
from finops.domain.service import Service
from tests.finops.costs.notation import CORE_HOUR, HOUR, NANOS_PER_HOUR, hours, price, usage
from tests.finops.costs.test_allocate import fleets, said, services

SERVICE = Service("checkout")


def machine(version: str = "", environment: str = "") -> PricedMachine:
    listed = price()
    ran = hours(listed.kind, version=version, environment=environment)
    return PricedMachine(ran, listed, split_price(listed))


def cpu(name: str, version: str = "", environment: str = "") -> Usage:
    return usage(
        f"{name} 1", times=CORE_HOUR, observed=NANOS_PER_HOUR, version=version, environment=environment
    )


def divided(charges: tuple[Charge, ...], *said: Usage) -> list[tuple[int, list[str]]]:
    """Core-hours, and the names of the functions that divide them."""
    return [
        (used.quantity // CORE_HOUR, [each.trie.keys[0].name for each in used.usage])
        for used in used_charges(charges, said)
    ]


def test_what_was_final_long_ago_is_divided_by_the_usage_of_its_pool() -> None:
    said = cpu("old", "1"), cpu("new", "2")
    charges = allocate(SERVICE, HOUR, [machine("1"), machine("2")], said).charges
    final = tuple(replace(charge, state=ChargeState.FINAL) for charge in charges)

    assert divided(final, *said) == [(1, ["old"]), (1, ["new"])]


def test_charges_of_one_pool_are_divided_together() -> None:
    said = cpu("old", "1"), cpu("new", "2")
    charges = allocate(SERVICE, HOUR, [machine("1"), machine()], said).charges

    assert divided(charges, *said) == [(2, ["old", "new"])]


def test_a_machine_of_which_nothing_is_known_counts_for_what_all_know() -> None:
    bare = PricedMachine(hours(price("mystery").kind, environment=""))
    said = cpu("a", environment="prod"), cpu("b", environment="staging")
    charges = allocate(SERVICE, HOUR, [machine(environment="prod"), bare], said).charges

    assert divided(charges, *said) == [(1, ["a", "b"])]


def test_nothing_used_is_nothing_to_divide() -> None:
    assert used_charges([], []) == []
    assert divided(allocate(SERVICE, HOUR, [machine()], []).charges) == []


@given(service=services, machines=fleets, said=said)
def test_the_ledger_gives_back_the_pools_of_the_allocation(
    service: Service, machines: list[PricedMachine], said: list[Usage]
) -> None:
    """The pools are made from machines, and this from charges: both must meet the same usage."""
    machines = [each for each in machines if each.hours.machine_nanos > 1]
    allocation = allocate(service, HOUR, machines, said)
    by_pool = [
        tuple(each for each in pool.usage if each.key.kind is USAGE_OF[used.resource])
        for used in allocation.used
        for pool in pools(machines, said)
        if pool.machines and set(used.usage) & set(pool.usage)
    ]

    assert [used.usage for used in allocation.used] == by_pool
    assert sum(used.quantity for used in allocation.used) == sum(
        charge.quantity for charge in allocation.charges if charge.kind is ChargeKind.USED
    )


def test_a_gpu_is_never_divided() -> None:
    shape = Shape(Decimal(4), 16384, Decimal(1))
    listed = replace(price("g5.xlarge", "1.006"), shape=shape)
    row = PricedMachine(hours(listed.kind), listed, split_price(listed))
    allocation = allocate(SERVICE, HOUR, [row], [cpu("main")])

    assert {used.resource for used in allocation.used} == {Resource.CPU}
