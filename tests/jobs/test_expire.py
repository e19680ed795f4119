import os
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from finops.storage import usage
from jobs.expire import UNREFERENCED_FOR, planned
from jobs.runner import Summary
from tests.small_ledger import REAL, SmallLedger, day, hour

EXPIRE = "expire"


@pytest.fixture
def old(drained_ledger: SmallLedger) -> SmallLedger:
    """Two weeks and a day after Monday, whose profiles and hours have had their time."""
    drained_ledger.keep = "hourly_days = 14"
    drained_ledger.clock.moment = day(15).start
    drained_ledger.write()
    age(drained_ledger, REAL - 2 * UNREFERENCED_FOR)
    return drained_ledger


def blobs(ledger: SmallLedger) -> list[Path]:
    return sorted(ledger.folder.glob("blobs/??/??/*"))


def age(ledger: SmallLedger, moment: datetime) -> None:
    for path in blobs(ledger):
        os.utime(path, (moment.timestamp(), moment.timestamp()))


def tomorrow(ledger: SmallLedger) -> None:
    ledger.clock.moment += timedelta(days=1)
    ledger.clock.reals += timedelta(days=1)


def raw(ledger: SmallLedger) -> set[str]:
    with ledger.app().readers() as session:
        return {
            digest
            for header in usage.headers(session, day()) + usage.headers(session, day(1))
            for digest in header.raw_digests
        }


def test_it_is_done_once_a_day(old: SmallLedger) -> None:
    assert old.look(EXPIRE) == Summary(due=1, ok=1)
    assert old.look(EXPIRE) == Summary()
    tomorrow(old)
    assert old.look(EXPIRE) == Summary(due=1, ok=1)


def test_final_hours_that_had_their_time_become_daily_sums_of_the_same_money(old: SmallLedger) -> None:
    before = old.lines("charges")

    old.look(EXPIRE)

    left, sums = old.lines("charges"), old.lines("charge_days")
    assert {line["window_start"][:10] for line in left} == {"2026-11-03"}
    assert {line["window_start"] for line in sums} == {"2026-11-02T00:00:00Z"}
    assert sum(line["list_nanos"] for line in [*left, *sums]) == sum(line["list_nanos"] for line in before)
    counts = old.runs()[0].counts
    assert counts["charge_hours"] == len(before) - len(left)
    assert counts["charge_days"] == len(sums)


def test_what_it_would_delete_is_known_before(old: SmallLedger) -> None:
    before = old.dump()
    counts = planned(old.app())

    assert (old.dump(), len(blobs(old))) == (before, 2)
    assert old.look(EXPIRE) == Summary(due=1, ok=1)
    assert old.runs()[0].counts == counts
    assert counts["charge_hours"] > 0 < counts["raw_profiles"]
    assert set(planned(old.app()).values()) == {0}


def test_it_is_done_again_the_same_day_where_less_is_kept(old: SmallLedger) -> None:
    old.keep = "hourly_days = 20"
    old.write()
    old.look(EXPIRE)
    assert old.lines("charge_days") == []

    old.keep = "hourly_days = 14"
    old.write()

    assert old.look(EXPIRE) == Summary(due=1, ok=1)
    assert old.lines("charge_days") != []


def test_what_is_young_enough_stays(drained_ledger: SmallLedger) -> None:
    before, files = drained_ledger.dump(), blobs(drained_ledger)
    age(drained_ledger, REAL - 2 * UNREFERENCED_FOR)
    tomorrow(drained_ledger)

    assert drained_ledger.look(EXPIRE) == Summary(due=1, ok=1)

    assert drained_ledger.dump() == before
    assert blobs(drained_ledger) == files
    assert set(drained_ledger.runs()[0].counts.values()) == {0}


def test_profiles_leave_the_ledger_first_and_the_disk_a_day_later(old: SmallLedger) -> None:
    files = blobs(old)
    assert len(files) == len(raw(old)) == 2, "a CPU and a heap capture, each of several hours"

    old.look(EXPIRE)
    assert len(raw(old)) == 2, "Tuesday's stay, and so do their files"
    tomorrow(old)
    old.look(EXPIRE)
    assert raw(old) == set()
    assert blobs(old) == files, "until this run was written the ledger referred to them"

    tomorrow(old)
    old.look(EXPIRE)
    assert blobs(old) == []
    assert old.runs()[0].counts["blobs"] == 2


def test_a_profile_that_is_just_being_collected_stays(old: SmallLedger) -> None:
    """It is kept before the run that refers to it is written."""
    old.clock.moment = day(17).start
    old.look(EXPIRE)
    assert raw(old) == set()
    tomorrow(old)
    new = old.app().blobs.put(b"just pulled")
    path = next(path for path in blobs(old) if path.name.startswith(new))
    os.utime(path, (old.clock.reals.timestamp(),) * 2)

    old.look(EXPIRE)

    assert blobs(old) == [path]


def test_what_writers_left_unfinished_goes(old: SmallLedger) -> None:
    folder = blobs(old)[0].parent
    for name, moment in ((".unfinished-a", REAL - 2 * UNREFERENCED_FOR), (".unfinished-b", REAL)):
        (folder / name).write_bytes(b"half")
        os.utime(folder / name, (moment.timestamp(),) * 2)

    old.look(EXPIRE)

    assert [path.name for path in folder.glob(".unfinished-*")] == [".unfinished-b"]


def test_records_of_runs_leave_and_what_is_done_stays_known(old: SmallLedger) -> None:
    # Asked a second time, after it had settled: the first record is of no use any more.
    old.clock.moment = hour(34).start
    old.look("collect_fleet")
    old.clock.reals += timedelta(days=91)
    old.clock.moment = day(60).start
    before = len(old.runs())

    old.look(EXPIRE)

    assert old.runs()[0].counts["job_runs"] == 2
    assert len(old.runs()) == before + 1 - 2
    assert old.look("collect_fleet", within=day()) == Summary(), "it was done, and is final"
