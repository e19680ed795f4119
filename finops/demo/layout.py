"""Lays the captures over three weeks: a side file, a fleet and a configuration, as a user would write.

What is real and what is chosen: every stack, value, CPU second and resident byte was captured from a
running program (benchmarks/capture); which capture stands for which hour, and on how many machines it
ran, is a rhythm of days and weeks written down here. Nothing else is invented, and the report is made
by the same scheduler, jobs and API as anybody's.
"""

import csv
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from importlib.resources import files
from pathlib import Path

from finops.domain.window import HOUR, Window, moment_text

# Three ISO weeks, 2026-W45 to 2026-W47; version 2 goes out everywhere as the third begins.
START = datetime(2026, 11, 2, tzinfo=UTC)
WEEKS = 3
RELEASE = START + timedelta(weeks=2)
# An hour after the last hour ended: it has not settled yet, so the report shows one provisional hour.
NOW = START + timedelta(weeks=WEEKS, hours=1)

# Levels of load through a working day, hour by hour; a day of the weekend is one level quieter.
LEVELS = ("night", "day", "busy", "peak")
WORKING_DAY = (0, 0, 0, 0, 0, 0, 1, 1, 2, 2, 2, 3, 3, 3, 2, 2, 2, 2, 1, 1, 1, 1, 0, 0)
# Machines at each level, and what the days of a week (Monday first) and the weeks have beside it.
REPLICAS = {"night": 4, "day": 6, "busy": 9, "peak": 12}
DAILY_EXTRA = (0, 1, 0, 1, 2, 0, 0)
WEEKLY_EXTRA = (0, 1, 1)

# The profiler was being upgraded: an hour without a profile, to show what becomes of its dollars.
MISSED = Window(START + timedelta(days=3, hours=15), START + timedelta(days=3, hours=16))

MACHINE = "c5.large"
VCPUS = 2
GIB = 1 << 30
NANOS = Decimal(10) ** 9


@dataclass(frozen=True, slots=True)
class Capture:
    """One measured run of the captured service at one level of load."""

    version: str
    level: str
    cpu_file: str
    heap_file: str
    wall_nanos: int
    cpu_nanos: int
    resident_bytes: int

    @property
    def observed_seconds(self) -> str:
        """The span under the profiler."""
        return format(Decimal(self.wall_nanos) / NANOS, "f")

    @property
    def utilisation(self) -> str:
        """Busy share of the machine's vCPUs as getrusage measured it, to four decimals."""
        share = Decimal(self.cpu_nanos) / (Decimal(self.wall_nanos) * VCPUS)
        return format(share.quantize(Decimal("0.0001")), "f")

    @property
    def resident_gib(self) -> str:
        """Resident memory, to four decimals of a GiB."""
        return format((Decimal(self.resident_bytes) / GIB).quantize(Decimal("0.0001")), "f")


def lay_out(folder: Path) -> None:
    """Write captures, side file, fleet and configuration into a folder; writing again changes nothing."""
    held = captures()
    profiles = folder / "profiles"
    profiles.mkdir(parents=True, exist_ok=True)
    for capture in held.values():
        for name in (capture.cpu_file, capture.heap_file):
            _write(profiles / name, _captured(name))
    _write(profiles / "index.csv", _csv(_index(held)))
    _write(folder / "fleet.csv", _csv(_fleet(held)))
    config = files(__package__).joinpath("config.toml").read_text()
    _write(folder / "config.toml", config.encode())


def captures() -> Mapping[tuple[str, str], Capture]:
    """The captures that come with the product, by version and level."""
    document = json.loads(_captured("captures.json"))
    return {
        (each["version"], each["level"]): Capture(
            **{name: each[name] for name in Capture.__dataclass_fields__}
        )
        for each in document["captures"]
    }


def level(hour: datetime) -> str:
    """How busy an hour is."""
    quieter = hour.weekday() >= 5  # noqa: PLR2004 (Saturday)
    return LEVELS[max(0, WORKING_DAY[hour.hour] - quieter)]


def replicas(hour: datetime) -> int:
    """On how many machines the service runs in an hour."""
    week = (hour - START) // timedelta(weeks=1)
    return REPLICAS[level(hour)] + DAILY_EXTRA[hour.weekday()] + WEEKLY_EXTRA[week]


def hours() -> Iterator[datetime]:
    """Every hour of the three weeks."""
    hour = START
    while hour < START + timedelta(weeks=WEEKS):
        yield hour
        hour += HOUR


def version(hour: datetime) -> str:
    """Which version runs in an hour."""
    return "v1" if hour < RELEASE else "v2"


def _index(held: Mapping[tuple[str, str], Capture]) -> Iterator[Mapping[str, object]]:
    for hour in hours():
        if hour == MISSED.start:
            continue
        capture = held[version(hour), level(hour)]
        shared = {"service": "shop-checkout", "start": moment_text(hour), "version": capture.version}
        yield {
            "path": capture.cpu_file,
            **shared,
            "type": "cpu",
            "observed_seconds": capture.observed_seconds,
            "snapshots": "",
        }
        yield {
            "path": capture.heap_file,
            **shared,
            "type": "inuse_space",
            "observed_seconds": "",
            "snapshots": 1,
        }


def _fleet(held: Mapping[tuple[str, str], Capture]) -> Iterator[Mapping[str, object]]:
    for hour in hours():
        capture = held[version(hour), level(hour)]
        yield _machines(
            "checkout",
            MACHINE,
            replicas(hour),
            Window(hour, hour + HOUR),
            utilisation=capture.utilisation,
            resident_gib=capture.resident_gib,
        )
    whole = Window(START, START + timedelta(weeks=WEEKS))
    # A service without a profiler, a machine that nobody claimed, and one that no price list knows.
    yield _machines("search", "m5.xlarge", 3, whole)
    yield _machines("legacy-batch", "t3.large", 1, whole)
    second = Window(START + timedelta(days=15), START + timedelta(days=16))
    yield _machines("search", "rack-7", 1, second, cloud="on_prem", vcpu="32", memory_gib="128")


def _machines(
    service: str, machine: str, count: int, window: Window, *, cloud: str = "aws", **known: str
) -> Mapping[str, object]:
    return {
        "service": service,
        "cloud": cloud,
        "region": "us-east-1",
        "machine_type": machine,
        "count": count,
        "from": moment_text(window.start),
        "to": moment_text(window.end),
        **{name: known.get(name, "") for name in ("utilisation", "resident_gib", "vcpu", "memory_gib")},
    }


def _csv(rows: Iterator[Mapping[str, object]]) -> bytes:
    listed = list(rows)
    text = io.StringIO()
    writer = csv.DictWriter(text, listed[0].keys(), lineterminator="\n")
    writer.writeheader()
    writer.writerows(listed)
    return text.getvalue().encode()


def _captured(name: str) -> bytes:
    return files(__package__).joinpath("captures", name).read_bytes()


def _write(path: Path, data: bytes) -> None:
    """Write a file unless it already holds these very bytes."""
    if not path.is_file() or path.read_bytes() != data:
        path.write_bytes(data)
