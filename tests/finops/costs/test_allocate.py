"""Machines turned into charges: the laws of conservation, and what each charge says."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.costs.allocate import Allocation, allocate
from finops.costs.amounts import by_resource, cost, sum_amounts
from finops.costs.pools import PricedMachine
from finops.costs.split import split_price
from finops.costs.used import UsedCharge
from finops.domain.charge import Amounts, Charge, ChargeKind, ChargeState, CostMetric
from finops.domain.machine import MachineHours, Shape
from finops.domain.money import Money
from finops.domain.price import Price
from finops.domain.profile import ProfileKind, RefusedProfile, Usage
from finops.domain.resource import Resource
from finops.domain.service import Service
from finops.domain.window import Window
from tests.finops.costs.notation import CORE_HOUR, HOUR, NANOS_PER_HOUR, heap, hours, price, usage

SERVICE = Service("checkout")


def priced(
    count: int = 1, listed: Price | None = None, utilisation: str | None = None, version: str = ""
) -> PricedMachine:
    listed = listed or price()
    ran = hours(listed.kind, count, utilisation=utilisation, version=version)
    return PricedMachine(ran, listed, split_price(listed))


def run(machines: list[PricedMachine], *said: Usage, service: Service = SERVICE) -> Allocation:
    return allocate(service, HOUR, machines, said)


def listed(allocation: Allocation) -> list[tuple[str, str, str]]:
    return [
        (charge.resource.value, charge.kind.value, str(charge.amounts.list)) for charge in allocation.charges
    ]


def cpu(cores: int, version: str = "", observed: int = 1) -> Usage:
    nanos = observed * NANOS_PER_HOUR
    return usage(f"main {cores}", times=CORE_HOUR, observed=nanos, version=version, interval=10**7)


def test_a_machine_hour_becomes_charges_that_add_up_to_its_price() -> None:
    allocation = run([priced(utilisation="0.5")], cpu(2), heap("main 4096", snapshots=1))

    assert listed(allocation) == [
        ("cpu", "used", "0.069545455 USD"),
        ("cpu", "not_profiled", "0.069545454 USD"),
        ("cpu", "idle", "0.139090909 USD"),
        ("memory", "used", "0.015454546 USD"),
        ("memory", "memory_not_measured", "0.046363636 USD"),
    ]
    assert sum_amounts([charge.amounts for charge in allocation.charges]).list == Money.of("0.34")
    assert not allocation.is_held


def test_a_charge_says_whose_it_is_what_it_rests_on_and_that_it_may_change() -> None:
    estimated = price("D4s_v5", "0.192", vcpu="4", gib="16", cloud="azure", region="westeurope")
    charge = run([priced(listed=estimated)], cpu(1)).charges[0]

    assert (charge.service, charge.window, charge.machine) == ("checkout", HOUR, estimated.kind)
    assert (charge.price_id, charge.split_id) == (estimated.id, split_price(estimated).id)
    assert (charge.is_estimate, charge.state, charge.method) == (True, ChargeState.PROVISIONAL, "demand")
    assert not run([priced()], cpu(1)).charges[0].is_estimate


def test_the_environment_is_the_machines() -> None:
    named = replace(priced().hours, environment="staging")
    declared = Service("checkout", environment="prod")

    # What the configuration declares is not what the fleet knows: profiles of "production" are no others.
    assert run([priced()], service=declared).charges[0].environment == ""
    assert run([PricedMachine(named)], service=declared).charges[0].environment == "staging"


def test_versions_that_both_sides_know_keep_their_money_apart() -> None:
    allocation = run([priced(1, version="1"), priced(1, version="2")], cpu(2, "1"), cpu(6, "2"))
    used = {
        charge.version: charge.quantity for charge in allocation.charges if charge.kind is ChargeKind.USED
    }

    assert used == {"1": 2 * CORE_HOUR, "2": 6 * CORE_HOUR}
    assert [[each.key.version for each in part.usage] for part in allocation.used] == [["1"], ["2"]]


def test_a_version_that_only_machines_know_is_on_no_charge() -> None:
    assert {charge.version for charge in run([priced(version="1"), priced()], cpu(1)).charges} == {""}


def test_profiles_without_machines_divide_no_money_and_are_said() -> None:
    allocation = run([priced(version="1")], cpu(2, "9"))

    assert {charge.kind for charge in allocation.charges} == {ChargeKind.NO_PROFILE}
    assert allocation.messages == (
        "checkout, version 9: there are profiles but no machines, so they divide no money",
    )


def test_machines_whose_profiles_were_refused_say_so() -> None:
    def refused(why: str, kind: ProfileKind = ProfileKind.CPU) -> RefusedProfile:
        return RefusedProfile("checkout", HOUR, kind, "captures", why)

    def notes(*said: Usage) -> dict[Resource, str]:
        whys = [refused("'b': it is cut short"), refused("'a': it is empty")]
        return {each.resource: each.note for each in allocate(SERVICE, HOUR, [priced()], said, whys).charges}

    assert notes() == {
        Resource.CPU: "the cpu profile was refused: 'a': it is empty (and 1 more)",
        Resource.MEMORY: "",
    }
    assert notes(cpu(8)) == {Resource.CPU: "", Resource.MEMORY: ""}, "there is a profile all the same"

    heap_refused = [refused("'h': this is an HTML page", ProfileKind.HEAP)]
    (memory,) = (
        charge
        for charge in allocate(SERVICE, HOUR, [priced()], [cpu(8)], heap_refused).charges
        if charge.resource is Resource.MEMORY
    )
    assert memory.note == "the heap profile was refused: 'h': this is an HTML page"


def test_used_charges_of_a_pool_are_summed_for_attribution() -> None:
    large = price("c5.4xlarge", "0.68", vcpu="16", gib="32", contracted="0.5")
    allocation = run([priced(2), priced(1, large)], cpu(4, observed=1), heap("main 1024", snapshots=1))

    assert [(part.resource, part.quantity, part.currency) for part in allocation.used] == [
        (Resource.CPU, 12 * CORE_HOUR, "USD"),
        (Resource.MEMORY, 3 * 1024 * 3600, "USD"),
    ]
    # The contracted price of only one of the machines is known: that of all is not.
    assert allocation.used[0].amounts == Amounts(list=Money(417272728))
    assert [each.key.kind for part in allocation.used for each in part.usage] == [
        ProfileKind.CPU,
        ProfileKind.HEAP,
    ]


def test_two_currencies_are_never_added() -> None:
    yuan = price("c5.2xlarge", "2.4", cloud="aws", region="cn-north-1", currency="CNY")
    allocation = run([priced(), priced(listed=yuan)], cpu(1))

    assert [part.currency for part in allocation.used] == ["CNY", "USD"]


def test_a_machine_without_a_price_has_quantities_and_no_amounts() -> None:
    shape = Shape(Decimal(8), 16384, Decimal(1))
    bare = PricedMachine(hours(price("x9.new").kind, 1, shape=shape))
    allocation = run([priced(), bare], cpu(4, observed=1))
    unpriced = [charge for charge in allocation.charges if charge.kind is ChargeKind.NO_PRICE]

    assert [(charge.resource, charge.quantity, charge.amounts) for charge in unpriced] == [
        (Resource.CPU, 8 * CORE_HOUR, Amounts()),
        (Resource.MEMORY, 16384 * 3600, Amounts()),
        (Resource.GPU, CORE_HOUR, Amounts()),
    ]
    assert {(charge.currency, charge.price_id, charge.split_id, charge.note) for charge in unpriced} == {
        ("", "", "", "no price of x9.new on-demand in aws us-east-1 is known")
    }
    # It takes its half of the demand all the same.
    assert allocation.used[0].quantity == 4 * CORE_HOUR


def test_a_machine_of_which_nothing_is_known_is_one_charge_of_nothing() -> None:
    allocation = run([priced(), PricedMachine(hours(price("mystery").kind, 3))], cpu(1, observed=1))
    (unknown,) = (charge for charge in allocation.charges if charge.kind is ChargeKind.NO_PRICE)

    assert (unknown.resource, unknown.quantity, unknown.amounts) == (Resource.CPU, 0, Amounts())
    assert unknown.note == "neither the price nor the shape of mystery on-demand in aws us-east-1 is known"


def test_a_gpu_is_money_without_a_profile() -> None:
    gpu = price("g5.xlarge", "1.006", vcpu="4", gib="16", gpu="1")
    charges = {charge.resource: charge for charge in run([priced(2, gpu)]).charges}

    assert charges[Resource.GPU].kind is ChargeKind.NO_PROFILE
    assert (charges[Resource.GPU].amounts.list, charges[Resource.GPU].quantity) == (
        Money.of("1.54592"),
        2 * CORE_HOUR,
    )


def test_a_gpu_that_the_price_does_not_tell_apart_says_so() -> None:
    (charge,) = (
        charge
        for charge in run([priced(1, price("g4", "0.2", vcpu="4", gib="16", gpu="1"))]).charges
        if charge.resource is Resource.GPU
    )

    assert (charge.amounts.list, charge.note) == (
        Money(0),
        "the price does not tell the GPU apart from CPU and memory",
    )


def test_a_held_pool_is_one_charge_a_machine_and_reaches_no_function() -> None:
    allocation = run([priced(1), priced(2)], cpu(1000, observed=1))
    held = [charge for charge in allocation.charges if charge.state is ChargeState.HELD]

    assert allocation.is_held
    assert allocation.used == ()
    assert [(charge.kind, charge.quantity) for charge in held] == [
        (ChargeKind.OVER_CAPACITY, 8 * CORE_HOUR),
        (ChargeKind.OVER_CAPACITY, 16 * CORE_HOUR),
    ]
    assert held[0].claim_ratio == "125.0000"
    assert "profiler_gives_shares" in held[0].note
    assert held[0].note in allocation.messages[0]
    # Memory is not held for what the CPU profile claims.
    assert {charge.state for charge in allocation.charges if charge.resource is Resource.MEMORY} == {
        ChargeState.PROVISIONAL
    }


def test_how_used_was_found_stands_on_what_the_profile_claims_and_nowhere_else() -> None:
    allocation = run([priced(utilisation="0.25")], cpu(4))
    said = {
        charge.kind: (charge.method, charge.claim_ratio, bool(charge.note)) for charge in allocation.charges
    }

    assert said[ChargeKind.USED] == ("capped_at_measured", "2.0000", True)
    assert said[ChargeKind.IDLE] == ("", "", False)


def test_machines_that_ran_for_no_time_are_no_machines() -> None:
    allocation = run([priced(0, version="1")], cpu(1))

    assert allocation.charges == ()
    assert "no machines" in allocation.messages[0]


def test_less_than_a_whole_unit_may_still_cost_a_nano() -> None:
    dear = price("u-24tb", "300", vcpu="1", gib="1")
    blink = replace(hours(dear.kind), machine_nanos=10**5, instance_nanos=0)
    allocation = run([PricedMachine(blink, dear, split_price(dear))])

    assert sum_amounts([charge.amounts for charge in allocation.charges]).list == Money(8333)
    assert [charge.quantity for charge in allocation.charges if charge.resource is Resource.MEMORY] == [0]


def test_what_is_of_another_hour_is_refused() -> None:
    later = Window(HOUR.end, HOUR.end + timedelta(hours=1))

    with pytest.raises(ValueError, match="not within"):
        allocate(SERVICE, later, [priced()], [])
    with pytest.raises(ValueError, match="not within"):
        allocate(SERVICE, HOUR, [priced()], [usage("main 1", window=later)])


def test_no_machines_and_no_profiles_are_no_charges() -> None:
    assert run([]) == Allocation((), (), is_held=False, messages=())


PRICES = [
    price(),
    price("c5.4xlarge", "0.68", vcpu="16", gib="32", contracted="0.611111", effective="0.4000001"),
    price("g5.xlarge", "1.006", vcpu="4", gib="16", gpu="1", effective="0.7"),
    price("tiny", "0.0000333", vcpu="0.25", gib="0.5", cloud="azure", region="westeurope"),
    price("ecs.c6", "2.4", vcpu="2", gib="4", cloud="aliyun", region="cn-beijing", currency="CNY"),
]
SHAPES = [Shape(Decimal(2), 4096), Shape(Decimal("0.5"), 3840, Decimal("0.5"))]
shares = st.none() | st.decimals("0", "1", places=4)
labels = st.sampled_from(["", "1", "2"])


@st.composite
def machine_rows(draw: st.DrawFn) -> PricedMachine:
    listed = draw(st.none() | st.sampled_from(PRICES))
    shape = draw(st.none() | st.sampled_from(SHAPES))
    memory = (shape or (listed.shape if listed else SHAPES[0])).memory_mib
    part = draw(shares)
    ran = MachineHours(
        service="checkout",
        window=HOUR,
        kind=(listed or draw(st.sampled_from(PRICES))).kind,
        machine_nanos=draw(st.integers(0, 10**15)),
        instance_nanos=draw(st.integers(0, 10**15)),
        utilisation=draw(shares | st.just(Decimal("1.5"))) if draw(st.booleans()) else None,
        resident_mib=None if part is None else part * memory,
        version=draw(labels),
        environment=draw(labels),
        shape=shape,
    )
    return PricedMachine(ran, listed, split_price(listed)) if listed else PricedMachine(ran)


@st.composite
def usages(draw: st.DrawFn) -> Usage:
    return usage(
        draw(st.sampled_from(["main;a 3\nmain;b 5\nc 2", "main 1\n1", "7", "main 0", "main;a;b 1\nx 9999"])),
        draw(st.sampled_from(ProfileKind)),
        times=draw(st.integers(0, 10**14)),
        beyond_stacks=draw(st.integers(0, 5)),
        observed=draw(st.none() | st.integers(0, 10**15)),
        snapshots=draw(st.none() | st.integers(0, 1000)),
        source=draw(st.sampled_from(["parca", "pyroscope"])),
        version=draw(labels),
        environment=draw(labels),
        region=draw(st.sampled_from(["", "us-east-1", "westeurope"])),
    )


services = st.builds(
    Service,
    name=st.just("checkout"),
    profiler_gives_shares=st.booleans(),
    accepts_memory_shares=st.booleans(),
)
fleets = st.lists(machine_rows(), max_size=4)
said = st.lists(usages(), max_size=4)


@given(service=services, machines=fleets, said=said)
def test_charges_add_up_to_what_the_machines_cost(
    service: Service, machines: list[PricedMachine], said: list[Usage]
) -> None:
    """To the nano, for every price, resource and metric; and so do the quantities."""
    charges = run(machines, *said, service=service).charges

    by_price = lambda charge: charge.price_id  # noqa: E731
    found = {
        price_id: list(group) for price_id, group in groupby(sorted(charges, key=by_price), key=by_price)
    }
    for listed in PRICES:
        rows = [each for each in machines if each.price is listed]
        paid = [by_resource(cost(listed, each.hours.machine_nanos), split_price(listed)) for each in rows]
        for resource in Resource:
            mine = [charge for charge in found.get(listed.id, ()) if charge.resource is resource]
            for metric in CostMetric:
                whole = sum(_nanos(each[resource], metric) for each in paid)
                assert sum(_nanos(charge.amounts, metric) for charge in mine) == whole
            assert sum(charge.quantity for charge in mine) == sum(each.paid(resource) for each in rows)


@given(service=services, machine=machine_rows(), said=said)
def test_and_so_does_every_row_by_itself(service: Service, machine: PricedMachine, said: list[Usage]) -> None:
    charges = run([machine], *said, service=service).charges
    if machine.price is None:
        assert all(charge.amounts == Amounts() for charge in charges)
    else:
        whole = cost(machine.price, machine.hours.machine_nanos)
        for metric in CostMetric:
            assert sum(_nanos(each.amounts, metric) for each in charges) == _nanos(whole, metric)
    if charges:
        for resource in Resource:
            assert sum(each.quantity for each in charges if each.resource is resource) == machine.paid(
                resource
            )


@given(service=services, machines=fleets, said=said)
def test_nothing_is_negative_and_a_metric_is_null_exactly_where_the_price_has_none(
    service: Service, machines: list[PricedMachine], said: list[Usage]
) -> None:
    prices = {listed.id: listed for listed in PRICES}

    for charge in run(machines, *said, service=service).charges:
        assert charge.quantity >= 0
        listed = prices.get(charge.price_id)
        for metric in CostMetric:
            amount = charge.amounts.of(metric)
            known = listed is not None and getattr(cost(listed, 1), metric.value) is not None
            assert (amount is not None) == known
            assert amount is None or (amount.nanos >= 0 and amount.currency == charge.currency)


@given(service=services, machines=fleets, said=said, data=st.data())
def test_the_order_of_the_inputs_makes_no_difference(
    service: Service, machines: list[PricedMachine], said: list[Usage], data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(machines)), data.draw(st.permutations(said))
    one, other = run(machines, *said, service=service), run(shuffled[0], *shuffled[1], service=service)

    assert one.charges == other.charges
    assert one.messages == other.messages
    assert [_divided(each) for each in one.used] == [_divided(each) for each in other.used]


@given(service=services, machines=fleets, said=said)
def test_twice_the_usage_never_costs_more(
    service: Service, machines: list[PricedMachine], said: list[Usage]
) -> None:
    twice = [
        replace(each, trie=replace(each.trie, selfs=each.trie.selfs * 2), total=each.total + each.stacked)
        for each in said
    ]

    assert _list_total(run(machines, *said, service=service)) == _list_total(
        run(machines, *twice, service=service)
    )


@given(service=services, machines=fleets, said=said)
def test_what_attribution_divides_is_what_was_charged_as_used(
    service: Service, machines: list[PricedMachine], said: list[Usage]
) -> None:
    allocation = run(machines, *said, service=service)
    used = [charge for charge in allocation.charges if charge.kind is ChargeKind.USED]

    assert _list_total(used) == sum((_list_total(each) for each in allocation.used), Counter())
    assert sum(charge.quantity for charge in used) == sum(each.quantity for each in allocation.used)
    assert all(any(each.stacked for each in part.usage) for part in allocation.used)


@given(service=services, machines=fleets, said=said)
def test_only_held_pools_are_over_capacity(
    service: Service, machines: list[PricedMachine], said: list[Usage]
) -> None:
    allocation = run(machines, *said, service=service)

    for charge in allocation.charges:
        assert (charge.state is ChargeState.HELD) == (charge.kind is ChargeKind.OVER_CAPACITY)
        assert charge.state is ChargeState.PROVISIONAL or (allocation.is_held and charge.note)


def _nanos(amounts: Amounts, metric: CostMetric) -> int:
    amount = amounts.of(metric)
    return amount.nanos if amount else 0


def _list_total(of: Allocation | UsedCharge | list[Charge]) -> Counter[str]:
    """List nanos by currency."""
    charges = of.charges if isinstance(of, Allocation) else [of] if isinstance(of, UsedCharge) else of
    sums: Counter[str] = Counter()
    for charge in charges:
        sums[charge.currency] += _nanos(charge.amounts, CostMetric.LIST)
    return sums


def _divided(used: UsedCharge) -> tuple[object, ...]:
    return (
        used.resource,
        used.amounts,
        used.quantity,
        used.currency,
        [each.fingerprint for each in used.usage],
    )
