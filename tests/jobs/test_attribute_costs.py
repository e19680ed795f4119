import json
from collections import defaultdict
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from finops.domain.machine import MachineKind
from finops.domain.money import Money
from finops.domain.window import HOUR, Window, moment_text
from finops.reports import weekly
from finops.storage.runs import Outcome
from jobs import runner
from jobs.attribute_costs import AttributeCosts
from jobs.runner import Moved, Summary
from jobs.windows import Due, Key
from pricing.catalogue import Catalogue
from tests.small_ledger import (
    HOURS,
    MONDAY,
    NOW,
    PRICES,
    SERVICES,
    TUESDAY,
    SmallLedger,
    captured,
    captures,
    day,
    hour,
    machines,
)

ATTRIBUTE = "attribute_costs"
ROAD = ("refresh_prices", "collect_fleet", "collect_profiles", ATTRIBUTE)

# What an hour of the usual machines costs, in nanos: 9 to 1 of 2 vCPU and 4 GiB, and of 4 and 16.
CHECKOUT_HOUR = 2 * 85_000_000
SEARCH_HOUR = 192_000_000

Line = dict[str, Any]


def by_hour(lines: list[Line], *, grain: str = "window_start") -> dict[tuple[str, str], int]:
    """What charges come to for each service and hour."""
    sums: dict[tuple[str, str], int] = defaultdict(int)
    for line in lines:
        sums[line["service"], line[grain]] += line["list_nanos"] or 0
    return dict(sums)


def kinds(ledger: SmallLedger, number: int, service: str = "checkout") -> set[tuple[str, str]]:
    start = moment_text(hour(number).start)
    return {
        (line["resource"], line["kind"])
        for line in ledger.lines("charges", service=service, window_start=start)
    }


def states(ledger: SmallLedger, service: str = "checkout", grain: str = "hour") -> list[str]:
    """The state of each hour or day, in order; held ones in capitals."""
    lines = ledger.lines("ledger_windows", service=service, grain=grain)
    return [line["state"].upper() if line["is_held"] else line["state"] for line in lines]


def final_lines(ledger: SmallLedger) -> list[Line]:
    """The charges of the hours and the function costs of the days that are final."""
    lines = [json.loads(line) for line in ledger.dump()]
    final = {
        (line["service"], line["window_start"], {"hour": "charges", "day": "function_costs"}[line["grain"]])
        for line in lines
        if line["table"] == "ledger_windows" and line["state"] == "final"
    }
    return [line for line in lines if (line.get("service"), line.get("window_start"), line["table"]) in final]


def test_charges_add_up_to_what_the_machines_cost_in_every_hour(drained_ledger: SmallLedger) -> None:
    found = by_hour(drained_ledger.lines("charges"))

    hours = [moment_text(MONDAY + number * HOUR) for number in range(HOURS)]
    assert found == {("checkout", start): CHECKOUT_HOUR for start in hours} | {
        ("search", start): SEARCH_HOUR for start in hours
    }


def test_charges_of_a_resource_add_up_to_its_part_of_the_price(drained_ledger: SmallLedger) -> None:
    resources: dict[tuple[str, str, str], int] = defaultdict(int)
    for line in drained_ledger.lines("charges"):
        resources[line["service"], line["window_start"], line["resource"]] += line["list_nanos"]

    for (service, _, resource), nanos in resources.items():
        vcpu, gib, whole = (2, 4, CHECKOUT_HOUR) if service == "checkout" else (4, 16, SEARCH_HOUR)
        weight = {"cpu": 9 * vcpu, "memory": gib}[resource]
        assert nanos == round(Decimal(whole * weight) / (9 * vcpu + gib))


def test_function_costs_add_up_to_what_was_used(drained_ledger: SmallLedger) -> None:
    used: dict[tuple[str, str, str], int] = defaultdict(int)
    for line in drained_ledger.lines("charges", kind="used"):
        used[line["service"], line["window_start"][:10], line["resource"]] += line["list_nanos"]
    costs: dict[tuple[str, str, str], int] = defaultdict(int)
    for line in drained_ledger.lines("function_costs", metric="list"):
        costs[line["service"], line["window_start"][:10], line["resource"]] += line["self_nanos"]

    assert costs == used
    assert set(used) == {
        ("checkout", date, resource)
        for date in ("2026-11-02", "2026-11-03")
        for resource in ("cpu", "memory")
    }


def test_hours_have_the_charges_that_their_profiles_and_machines_allow(drained_ledger: SmallLedger) -> None:
    assert kinds(drained_ledger, 9) == {
        ("cpu", "used"),
        ("cpu", "not_profiled"),
        ("cpu", "idle"),
        ("memory", "used"),
        ("memory", "no_heap_profile"),
        ("memory", "idle"),
    }
    assert kinds(drained_ledger, 9, "search") == {("cpu", "no_profile"), ("memory", "no_profile")}
    assert kinds(drained_ledger, 8) >= {("cpu", "no_profile"), ("memory", "no_profile")}


def test_there_is_nothing_left_to_do_once_it_is_done(drained_ledger: SmallLedger) -> None:
    before = drained_ledger.dump()

    assert drained_ledger.look(*ROAD) == Summary()
    assert drained_ledger.dump() == before


def test_hours_are_final_once_they_have_settled_and_days_once_all_their_hours_are(
    drained_ledger: SmallLedger,
) -> None:
    assert states(drained_ledger) == ["final"] * 30 + ["provisional"] * 2
    assert states(drained_ledger, grain="day") == ["final", "provisional"]
    assert {line.get("state", "final") for line in final_lines(drained_ledger)} == {"final"}

    drained_ledger.clock.moment += timedelta(hours=18)
    drained_ledger.drain()

    assert states(drained_ledger)[:48] == ["final"] * 48
    assert states(drained_ledger, grain="day")[:2] == ["final"] * 2


@pytest.mark.parametrize("missing", ["refresh_prices", "collect_profiles"])
def test_nothing_is_final_before_all_that_feeds_it_was_asked(small_ledger: SmallLedger, missing: str) -> None:
    small_ledger.start = TUESDAY + 4 * HOUR
    small_ledger.write()
    small_ledger.look(*(name for name in ROAD if name != missing))
    assert states(small_ledger) == ["provisional"] * 4

    assert small_ledger.look(missing, ATTRIBUTE).ok
    assert states(small_ledger) == ["final"] * 2 + ["provisional"] * 2


def test_an_hour_that_was_asked_before_it_settled_has_to_be_asked_again(small_ledger: SmallLedger) -> None:
    small_ledger.start = TUESDAY + 5 * HOUR
    small_ledger.clock.moment = TUESDAY + 6 * HOUR
    small_ledger.write()
    small_ledger.look(*ROAD)
    assert states(small_ledger) == ["provisional"]

    small_ledger.clock.moment += 2 * HOUR
    small_ledger.look(ATTRIBUTE)
    assert states(small_ledger)[0] == "provisional", "time alone makes nothing final"

    small_ledger.look("collect_fleet", ATTRIBUTE)
    assert states(small_ledger)[0] == "provisional", "the profiles may still have come late"

    small_ledger.look("collect_profiles", ATTRIBUTE)
    assert states(small_ledger)[0] == "final"


def test_a_profile_that_comes_late_makes_exactly_its_day_due_again(small_ledger: SmallLedger) -> None:
    small_ledger.start = MONDAY + 20 * HOUR
    small_ledger.clock.moment = TUESDAY  # Monday's last two hours have not settled
    small_ledger.write()
    small_ledger.drain()
    assert kinds(small_ledger, 22) >= {("cpu", "no_profile")}
    costs = small_ledger.lines("function_costs")

    small_ledger.index += captures(22)
    small_ledger.write()
    assert small_ledger.look("collect_profiles") == Summary(due=1, ok=1)
    assert small_ledger.look(ATTRIBUTE) == Summary(due=1, ok=1)

    run = small_ledger.runs()[0]
    assert (run.window, run.scope, run.counts["hours"]) == (day(), "checkout", 2)
    assert kinds(small_ledger, 22) >= {("cpu", "used"), ("memory", "used")}
    assert small_ledger.lines("function_costs") != costs
    nanos = sum(line["list_nanos"] for line in small_ledger.lines("charges", kind="used"))
    assert sum(line["self_nanos"] for line in small_ledger.lines("function_costs")) == nanos


def a_price(ledger: SmallLedger) -> None:
    ledger.prices = PRICES.replace("0.085", "9.99")


def a_split(ledger: SmallLedger) -> None:
    ledger.prices = PRICES.replace("[prices]", '[prices]\nsplit = "ratio:1"')


def a_team(ledger: SmallLedger) -> None:
    ledger.services = SERVICES.replace("payments", "checkout")


def another_name(ledger: SmallLedger) -> None:
    ledger.services = SERVICES.replace('"search"', '"find"\nnames = ["search"]')


def another_owner(ledger: SmallLedger) -> None:
    """Of the machines that were `search`, by a service that has charges of its own."""
    ledger.services = SERVICES.replace('["shop-checkout"]', '["shop-checkout", "sear*"]').split(
        '\n[[services]]\nname = "search"'
    )[0]


def nobody(ledger: SmallLedger) -> None:
    ledger.services = SERVICES.split('\n[[services]]\nname = "search"')[0]


def a_share(ledger: SmallLedger) -> None:
    ledger.services = SERVICES.replace("payments", 'payments"\nprofiler_gives_shares = true #')


@pytest.mark.parametrize(
    "change",
    [a_price, a_split, a_team, a_share, another_name, another_owner, nobody],
    ids=lambda f: f.__name__,
)
def test_what_is_final_does_not_change(
    drained_ledger: SmallLedger, change: Callable[[SmallLedger], None]
) -> None:
    before = final_lines(drained_ledger)
    assert {line["table"] for line in before} == {"charges", "function_costs"}
    change(drained_ledger)
    drained_ledger.write()

    drained_ledger.drain()

    assert final_lines(drained_ledger) == before


def _an_earlier_clock(ledger: SmallLedger) -> None:
    ledger.clock.moment = MONDAY + 9 * HOUR


def _a_later_beginning(ledger: SmallLedger) -> None:
    ledger.start = MONDAY + 10 * HOUR


@pytest.mark.parametrize("changed", [_an_earlier_clock, _a_later_beginning])
def test_what_was_charged_is_not_taken_away_by_looking_at_less_of_it(
    drained_ledger: SmallLedger, changed: Callable[[SmallLedger], None]
) -> None:
    before = drained_ledger.dump()

    changed(drained_ledger)
    drained_ledger.write()
    drained_ledger.look(ATTRIBUTE)
    drained_ledger.look(ATTRIBUTE, within=Window(MONDAY, MONDAY + 24 * HOUR))

    assert drained_ledger.dump() == before


@pytest.mark.parametrize("change", [another_name, another_owner, nobody], ids=lambda f: f.__name__)
def test_machines_that_go_by_another_name_are_not_paid_for_twice(
    drained_ledger: SmallLedger, change: Callable[[SmallLedger], None]
) -> None:
    change(drained_ledger)
    drained_ledger.write()

    drained_ledger.drain()

    nanos: dict[str, int] = defaultdict(int)
    for line in drained_ledger.lines("charges"):
        nanos[line["window_start"]] += line["list_nanos"]
    assert nanos == {
        moment_text(MONDAY + number * HOUR): CHECKOUT_HOUR + SEARCH_HOUR for number in range(HOURS)
    }


def test_provisional_hours_follow_the_registry(drained_ledger: SmallLedger) -> None:
    another_name(drained_ledger)
    drained_ledger.write()

    drained_ledger.drain()

    starts = {line["window_start"] for line in drained_ledger.lines("charges", service="find")}
    assert starts == {moment_text(MONDAY + number * HOUR) for number in (30, 31)}
    assert starts.isdisjoint(
        line["window_start"] for line in drained_ledger.lines("charges", service="search")
    )


def test_a_price_that_changes_counts_for_what_is_provisional(drained_ledger: SmallLedger) -> None:
    a_price(drained_ledger)
    drained_ledger.write()

    drained_ledger.drain()

    found = by_hour(drained_ledger.lines("charges", service="checkout"))
    assert found["checkout", moment_text(hour(29).start)] == CHECKOUT_HOUR
    assert found["checkout", moment_text(hour(30).start)] == 2 * 9_990_000_000


def test_names_that_nobody_claims_are_services_of_their_own(small_ledger: SmallLedger) -> None:
    small_ledger.start = TUESDAY + 4 * HOUR
    small_ledger.fleet.append(machines("legacy-batch", "m5.xlarge", 1))
    small_ledger.write()

    small_ledger.drain()

    claimed = {line["name"]: line["is_claimed"] for line in small_ledger.lines("services")}
    assert claimed == {"checkout": True, "search": True, "legacy-batch": False}
    assert kinds(small_ledger, 28, "legacy-batch") == {("cpu", "no_profile"), ("memory", "no_profile")}


def test_an_hour_whose_profile_was_refused_says_so_in_its_charges(small_ledger: SmallLedger) -> None:
    small_ledger.put("broken.pb.gz", b"<html>Please sign in</html>")
    *_, row, _ = small_ledger.index
    whole, row["path"] = str(row["path"]), "broken.pb.gz"
    small_ledger.write()

    small_ledger.drain()

    at = moment_text(hour(30).start)
    (lost,) = small_ledger.lines("charges", service="checkout", window_start=at, kind="no_profile")
    assert lost["resource"] == "cpu"
    assert lost["note"] == "the cpu profile was refused: 'broken.pb.gz': this is an HTML page, not a profile"
    words = ("explain", "checkout", "main.main", "--window", f"{at}/{moment_text(hour(30).end)}")
    assert lost["note"] in " ".join(small_ledger.finops(*words).stderr.split())

    small_ledger.put("broken.pb.gz", captured(whole))
    small_ledger.drain()

    assert small_ledger.lines("charges", service="checkout", window_start=at, kind="used")


def test_a_name_that_was_profiled_on_no_machine_is_listed(small_ledger: SmallLedger) -> None:
    small_ledger.index += [{**row, "service": "shop-chekout"} for row in captures(9)]
    small_ledger.write()

    small_ledger.drain()

    assert small_ledger.lines("charges", service="shop-chekout") == []
    with small_ledger.app().readers() as session:
        report = weekly.build(session, day(), currency="USD")
    assert report.without_machines == ("shop-chekout",)
    assert [(line.service.name, line.total) for line in report.unclaimed] == [("shop-chekout", Money(0))]
    ran = small_ledger.finops("report", "weekly", "--window", "2026-11-02/2026-11-03")
    assert "shop-chekout" in ran.stdout
    assert "on no machine that the fleet knows" in ran.stdout


def test_a_machine_without_a_price_is_a_charge_that_says_so(small_ledger: SmallLedger) -> None:
    small_ledger.start = TUESDAY + 4 * HOUR
    small_ledger.fleet.append(
        machines("search", "rack-7", 1, cloud="on_prem", vcpu="32", memory_gib="128", utilisation="0.5")
    )
    small_ledger.write()

    small_ledger.drain()

    found = small_ledger.lines("charges", service="search", machine_type="rack-7")
    assert {(line["resource"], line["kind"], line["list_nanos"]) for line in found} == {
        ("cpu", "no_price", None),
        ("memory", "no_price", None),
    }
    assert {line["quantity"] for line in found if line["resource"] == "cpu"} == {32 * 3600 * 10**9}
    assert by_hour(small_ledger.lines("charges", service="search", machine_type="m5.xlarge"))


def test_a_price_in_another_currency_is_no_price(small_ledger: SmallLedger) -> None:
    small_ledger.look("refresh_prices")  # in dollars
    small_ledger.keep = 'currency = "EUR"\n'
    small_ledger.write()
    with small_ledger.app().readers() as session:
        stored = small_ledger.app().price_book(session, ["c5.large"])

    assert stored.find(MachineKind("aws", "us-east-1", "c5.large"), NOW) is None


def test_a_first_hour_in_the_middle_of_a_day_is_accounted_for_from_there(small_ledger: SmallLedger) -> None:
    small_ledger.start = TUESDAY + 4 * HOUR
    small_ledger.write()

    assert small_ledger.look(*ROAD).skipped == 0

    assert by_hour(small_ledger.lines("charges", service="checkout")) == {
        ("checkout", moment_text(hour(number).start)): CHECKOUT_HOUR for number in range(28, 32)
    }
    assert small_ledger.look(*ROAD) == Summary()


def test_a_first_day_that_begins_at_noon_is_final_once_its_hours_are(small_ledger: SmallLedger) -> None:
    small_ledger.start = MONDAY + 12 * HOUR
    small_ledger.write()

    small_ledger.look(*ROAD)

    days = small_ledger.lines("ledger_windows", service="checkout", grain="day")
    assert [(line["window_start"], line["state"]) for line in days] == [
        (moment_text(MONDAY), "final"),
        (moment_text(TUESDAY), "provisional"),
    ]


def test_function_costs_outlive_the_hours_that_they_were_made_of(small_ledger: SmallLedger) -> None:
    small_ledger.keep = "hourly_days = 14"
    small_ledger.clock.moment = day(15).start
    small_ledger.write()
    small_ledger.look(*ROAD, within=Window(MONDAY, MONDAY + 12 * HOUR))
    assert states(small_ledger, grain="day") == ["provisional"], "half of its hours were never asked for"
    small_ledger.look("expire")
    assert not small_ledger.lines("charge_days"), "and may be backfilled yet"
    small_ledger.look(*ROAD, within=day())
    small_ledger.clock.moment += timedelta(days=1)
    small_ledger.write()
    small_ledger.look("expire")
    assert small_ledger.lines("charge_days", service="checkout")
    before = small_ledger.dump()

    small_ledger.keep += "\nsmallest_share = 0.5"
    small_ledger.write()

    assert small_ledger.look(ATTRIBUTE, within=day()) == Summary()
    assert small_ledger.dump() == before


def test_without_a_first_hour_it_is_a_week_before_now_and_earlier_ones_are_not_waited_for(
    small_ledger: SmallLedger,
) -> None:
    small_ledger.start = None
    small_ledger.clock.moment = MONDAY + timedelta(days=7, hours=20, minutes=30)
    small_ledger.fleet = [machines("search", "m5.xlarge", 1)]
    small_ledger.write()

    small_ledger.look(*ROAD, within=Window(MONDAY + 20 * HOUR, MONDAY + 24 * HOUR))

    hours = small_ledger.lines("ledger_windows", service="search", grain="hour")
    assert [(line["window_start"], line["state"]) for line in hours] == [
        (moment_text(hour(number).start), "final") for number in range(20, 24)
    ]


def test_part_of_a_day_may_be_asked_for(small_ledger: SmallLedger) -> None:
    part = Window(hour(9).start, hour(12).start)

    assert small_ledger.look("refresh_prices", "collect_fleet", "collect_profiles", within=part).skipped == 0
    assert small_ledger.look(ATTRIBUTE, within=part) == Summary(due=2, ok=2), "its day, of each service"

    assert kinds(small_ledger, 9) >= {("cpu", "used")}
    assert {line["window_start"] for line in small_ledger.lines("charges")} == {
        moment_text(hour(number).start) for number in range(9, 12)
    }


def test_what_was_computed_from_inputs_that_moved_is_not_written(small_ledger: SmallLedger) -> None:
    small_ledger.start = TUESDAY + 4 * HOUR
    small_ledger.write()
    small_ledger.look("refresh_prices", "collect_fleet")
    app, job = small_ledger.app(), AttributeCosts()
    found = {work.key.scope: work for work in runner.pending(app, job)}
    small_ledger.look("collect_profiles")

    assert runner.run_now(app, job, found["checkout"]).outcome is Outcome.SKIPPED
    assert small_ledger.lines("charges", service="checkout") == []


def test_a_service_that_nobody_has_heard_of_costs_nothing(drained_ledger: SmallLedger) -> None:
    ended = runner.run_now(drained_ledger.app(), AttributeCosts(), Due(Key(day(5), "nobody"), "whatever"))

    assert ended.outcome is Outcome.SKIPPED
    assert drained_ledger.lines("services", name="nobody") == []


@pytest.mark.parametrize("back", [timedelta(hours=1), timedelta(hours=6)], ids=["an hour", "into yesterday"])
def test_a_day_is_not_done_with_by_a_clock_that_was_set_back_meanwhile(
    small_ledger: SmallLedger, back: timedelta
) -> None:
    small_ledger.start, small_ledger.clock.moment = TUESDAY, TUESDAY + 5 * HOUR
    small_ledger.write()
    small_ledger.look("refresh_prices", "collect_fleet", "collect_profiles")
    app, job = small_ledger.app(), AttributeCosts()
    found = {work.key.scope: work for work in runner.pending(app, job)}

    small_ledger.clock.moment -= back
    with pytest.raises(Moved):
        job.prepare(app, found["checkout"])
    assert runner.run_now(app, job, found["checkout"]).outcome is Outcome.SKIPPED

    small_ledger.clock.moment += back
    assert {work.key.scope for work in runner.pending(app, job)} >= {"checkout"}


def test_hour_by_hour_comes_to_the_same_as_all_at_once(
    small_ledger: SmallLedger, empty_database: Path, tmp_path: Path
) -> None:
    at_once = SmallLedger.laid_out(tmp_path / "at-once", empty_database)
    for each in (small_ledger, at_once):
        each.start = TUESDAY + 4 * HOUR
    at_once.clock.moment = TUESDAY + 13 * HOUR
    at_once.write()
    at_once.drain()

    for hours in range(5, 14):
        small_ledger.clock.moment = TUESDAY + hours * HOUR
        small_ledger.write()
        small_ledger.look(*ROAD)
    small_ledger.drain()

    assert small_ledger.dump() == at_once.dump()
    at_once.close()


def test_prices_of_the_tests_are_those_of_the_catalogue() -> None:
    assert Catalogue().machine("c5.large").hourly * 10**9 * 2 == CHECKOUT_HOUR
    assert Catalogue().machine("m5.xlarge").hourly * 10**9 == SEARCH_HOUR
