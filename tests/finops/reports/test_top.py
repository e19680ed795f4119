from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finops.domain.charge import ChargeKind
from finops.domain.money import Money
from finops.engine import FunctionKey, Grouping
from finops.errors import BrokenProfile, Incomplete, NotFound
from finops.reports import top_text
from finops.reports.files import Capture, read_files
from finops.reports.fleet_month import Utilisation, stated
from finops.reports.top import FunctionRow, Top, build
from tests.finops.reports.notation import CAPTURES, CASE, GO_HEAP, busy, capture, fleet, go, pprof_of

TOTAL = Money.of(24820)
GROUPINGS: list[Grouping] = ["function", "name", "file", "package"]


def named(top: Top) -> dict[str, FunctionRow]:
    return {row.function.name if row.function else "[other]": row for row in top.rows}


def assert_adds_up(top: Top) -> None:
    """Both columns come to what the fleet costs, to the nano."""
    assert top.month
    costs = [row.self_cost for row in top.rows if row.self_cost]
    assert len(costs) == len(top.rows)
    rest = {each.kind: each.cost.nanos for each in top.rest}
    beside_cpu = sum(each.cost.nanos for each in top.month.beside_cpu)
    assert sum(cost.loaded.nanos for cost in costs) + beside_cpu == top.month.total.nanos
    if top.utilisation:
        used = sum(cost.used.nanos for cost in costs if cost.used)
        assert used + sum(rest.values()) == top.month.total.nanos
    else:
        assert all(cost.used is None for cost in costs)
        assert sum(rest.values()) == beside_cpu


def test_functions_come_largest_first_with_their_callees_in_their_totals() -> None:
    made = build(go("main;serve;parse 30\nmain;serve 50\nmain;gc 20"))

    assert [(row.function, row.self, row.total) for row in made.rows] == [
        (FunctionKey("serve", ""), 500_000_000, 800_000_000),
        (FunctionKey("parse", ""), 300_000_000, 300_000_000),
        (FunctionKey("gc", ""), 200_000_000, 200_000_000),
        (FunctionKey("main", ""), 0, 1_000_000_000),
    ]
    assert (made.total, made.no_stack, made.functions) == (10**9, 0, 4)


def test_they_can_be_ordered_by_their_totals() -> None:
    assert [*named(build(go(), sort="total"))] == ["main", "serve", "json.Marshal", "gc"]


def test_a_recursive_function_counts_once_in_its_total_and_costs_no_more_than_all() -> None:
    made = build(go("a;b;a;b 10\na 10"), month=fleet(), utilisation=busy("0.5"))

    row = named(made)["a"]
    assert (row.self, row.total) == (100_000_000, 200_000_000)
    assert row.total_cost
    assert row.total_cost.loaded == made.month.cpu if made.month else False


def test_what_the_limit_leaves_out_is_one_entry_without_a_total() -> None:
    made = build(go(), limit=1, month=fleet(), utilisation=busy("0.70"))

    assert [*named(made)] == ["serve", "[other]"]
    other = made.rows[-1]
    assert (other.self, other.total, other.left_out, other.observations) == (500_000_000, None, 3, 50)
    assert other.total_cost is None
    assert_adds_up(made)


def test_no_limit_lists_all() -> None:
    assert len(build(go(), limit=0).rows) == 4


def test_a_third_of_a_busy_fleet_in_dollars() -> None:
    made = build(go(), month=fleet(), utilisation=busy("0.70"))

    cost = named(made)["json.Marshal"].self_cost
    assert cost
    assert cost.loaded.amount.quantize(Decimal("0.01")) == Decimal("6498.33")
    assert cost.used
    assert cost.used.amount.quantize(Decimal("0.01")) == Decimal("4548.83")
    assert made.month
    assert (made.month.total, made.month.cpu) == (TOTAL, Money.of("20307.272727273"))
    assert {each.kind: str(each.cost) for each in made.rest} == {
        ChargeKind.IDLE: "6092.181818182 USD",
        ChargeKind.MEMORY_NOT_MEASURED: "4512.727272727 USD",
    }
    assert_adds_up(made)


stacks = st.dictionaries(
    st.lists(st.sampled_from("abcdef"), min_size=1, max_size=6).map(";".join),
    st.integers(1, 10**9),
    min_size=1,
).map(lambda counts: "".join(f"{stack} {count}\n" for stack, count in counts.items()))


@settings(deadline=None, max_examples=30)
@given(
    stacks=stacks,
    unstacked=st.sampled_from([0, 7]),
    by=st.sampled_from(GROUPINGS),
    limit=st.integers(0, 4),
    share=st.one_of(st.none(), st.fractions(Fraction(1, 10**6), 1)),
    machine=st.sampled_from(["c5.2xlarge", "t3.micro", "p3.2xlarge"]),
    count=st.integers(1, 10**5),
)
def test_both_columns_add_up_to_what_the_fleet_costs(
    stacks: str, unstacked: int, by: Grouping, limit: int, share: Fraction | None, machine: str, count: int
) -> None:
    utilisation = Utilisation(share, is_measured=True) if share else None
    read = go(stacks + (f" {unstacked}\n" if unstacked else ""), duration_nanos=0)

    assert_adds_up(build(read, by=by, limit=limit, month=fleet(machine, count), utilisation=utilisation))


@pytest.mark.parametrize("by", GROUPINGS)
@pytest.mark.parametrize("path", CAPTURES, ids=lambda path: path.name)
def test_real_captures_add_up_to_what_the_fleet_costs(path: Path, by: Grouping) -> None:
    read = read_files([(path.name, path.read_bytes())])

    for utilisation in (busy("0.70"), None):
        made = build(read, by=by, month=fleet(), utilisation=utilisation)
        assert_adds_up(made)
        assert made.month
        assert made.month.total == TOTAL
        assert made.utilisation


@pytest.mark.parametrize("by", GROUPINGS)
@pytest.mark.parametrize("path", CAPTURES, ids=lambda path: path.name)
def test_no_self_costs_more_than_its_total_and_no_total_more_than_all(path: Path, by: Grouping) -> None:
    made = build(read_files([("a", path.read_bytes())]), by=by, limit=0, month=fleet())

    assert made.month
    for row in made.rows:
        assert row.self_cost
        assert row.total_cost
        assert row.self_cost.loaded <= row.total_cost.loaded <= made.month.cpu


def test_samples_without_a_stack_are_a_charge_of_their_own() -> None:
    made = build(go("a 60\n 40\n"), month=fleet(), utilisation=busy("0.5"))

    rest = {each.kind: each.cost for each in made.rest}
    assert made.no_stack == 400_000_000
    assert rest[ChargeKind.NO_STACK] == Money.of("4061.454545455")
    assert_adds_up(made)


def test_a_stated_cost_is_all_cpu() -> None:
    made = build(go(), month=stated("27.80/h"), utilisation=busy("0.70"))

    assert made.month
    assert made.month.total == made.month.cpu == Money.of("20294")
    assert [each.kind for each in made.rest] == [ChargeKind.IDLE]
    assert_adds_up(made)


@pytest.mark.parametrize("text", ["", "12", "12/week", "-1/h", "0/month", "1e3/h", "0.0000000001/h", "nan/h"])
def test_a_cost_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a cost"):
        stated(text)


def test_utilisation_of_the_capture_is_not_called_measured_idle() -> None:
    # One second of CPU in thirty on eight vCPUs.
    made = build(go(), month=fleet())

    assert made.utilisation == Utilisation(Fraction(1, 240), is_measured=False)
    assert made.rest[0].kind is ChargeKind.UNPROFILED_OR_IDLE
    assert "0.42%" in made.notes[0]
    assert_adds_up(made)


def without_duration() -> Capture:
    return go(duration_nanos=0)


def longer_than_the_machine() -> Capture:
    return go(duration_nanos=10**8)


def two_files() -> Capture:
    return capture(pprof_of(CASE), pprof_of(CASE))


@pytest.mark.parametrize("read", [without_duration, longer_than_the_machine, two_files])
def test_without_a_believable_utilisation_nothing_is_called_used(read: Callable[[], Capture]) -> None:
    made = build(read(), month=fleet())

    assert made.utilisation is None
    assert "What is used is not known" in made.notes[0]
    assert [each.kind for each in made.rest] == [ChargeKind.MEMORY_NOT_MEASURED]
    assert_adds_up(made)


def test_a_gpu_is_paid_for_and_no_profile_divides_it() -> None:
    made = build(go(), month=fleet("p3.2xlarge", 1), utilisation=busy("0.5"))

    assert ("gpu", ChargeKind.NO_PROFILE) in {(each.resource.value, each.kind) for each in made.rest}
    assert_adds_up(made)


@pytest.mark.parametrize(
    ("types", "message"),
    [
        (
            {"cpu/nanoseconds": 1, "wall/nanoseconds": 1},
            "wall/nanoseconds is no CPU time.*cpu/nanoseconds would do",
        ),
        (GO_HEAP, "inuse_space/bytes is no CPU time.*it has no type that is"),
        ({"contentions/count": 1, "delay/nanoseconds": 5}, "delay/nanoseconds is no CPU time"),
        ({"samples/count": 1}, "if they are CPU samples, give --type cpu"),
    ],
)
def test_only_cpu_time_becomes_dollars(types: dict[str, int], message: str) -> None:
    read = capture(pprof_of(CASE, types, period=""))

    assert build(read).rows
    with pytest.raises(Incomplete, match=message):
        build(read, month=fleet())


def test_counts_of_cpu_samples_divide_dollars_as_their_time_does() -> None:
    file = pprof_of(CASE)
    by_count, by_time = (
        build(capture(file, wanted=wanted), month=fleet(), utilisation=busy("0.70"))
        for wanted in ("samples", "cpu")
    )

    assert [row.self_cost for row in by_count.rows] == [row.self_cost for row in by_time.rows]
    assert by_count.value_type.type == "samples"


def test_collapsed_stacks_can_be_declared_cpu_samples() -> None:
    made = build(capture(CASE.encode(), wanted="cpu"), month=fleet(), utilisation=busy("0.70"))

    assert made.value_type == ("samples", "count")
    assert named(made)["json.Marshal"].observations == 32
    assert_adds_up(made)


def test_differences_are_shown_by_size_and_never_priced() -> None:
    read = capture(pprof_of("a 5\nb 90\n", sign=-1), pprof_of("b 10\na 1"))
    made = build(read)

    assert {name: row.self for name, row in named(made).items()} == {"b": -800_000_000, "a": -40_000_000}
    assert made.has_negative
    assert made.rows[0].observations is None
    assert "%" not in top_text.text(made).splitlines()[-1]
    with pytest.raises(Incomplete, match="negative values"):
        build(read, month=fleet(), utilisation=busy("0.7"))


def test_an_empty_profile_is_shown_and_divides_nothing() -> None:
    read = go("a 0\n")

    assert build(read).total == 0
    with pytest.raises(Incomplete, match="no sample of its 'cpu' values has a stack"):
        build(read, month=fleet(), utilisation=busy("0.7"))


def test_several_files_are_added_up() -> None:
    made = build(two_files(), month=fleet(), utilisation=busy("0.70"))
    one = build(go(), month=fleet(), utilisation=busy("0.70"))

    assert {name: (row.self, row.observations) for name, row in named(made).items()} == {
        "serve": (10**9, 100),
        "json.Marshal": (640_000_000, 64),
        "gc": (360_000_000, 36),
        "main": (0, 0),
    }
    assert [row.self_cost for row in made.rows] == [row.self_cost for row in one.rows]
    assert build(two_files(), by="package").total == 2 * 10**9


def test_files_of_different_types_are_not_added_up() -> None:
    with pytest.raises(
        NotFound, match=r"b has no cpu/nanoseconds, which a is read as; it has alloc_space/bytes"
    ):
        capture(pprof_of(CASE), pprof_of(CASE, GO_HEAP))


def test_counts_of_different_lengths_of_time_are_not_added_up_as_money() -> None:
    read = capture(pprof_of(CASE), pprof_of(CASE, period="1000000 cpu/nanoseconds"), wanted="samples")

    assert build(read).total == 200
    with pytest.raises(Incomplete, match="a and b count samples/count in different units of time"):
        build(read, month=fleet())


def test_the_files_own_default_type_is_taken_else_the_last() -> None:
    types = {"cpu/nanoseconds": 1, "wall/nanoseconds": 2}

    assert capture(pprof_of(CASE, types, default_type="cpu")).value_type.type == "cpu"
    assert capture(pprof_of(CASE, types)).value_type.type == "wall"
    with pytest.raises(NotFound, match="a: the profile has no type 'heap'"):
        capture(pprof_of(CASE, types), wanted="heap")


@pytest.mark.parametrize(
    ("types", "period", "known"),
    [
        ({"cpu/nanoseconds": 10_000_000}, "10 cpu/milliseconds", True),
        ({"cpu/nanoseconds": 10_000_000}, "1000 cpu/nanoseconds", False),
        ({"cpu/nanoseconds": 10_000_000}, "1 cycles/count", False),
        ({"samples/count": 1, "cpu/nanoseconds": 3}, "", True),
        ({"samples/count": 1, "wall/nanoseconds": 3}, "", True),
        ({"samples/count": 1, "cpu/nanoseconds": 3, "wall/nanoseconds": 3}, "", False),
        (GO_HEAP, "524288 space/bytes", False),
    ],
)
def test_observations_are_known_only_where_the_profile_tells_them(
    types: dict[str, int], period: str, *, known: bool
) -> None:
    made = build(capture(pprof_of(CASE, types, period=period)))

    assert named(made)["json.Marshal"].observations == (32 if known else None)


def test_a_broken_file_is_called_by_its_name() -> None:
    with pytest.raises(BrokenProfile, match="b: this is an HTML page"):
        capture(pprof_of(CASE), b"<html></html>")


def test_the_document_has_whole_values_and_all_nanos() -> None:
    document = top_text.as_document(build(go(), limit=1, month=fleet(), utilisation=busy("0.70")))

    assert document["functions"] == [
        {
            "name": "serve",
            "file": "",
            "self": 500_000_000,
            "total": 820_000_000,
            "observations": 50,
            "self_cost": {"loaded": "10153.636363637", "used": "7107.545454546"},
            "total_cost": {"loaded": "16651.963636364", "used": "11656.374545455"},
        },
        {
            "name": "[other]",
            "file": "",
            "self": 500_000_000,
            "total": None,
            "observations": 50,
            "self_cost": {"loaded": "10153.636363636", "used": "7107.545454545"},
            "left_out": 3,
        },
    ]
    assert document["rest"] == [
        {"resource": "cpu", "kind": "idle", "cost": "6092.181818182"},
        {"resource": "memory", "kind": "memory_not_measured", "cost": "4512.727272727"},
    ]
    assert document["cost"]["total"] == "24820.000000000"
    assert document["cost"]["price"]["as_of"].startswith("20")


def test_a_document_without_a_fleet_has_no_money_in_it() -> None:
    document = top_text.as_document(build(go()))

    assert [*document] == ["type", "unit", "total", "no_stack", "functions", "rest", "notes"]
    assert (document["type"], document["unit"], document["rest"]) == ("cpu", "nanoseconds", [])
    assert not any("cost" in key for row in document["functions"] for key in row)


def test_the_text_ends_with_the_rest_and_the_sum() -> None:
    lines = top_text.text(build(go(), month=fleet(), utilisation=busy("0.70"))).splitlines()

    assert lines[0] == "a"
    assert lines[1] == "cpu: 1.00 s in total in 30.0 s of capture"
    assert "as of" in lines[3]
    assert [" ".join(line.split()) for line in lines[-3:]] == [
        "$6,092.18 CPU idle, by the utilisation given",
        "$4,512.73 $4,512.73 memory not measured",
        "$24,820.00 $24,820.00 sum",
    ]


def test_a_hostile_name_neither_reaches_the_terminal_nor_breaks_the_table() -> None:
    long = "x" * 10_000
    made = build(go(f"\x1b[31mred\u202e 50\n{long} 50\n"))

    text = top_text.text(made, 80)
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "…" in text
    assert max(len(line) for line in text.splitlines()) <= 80
    assert {row["name"] for row in top_text.as_document(made)["functions"]} == {"\x1b[31mred\u202e", long}


def test_the_file_is_shown_where_a_name_stands_for_two_functions() -> None:
    made = build(go("run (a.py:1) 60\nrun (b.py:1) 40\nmain (c.py:1) 1\n"))

    names = [line.split("%  ")[-1] for line in top_text.text(made).splitlines()[-3:]]
    assert names == ["run (a.py)", "run (b.py)", "main"]
