from fractions import Fraction

import pytest

from finops.domain.charge import ChargeKind
from finops.domain.money import Money
from finops.engine import FunctionKey
from finops.errors import Incomplete, NotFound
from finops.reports import compare_text
from finops.reports.compare import ALWAYS, ComparedRow, Comparison, build
from finops.reports.files import read_files, read_like
from finops.reports.fleet_month import Utilisation
from tests.finops.reports.notation import (
    CAPTURES,
    CASE,
    GO_HEAP,
    THIRTY_SECONDS,
    busy,
    capture,
    fleet,
    go,
    pprof_of,
)

BEFORE = "main;json 320\nmain;regexp 180\nmain 500\n"
AFTER = "main;json 80\nmain;regexp 20\nmain 500\n"


def named(made: Comparison) -> dict[str, ComparedRow]:
    return {row.function.name if row.function else "[other]": row for row in made.rows}


def test_cpu_time_is_compared_by_second_of_capture() -> None:
    """The same rate in a capture of twice the length is no change."""
    made = build(go("a 100\nb 50\n"), go("a 200\nb 10\n", duration_nanos=2 * THIRTY_SECONDS))

    assert (made.scale.unit, made.scale.per_second) == ("cpu-nanoseconds", True)
    assert [row.function for row in made.rows] == [FunctionKey("b", ""), FunctionKey("a", "")]
    assert named(made)["a"].change == 0
    assert named(made)["b"].change == Fraction(10**8, 60) - Fraction(5 * 10**8, 30)


def test_the_largest_change_comes_first_whichever_way_it_goes() -> None:
    made = build(go("a 100\nb 100\nc 100\n"), go("a 101\nb 60\nc 190\nd 2\n"))

    assert [*named(made)] == ["c", "b", "d", "a"]
    assert named(made)["d"].before.value == 0


def test_without_durations_values_are_compared_as_they_are_and_it_says_so() -> None:
    made = build(capture(CASE.encode()), capture(CASE.encode()))

    assert (made.scale.unit, made.scale.per_second) == ("count", False)
    assert "does not tell how long" in made.notes[0]


def test_a_live_heap_is_no_rate() -> None:
    heaps = [capture(pprof_of(CASE, GO_HEAP, period="524288 space/bytes")) for _ in range(2)]
    made = build(*heaps)

    assert (made.scale.unit, made.scale.per_second) == ("bytes", False)
    assert not any("how long" in note for note in made.notes)
    assert {row.could_be_noise for row in made.rows} == {None}
    assert any("no interval can be given" in note for note in made.notes)


def test_it_always_says_what_two_captures_cannot() -> None:
    made = build(go(BEFORE), go(AFTER), month=fleet(), utilisation=busy("0.7"))

    assert made.notes[-1] == ALWAYS
    text, document = compare_text.text(made), str(compare_text.as_document(made))
    assert "how much days differ" in text
    assert "how much days differ" in document
    assert "saving" not in text + document


def test_a_change_is_marked_where_the_intervals_of_both_sides_overlap() -> None:
    made = build(go("big 1000\nsmall 12\n"), go("big 100\nsmall 8\n"))

    assert (named(made)["big"].could_be_noise, named(made)["small"].could_be_noise) == (False, True)
    for row in made.rows:
        between, one, other = row.change_interval, row.before.interval, row.after.interval
        assert between
        assert one
        assert other
        assert between.low <= row.change <= between.high
        assert row.could_be_noise == (one.low <= other.high and other.low <= one.high)


def test_the_interval_is_wilsons_of_the_samples_that_hit_the_function() -> None:
    made = build(go(), go())

    between = named(made)["json.Marshal"].before.interval
    assert between
    # 32 of 100, of a second of CPU in thirty.
    assert [round(float(end * 30) / 10**9, 6) for end in (between.low, between.high)] == [0.236691, 0.416626]


def test_what_is_left_out_is_one_row() -> None:
    made = build(go(BEFORE), go(AFTER), limit=1, month=fleet(), utilisation=busy("0.7"))

    assert [*named(made)] == ["json", "[other]"]
    other = made.rows[-1]
    assert (other.before.self, other.after.self, other.left_out) == (6_800_000_000, 5_200_000_000, 2)
    assert other.before.total is None
    assert (other.before.observations, other.after.observations) == (680, 520)


def assert_adds_up(made: Comparison) -> None:
    assert made.month
    for side, whole in (("before", made.before), ("after", made.after)):
        costs = [getattr(row, side).self_cost for row in made.rows]
        beside_cpu = sum(each.cost.nanos for each in made.month.beside_cpu)
        assert sum(cost.loaded.nanos for cost in costs) + beside_cpu == made.month.total.nanos
        if whole.utilisation:
            used = sum(cost.used.nanos for cost in costs)
            assert used + sum(each.cost.nanos for each in whole.rest) == made.month.total.nanos


def test_the_same_fleet_stands_behind_both_and_each_side_adds_up_to_it() -> None:
    made = build(go(BEFORE), go(AFTER), limit=1, month=fleet(), utilisation=busy("0.70"))

    assert made.basis == "used"
    assert made.before.utilisation == busy("0.70")
    # 600 samples after for 1,000 before.
    assert made.after.utilisation == Utilisation(Fraction(42, 100), is_measured=False)
    assert made.after.rest[0].kind is ChargeKind.UNPROFILED_OR_IDLE
    assert_adds_up(made)
    document = compare_text.as_document(made)
    # 24 points of 70 % of the CPU dollars.
    assert document["functions"][0]["cost_change"]["value"] == "-3411.621818182"
    assert document["cost"]["utilisation_after"] == {"share": 0.42, "source": "capture"}


def test_the_captures_own_utilisation_serves_both_sides() -> None:
    made = build(go(BEFORE), go(AFTER), month=fleet())

    assert made.basis == "used"
    assert made.before.utilisation == Utilisation(Fraction(1, 24), is_measured=False)
    assert_adds_up(made)


@pytest.mark.parametrize("utilisation", [None, busy("0.70")])
def test_without_durations_only_loaded_dollars_are_compared(utilisation: Utilisation | None) -> None:
    was, became = go(BEFORE, duration_nanos=0), go(AFTER, duration_nanos=0)
    made = build(was, became, month=fleet(), utilisation=utilisation)

    assert made.basis == "loaded"
    assert any("only shift between functions" in note for note in made.notes)
    changes = [row["cost_change"]["value"] for row in compare_text.as_document(made)["functions"]]
    assert sum(Money.of(change).nanos for change in changes) == 0
    assert_adds_up(made)


def test_more_demand_than_the_fleet_has_leaves_used_unknown_after() -> None:
    made = build(go("a 10\n"), go("a 20\n"), month=fleet(), utilisation=busy("0.70"))

    assert (made.basis, made.after.utilisation) == ("loaded", None)
    assert any("more than there is" in note for note in made.notes)


def test_only_cpu_time_is_compared_in_dollars() -> None:
    walls = [capture(pprof_of(CASE, {"wall/nanoseconds": 1}, period="")) for _ in range(2)]

    assert build(*walls).scale.unit == "nanoseconds"
    with pytest.raises(Incomplete, match="wall/nanoseconds is no CPU time"):
        build(*walls, month=fleet())
    with pytest.raises(Incomplete, match="wall/nanoseconds is no CPU time"):
        build(*walls, month=fleet(), utilisation=busy("0.7"))


def test_two_types_cannot_be_compared() -> None:
    with pytest.raises(NotFound, match="after has no cpu/nanoseconds, which a is read as"):
        read_like("after", pprof_of(CASE, GO_HEAP), go())
    with pytest.raises(NotFound, match="cannot be compared with"):
        build(go(), capture(pprof_of(CASE, GO_HEAP)))


def test_differences_have_neither_shares_nor_intervals() -> None:
    made = build(capture(pprof_of(CASE, sign=-1)), go())

    assert named(made)["json.Marshal"].before.share is None
    assert {row.could_be_noise for row in made.rows} == {None}


@pytest.mark.skipif(not CAPTURES, reason="there are no captures yet")
def test_a_real_capture_does_not_differ_from_itself() -> None:
    read = read_files([("a", CAPTURES[0].read_bytes())])
    made = build(read, read, limit=0, month=fleet())

    assert {row.change for row in made.rows} == {0}
    assert all(row.could_be_noise for row in made.rows)
    assert_adds_up(made)


def test_the_text_shows_changes_with_their_intervals() -> None:
    lines = compare_text.text(build(go(BEFORE), go(AFTER))).splitlines()

    assert lines[0] == "before  a: cpu 10.0 s in 30.0 s, 333 ms/s"
    assert lines[1] == "after   a: cpu 6.00 s in 30.0 s, 200 ms/s"
    row = next(line for line in lines if line.endswith("json"))
    assert row.split()[:8] == ["107", "ms/s", "32.0%", "26.7", "ms/s", "13.3%", "-80.0", "ms/s"]
    assert "…" in row


def test_hostile_names_do_not_reach_the_terminal() -> None:
    made = build(go(f"\x1b[31mred 50\n{'x' * 10_000} 50\n"), go(), month=fleet(), utilisation=busy("0.1"))

    text = compare_text.text(made, 130)
    assert "\x1b" not in text
    assert max(len(line) for line in text.splitlines()) <= 130
