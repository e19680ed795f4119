import json
from datetime import timedelta

import pytest

from finops.domain.window import HOUR, Window, week_of
from finops.storage import reports, runs
from finops.storage.reports import Report
from finops.storage.runs import Outcome
from jobs.runner import Summary
from tests import claims
from tests.small_ledger import MONDAY, SmallLedger, captures, machines

WEEKLY = "weekly_report"
ROAD = ("refresh_prices", "collect_fleet", "collect_profiles", "attribute_costs")

WEEK = week_of(MONDAY)
SUNDAY = 6 * 24
NEXT_MONDAY = WEEK.end


@pytest.fixture
def ended_week(small_ledger: SmallLedger) -> SmallLedger:
    """Accounts begin on Sunday at eight in the evening; the week has just ended."""
    ledger = small_ledger
    ledger.start = MONDAY + (SUNDAY + 20) * HOUR
    ledger.clock.moment = NEXT_MONDAY
    ledger.fleet = [
        machines("shop-checkout", "c5.large", 2, utilisation="0.3", resident_gib="0.5", end="2026-11-20"),
        machines("search", "m5.xlarge", 1, end="2026-11-20"),
    ]
    ledger.index = captures(SUNDAY + 20)
    ledger.write()
    return ledger


def latest(ledger: SmallLedger) -> Report:
    with ledger.app().readers() as session:
        found = reports.latest(session, "weekly", WEEK)
    assert found is not None
    return found


def versions(ledger: SmallLedger) -> list[int]:
    with ledger.app().readers() as session:
        return [heading.version for heading in reports.listing(session)][::-1]


def test_an_ended_week_is_reported_once_as_the_command_line_shows_it(ended_week: SmallLedger) -> None:
    ended_week.look(*ROAD)

    assert ended_week.look(WEEKLY) == Summary(due=1, ok=1)
    assert ended_week.look(WEEKLY) == Summary()

    stored = json.loads(latest(ended_week).document)
    shown = ended_week.finops("report", "weekly", "--json")
    assert json.loads(shown.stdout) == stored, shown.stderr
    assert stored["window"] == {"start": "2026-11-02T00:00:00Z", "end": "2026-11-09T00:00:00Z"}
    assert stored["total"] == "1.448000000", "four hours of both services"
    assert stored["provisional_hours"] == 2


def test_a_report_says_which_versions_of_the_ledger_it_read(ended_week: SmallLedger) -> None:
    ended_week.look(*ROAD, WEEKLY)

    pins = json.loads(latest(ended_week).pins)

    hours = [Window(hour.start, hour.end) for hour in Window(WEEK.end - 4 * HOUR, WEEK.end).hours()]
    day = Window(WEEK.end - timedelta(days=1), WEEK.end)
    assert pins == {f"{service} {at}": 1 for service in ("checkout", "search") for at in (*hours, day)}


def test_a_week_that_has_not_ended_is_not_reported(ended_week: SmallLedger) -> None:
    ended_week.clock.moment = NEXT_MONDAY - HOUR
    ended_week.look(*ROAD)

    assert ended_week.look(WEEKLY) == Summary()


def test_a_week_of_which_nothing_is_known_is_not_reported(ended_week: SmallLedger) -> None:
    assert ended_week.look(WEEKLY) == Summary()


def test_what_changes_later_makes_a_new_version_and_keeps_the_old(ended_week: SmallLedger) -> None:
    ended_week.look(*ROAD, WEEKLY)
    first = latest(ended_week)
    ended_week.index += captures(SUNDAY + 23)
    ended_week.write()

    assert ended_week.look("collect_profiles", "attribute_costs", WEEKLY).ok == 3

    assert versions(ended_week) == [1, 2]
    assert latest(ended_week).document != first.document
    with ended_week.app().readers() as session:
        assert reports.find(session, "weekly", WEEK, 1) == first


def test_a_window_reports_its_own_weeks_only(ended_week: SmallLedger) -> None:
    ended_week.clock.moment = NEXT_MONDAY + timedelta(days=7, hours=3)
    ended_week.look("refresh_prices")
    for within in (WEEK, Window(NEXT_MONDAY, NEXT_MONDAY + 2 * HOUR)):
        ended_week.look("collect_fleet", "collect_profiles", "attribute_costs", within=within)

    assert ended_week.look(WEEKLY, within=WEEK) == Summary(due=1, ok=1)
    assert [run.window for run in ended_week.runs() if run.job == WEEKLY] == [WEEK]


def test_a_report_waits_for_what_is_due(ended_week: SmallLedger) -> None:
    ended_week.look(*ROAD)
    ended_week.index += captures(SUNDAY + 23)
    ended_week.write()
    ended_week.look("collect_profiles")

    assert ended_week.look(WEEKLY) == Summary(due=1, skipped=1)
    assert ended_week.runs()[0].error.endswith("checkout is not done yet")

    ended_week.look("attribute_costs")
    assert ended_week.look(WEEKLY) == Summary(due=1, ok=1)


def claim(ledger: SmallLedger, job: str, window: Window) -> None:
    """What a worker that is about to die does."""
    with ledger.app().sessions.begin() as session:
        found = claims.claim(
            session,
            job,
            window,
            "fleet",
            worker="another",
            now=ledger.clock.reals,
            lease=timedelta(seconds=2),
            fingerprint="",
        )
    assert found


def test_a_report_waits_for_what_a_worker_has_at_hand_until_it_is_taken_over(ended_week: SmallLedger) -> None:
    hour = Window(WEEK.end - HOUR, WEEK.end)
    ended_week.look("refresh_prices")
    claim(ended_week, "collect_fleet", hour)
    ended_week.look("collect_fleet", "collect_profiles", "attribute_costs")

    assert ended_week.look(WEEKLY) == Summary(due=1, skipped=1)
    assert ended_week.runs()[0].error == f"collect_fleet {hour} fleet is not done yet"

    ended_week.clock.reals += timedelta(seconds=3)
    assert ended_week.look(WEEKLY) == Summary(due=1, skipped=1), "its lease is over, its work is not done"

    ended_week.look("collect_fleet", "attribute_costs")
    assert ended_week.look(WEEKLY) == Summary(due=1, ok=1)
    assert versions(ended_week) == [1]


def test_a_report_does_not_wait_for_what_is_of_another_week_or_given_up(ended_week: SmallLedger) -> None:
    ended_week.look(*ROAD)
    claim(ended_week, "collect_fleet", Window(NEXT_MONDAY, NEXT_MONDAY + HOUR))
    claim(ended_week, "collect_queues", Window(WEEK.end - HOUR, WEEK.end))

    assert ended_week.look(WEEKLY).skipped == 1
    ended_week.clock.reals += timedelta(days=1, seconds=2)
    assert ended_week.look(WEEKLY) == Summary(due=1, ok=1)


def test_a_report_does_not_wait_for_what_failed(ended_week: SmallLedger) -> None:
    ended_week.look(*ROAD)
    day = Window(WEEK.end - timedelta(days=1), WEEK.end)
    ended_week.index += captures(SUNDAY + 23)
    ended_week.write()
    ended_week.look("collect_profiles")
    with ended_week.app().sessions.begin() as session:
        begun = claims.claim(
            session,
            "attribute_costs",
            day,
            "checkout",
            worker="another",
            now=ended_week.clock.reals,
            lease=HOUR,
            fingerprint="",
        )
        assert begun
        runs.finish(session, begun, outcome=Outcome.FAILED, counts={}, now=ended_week.clock.reals)

    assert ended_week.look(WEEKLY) == Summary(due=1, ok=1)
