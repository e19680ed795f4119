import re
from datetime import timedelta
from decimal import Decimal

from finops.domain.machine import MachineHours
from finops.domain.money import NANOS_PER_HOUR
from finops.domain.window import moment_text
from finops.storage import machine_hours
from finops.storage.runs import Outcome
from jobs import runner
from jobs.collect_fleet import CollectFleet
from jobs.runner import Summary
from jobs.windows import Due, Key
from tests.small_ledger import MONDAY, TUESDAY, SmallLedger, day, hour, machines

FLEET = "collect_fleet"


def stored(ledger: SmallLedger, number: int) -> list[MachineHours]:
    with ledger.app().readers() as session:
        return machine_hours.within(session, hour(number))


def counts(ledger: SmallLedger, number: int) -> dict[str, int]:
    return {row.service: row.machine_nanos // NANOS_PER_HOUR for row in stored(ledger, number)}


def add_half_an_hour_of_search(ledger: SmallLedger, number: int) -> None:
    """Three more machines, for the first half of an hour."""
    start = MONDAY + timedelta(hours=number)
    until = moment_text(start + timedelta(minutes=30))
    ledger.fleet.append(machines("search", "m5.xlarge", 3, start=moment_text(start), end=until))
    ledger.write()


def test_every_ended_hour_has_its_machines(small_ledger: SmallLedger) -> None:
    assert small_ledger.look(FLEET) == Summary(due=32, ok=32)

    assert counts(small_ledger, 0) == counts(small_ledger, 31) == {"shop-checkout": 2, "search": 1}
    assert stored(small_ledger, 32) == []
    busy = next(row for row in stored(small_ledger, 0) if row.service == "shop-checkout")
    assert (busy.utilisation, busy.resident_mib, busy.source) == (Decimal("0.3"), Decimal(512), "fleet")


def test_the_first_hour_is_the_one_that_the_configuration_names(small_ledger: SmallLedger) -> None:
    small_ledger.start = TUESDAY + timedelta(hours=4)
    small_ledger.write()

    assert small_ledger.look(FLEET) == Summary(due=4, ok=4)
    assert stored(small_ledger, 27) == []


def test_a_window_collects_only_its_own_hours(small_ledger: SmallLedger) -> None:
    assert small_ledger.look(FLEET, within=day(1)) == Summary(due=8, ok=8)

    assert stored(small_ledger, 23) == []


def test_only_hours_of_which_the_fleet_says_something_else_are_due_again(small_ledger: SmallLedger) -> None:
    small_ledger.look(FLEET)
    add_half_an_hour_of_search(small_ledger, 5)

    assert small_ledger.look(FLEET) == Summary(due=1, ok=1)

    nanos = sum(row.machine_nanos for row in stored(small_ledger, 5) if row.service == "search")
    assert nanos == NANOS_PER_HOUR + 3 * NANOS_PER_HOUR // 2


def test_machines_that_the_fleet_no_longer_names_are_gone(small_ledger: SmallLedger) -> None:
    small_ledger.look(FLEET)
    small_ledger.fleet.pop()
    small_ledger.write()

    assert small_ledger.look(FLEET) == Summary(due=32, ok=32)
    assert counts(small_ledger, 0) == {"shop-checkout": 2}


def test_an_hour_is_asked_once_more_after_it_has_settled(small_ledger: SmallLedger) -> None:
    small_ledger.look(FLEET)
    small_ledger.clock.moment += timedelta(hours=1)

    # The hour that has ended since, and the one that has settled since.
    assert small_ledger.look(FLEET) == Summary(due=2, ok=2)


def test_final_hours_are_not_asked_again(drained_ledger: SmallLedger) -> None:
    before = counts(drained_ledger, 5)
    add_half_an_hour_of_search(drained_ledger, 5)
    drained_ledger.fleet[0]["count"] = 9
    drained_ledger.write()

    assert drained_ledger.look(FLEET) == Summary(due=2, ok=2), "only the two that are provisional"
    assert counts(drained_ledger, 5) == before
    assert counts(drained_ledger, 30)["shop-checkout"] == 9


def test_an_hour_that_becomes_final_meanwhile_is_left_alone(drained_ledger: SmallLedger) -> None:
    before = counts(drained_ledger, 0)
    drained_ledger.fleet[0]["count"] = 9
    drained_ledger.write()

    ended = runner.run_now(
        drained_ledger.app(), CollectFleet(), Due(Key(hour(0), "fleet"), "as it was found")
    )

    assert ended.outcome is Outcome.SKIPPED
    assert "became final meanwhile" in drained_ledger.runs()[0].error
    assert counts(drained_ledger, 0) == before


def test_a_file_with_a_mistake_is_refused_whole_and_other_fleets_go_on(small_ledger: SmallLedger) -> None:
    small_ledger.more = '[[fleet]]\nkind = "csv"\nname = "cmdb"\npath = "cmdb.csv"\n'
    small_ledger.write()
    columns = "service,region,machine_type,count,from\n"
    file = small_ledger.folder / "cmdb.csv"
    file.write_text(f"{columns}a,us-east-1,c5.large,many,2026-11-02\n")

    assert small_ledger.look(FLEET, within=day()) == Summary(due=48, ok=24, failed=1, skipped=23)

    assert counts(small_ledger, 0) == {"shop-checkout": 2, "search": 1}
    failed = small_ledger.runs(Outcome.FAILED)
    assert [run.scope for run in failed] == ["cmdb"]
    assert re.search(r"cmdb\.csv.*line 2.*'many'", failed[0].error, re.DOTALL)

    file.write_text(f"{columns}a,us-east-1,c5.large,4,2026-11-02\n")
    assert small_ledger.look(FLEET, within=day()) == Summary(due=24, ok=24)
    assert counts(small_ledger, 0) == {"shop-checkout": 2, "search": 1, "a": 4}


def test_a_file_that_is_missing_is_asked_once_a_look(small_ledger: SmallLedger) -> None:
    (small_ledger.folder / "fleet.csv").unlink()

    assert small_ledger.look(FLEET) == Summary(due=32, failed=1, skipped=31)

    assert "fleet.csv: No such file" in small_ledger.runs(Outcome.FAILED)[0].error
    small_ledger.write()
    assert small_ledger.look(FLEET, within=day()) == Summary(due=24, ok=24)
