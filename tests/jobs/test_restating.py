"""A restatement's road: what is due after it, what it computes from, and what it leaves as it was."""

import json
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta

import pytest

from finops.domain.window import HOUR, Window, moment_text, week_of
from finops.reports import document, text, weekly
from finops.storage import reports, restatement
from finops.storage.runs import Outcome
from jobs.runner import Summary
from tests.small_ledger import MONDAY, PRICES, REAL, SERVICES, SmallLedger, captures, day, hour, machines

FLEET, PROFILES, ATTRIBUTE = "collect_fleet", "collect_profiles", "attribute_costs"
WHY = "the fleet file had a wrong count"
LATER = REAL + timedelta(hours=1)


def restate(
    ledger: SmallLedger, window: Window, service: str | None = None, now: datetime = LATER
) -> datetime:
    ledger.clock.reals = now + timedelta(minutes=1)
    with ledger.app().sessions.begin() as session:
        return restatement.restate(session, window, WHY, now, service=service, by="ann")


def standing(ledger: SmallLedger, service: str, table: str = "charges") -> list[dict[str, object]]:
    return ledger.lines(table, service=service)


def nanos(ledger: SmallLedger, service: str, numbers: Iterable[int], version: int) -> dict[int, int]:
    """What a version charges a service for each hour."""
    sums: dict[int, int] = defaultdict(int)
    numbered = {moment_text(hour(number).start): number for number in numbers}
    for line in ledger.lines("charges", service=service, ledger_version=version):
        if line["window_start"] in numbered:
            sums[numbered[line["window_start"]]] += line["list_nanos"]
    return dict(sums)


def printed(
    ledger: SmallLedger, as_of: datetime | None = None, window: Window | None = None
) -> tuple[str, str]:
    """The report as text and as JSON."""
    with ledger.app().readers() as session:
        made = weekly.build(session, window or day(), currency="USD", as_of=as_of)
    return text.weekly(made), json.dumps(document.weekly(made), indent=2)


def more_machines(ledger: SmallLedger) -> None:
    """Both services ran on more machines than was said, on both days."""
    ledger.fleet[0]["count"] = 3
    ledger.fleet[1]["count"] = 2
    ledger.write()


def test_a_restated_hour_is_asked_for_attributed_and_final_again(drained_ledger: SmallLedger) -> None:
    restate(drained_ledger, Window(hour(9).start, hour(11).start), "checkout")

    assert drained_ledger.look(FLEET) == Summary(due=2, ok=2)
    assert drained_ledger.look(PROFILES) == Summary(due=2, ok=2)
    assert drained_ledger.look(ATTRIBUTE) == Summary(due=1, ok=1)
    run = drained_ledger.runs()[0]
    assert (run.window, run.scope, run.counts["hours"], run.counts["final"]) == (day(), "checkout", 2, 2)
    assert drained_ledger.look(FLEET, PROFILES, ATTRIBUTE) == Summary()
    found = drained_ledger.lines("ledger_windows", service="checkout", ledger_version=2)
    assert [(line["state"], line["reason"], line["restated_by"]) for line in found] == [
        ("final", WHY, "ann")
    ] * 3, "two hours and their day"


def test_where_nothing_changed_the_new_version_says_what_the_old_one_did(drained_ledger: SmallLedger) -> None:
    before = standing(drained_ledger, "checkout"), standing(drained_ledger, "checkout", "function_costs")
    restate(drained_ledger, day(), "checkout")
    drained_ledger.drain()

    for lines, table in zip(before, ("charges", "function_costs"), strict=True):
        of_day = [line for line in lines if str(line["window_start"]) < moment_text(day().end)]
        found = drained_ledger.lines(table, service="checkout", ledger_version=2)
        assert [{**line, "ledger_version": 1} for line in found] == of_day


def test_it_is_not_final_before_every_source_was_asked_again(drained_ledger: SmallLedger) -> None:
    restate(drained_ledger, hour(9), "checkout")

    def state() -> str:
        lines = drained_ledger.lines("ledger_windows", service="checkout", grain="hour", ledger_version=2)
        return str(lines[0]["state"])

    drained_ledger.look(ATTRIBUTE)
    assert state() == "provisional"
    drained_ledger.look(FLEET, ATTRIBUTE)
    assert state() == "provisional", "the profiles may have been pulled anew"
    drained_ledger.look(PROFILES, ATTRIBUTE)
    assert state() == "final"


def test_it_waits_for_the_prices_that_the_configuration_states_by_now(drained_ledger: SmallLedger) -> None:
    drained_ledger.prices = PRICES.replace("0.085", "0.1")
    drained_ledger.write()
    restate(drained_ledger, hour(9), "checkout")
    drained_ledger.look(FLEET, PROFILES, ATTRIBUTE)

    assert drained_ledger.lines("ledger_windows", ledger_version=2, state="final") == []

    drained_ledger.look("refresh_prices", ATTRIBUTE)
    assert nanos(drained_ledger, "checkout", [9], 2) == {9: 2 * 100_000_000}
    assert nanos(drained_ledger, "checkout", [9], 1) == {9: 2 * 85_000_000}


def test_the_fleet_as_it_is_now_is_what_it_computes_from(drained_ledger: SmallLedger) -> None:
    more_machines(drained_ledger)
    restate(drained_ledger, day())
    drained_ledger.drain()

    assert nanos(drained_ledger, "checkout", range(24), 2) == dict.fromkeys(range(24), 3 * 85_000_000)
    assert nanos(drained_ledger, "search", range(24), 2) == dict.fromkeys(range(24), 2 * 192_000_000)
    assert nanos(drained_ledger, "checkout", range(24), 1) == dict.fromkeys(range(24), 2 * 85_000_000)


def test_a_profile_pulled_anew_is_what_it_computes_from(drained_ledger: SmallLedger) -> None:
    drained_ledger.index += captures(8)
    drained_ledger.write()
    assert drained_ledger.look(PROFILES, ATTRIBUTE) == Summary(), "the hour is final"
    restate(drained_ledger, hour(8), "checkout")
    drained_ledger.drain()

    kinds = {
        (line["ledger_version"], line["kind"])
        for line in drained_ledger.lines(
            "charges", service="checkout", window_start=moment_text(hour(8).start)
        )
    }
    assert {(1, "no_profile"), (2, "used")} <= kinds


def test_other_services_of_the_hour_stay_as_they_are(drained_ledger: SmallLedger) -> None:
    before = [
        line
        for table in ("machine_hours", "charges", "ledger_windows")
        for line in standing(drained_ledger, "search", table)
    ]
    more_machines(drained_ledger)
    restate(drained_ledger, day(), "checkout")
    drained_ledger.look(FLEET, PROFILES, ATTRIBUTE, within=day())

    after = [
        line
        for table in ("machine_hours", "charges", "ledger_windows")
        for line in standing(drained_ledger, "search", table)
    ]
    assert after == before, "what its final hours were made of explains them still"
    assert nanos(drained_ledger, "checkout", [5], 2) == {5: 3 * 85_000_000}


def test_nobody_is_charged_for_the_first_time_by_the_restatement_of_another(
    drained_ledger: SmallLedger,
) -> None:
    drained_ledger.fleet.append(machines("mail", "c5.large", 1))
    drained_ledger.write()
    restate(drained_ledger, hour(9), "checkout")
    drained_ledger.look(FLEET, PROFILES, ATTRIBUTE, within=day())

    assert standing(drained_ledger, "mail") == []
    restate(drained_ledger, hour(10), now=LATER + HOUR)
    drained_ledger.look(FLEET, PROFILES, ATTRIBUTE, within=day())
    assert {line["window_start"] for line in standing(drained_ledger, "mail")} == {
        moment_text(hour(10).start)
    }


def test_machines_of_a_final_hour_are_not_paid_for_again_under_the_name_of_a_restated_one(
    drained_ledger: SmallLedger,
) -> None:
    drained_ledger.services = SERVICES.replace('["shop-checkout"]', '["shop-checkout", "sear*"]').split(
        '\n[[services]]\nname = "search"'
    )[0]
    drained_ledger.write()
    restate(drained_ledger, hour(9), "checkout")
    drained_ledger.look(FLEET, PROFILES, ATTRIBUTE, within=day())

    [failed] = drained_ledger.runs(Outcome.FAILED)
    assert "restate search as well" in failed.error
    assert nanos(drained_ledger, "checkout", [9], 2) == {9: 2 * 85_000_000}, "as it stood before"

    restate(drained_ledger, hour(9), "search", now=LATER + HOUR)
    drained_ledger.look(FLEET, PROFILES, ATTRIBUTE, within=day())
    assert nanos(drained_ledger, "checkout", [9], 2) == {9: 2 * 85_000_000 + 192_000_000}
    assert nanos(drained_ledger, "search", [9], 2) == {}


@pytest.mark.parametrize("what", ["fleet", "index"])
def test_a_source_that_has_thrown_away_what_it_said_takes_nothing_back(
    drained_ledger: SmallLedger, what: str
) -> None:
    before = standing(drained_ledger, "checkout")
    if what == "fleet":
        drained_ledger.fleet = [machines("checkout", "c5.large", 1, start=moment_text(hour(40).start))]
    else:
        drained_ledger.index = captures(30)
    drained_ledger.write()
    restate(drained_ledger, hour(9))
    drained_ledger.look(FLEET, PROFILES, ATTRIBUTE, within=hour(9))

    found = drained_ledger.lines("charges", service="checkout", ledger_version=2)
    assert [{**line, "ledger_version": 1} for line in found] == [
        line for line in before if line["window_start"] == moment_text(hour(9).start)
    ]
    job = {"fleet": FLEET, "index": PROFILES}[what]
    run = next(run for run in drained_ledger.runs() if run.job == job)
    assert "any more: what was said before stays" in run.error


def test_what_was_restated_long_ago_is_due_without_being_asked_for(drained_ledger: SmallLedger) -> None:
    drained_ledger.clock.moment = MONDAY + timedelta(days=80)
    drained_ledger.start = MONDAY + timedelta(days=79, hours=23)
    drained_ledger.write()
    drained_ledger.drain()
    drained_ledger.fleet[0]["count"] = 3
    drained_ledger.write()
    assert drained_ledger.look(FLEET, PROFILES, ATTRIBUTE) == Summary()

    restate(drained_ledger, hour(9), "checkout")

    assert drained_ledger.look(FLEET, PROFILES, ATTRIBUTE) == Summary(due=3, ok=3)
    assert nanos(drained_ledger, "checkout", [9], 2) == {9: 3 * 85_000_000}
    assert drained_ledger.look("weekly_report") == Summary(due=1, ok=1)
    with drained_ledger.app().readers() as session:
        found = reports.latest(session, "weekly", week_of(MONDAY))
    assert found is not None
    assert json.loads(found.document)["restated"] == {"hours": 1, "reason": WHY}


def test_the_report_of_before_is_printed_byte_for_byte_and_the_new_one_differs_by_what_was_restated(
    drained_ledger: SmallLedger,
) -> None:
    drained_ledger.clock.reals = REAL + timedelta(minutes=1)
    before = printed(drained_ledger)
    more_machines(drained_ledger)
    drained_ledger.services = SERVICES.replace("payments", "another team")
    drained_ledger.write()
    moment = restate(drained_ledger, Window(hour(3).start, hour(7).start), "checkout")
    drained_ledger.drain()
    after = printed(drained_ledger)

    assert printed(drained_ledger, REAL + timedelta(minutes=1)) == before
    assert printed(drained_ledger, moment - timedelta(microseconds=1)) == before
    assert "another team" in after[0]
    assert "another team" not in before[0]
    totals = [json.loads(each)["total"] for each in (before[1], after[1])]
    assert totals == ["8.688000000", "9.028000000"], "a machine at $0.085 for four hours"
    assert json.loads(after[1])["restated"] == {"hours": 4, "reason": WHY}
    assert "restated" not in json.loads(before[1])
    assert "4 hours were restated; the newest reason: " + WHY in after[0]


def test_each_of_several_restatements_can_be_printed_as_it_was(drained_ledger: SmallLedger) -> None:
    made = [(REAL + timedelta(minutes=1), printed(drained_ledger))]
    for number in (1, 2, 3):
        drained_ledger.fleet[0]["count"] = 2 + number
        drained_ledger.write()
        now = REAL + number * HOUR
        restate(drained_ledger, hour(9), "checkout", now=now)
        drained_ledger.drain()
        made.append((drained_ledger.clock.reals, printed(drained_ledger)))

    assert [printed(drained_ledger, moment) for moment, _ in made] == [report for _, report in made]
    assert len({report for _, report in made}) == 4


def test_as_of_a_moment_when_something_was_provisional_says_what_was_written_since(
    drained_ledger: SmallLedger,
) -> None:
    then = drained_ledger.clock.reals
    before = json.loads(printed(drained_ledger, window=day(1))[1])
    drained_ledger.clock.reals += HOUR
    drained_ledger.clock.moment += 18 * HOUR
    drained_ledger.index += captures(31)
    drained_ledger.write()
    drained_ledger.drain()

    shown, said = printed(drained_ledger, then, window=day(1))
    found = json.loads(said)
    assert found["rewritten"] == {"as_of": moment_text(then), "hours": 2, "days": 1}
    assert found["provisional_hours"] == before["provisional_hours"] == 2
    assert json.loads(printed(drained_ledger, window=day(1))[1])["provisional_hours"] == 0
    assert f"as of {moment_text(then)}: 2 hours and the functions of 1 day were provisional" in shown
    assert found["total"] == before["total"], "of hours that were not there yet there is nothing"
    assert "rewritten" not in json.loads(printed(drained_ledger, drained_ledger.clock.reals, day(1))[1])


# While provisional: exactly what is affected is due again.


def due_days(ledger: SmallLedger) -> set[tuple[datetime, str]]:
    """The service-days that the last look of the attribution wrote, by a clock that has moved on."""
    return {
        (run.window.start, run.scope)
        for run in ledger.runs(Outcome.OK)
        if run.job == ATTRIBUTE and run.started_at == ledger.clock.reals
    }


@pytest.fixture
def two_open_days(small_ledger: SmallLedger) -> SmallLedger:
    """Two hours of Monday and two of Tuesday, none of which has settled."""
    small_ledger.start = MONDAY + 22 * HOUR
    small_ledger.keep = "settle_hours = 6"
    small_ledger.clock.moment = MONDAY + 26 * HOUR
    small_ledger.fleet.append(
        machines("search", "c5.large", 1, start=moment_text(hour(23).start), end=moment_text(hour(24).start))
    )
    small_ledger.write()
    small_ledger.drain()
    small_ledger.clock.reals += HOUR
    return small_ledger


def test_a_fleet_row_that_changes_makes_exactly_its_service_days_due(two_open_days: SmallLedger) -> None:
    two_open_days.fleet[-1]["count"] = 2
    two_open_days.write()

    assert two_open_days.look(FLEET) == Summary(due=1, ok=1), "one hour"
    two_open_days.look(ATTRIBUTE)
    assert due_days(two_open_days) == {(day().start, "search")}


def test_a_profile_that_is_pulled_anew_makes_exactly_its_service_days_due(two_open_days: SmallLedger) -> None:
    two_open_days.index += captures(24)
    two_open_days.write()

    assert two_open_days.look(PROFILES) == Summary(due=1, ok=1), "one hour"
    two_open_days.look(ATTRIBUTE)
    assert due_days(two_open_days) == {(day(1).start, "checkout")}


def test_a_price_that_comes_late_makes_exactly_the_days_of_its_machines_due(
    two_open_days: SmallLedger,
) -> None:
    two_open_days.prices = PRICES.replace("0.192", "0.2")
    two_open_days.write()
    two_open_days.look("refresh_prices", ATTRIBUTE)
    assert due_days(two_open_days) == {(day().start, "search"), (day(1).start, "search")}

    two_open_days.clock.reals += HOUR
    two_open_days.prices = two_open_days.prices.replace("0.085", "0.09")
    two_open_days.write()
    two_open_days.look("refresh_prices", ATTRIBUTE)
    assert due_days(two_open_days) == {
        (day().start, "search"),  # on Monday it ran on one of these too
        (day().start, "checkout"),
        (day(1).start, "checkout"),
    }


def test_nothing_is_due_where_nothing_changed(two_open_days: SmallLedger) -> None:
    assert two_open_days.look("refresh_prices", FLEET, PROFILES, ATTRIBUTE) == Summary()
