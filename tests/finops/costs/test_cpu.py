"""How core-time divides. Everything is in core-hours of machines of eight vCPUs."""

from decimal import Decimal

from finops.costs.cpu import divide_cpu
from finops.costs.division import Division
from finops.costs.pools import PricedMachine, pools
from finops.domain.charge import ChargeKind
from finops.domain.machine import MachineKind, Shape
from finops.domain.profile import Usage
from finops.domain.service import Service
from tests.finops.costs.notation import CORE_HOUR, NANOS_PER_HOUR, heap, hours, usage

SERVICE = Service("checkout")
SHARES = Service("checkout", profiler_gives_shares=True)
SMALL, LARGE = MachineKind("aws", "us-east-1", "c5.2xlarge"), MachineKind("aws", "us-east-1", "c5.9xlarge")


def machine(
    count: int = 1,
    utilisation: str | None = None,
    instances: int | None = None,
    kind: MachineKind = SMALL,
    vcpu: int = 8,
) -> PricedMachine:
    shape = Shape(Decimal(vcpu), 16384) if vcpu else None
    return PricedMachine(hours(kind, count, utilisation=utilisation, instances=instances, shape=shape))


def cpu(folded: str, observed: int | None = None, source: str = "pyroscope") -> Usage:
    """Usage in core-hours, observed for so many instance-hours; None for unknown."""
    nanos = None if observed is None else observed * NANOS_PER_HOUR
    return usage(folded, times=CORE_HOUR, observed=nanos, source=source)


def divide(machines: list[PricedMachine], *said: Usage, service: Service = SERVICE) -> Division:
    (pool,) = pools(machines, said)
    return divide_cpu(service, pool)


def core_hours(division: Division) -> list[dict[str, float]]:
    return [{kind.value: nanos / CORE_HOUR for kind, nanos in row.items() if nanos} for row in division.rows]


def test_demand_is_used_and_the_rest_is_not_called_idle() -> None:
    division = divide([machine()], cpu("main 3", observed=1))

    assert core_hours(division) == [{"used": 3, "unprofiled_or_idle": 5}]
    assert (division.method, division.claim_ratio, division.messages) == ("demand", "", ())


def test_with_a_measured_utilisation_the_rest_is_busy_unseen_or_idle() -> None:
    division = divide([machine(utilisation="0.5")], cpu("main 3", observed=1))

    assert core_hours(division) == [{"used": 3, "not_profiled": 1, "idle": 4}]


def test_profiles_of_some_instances_stand_for_all_that_ran() -> None:
    division = divide([machine(10)], cpu("main 3", observed=2))

    assert core_hours(division) == [{"used": 15, "unprofiled_or_idle": 65}]


def test_instances_count_where_a_machine_has_several() -> None:
    division = divide([machine(1, instances=4)], cpu("main 1", observed=1))

    assert core_hours(division) == [{"used": 4, "unprofiled_or_idle": 4}]


def test_profiles_of_several_versions_add_up() -> None:
    division = divide([machine(10)], cpu("main 3", observed=2), cpu("main 1", observed=2))

    assert core_hours(division) == [{"used": 10, "unprofiled_or_idle": 70}]


def test_an_unknown_observed_time_is_all_that_ran_and_is_said() -> None:
    for observed in (None, 0):
        division = divide([machine(10)], cpu("main 3", observed), cpu("main 1", observed=2))

        assert core_hours(division) == [{"used": 4, "unprofiled_or_idle": 76}]
        assert "is not known; it counts as all that ran" in division.messages[0]


def test_more_observed_than_ran_is_all_that_ran_and_is_said() -> None:
    division = divide([machine(2)], cpu("main 3", observed=5))

    assert core_hours(division) == [{"used": 3, "unprofiled_or_idle": 13}]
    assert "more instance-time was profiled than ran" in division.messages[0]


def test_without_any_running_instance_the_profile_is_taken_as_it_is() -> None:
    assert core_hours(divide([machine(instances=0)], cpu("main 3", observed=1)))[0]["used"] == 3


def test_two_sources_are_added_up_and_said() -> None:
    division = divide([machine(2)], cpu("main 1", 1, source="parca"), cpu("main 1", 1))

    assert "2 sources are added up: parca, pyroscope" in division.messages[0]


def test_weight_without_stacks_reaches_no_function() -> None:
    division = divide(
        [machine()], usage("main 2\n1", beyond_stacks=1, times=CORE_HOUR, observed=NANOS_PER_HOUR)
    )

    assert core_hours(division) == [
        {"used": 2, "no_stack": 1, "source_unattributed": 1, "unprofiled_or_idle": 4}
    ]


def test_without_any_stack_nothing_is_used() -> None:
    assert core_hours(divide([machine()], cpu("2", observed=1))) == [{"no_stack": 2, "unprofiled_or_idle": 6}]


def test_an_hour_in_which_nothing_ran_is_no_missing_profile() -> None:
    assert core_hours(divide([machine()], cpu("main 0", observed=1))) == [{"unprofiled_or_idle": 8}]
    assert core_hours(divide([machine()], cpu("main 0", observed=1), service=SHARES)) == [
        {"unprofiled_or_idle": 8}
    ]


def test_a_profiler_that_claims_more_than_was_measured_is_capped_and_the_ratio_kept() -> None:
    division = divide([machine(utilisation="0.25")], cpu("main 3\n1", observed=1))

    assert core_hours(division) == [{"used": 1.5, "no_stack": 0.5, "idle": 6}]
    assert (division.method, division.claim_ratio) == ("capped_at_measured", "2.0000")
    assert "claims 2.0000 times the core-time measured busy" in division.note
    assert division.messages == (division.note,)


def test_a_claim_of_exactly_what_there_is_needs_no_cap() -> None:
    measured, unmeasured = (
        divide([machine(utilisation="0.5")], cpu("main 4", 1)),
        divide([machine()], cpu("main 8", 1)),
    )

    assert (core_hours(measured), core_hours(unmeasured)) == ([{"used": 4, "idle": 4}], [{"used": 8}])
    assert {(each.method, each.claim_ratio, each.note) for each in (measured, unmeasured)} == {
        ("demand", "", "")
    }


def test_a_claim_of_more_than_five_times_the_measured_holds_everything() -> None:
    division = divide(
        [machine(utilisation="0.125"), machine(utilisation="0.125")], cpu("main 11", observed=2)
    )

    assert division.is_held
    assert core_hours(division) == [{"over_capacity": 8}, {"over_capacity": 8}]
    assert division.claim_ratio == "5.5000"
    assert "`profiler_gives_shares = true`" in division.note
    assert not divide([machine(utilisation="0.25")], cpu("main 10", observed=1)).is_held


def test_a_claim_where_nothing_was_measured_busy_is_held() -> None:
    division = divide([machine(utilisation="0.00")], cpu("main 1", observed=1))

    assert (division.is_held, division.claim_ratio) == (True, "")
    assert "claims some where there was no core-time measured busy" in division.note


def test_unmeasured_a_claim_up_to_eleven_tenths_is_all_that_was_paid() -> None:
    division = divide([machine(10)], cpu("main 88", observed=10))

    assert core_hours(division) == [{"used": 80}]
    assert (division.method, division.claim_ratio) == ("capped_at_paid", "1.1000")


def test_unmeasured_a_claim_beyond_that_holds_everything() -> None:
    division = divide([machine(10)], cpu("main 89", observed=10))

    assert (division.is_held, core_hours(division)) == (True, [{"over_capacity": 80}])


def test_what_is_held_names_the_remedies_that_are_left() -> None:
    unmeasured = divide([machine()], cpu("main 89", observed=1)).note
    mixed = divide([machine(utilisation="0.5"), machine()], cpu("main 89", observed=1)).note
    measured = divide([machine(utilisation="0.5")], cpu("main 89", observed=1)).note

    assert "measure the utilisation of all its machines" in unmeasured
    assert "measure the utilisation of all its machines" in mixed
    assert "measure the" not in measured
    assert "check that the measured utilisation" in measured
    assert all("`profiler_gives_shares = true`" in note for note in (unmeasured, mixed, measured))


def test_a_profiler_that_gives_shares_gets_what_was_measured_else_all() -> None:
    for claim in ("1", "1000"):
        measured = divide([machine(utilisation="0.5")], cpu(f"main {claim}", observed=1), service=SHARES)
        unmeasured = divide([machine()], cpu(f"main {claim}", observed=1), service=SHARES)

        assert core_hours(measured) == [{"used": 4, "idle": 4}]
        assert core_hours(unmeasured) == [{"used": 8}]
        assert (measured.method, unmeasured.method) == ("by_shares", "by_shares")


def test_demand_is_laid_over_machines_by_vcpu_time() -> None:
    division = divide([machine(2), machine(1, kind=LARGE, vcpu=32)], cpu("main 24", observed=3))

    assert core_hours(division) == [
        {"used": 8, "unprofiled_or_idle": 8},
        {"used": 16, "unprofiled_or_idle": 16},
    ]


def test_and_by_busy_time_where_all_were_measured() -> None:
    division = divide([machine(utilisation="0.75"), machine(utilisation="0.25")], cpu("main 4", observed=2))

    assert sorted(core_hours(division), key=str) == [
        {"used": 1, "not_profiled": 1, "idle": 6},
        {"used": 3, "not_profiled": 3, "idle": 2},
    ]


def test_one_machine_without_a_measurement_makes_the_pool_unmeasured_and_is_said() -> None:
    division = divide([machine(utilisation="0.75"), machine()], cpu("main 4", observed=2))

    assert core_hours(division) == [{"used": 2, "unprofiled_or_idle": 6}] * 2
    assert "only some of its machines have a measured utilisation" in division.messages[0]


def test_instances_on_machines_of_unknown_shape_take_their_part_of_the_demand() -> None:
    division = divide([machine(), machine(3, kind=LARGE, vcpu=0)], cpu("main 8", observed=4))

    assert core_hours(division) == [{"used": 2, "unprofiled_or_idle": 6}]


def test_without_a_profile_each_machine_goes_by_its_own_measurement() -> None:
    division = divide([machine(utilisation="0.75"), machine(kind=LARGE)])

    assert core_hours(division) == [{"no_profile": 6, "idle": 2}, {"no_profile": 8}]
    assert core_hours(divide([machine()], heap("main 1"))) == [{"no_profile": 8}]


def test_more_measured_busy_than_paid_for_is_held_and_not_cut() -> None:
    for said in ([], [cpu("main 1", observed=1)]):
        division = divide([machine(utilisation="1.01")], *said)

        assert (division.is_held, core_hours(division)) == (True, [{"over_capacity": 8}])
        assert "check the measured utilisation" in division.note


def test_kinds_stand_in_one_order() -> None:
    (row,) = divide([machine(utilisation="0.5")], cpu("main 3", observed=1)).rows

    assert list(row) == [
        ChargeKind.USED,
        ChargeKind.NO_STACK,
        ChargeKind.SOURCE_UNATTRIBUTED,
        ChargeKind.NOT_PROFILED,
        ChargeKind.IDLE,
    ]
