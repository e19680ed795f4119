"""The commands that keep the service running: config, db, jobs, ledger, scheduler."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.finops.cli.running import finops
from tests.small_ledger import SmallLedger, day


def test_a_configuration_that_can_be_used_is_counted(company: Path) -> None:
    ran = finops("--config", company, "config", "check")

    assert ran.code == 0
    assert "2 services, 1 fleet source, 1 profile source, 1 price list: fine" in ran.out


def test_every_mistake_of_a_configuration_is_named_at_once(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text(
        'now = 1\ncolour = "red"\n[ledger]\nsettle_hours = -1\n[api]\nport = 0\n[blobs]\nkeep_days = "x"\n'
    )
    ran = finops("--config", config, "config", "check")

    assert (ran.code, ran.out) == (2, "")
    for place in ("now", "colour", "ledger.settle_hours", "api.port", "blobs.keep_days"):
        assert place in ran.err


@pytest.mark.parametrize(
    "words",
    [
        ("report", "weekly"),
        ("config", "check"),
        ("db", "upgrade"),
        ("jobs", "list"),
        ("ledger", "dump", "--canonical"),
        ("explain", "a", "b", "--window", "2026-11-02"),
        ("change", "verify", "a", "--before", "2026-W45", "--after", "2026-W46"),
        ("top", "--service", "a"),
        ("serve",),
        ("scheduler",),
    ],
)
def test_a_missing_configuration_says_how_to_name_or_begin_one(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    missing = tmp_path / "missing.toml"
    ran = finops("--config", missing, *words)

    assert (ran.code, ran.out) == (2, "")
    assert all(word in ran.err for word in (str(missing), "--config", "config.example.toml"))


@pytest.mark.parametrize(
    "words",
    [
        ("report", "weekly"),
        ("db", "check"),
        ("jobs", "list"),
        ("jobs", "run", "expire"),
        ("ledger", "dump", "--canonical"),
        ("serve", "--port", "0"),
        ("scheduler", "--drain"),
    ],
)
def test_a_database_without_a_schema_says_what_to_run(tmp_path: Path, words: tuple[str, ...]) -> None:
    (tmp_path / "config.toml").write_text("")
    ran = finops("--config", tmp_path / "config.toml", *words)

    assert (ran.code, ran.out) == (1, "")
    assert "run `finops db upgrade`" in ran.err


def test_a_database_is_brought_to_the_schema_and_stays_there(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("")
    db = ("--config", tmp_path / "config.toml", "db")

    assert finops(*db, "current").out.startswith("none (this release: ")
    assert "schema none → " in finops(*db, "upgrade").out
    again = finops(*db, "upgrade").out
    assert again.startswith("schema ")
    assert "→" not in again
    head = again.split()[1]
    assert finops(*db, "current").out == f"{head} (this release: {head})\n"
    assert "as this release expects" in finops(*db, "check").out


def test_runs_are_listed(company: Path) -> None:
    found = finops("--config", company, "jobs", "list", "--json", "--limit", 500).document

    assert {run["job"] for run in found} >= {"collect_fleet", "collect_profiles", "attribute_costs"}
    assert all(run["outcome"] == "ok" for run in found if run["job"] == "attribute_costs")
    out = finops("--config", company, "jobs", "list", "--job", "attribute_costs", "--limit", 3).out
    assert len(out.splitlines()) == 4
    assert finops("--config", company, "jobs", "list", "--outcome", "lost").out.splitlines()[1:] == []


def test_a_job_that_is_none_fails_with_those_there_are(company: Path) -> None:
    ran = finops("--config", company, "jobs", "run", "dance")

    assert ran.code == 1
    assert "there are refresh_prices, collect_fleet" in ran.err


def test_runs_of_a_job_that_is_none_are_not_no_runs(company: Path) -> None:
    ran = finops("--config", company, "jobs", "list", "--job", "dance")

    assert ran.out == ""
    assert "'dance' is no job; there are refresh_prices, collect_fleet" in ran.err


def test_jobs_run_by_hand_make_the_same_ledger(
    tmp_path: Path, empty_database: Path, drained_folder: Path
) -> None:
    by_hand = SmallLedger.laid_out(tmp_path / "company", empty_database).folder / "config.toml"
    ran = finops("--config", by_hand, "jobs", "backfill", "--window", "2026-11-02/2026-11-04")
    dumps = [
        {
            line
            for line in finops("--config", config, "ledger", "dump", "--canonical").out.splitlines()
            if json.loads(line)["table"] in ("charges", "function_costs")
        }
        for config in (by_hand, drained_folder / "config.toml")
    ]

    assert ran.code == 0, ran.err
    assert "attribute_costs: 4 due, 4 ok, 0 failed, 0 skipped" in ran.out
    assert dumps[0] == dumps[1]
    again = finops("--config", by_hand, "jobs", "run", "collect_profiles")
    assert "0 failed" in again.out


def test_a_plan_says_what_is_due_and_does_nothing(small_ledger: SmallLedger) -> None:
    config = small_ledger.folder / "config.toml"
    planned = finops("--config", config, "jobs", "run", "collect_fleet", "--plan", "--window", "2026-11-02")

    assert planned.code == 0
    assert planned.out.splitlines()[:2] == [
        "collect_fleet: 24 due",
        "  2026-11-02T00:00:00Z/2026-11-02T01:00:00Z fleet",
    ]
    assert small_ledger.runs() == []


def test_the_plan_of_expire_says_what_it_would_delete(drained_ledger: SmallLedger) -> None:
    drained_ledger.keep = "hourly_days = 14"
    drained_ledger.clock.moment = day(16).start
    drained_ledger.write()
    before, runs = drained_ledger.dump(), len(drained_ledger.runs())
    mondays = [line for line in drained_ledger.lines("charges") if line["window_start"] < "2026-11-03"]
    out = finops("--config", drained_ledger.folder / "config.toml", "jobs", "run", "expire", "--plan").out

    assert out.splitlines()[0] == "expire: 1 due"
    assert f"{len(mondays)} hourly charges would become" in out
    assert "8 references to raw profiles would be deleted" in out
    assert (drained_ledger.dump(), len(drained_ledger.runs())) == (before, runs)


def test_a_run_that_failed_is_an_exit_code(tmp_path: Path, empty_database: Path) -> None:
    ledger = SmallLedger.laid_out(tmp_path / "company", empty_database)
    (ledger.folder / "fleet.csv").write_text("service,count\nshop,many\n")
    ran = finops("--config", ledger.folder / "config.toml", "jobs", "run", "collect_fleet")

    assert ran.code == 1
    assert "finops jobs list --outcome failed" in ran.err


def test_profiles_that_were_refused_are_counted_and_said(tmp_path: Path, empty_database: Path) -> None:
    ledger = SmallLedger.laid_out(tmp_path / "company", empty_database)
    for row in list(ledger.index):
        ledger.put(str(row["path"]), b"no profile \x1b[31m")
    config = ledger.folder / "config.toml"
    ran = finops("--config", config, "jobs", "run", "collect_profiles", "--window", "2026-11-02/2026-11-04")
    runs = finops("--config", config, "jobs", "list", "--json").document
    head, *lines = ran.out.splitlines()

    refused = [run for run in runs if run["counts"]["refused"]]
    assert len(refused) == 4
    total = sum(run["counts"]["refused"] for run in refused)
    assert head == f"collect_profiles: 32 due, 32 ok, 0 failed, 0 skipped; {total} profiles refused"
    assert [line.split()[0] for line in lines[:3]] == [
        f"{run['window']['start']}/{run['window']['end']}" for run in reversed(refused[1:])
    ]
    assert all(line.isprintable() and "shop-checkout" in line for line in lines[:3])
    assert lines[3:] == [
        "  and of 1 run more; whole messages: `finops jobs list --job collect_profiles --json`"
    ]
    assert ran.code == 0


def test_what_an_earlier_look_refused_is_not_said_again(tmp_path: Path, empty_database: Path) -> None:
    ledger = SmallLedger.laid_out(tmp_path / "company", empty_database)
    ledger.put(str(ledger.index[0]["path"]), b"no profile")
    words = ("--config", ledger.folder / "config.toml", "jobs", "run", "collect_profiles")

    assert "refused" in finops(*words).out
    assert finops(*words).out == "collect_profiles: 0 due, 0 ok, 0 failed, 0 skipped\n"


@pytest.mark.parametrize("words", [("run", "collect_fleet"), ("backfill",)])
@pytest.mark.parametrize(
    ("window", "why"),
    [
        ("2027-11-02", "no hour of it has ended: it is 2026-11-03T08:00:00Z"),
        ("2026-11-03T08:00Z/2026-11-03T10:00Z", "no hour of it has ended: it is 2026-11-03T08:00:00Z"),
        ("2026-10-05", "the ledger starts after it: ledger.start is 2026-11-02T00:00:00Z"),
        ("2026-11-01/2026-11-03", "its hours before ledger.start, 2026-11-02T00:00:00Z, are left out"),
    ],
)
def test_a_window_of_which_nothing_can_be_done_says_why(
    tmp_path: Path, drained_folder: Path, words: tuple[str, ...], window: str, why: str
) -> None:
    config = shutil.copytree(drained_folder, tmp_path / "copy") / "config.toml"
    ran = finops("--config", config, "jobs", *words, "--window", window)

    assert ran.code == 0, ran.err
    assert "collect_fleet: 0 due" in ran.out
    (said,) = [line for line in ran.err.splitlines() if line.startswith("--window: ")]
    assert why in said


def test_a_window_within_the_ledger_needs_no_word(tmp_path: Path, drained_folder: Path) -> None:
    config = shutil.copytree(drained_folder, tmp_path / "copy") / "config.toml"
    for window in ("2026-11-02", "2026-W45"):
        assert "--window" not in finops("--config", config, "jobs", "backfill", "--window", window).err


@pytest.mark.parametrize("words", [("run", "expire"), ("backfill",)])
def test_a_window_that_is_none_is_wrong_usage(company: Path, words: tuple[str, ...]) -> None:
    ran = finops("--config", company, "jobs", *words, "--window", "whenever")

    assert (ran.code, ran.out) == (2, "")
    assert "--window: 'whenever'" in ran.err


def test_a_dump_has_one_order_and_wants_it_named(company: Path) -> None:
    ran = finops("--config", company, "ledger", "dump", "--canonical")

    assert ran.code == 0
    assert all(json.loads(line)["table"] for line in ran.out.splitlines())
    assert finops("--config", company, "ledger", "dump").code == 2


def test_the_scheduler_stops_when_nothing_is_due(tmp_path: Path, drained_folder: Path) -> None:
    folder = shutil.copytree(drained_folder, tmp_path / "copy")
    command = [sys.executable, "-m", "finops.cli.main", "--config", str(folder / "config.toml")]
    done = subprocess.run(
        [*command, "scheduler", "--drain"], capture_output=True, text=True, timeout=120, check=False
    )

    assert done.returncode == 0, done.stderr
    assert "scheduler started" in done.stderr
