"""A small company in a folder: a day and a night of two services, from the product's captures."""

import csv
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from finops import app as building
from finops.app import App
from finops.demo import layout
from finops.domain.ports import Clock
from finops.domain.window import Window, day_of, hour_of, moment_text
from finops.storage import database, dump, runs
from finops.storage.runs import Outcome, Run
from jobs import runner
from jobs.registry import JOBS
from jobs.runner import Summary

ROOT = Path(__file__).parents[1]
HOUR = timedelta(hours=1)

MONDAY = datetime(2026, 11, 2, tzinfo=UTC)
TUESDAY = MONDAY + 24 * HOUR
# Monday is over, and Tuesday has eight hours behind it, of which the last two have not settled.
NOW = TUESDAY + 8 * HOUR
HOURS = 32
# The clock of leases and records, which the tests wind by hand.
REAL = datetime(2026, 11, 30, 12, tzinfo=UTC)

# The hours, counted from Monday's first, of which there are profiles; the last has not settled.
PROFILED = (9, 10, 25, 30)

CONFIG = """\
now = {now}
{database}
[ledger]
{start}
{keep}
[schedule]
refresh_prices = "* * * * * *"
collect_fleet = "* * * * * *"
collect_profiles = "* * * * * *"
attribute_costs = "* * * * * *"
weekly_report = "* * * * * *"
expire = "* * * * * *"
lease_seconds = 2
{prices}
{services}
[[fleet]]
kind = "csv"
name = "fleet"
path = "fleet.csv"

[[sources]]
kind = "directory"
name = "profiles"
path = "profiles"
index = "index.csv"
{more}"""

# As in the catalogue, which has 1,371 more.
PRICES = """
[prices]
catalogue = false

[[prices.fixed]]
cloud = "aws"
region = "us-east-1"
machine_type = "c5.large"
hourly = "0.085"
vcpu = 2
memory_gib = 4

[[prices.fixed]]
cloud = "aws"
region = "us-east-1"
machine_type = "m5.xlarge"
hourly = "0.192"
vcpu = 4
memory_gib = 16
"""

SERVICES = """
[[services]]
name = "checkout"
names = ["shop-checkout"]
team = "payments"

[[services]]
name = "search"
"""


@dataclass(slots=True)
class HandClock:
    """A clock that stands still until it is set."""

    moment: datetime = NOW
    reals: datetime = REAL

    def now(self) -> datetime:
        """What counts as now."""
        return self.moment

    def real(self) -> datetime:
        """What leases are counted by."""
        return self.reals


@dataclass
class SmallLedger:
    """The folder, and what tests do with it. Change `fleet` or `index`, then `write`."""

    folder: Path
    clock: HandClock = field(default_factory=HandClock)
    fleet: list[dict[str, object]] = field(default_factory=list)
    index: list[dict[str, object]] = field(default_factory=list)
    start: datetime | None = MONDAY
    prices: str = PRICES
    services: str = SERVICES
    keep: str = ""
    more: str = ""
    url: str = ""
    _apps: list[App] = field(default_factory=list)

    @classmethod
    def laid_out(cls, folder: Path, empty: Path | str) -> "SmallLedger":
        """The usual company in a folder, with an empty database: a file to copy, or the URL of one."""
        ledger = cls.usual(folder)
        (folder / "profiles").mkdir(parents=True)
        if isinstance(empty, Path):
            shutil.copy(empty, folder / "finops.db")
        else:
            ledger.url = empty
        for name in sorted({str(row["path"]) for row in ledger.index}):
            ledger.put(name, captured(name))
        ledger.write()
        return ledger

    @classmethod
    def usual(cls, folder: Path) -> "SmallLedger":
        """As it is unless a test says otherwise, in a folder that holds them already."""
        return cls(folder, fleet=usual_fleet(), index=usual_index())

    def write(self) -> None:
        """Write the configuration, the fleet and the index as they are said now."""
        text = CONFIG.format(
            now=moment_text(self.clock.moment),
            database=f'\n[database]\nurl = "{self.url}"\n' if self.url else "",
            start=f"start = {moment_text(self.start)}" if self.start else "",
            keep=self.keep,
            prices=self.prices,
            services=self.services,
            more=self.more,
        )
        (self.folder / "config.toml").write_text(text)
        write_rows(self.folder / "fleet.csv", self.fleet)
        write_rows(self.folder / "profiles" / "index.csv", self.index)

    def put(self, name: str, data: bytes) -> Path:
        """Write a file among the profiles."""
        path = self.folder / "profiles" / name
        path.write_bytes(data)
        return path

    def app(self, clock: Clock | None = None) -> App:
        """The configured service as the folder is now; its clock is `clock` unless another is given."""
        app = replace(building.build(self.folder / "config.toml", {}), clock=clock or self.clock)
        self._apps.append(app)
        return app

    def close(self) -> None:
        """Let go of the database."""
        for app in self._apps:
            for sessions in (app.__dict__.get("sessions"), app.__dict__.get("readers")):
                if sessions is not None:
                    sessions.kw["bind"].dispose()
        self._apps.clear()

    @contextmanager
    def connected(self) -> Iterator[Connection]:
        """A connection of its own to the database, in a transaction."""
        engine = database.connect(self.url or f"sqlite:///{self.folder}/finops.db")
        try:
            with engine.begin() as connection:
                yield connection
        finally:
            engine.dispose()

    def look(self, *names: str, within: Window | None = None) -> Summary:
        """One look of each job, in this order."""
        app = self.app()
        return sum((runner.look(app, JOBS[name], within) for name in names), Summary())

    def drain(self) -> None:
        """Looks of all jobs until none has anything due."""
        app = self.app()
        while any(runner.look(app, job).ok for job in JOBS.values()):
            pass

    def dump(self) -> list[str]:
        """The canonical dump."""
        with self.app().readers() as session:
            return list(dump.canonical(session))

    def lines(self, table: str, **having: object) -> list[dict[str, Any]]:
        """The lines of one table of the canonical dump that have these values."""
        found = (json.loads(line) for line in self.dump())
        return [
            line
            for line in found
            if line["table"] == table and all(line[name] == value for name, value in having.items())
        ]

    def finops(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """The command line on this configuration, as a process of its own."""
        return finops("--config", str(self.folder / "config.toml"), *words)

    def runs(self, outcome: Outcome | None = None) -> list[Run]:
        """The runs as they are recorded, the latest first."""
        with self.app().readers() as session:
            return runs.recent(session, 10_000, outcome=outcome)


def finops(*words: str) -> "subprocess.CompletedProcess[str]":
    """The command line as a process of its own."""
    return subprocess.run(command(*words), cwd=ROOT, capture_output=True, text=True, check=False)


def command(*words: str) -> list[str]:
    """How a process of the command line is started."""
    return [sys.executable, "-m", "finops.cli.main", *words]


def usual_fleet() -> list[dict[str, object]]:
    """Two measured machines for the service with a profiler, one for the service without."""
    return [
        machines("shop-checkout", "c5.large", 2, utilisation="0.3", resident_gib="0.5"),
        machines("search", "m5.xlarge", 1),
    ]


def usual_index() -> list[dict[str, object]]:
    """A CPU and a heap capture in each profiled hour."""
    return [row for number in PROFILED for row in captures(number)]


def machines(service: str, machine_type: str, count: int, **known: str) -> dict[str, object]:
    """A row of the fleet; of both days, unless it says from and to."""
    return {
        "service": service,
        "cloud": known.get("cloud", "aws"),
        "region": "us-east-1",
        "machine_type": machine_type,
        "count": count,
        "from": known.get("start", moment_text(MONDAY)),
        "to": known.get("end", moment_text(TUESDAY + 24 * HOUR)),
        **{name: known.get(name, "") for name in ("utilisation", "resident_gib", "vcpu", "memory_gib")},
    }


def captures(number: int, level: str = "night", version: str = "v1") -> list[dict[str, object]]:
    """The rows of the index that lay a capture over an hour, counted from Monday's first."""
    held = layout.captures()[version, level]
    shared = {"service": "shop-checkout", "start": moment_text(MONDAY + number * HOUR), "version": version}
    cpu = {"path": held.cpu_file, "type": "cpu", "observed_seconds": held.observed_seconds}
    heap = {"path": held.heap_file, "type": "inuse_space", "observed_seconds": ""}
    return [{**cpu, **shared, "snapshots": ""}, {**heap, **shared, "snapshots": 1}]


def captured(name: str) -> bytes:
    """A capture that comes with the product."""
    return Path(layout.__file__).with_name("captures").joinpath(name).read_bytes()


def hour(number: int) -> Window:
    """An hour, counted from Monday's first."""
    return hour_of(MONDAY + number * HOUR)


def day(number: int = 0) -> Window:
    """Monday, or a day after it."""
    return day_of(MONDAY + number * 24 * HOUR)


def write_rows(path: Path, rows: Sequence[Mapping[str, object]]) -> None:
    """A CSV of rows that all have the same columns."""
    unfinished = path.with_suffix(".new")
    with unfinished.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    unfinished.replace(path)  # whoever reads it meanwhile has the old one or the new one, not half
