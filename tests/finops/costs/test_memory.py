"""How memory-time divides. Everything is in GiB-hours of machines of sixteen GiB; heaps are in MiB."""

from decimal import Decimal

from finops.costs.division import Division
from finops.costs.memory import divide_memory
from finops.costs.pools import PricedMachine, pools
from finops.domain.machine import MachineKind, Shape
from finops.domain.profile import Usage
from finops.domain.service import Service
from tests.finops.costs.notation import heap, hours, usage

SERVICE = Service("checkout")
SHARES = Service("checkout", accepts_memory_shares=True)
SMALL, LARGE = MachineKind("aws", "us-east-1", "c5.2xlarge"), MachineKind("aws", "us-east-1", "r5.2xlarge")
GIB_HOUR = 1024 * 3600


def machine(
    count: int = 1,
    resident: str | None = None,
    instances: int | None = None,
    kind: MachineKind = SMALL,
    gib: int = 16,
) -> PricedMachine:
    shape = Shape(Decimal(8), gib * 1024) if gib else None
    return PricedMachine(hours(kind, count, resident_gib=resident, instances=instances, shape=shape))


def divide(machines: list[PricedMachine], *said: Usage, service: Service = SERVICE) -> Division:
    (pool,) = pools(machines, said)
    return divide_memory(service, pool)


def gib_hours(division: Division) -> list[dict[str, float]]:
    return [{kind.value: mib / GIB_HOUR for kind, mib in row.items() if mib} for row in division.rows]


def test_live_heap_is_the_mean_of_the_snapshots_on_every_instance() -> None:
    division = divide([machine(3)], heap("main 8192", snapshots=4))

    assert gib_hours(division) == [{"used": 6, "memory_not_measured": 42}]
    assert (division.method, division.messages) == ("live_heap", ())


def test_with_a_measured_resident_set_the_rest_is_no_heap_or_idle() -> None:
    division = divide([machine(resident="6")], heap("main 2048", snapshots=1))

    assert gib_hours(division) == [{"used": 2, "no_heap_profile": 4, "idle": 10}]


def test_several_instances_on_a_machine_have_a_heap_each() -> None:
    assert gib_hours(divide([machine(instances=4)], heap("main 1024", snapshots=1))) == [
        {"used": 4, "memory_not_measured": 12}
    ]


def test_heap_without_stacks_reaches_no_function() -> None:
    division = divide([machine()], heap("main 2048\n1024", snapshots=1, beyond_stacks=1024))

    assert gib_hours(division) == [
        {"used": 2, "no_stack": 1, "source_unattributed": 1, "memory_not_measured": 12}
    ]


def test_without_the_number_of_snapshots_there_are_no_function_dollars() -> None:
    for snapshots in (None, 0):
        said = heap("main 2048", snapshots=snapshots), heap("main 1024", snapshots=1)

        assert gib_hours(divide([machine(resident="6")], *said)) == [{"no_heap_profile": 6, "idle": 10}]
        assert gib_hours(divide([machine()], *said)) == [{"memory_not_measured": 16}]
        assert "snapshots" in divide([machine()], *said).messages[0]


def test_unless_shares_of_the_resident_set_are_accepted() -> None:
    division = divide([machine(resident="6")], heap("main 2\n1"), service=SHARES)

    assert gib_hours(division) == [{"used": 4, "no_stack": 2, "idle": 10}]
    assert (division.method, division.claim_ratio) == ("by_shares", "")


def test_shares_of_what_was_not_measured_are_shares_of_nothing() -> None:
    assert gib_hours(divide([machine()], heap("main 2"), service=SHARES)) == [{"memory_not_measured": 16}]
    assert gib_hours(divide([machine(resident="6")], heap("main 0"), service=SHARES)) == [
        {"no_heap_profile": 6, "idle": 10}
    ]


def test_where_the_snapshots_are_known_bytes_count_and_not_shares() -> None:
    division = divide([machine(resident="6")], heap("main 2048", snapshots=1), service=SHARES)

    assert gib_hours(division) == [{"used": 2, "no_heap_profile": 4, "idle": 10}]


def test_more_heap_than_resident_is_capped_and_the_ratio_kept() -> None:
    division = divide([machine(resident="2")], heap("main 4096", snapshots=1))

    assert gib_hours(division) == [{"used": 2, "idle": 14}]
    assert (division.method, division.claim_ratio) == ("capped_at_measured", "2.0000")


def test_more_than_five_times_the_resident_set_is_held() -> None:
    division = divide([machine(resident="1")], heap("main 5121", snapshots=1))

    assert (division.is_held, gib_hours(division)) == (True, [{"over_capacity": 16}])
    assert "snapshots" in division.note


def test_unmeasured_more_than_was_paid_for_is_capped_then_held() -> None:
    capped = divide([machine()], heap(f"main {16 * 1024 + 1024}", snapshots=1))

    assert (gib_hours(capped), capped.method) == ([{"used": 16}], "capped_at_paid")
    assert divide([machine()], heap(f"main {18 * 1024}", snapshots=1)).is_held


def test_what_is_held_names_the_remedies_that_are_left() -> None:
    unmeasured = divide([machine()], heap(f"main {18 * 1024}", snapshots=1)).note
    measured = divide([machine(resident="1")], heap("main 5121", snapshots=1)).note

    assert "measure the resident set of all its machines" in unmeasured
    assert "measure the" not in measured
    assert "check that the measured resident set" in measured
    assert all("snapshots" in note for note in (unmeasured, measured))


def test_more_resident_than_paid_for_is_held() -> None:
    for said in ([], [heap("main 1", snapshots=1)], [usage("main 1")]):
        division = divide([machine(resident="17")], *said)

        assert (division.is_held, gib_hours(division)) == (True, [{"over_capacity": 16}])


def test_heap_is_laid_over_machines_by_instance_time() -> None:
    division = divide([machine(), machine(instances=3, kind=LARGE, gib=64)], heap("main 2048", snapshots=1))

    assert gib_hours(division) == [
        {"used": 2, "memory_not_measured": 14},
        {"used": 6, "memory_not_measured": 58},
    ]


def test_where_one_machine_could_not_hold_its_part_all_go_by_what_they_can_hold() -> None:
    division = divide(
        [machine(instances=3), machine(kind=LARGE, gib=64)], heap(f"main {10 * 1024}", snapshots=1)
    )

    assert gib_hours(division) == [
        {"used": 8, "memory_not_measured": 8},
        {"used": 32, "memory_not_measured": 32},
    ]


def test_one_machine_without_a_measurement_makes_the_pool_unmeasured_and_is_said() -> None:
    division = divide([machine(resident="6"), machine()], heap("main 2048", snapshots=1))

    assert gib_hours(division) == [{"used": 2, "memory_not_measured": 14}] * 2
    assert "only some of its machines have a measured resident set" in division.messages[0]


def test_a_cpu_profile_alone_says_nothing_of_memory() -> None:
    assert gib_hours(divide([machine(resident="6"), machine(kind=LARGE)], usage("main 1"))) == [
        {"no_heap_profile": 6, "idle": 10},
        {"memory_not_measured": 16},
    ]


def test_without_any_profile_there_is_no_profile() -> None:
    assert gib_hours(divide([machine(resident="6"), machine(kind=LARGE)])) == [
        {"no_profile": 6, "idle": 10},
        {"no_profile": 16},
    ]


def test_instances_on_machines_of_unknown_shape_keep_their_heap() -> None:
    division = divide([machine(), machine(3, kind=LARGE, gib=0)], heap("main 2048", snapshots=1))

    assert gib_hours(division) == [{"used": 2, "memory_not_measured": 14}]
