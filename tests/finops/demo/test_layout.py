"""What the demonstration lays out: which capture stands for which hour, and nothing that was not captured."""

import csv
import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from pathlib import Path

import pytest

from finops import engine
from finops.config import load
from finops.demo import layout
from finops.domain.window import HOUR, moment_text
from finops.formats import pprof
from pricing.catalogue import Catalogue

CAPTURES = Path(layout.__file__).with_name("captures")
DOCUMENT = json.loads((CAPTURES / "captures.json").read_text())
MEASURED = DOCUMENT["captures"]


@pytest.fixture(scope="module")
def laid_out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo") / "not" / "yet" / "there"
    layout.lay_out(folder)
    return folder


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def files(folder: Path) -> dict[str, tuple[bytes, int]]:
    found = (path for path in folder.rglob("*") if path.is_file())
    return {str(path): (path.read_bytes(), path.stat().st_mtime_ns) for path in found}


def test_laying_out_again_touches_nothing(laid_out: Path) -> None:
    before = files(laid_out)

    layout.lay_out(laid_out)

    assert files(laid_out) == before


def test_profiles_are_the_captures_byte_for_byte(laid_out: Path) -> None:
    for each in MEASURED:
        for kind in ("cpu", "heap"):
            data = (laid_out / "profiles" / each[f"{kind}_file"]).read_bytes()
            assert sha256(data).hexdigest() == each[f"{kind}_sha256"]


@pytest.mark.parametrize("each", MEASURED, ids=lambda each: f"{each['version']}-{each['level']}")
def test_a_capture_is_what_is_said_of_it(each: dict[str, int]) -> None:
    cpu = pprof.read((CAPTURES / str(each["cpu_file"])).read_bytes())
    heap = pprof.read((CAPTURES / str(each["heap_file"])).read_bytes())

    cpu_nanos = engine.totals(cpu, pprof.value_index(cpu, "cpu")).total
    assert cpu_nanos == each["profile_nanos"]
    assert engine.totals(heap, pprof.value_index(heap, "inuse_space")).total == each["inuse_bytes"]
    assert cpu_nanos >= 5 * 10**9, "a shorter one says little"
    assert abs(cpu_nanos / each["cpu_nanos"] - 1) < 0.05, "the profiler agrees with getrusage"
    # runtime/pprof's own duration runs from just before StartCPUProfile to just after StopCPUProfile.
    assert abs(cpu.duration_nanos / each["wall_nanos"] - 1) < 0.02


def test_captures_say_where_and_how_they_were_taken() -> None:
    assert set(DOCUMENT) >= {"command", "date", "go_version", "gomaxprocs", "sampling_hz", "machine"}
    assert (Path(__file__).parents[3] / DOCUMENT["command"].split()[-1]).is_file()


def test_there_is_a_capture_of_each_version_at_each_level() -> None:
    assert set(layout.captures()) == {(version, level) for version in ("v1", "v2") for level in layout.LEVELS}


def test_each_hour_but_the_one_that_is_missed_has_its_two_captures(laid_out: Path) -> None:
    laid = [(row["start"], row["type"]) for row in rows(laid_out / "profiles" / "index.csv")]

    hours = [hour for hour in layout.hours() if hour != layout.MISSED.start]
    assert laid == [(moment_text(hour), kind) for hour in hours for kind in ("cpu", "inuse_space")]


def test_what_is_said_of_an_hour_was_measured(laid_out: Path) -> None:
    """Observed time, utilisation and resident memory are those of the capture that stands for it."""
    measured = {each["cpu_file"]: each for each in MEASURED}
    fleet = {row["from"]: row for row in rows(laid_out / "fleet.csv") if row["service"] == "checkout"}
    vcpus = Catalogue().machine(layout.MACHINE).shape.vcpu

    for row in rows(laid_out / "profiles" / "index.csv"):
        if row["type"] != "cpu":
            continue
        each, machines = measured[row["path"]], fleet[row["start"]]
        assert Decimal(row["observed_seconds"]) * 10**9 == each["wall_nanos"]
        busy = Decimal(each["cpu_nanos"]) / each["wall_nanos"] / vcpus
        assert abs(Decimal(machines["utilisation"]) - busy) <= Decimal("0.00005")
        gib = Decimal(each["resident_bytes"]) / (1 << 30)
        assert abs(Decimal(machines["resident_gib"]) - gib) <= Decimal("0.00005")
        assert machines["machine_type"] == layout.MACHINE
        assert row["version"] == each["version"]


def test_machines_of_the_fleet_are_in_the_catalogue_but_for_one(laid_out: Path) -> None:
    prices = {price.kind.machine_type for price in Catalogue().current()}

    assert {row["machine_type"] for row in rows(laid_out / "fleet.csv")} - prices == {"rack-7"}


def test_the_second_version_goes_out_as_the_third_week_begins(laid_out: Path) -> None:
    versions = {row["start"]: row["version"] for row in rows(laid_out / "profiles" / "index.csv")}

    release = moment_text(layout.RELEASE)
    assert {version for start, version in versions.items() if start < release} == {"v1"}
    assert {version for start, version in versions.items() if start >= release} == {"v2"}


def test_the_configuration_is_one_and_stands_just_after_the_three_weeks(laid_out: Path) -> None:
    settings = load(laid_out / "config.toml", {})

    end = layout.START + timedelta(weeks=layout.WEEKS)
    assert (settings.ledger.start, settings.now) == (layout.START, layout.NOW)
    assert settings.now == end + HOUR
    assert settings.now < end + timedelta(hours=settings.ledger.settle_hours), "its last hour is provisional"


def test_the_rhythm_is_the_one_that_is_written_down(golden: Callable[[str, str], None]) -> None:
    """Levels and machines, a line a day; a change of it is a change of every figure of the demonstration."""
    golden("demo-rhythm.txt", "".join(rhythm()))


def rhythm() -> Iterator[str]:
    days: dict[str, list[datetime]] = {}
    for hour in layout.hours():
        days.setdefault(f"{hour:%Y-%m-%d %a}", []).append(hour)
    for day, hours in days.items():
        shown = (f"{layout.level(hour)[0]}{layout.replicas(hour)}" for hour in hours)
        yield f"{day} {layout.version(hours[0])} {' '.join(shown)}\n"
