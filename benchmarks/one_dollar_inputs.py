"""What the second opinion reads beside captures: configuration, fleet, index and price list, as text.

What no rule is written down for is refused, never guessed.
"""

import csv
import tomllib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import NamedTuple

from benchmarks.one_dollar_captures import COLUMNS, NoRuleError, Profile, profile

HOUR = timedelta(hours=1)
NANOS_PER_SECOND = 10**9
MIB_PER_GIB = 1024
CATALOGUES = Path(__file__).parent.parent / "pricing" / "data"


class Kind(NamedTuple):
    """What decides a machine's price, in the order in which rows are taken."""

    cloud: str
    region: str
    machine_type: str
    purchase_option: str
    zone: str
    account: str


@dataclass(frozen=True)
class Machines:
    """A row of the fleet within one hour."""

    kind: Kind
    machine_nanos: int
    instance_nanos: int
    utilisation: Fraction | None
    resident_mib: Fraction | None


@dataclass(frozen=True)
class Price:
    """A row of the bundled price list."""

    hourly: Fraction
    vcpu: int
    memory_mib: int


@dataclass(frozen=True)
class Listed:
    """A row of the index: a capture, and the span or the snapshots that are vouched for."""

    file: str
    type: str
    observed_nanos: int
    snapshots: int


class Folder:
    """A folder on which the demonstration ran, or is going to."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with (path / "config.toml").open("rb") as file:
            self.config = tomllib.load(file, parse_float=Fraction)
        if "prices" in self.config:
            raise NoRuleError("config.toml: [prices] is set; only the bundled price list is recomputed")

    @property
    def smallest_share(self) -> Fraction:
        """The share of a day's used charge from which a function is kept by name."""
        return Fraction(self.config.get("ledger", {}).get("smallest_share", Fraction(1, 10_000)))

    def names(self, service: str) -> set[str]:
        """A service's own name and its others."""
        for each in self.config.get("services", ()):
            if each["name"] == service:
                names = {service, *each.get("names", ())}
                if any(set("*?[") & set(name) for name in names):
                    raise NoRuleError(f"{service}: its names have patterns")
                return names
        raise NoRuleError(f"config.toml has no service {service!r}")

    def machines(self, service: str, hour: datetime) -> list[Machines]:
        """What ran for a service in an hour, by kind of machine."""
        names = self.names(service)
        found = [
            _machines(row, shared)
            for row in _rows(self.path / "fleet.csv")
            if row["service"] in names and (shared := _shared(row, hour))
        ]
        if len({row.kind for row in found}) < len(found):
            raise NoRuleError(f"{service}, {hour}: two rows of the fleet are of one kind")
        return sorted(found, key=lambda row: row.kind)

    def listed(self, service: str, hour: datetime) -> list[Listed]:
        """The rows of the index that start in an hour."""
        names = self.names(service)
        return [
            _listed(row)
            for row in _rows(self.path / "profiles" / "index.csv")
            if row["service"] in names and hour <= _moment(row["start"]) < hour + HOUR
        ]

    def profile(self, listed: Listed) -> Profile:
        """What a capture says."""
        return profile(self.path / "profiles" / listed.file, listed.type)


def price(kind: Kind, hour: datetime) -> Price:
    """What the bundled price list says of a machine at the start of an hour."""
    catalogue = CATALOGUES / f"{kind.cloud}-{kind.region}.tsv"
    if kind.purchase_option != "on_demand" or not catalogue.is_file():
        raise NoRuleError(f"{kind} is in no bundled price list")
    held = [row for row in _catalogue(catalogue, kind.machine_type) if _moment(row["valid_from"]) <= hour]
    if not held:
        raise NoRuleError(f"{kind} is not in the bundled price list")
    row = max(held, key=lambda row: row["valid_from"])
    if row["gpu"] != "0":
        raise NoRuleError(f"{kind.machine_type} has GPUs; only CPU and memory are recomputed")
    return Price(Fraction(row["hourly"]), int(row["vcpu"]), int(row["memory_mib"]))


@cache
def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@cache
def _catalogue(path: Path, machine_type: str) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        rows = csv.DictReader((line for line in file if not line.startswith("#")), dialect="excel-tab")
        return [row for row in rows if row["machine_type"] == machine_type]


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _shared(row: dict[str, str], hour: datetime) -> timedelta:
    """How much of an hour a row of the fleet covers."""
    start = max(hour, _moment(row["from"]))
    end = min(hour + HOUR, _moment(row["to"])) if row.get("to") else hour + HOUR
    return max(end - start, timedelta())


def _machines(row: dict[str, str], shared: timedelta) -> Machines:
    for column in ("version", "environment", "vcpu", "memory_gib", "gpu"):
        if row.get(column):
            raise NoRuleError(f"fleet.csv: {column} is set")
    nanos = shared // timedelta(microseconds=1) * 1000
    resident = row.get("resident_gib")
    return Machines(
        kind=Kind(
            cloud=row.get("cloud") or "aws",
            region=row["region"],
            machine_type=row["machine_type"],
            purchase_option=row.get("purchase_option") or "on_demand",
            zone=row.get("zone") or "",
            account=row.get("account") or "",
        ),
        machine_nanos=int(row["count"]) * nanos,
        instance_nanos=int(row.get("instances") or row["count"]) * nanos,
        utilisation=Fraction(row["utilisation"]) if row.get("utilisation") else None,
        resident_mib=Fraction(resident) * MIB_PER_GIB if resident else None,
    )


def _listed(row: dict[str, str]) -> Listed:
    kind, observed, snapshots = row["type"], row.get("observed_seconds"), row.get("snapshots")
    if kind not in COLUMNS:
        raise NoRuleError(f"index.csv: {row['path']} is of type {kind!r}")
    if not (observed if kind == "cpu" else snapshots):
        # A capture's own duration would do, but pprof prints only four figures of it.
        raise NoRuleError(f"index.csv: {row['path']} does not say what was observed")
    return Listed(row["path"], kind, int(Fraction(observed or 0) * NANOS_PER_SECOND), int(snapshots or 0))
