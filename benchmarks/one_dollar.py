"""One dollar, twice computed: a service's day from the raw files, against the ledger, to the nano.

    python -m benchmarks.one_dollar DEMO_OUTPUT [--service checkout] [--day 2026-11-10] [--dump FILE]

Nothing of the product is imported, neither here nor in the one_dollar_* modules: files are read as
text, captures through `go tool pprof`, and the rules are written down a second time. Exit code 1
on any difference, 2 where there is nothing to compare or no rule to compute by.
"""

import argparse
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.one_dollar_captures import NoRuleError
from benchmarks.one_dollar_inputs import HOUR, Folder, Kind, price
from benchmarks.one_dollar_rules import (
    RESOURCES,
    Charge,
    Cost,
    Day,
    Row,
    Seen,
    charges,
    cpu_quantities,
    memory_quantities,
    resource_nanos,
)

SHOWN_DIFFERENCES = 5
USED, REST, FUNCTIONS = "charges: used", "charges: the rest", "functions and [other]"
TITLES = tuple(f"{resource} {what}" for resource in RESOURCES for what in (USED, REST, FUNCTIONS))

# A charge goes by its hour, machines and kind, a function cost by name and file; () are the small ones.
Key = tuple[str, ...]
Table = dict[Key, Charge | Cost]
Line = Mapping[str, Any]


class Opinion(dict[str, Table]):
    """What somebody says that a service's day cost at list price: a table under each title."""

    def __init__(self) -> None:
        super().__init__((title, {}) for title in TITLES)

    def put(self, key: Key, resource: str, entry: Charge | Cost) -> None:
        """Enter a charge, whose key ends with its kind, or a function's cost."""
        what = FUNCTIONS if isinstance(entry, Cost) else USED if key[-1] == "used" else REST
        if self[f"{resource} {what}"].setdefault(key, entry) is not entry:
            raise NoRuleError(f"{resource} has {key} twice")


def computed(folder: Folder, service: str, day: datetime) -> Opinion:
    """The second opinion, from the raw files."""
    opinion = Opinion()
    days = {resource: Day() for resource in RESOURCES}
    for hour in (day + HOUR * place for place in range(24)):
        rows = [Row(machines, price(machines.kind, hour)) for machines in folder.machines(service, hour)]
        cpu, heap = (_seen(folder, service, hour, kind) for kind in ("cpu", "inuse_space"))
        spent = {
            "cpu": (cpu, cpu_quantities(rows, cpu)),
            "memory": (heap, memory_quantities(rows, heap, is_profiled=bool(cpu.listed))),
        }
        for resource, (seen, quantities) in spent.items():
            used_nanos = 0
            for row, of_row in zip(rows, quantities, strict=True):
                found = charges(resource_nanos(row)[resource], of_row)
                used_nanos += found["used"].nanos if "used" in found else 0
                for kind, charge in found.items():
                    opinion.put((_text(hour), *row.machines.kind, kind), resource, charge)
            if used_nanos:
                days[resource].add(used_nanos, seen)
    for resource, functions in days.items():
        for function, cost in functions.rows(folder.smallest_share).items():
            opinion.put(function or (), resource, cost)
    return opinion


def stored(dump: Iterable[str], service: str, day: datetime) -> Opinion:
    """What the ledger says in its dump: the newest version of each of the day's windows."""
    opinion = Opinion()
    for line in _standing(list(_of_day(dump, service, day))):
        if line["table"] == "charges" and line["resource"] in RESOURCES:
            key = (line["window_start"], *(line[name] for name in Kind._fields), line["kind"])
            opinion.put(key, line["resource"], Charge(line["quantity"], line["list_nanos"]))
        if line["table"] == "function_costs" and line["metric"] == "list":
            function = () if line["is_other"] else (line["name"], line["file"])
            opinion.put(function, line["resource"], Cost(*(line[name] for name in Cost._fields)))
    return opinion


def comparison(ours: Opinion, theirs: Opinion) -> Iterator[str]:
    """The table to print."""
    yield f"{'':30}{'compared':>10}{'differ':>8}{'computed':>18}{'ledger':>18}{'difference':>18}"
    for title in TITLES:
        sums = [sum(entry.nanos for entry in opinion[title].values()) for opinion in (ours, theirs)]
        amounts = "".join(f"{_dollars(nanos):>18}" for nanos in (*sums, sums[0] - sums[1]))
        compared = len(ours[title].keys() | theirs[title].keys())
        yield f"{title:30}{compared:>10}{len(differing(ours, theirs, title)):>8}{amounts}"


def differing(ours: Opinion, theirs: Opinion, title: str) -> list[Key]:
    """What the two do not say alike, or one of them does not say."""
    keys = ours[title].keys() | theirs[title].keys()
    return sorted(key for key in keys if ours[title].get(key) != theirs[title].get(key))


def _seen(folder: Folder, service: str, hour: datetime, kind: str) -> Seen:
    listed = [each for each in folder.listed(service, hour) if each.type == kind]
    return Seen(listed, [folder.profile(each) for each in listed])


def _of_day(dump: Iterable[str], service: str, day: datetime) -> Iterator[Line]:
    for text in dump:
        line = json.loads(text)
        if line.get("service") == service and line.get("window_start", "")[:10] == day.date().isoformat():
            yield line


def _standing(lines: Sequence[Line]) -> Iterator[Line]:
    """The charges and function costs of the newest version of their hour or day."""
    newest: Counter[tuple[str, str]] = Counter()
    for line in lines:
        if line["table"] == "ledger_windows":
            window = (line["grain"], line["window_start"])
            newest[window] = max(newest[window], line["ledger_version"])
    for line in lines:
        grain = {"charges": "hour", "function_costs": "day"}.get(line["table"])
        if grain and line["ledger_version"] == newest[grain, line["window_start"]]:
            yield line


def _text(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def _dollars(nanos: int) -> str:
    return f"{'-' if nanos < 0 else ''}${abs(nanos) // 10**9}.{abs(nanos) % 10**9:09}"


def _dumped(folder: Path) -> list[str]:
    finops = Path(sys.executable).with_name("finops")
    command = [str(finops), "--config", str(folder / "config.toml"), "ledger", "dump", "--canonical"]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout.decode().splitlines()


def _opinions(arguments: argparse.Namespace) -> tuple[Opinion, Opinion]:
    chosen = (arguments.service, arguments.day)
    ours = computed(Folder(arguments.folder), *chosen)
    dump = arguments.dump.read_text().splitlines() if arguments.dump else _dumped(arguments.folder)
    theirs = stored(dump, *chosen)
    if not any(ours.values()) and not any(theirs.values()):
        raise NoRuleError(f"nothing is known of {arguments.service} on {arguments.day.date()}")
    return ours, theirs


def _day(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)


def main() -> int:
    """Compute, compare, and say what came of it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("folder", type=Path, metavar="DEMO_OUTPUT")
    parser.add_argument("--service", default="checkout")
    parser.add_argument("--day", type=_day, default="2026-11-10")
    parser.add_argument("--dump", type=Path, metavar="FILE", help="a dump made before; otherwise one is made")
    arguments = parser.parse_args()
    try:
        ours, theirs = _opinions(arguments)
    except NoRuleError as error:
        print(error, file=sys.stderr)
        return 2
    print(f"{arguments.service} on {arguments.day.date()}, from the raw files and from the ledger")
    print("\n".join(comparison(ours, theirs)))
    wrong = [(title, key) for title in TITLES for key in differing(ours, theirs, title)]
    for title, key in wrong[:SHOWN_DIFFERENCES]:
        print(f"{title}: {key or '[other]'}")
        print(f"    computed  {ours[title].get(key)}\n    ledger    {theirs[title].get(key)}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
