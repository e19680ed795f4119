"""What must hold of the whole: the real command line, scheduler and jobs, on the real captures."""

import csv
import gzip
import json
import re
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from finops import engine
from finops.demo import layout
from finops.domain.window import HOUR, moment_text
from tests.small_ledger import (
    MONDAY,
    ROOT,
    SmallLedger,
    captured,
    captures,
    command,
    finops,
    hour,
    machines,
)

NANO = Decimal("1e-9")
REPORTS = ("weekly.json", "weekly.txt", "weekly.html")
WEEKS = ("2026-W45", "2026-W46", "2026-W47")

Document = dict[str, Any]


def said(folder: Path, *words: str) -> str:
    """What a command prints."""
    done = finops("--config", str(folder / "config.toml"), *words)
    assert done.returncode == 0, done.stderr
    return done.stdout


def weekly(folder: Path, window: str) -> Document:
    document: Document = json.loads(said(folder, "report", "weekly", "--window", window, "--json"))
    return document


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def reports(demo_output: Path) -> dict[str, Document]:
    """The three weeks of the demonstration; the last one as its API gave it."""
    asked = {week: weekly(demo_output, week) for week in WEEKS[:-1]}
    return asked | {WEEKS[-1]: json.loads((demo_output / "weekly.json").read_text())}


# The demonstration


def test_the_demonstration_run_twice_changes_nothing(
    demo_output: Path, demo_dump: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")  # its own API is not behind it
    runs = said(demo_output, "jobs", "list", "--limit", "10000", "--json")
    reported = [(demo_output / name).read_bytes() for name in REPORTS]

    again = finops("demo", str(demo_output))

    assert again.returncode == 0, again.stderr
    second = said(demo_output, "ledger", "dump", "--canonical")
    assert sha256(second.encode()).hexdigest() == sha256(demo_dump.read_bytes()).hexdigest()
    assert [(demo_output / name).read_bytes() for name in REPORTS] == reported
    assert said(demo_output, "jobs", "list", "--limit", "10000", "--json") == runs, "nothing was due"


def test_its_last_report_is_what_the_command_line_shows(
    demo_output: Path, reports: dict[str, Document]
) -> None:
    assert weekly(demo_output, WEEKS[-1]) == reports[WEEKS[-1]]


@pytest.mark.parametrize("week", WEEKS)
def test_charges_of_all_services_and_of_unclaimed_names_add_up_to_the_total(
    reports: dict[str, Document], week: str
) -> None:
    report = reports[week]
    services = [
        sum((Decimal(each["amount"]) for each in line["charges"] if each["amount"]), Decimal(0))
        for line in report["services"]
    ]
    unclaimed = [Decimal(line["amount"]) for line in report["unclaimed"]]

    assert services == [Decimal(line["total"]) for line in report["services"]]
    assert sum(services) + sum(unclaimed) == Decimal(report["total"])
    assert report["shared"] == []
    assert unclaimed


@pytest.mark.parametrize("week", WEEKS)
def test_the_total_is_what_the_machines_cost(
    demo_output: Path, reports: dict[str, Document], week: str
) -> None:
    report = reports[week]
    start, end = (datetime.fromisoformat(report["window"][each]) for each in ("start", "end"))
    hourly = {price["machine_type"]: Decimal(price["hourly"]) for price in report["prices"]}

    cost = Decimal(0)
    for row in rows(demo_output / "fleet.csv"):
        at = max(datetime.fromisoformat(row["from"]), start)
        while at < min(datetime.fromisoformat(row["to"]), end):
            if row["machine_type"] in hourly:
                hour_cost = hourly[row["machine_type"]] * int(row["count"])
                cost += hour_cost.quantize(NANO, ROUND_HALF_EVEN)
            at += HOUR

    assert Decimal(report["total"]) == cost != 0


@pytest.mark.parametrize("week", WEEKS)
def test_what_functions_cost_is_what_was_used(reports: dict[str, Document], week: str) -> None:
    for line in reports[week]["services"]:
        used = {
            each["resource"]: Decimal(each["amount"]) for each in line["charges"] if each["kind"] == "used"
        }
        assert {resource: used.get(resource, Decimal(0)) for resource in ("cpu", "memory")} == {
            resource: Decimal(amount) for resource, amount in line["functions_self"].items()
        }
    assert Decimal(reports[week]["services"][0]["functions_self"]["cpu"]) > 0


def test_core_hours_agree_with_what_the_captured_processes_used(
    demo_output: Path, reports: dict[str, Document]
) -> None:
    """Of getrusage, from StartCPUProfile to StopCPUProfile: the profiler's own claim is not in it."""
    document = json.loads(captured("captures.json"))
    cores = {
        each["cpu_file"]: Decimal(each["cpu_nanos"]) / Decimal(each["wall_nanos"])
        for each in document["captures"]
    }
    replicas = {
        row["from"]: int(row["count"])
        for row in rows(demo_output / "fleet.csv")
        if row["service"] == "checkout"
    }
    profiled = [row for row in rows(demo_output / "profiles" / "index.csv") if row["type"] == "cpu"]
    truly = sum((cores[row["path"]] * replicas[row["start"]] for row in profiled), Decimal(0))

    reported = sum(
        (
            Decimal(each["quantity"])
            for report in reports.values()
            for line in report["services"]
            for each in line["charges"]
            if (line["service"], each["resource"], each["kind"]) == ("checkout", "cpu", "used")
        ),
        Decimal(0),
    )

    assert len(profiled) == 3 * 7 * 24 - 1
    assert abs(reported / truly - 1) < Decimal("0.05")


def test_the_hour_without_a_profile_is_shown_as_such(demo_output: Path, reports: dict[str, Document]) -> None:
    (checkout,) = [line for line in reports["2026-W45"]["services"] if line["service"] == "checkout"]
    start = moment_text(layout.MISSED.start)
    (ran,) = [
        row for row in rows(demo_output / "fleet.csv") if (row["service"], row["from"]) == ("checkout", start)
    ]

    unseen = {
        each["resource"]: Decimal(each["quantity"])
        for each in checkout["charges"]
        if each["kind"] == "no_profile"
    }

    count = int(ran["count"])
    assert unseen["cpu"] == 2 * count * Decimal(ran["utilisation"])
    assert abs(unseen["memory"] - count * Decimal(ran["resident_gib"])) < Decimal("0.001")


# A profile that is past belief


def times(factor: int, name: str) -> bytes:
    """A capture whose every value is so many times what it was."""
    columns = engine.decode(captured(name))
    return engine.encode(replace(columns, values=columns.values * np.int64(factor)))


def test_a_hundred_times_the_samples_is_held_and_not_a_dollar_more(
    drained_ledger: SmallLedger, small_ledger: SmallLedger
) -> None:
    before = drained_ledger.lines("charges", service="checkout")
    wild = small_ledger
    wild.put("wild.pb.gz", times(100, str(captures(9)[0]["path"])))
    wild.index[0]["path"] = "wild.pb.gz"
    wild.write()

    wild.drain()

    start = moment_text(hour(9).start)
    after = wild.lines("charges", service="checkout")
    other_hours = [line for line in before if line["window_start"] != start]
    assert [line for line in after if line["window_start"] != start] == other_hours
    held = [line for line in after if line["window_start"] == start]
    was = [line for line in before if line["window_start"] == start]
    assert [
        (line["kind"], line["list_nanos"], line["state"]) for line in held if line["resource"] == "cpu"
    ] == [("over_capacity", sum(line["list_nanos"] for line in was if line["resource"] == "cpu"), "held")]
    assert [line for line in held if line["resource"] == "memory"] == [
        line for line in was if line["resource"] == "memory"
    ]
    assert [line["window_start"] for line in wild.lines("ledger_windows", is_held=True, grain="hour")] == [
        start
    ]

    report = weekly(wild.folder, "2026-11-02")
    (line,) = report["held"]
    assert (line["service"], line["window"]["start"]) == ("checkout", start)
    assert "declare `profiler_gives_shares = true`" in line["message"]
    assert "check that the measured utilisation" in line["message"]
    assert report["total"] == weekly(drained_ledger.folder, "2026-11-02")["total"]
    printed = said(wild.folder, "report", "weekly", "--window", "2026-11-02")
    assert "check that the measured utilisation" in " ".join(printed.split())


# A scheduler that is killed


@pytest.fixture
def company(small_ledger: SmallLedger) -> SmallLedger:
    """A week that ends within its first night, so that every job has something to do."""
    small_ledger.start = MONDAY + timedelta(days=6, hours=18)
    small_ledger.clock.moment = MONDAY + timedelta(days=7, hours=4)
    small_ledger.fleet = [
        machines("shop-checkout", "c5.large", 2, utilisation="0.3", resident_gib="0.5", end="2026-11-20"),
        machines("search", "m5.xlarge", 1, end="2026-11-20"),
    ]
    small_ledger.index = [row for number in (163, 165, 166, 168) for row in captures(number)]
    small_ledger.write()
    return small_ledger


@contextmanager
def scheduler(ledger: SmallLedger) -> "Iterator[subprocess.Popen[bytes]]":
    """`finops scheduler` as a process, until it is told to stop."""
    started = command("--config", str(ledger.folder / "config.toml"), "scheduler")
    with subprocess.Popen(started, cwd=ROOT, stderr=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.terminate()


def asked(ledger: SmallLedger, question: str, *values: object) -> list[tuple[Any, ...]]:
    """What the database answers, beside whoever works on it."""
    with closing(sqlite3.connect(ledger.folder / "finops.db", timeout=30)) as connection:
        return connection.execute(question, values).fetchall()


def wait_until(happens: Callable[[], object], *, seconds: float = 180, every: float = 0.1) -> None:
    until = time.monotonic() + seconds
    while not happens():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(every)


def kill_in_the_middle_of(ledger: SmallLedger, job: str) -> None:
    """Kill a scheduler while it has a piece of a job at hand."""
    running = "SELECT 1 FROM job_runs WHERE outcome = 'running' AND job = ?"
    for _ in range(5):  # a run may end between the look and the kill; then the next one is tried
        with scheduler(ledger) as process:
            wait_until(lambda: asked(ledger, running, job), every=0.002)
            process.kill()
            process.wait()
        if asked(ledger, running, job):
            return
    pytest.fail("every run had ended before it was killed")


@pytest.mark.parametrize("job", ["collect_profiles", "attribute_costs"])
def test_a_scheduler_killed_in_the_middle_of_a_run_comes_to_the_same_ledger(
    company: SmallLedger, job: str, tmp_path: Path, empty_database: Path
) -> None:
    undisturbed = SmallLedger.laid_out(tmp_path / "undisturbed", empty_database)
    for name in ("start", "clock", "fleet", "index"):
        setattr(undisturbed, name, getattr(company, name))
    undisturbed.write()
    said(undisturbed.folder, "scheduler", "--drain")

    kill_in_the_middle_of(company, job)
    with scheduler(company):
        wait_until(lambda: asked(company, "SELECT 1 FROM reports"))
    said(company.folder, "scheduler", "--drain")

    ours, theirs = (said(each.folder, "ledger", "dump", "--canonical") for each in (company, undisturbed))
    assert set(ours.splitlines()) ^ set(theirs.splitlines()) == set()
    assert ours == theirs
    listed = json.loads(said(company.folder, "jobs", "list", "--limit", "1000", "--json"))
    lost = [run for run in listed if run["outcome"] == "lost"]
    assert [(run["job"], run["attempt"]) for run in lost] == [(job, 1)]
    (again,) = [
        run
        for run in listed
        if run["attempt"] == 2 and (run["window"], run["scope"]) == (lost[0]["window"], lost[0]["scope"])
    ]
    assert (again["outcome"], again["worker"] == lost[0]["worker"]) == ("ok", False)
    assert {run["job"] for run in listed if run["outcome"] == "ok"} == {
        "refresh_prices",
        "collect_fleet",
        "collect_profiles",
        "attribute_costs",
        "weekly_report",
        "expire",
    }
    undisturbed.close()


def test_a_scheduler_ticks_and_takes_up_what_comes_in_between(company: SmallLedger) -> None:
    """Three times something comes in, after the scheduler was idle; three times it is accounted for."""
    with scheduler(company):
        wait_until(lambda: asked(company, "SELECT 1 FROM reports"))
        for name in ("first", "second", "third"):
            company.index += [{**row, "service": name} for row in captures(170)]  # it has not settled
            company.fleet.append(machines(name, "c5.large", 1, start="2026-11-09T02:00:00Z"))
            company.fleet[-1]["to"] = "2026-11-20"
            company.write()
            used = "SELECT 1 FROM charges WHERE service = ? AND kind = 'used'"
            wait_until(partial(asked, company, used, name))

    listed = json.loads(said(company.folder, "jobs", "list", "--job", "collect_fleet", "--json"))
    assert len({run["started"][:19] for run in listed}) >= 4
    unclaimed = weekly(company.folder, "2026-11-09")["unclaimed"]
    assert {line["name"] for line in unclaimed} == {"first", "second", "third"}


# What comes in from outside is broken

CPU_FILE = str(captures(9)[0]["path"])
BROKEN = {
    "truncated.pb.gz": (captured(CPU_FILE)[:-1000], "the profile is cut short"),
    "garbage.pb.gz": (bytes(range(256)) * 40, "this is not a pprof profile"),
    "bomb.pb.gz": (gzip.compress(bytes(50 << 20)), "this is not a pprof profile"),
    "page.html": (b"<!DOCTYPE html><html><body>Sign in</body></html>", "this is an HTML page, not a profile"),
    "empty.pb.gz": (b"", "the profile is empty"),
    "legacy.heap": (b"heap profile: 1: 2 [3: 4] @ heap/1048576\n1: 2 [3: 4] @ 0x1\n", "go tool pprof -proto"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_file_that_is_no_profile_is_one_message_with_its_name_and_the_reason(
    tmp_path: Path, name: str
) -> None:
    data, why = BROKEN[name]
    (tmp_path / name).write_bytes(data)

    done = finops("top", str(tmp_path / name))

    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (1, "", 1)
    assert done.stderr.startswith(f"finops: {tmp_path / name}: ")
    assert why in done.stderr


def test_hours_of_broken_profiles_are_charged_as_hours_without_one(small_ledger: SmallLedger) -> None:
    ledger = small_ledger
    for number, (name, (data, _)) in enumerate(BROKEN.items()):
        ledger.put(name, data)
        ledger.index += [{**captures(number)[0], "path": name}]
    ledger.write()
    for job in ("refresh_prices", "collect_fleet", "collect_profiles", "attribute_costs"):
        said(ledger.folder, "jobs", "run", job, "--window", "2026-11-02")

    listed = json.loads(said(ledger.folder, "jobs", "list", "--job", "collect_profiles", "--json"))
    refusals = [run for run in reversed(listed) if run["error"]]
    assert [run["outcome"] for run in refusals] == ["ok"] * len(BROKEN)
    for run, (name, (_, why)) in zip(refusals, BROKEN.items(), strict=True):
        assert run["error"].startswith(f"shop-checkout cpu: '{name}': ")
        assert why in run["error"]
        assert (run["counts"]["refused"], len(run["error"].splitlines())) == (1, 1)

    for number in range(len(BROKEN)):
        lines = ledger.lines("charges", service="checkout", window_start=moment_text(hour(number).start))
        assert {(line["resource"], line["kind"]) for line in lines} == {
            ("cpu", "no_profile"),
            ("cpu", "idle"),
            ("memory", "no_profile"),
            ("memory", "idle"),
        }
        assert sum(line["list_nanos"] for line in lines) == 2 * 85_000_000
    assert ledger.lines("charges", kind="used"), "the good ones are there"


def test_a_configuration_with_five_mistakes_names_all_five() -> None:
    path = ROOT / "tests" / "data" / "config" / "five-mistakes.bad.toml"

    for words in (("config", "check"), ("jobs", "run", "collect_profiles"), ("scheduler",)):
        done = finops("--config", str(path), *words)
        head, *mistakes = done.stderr.splitlines()

        assert done.returncode == 2
        assert head == f"finops: {path} cannot be used:"
        assert len(mistakes) == 5
        assert all(re.fullmatch(r"  [a-z_.0-9]+: .+", mistake) for mistake in mistakes)


@pytest.mark.parametrize(
    "words",
    [
        ("top", str(Path(layout.__file__).with_name("captures") / CPU_FILE), "--machine", "m99.large"),
        ("prices", "show", "m99.large"),
        ("rightsize", "--machine", "m99.large", "--count", "3", "--utilisation", "0.5", "--remove", "0.1"),
    ],
    ids=lambda words: words[0],
)
def test_a_machine_that_nobody_knows_is_named(words: tuple[str, ...]) -> None:
    done = finops(*words, *(["--count", "2"] if words[0] == "top" else []))

    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (1, "", 1)
    assert "m99.large" in done.stderr


def test_machines_without_a_price_are_charged_with_their_quantity_and_no_amount(
    demo_output: Path, reports: dict[str, Document]
) -> None:
    """A rack of 32 vCPUs and 128 GiB that no list knows, for a day."""
    (search,) = [line for line in reports["2026-W47"]["services"] if line["service"] == "search"]

    unpriced = [each for each in search["charges"] if each["kind"] == "no_price"]
    assert [(each["resource"], Decimal(each["quantity"]), each["amount"]) for each in unpriced] == [
        ("cpu", Decimal(24 * 32), None),
        ("memory", Decimal(24 * 128), None),
    ]
    assert "no price" in said(demo_output, "report", "weekly")
