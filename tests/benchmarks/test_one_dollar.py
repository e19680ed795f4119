"""The ledger against a second opinion that shares no code with it."""

import ast
import csv
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from benchmarks import gopprof, one_dollar
from benchmarks.one_dollar_captures import NoRuleError, frame
from benchmarks.one_dollar_inputs import Folder
from finops import engine
from finops.demo.layout import lay_out
from finops.engine import Columns

ROOT = Path(__file__).parents[2]
PARTS = sorted([*ROOT.glob("benchmarks/one_dollar*.py"), ROOT / "benchmarks" / "gopprof.py"])

needs_go = pytest.mark.skipif(gopprof.command() is None, reason="there is no Go to read the captures")

DAY = datetime(2026, 11, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)

# An hour of a day for each rule that three usual weeks do not meet: its machines, then its captures.
AWKWARD_DAY = (
    # Two kinds of machine: both measured, one of them, none.
    ("3 c5.large busy=0.4 resident=0.5; 2 m5.xlarge busy=0.2 resident=1", "day.cpu; day.heap"),
    ("3 c5.large busy=0.4 resident=0.5; 2 m5.xlarge", "day.cpu; day.heap"),
    ("3 c5.large; 2 m5.xlarge", "day.cpu; day.heap"),
    (
        "1 c5.large busy=0.4 resident=0.5; 1 m5.xlarge busy=0.3 resident=1; 1 r5.large busy=0.4 resident=1",
        "busy.cpu; busy.heap",
    ),
    ("1 c5.large; 1 m5.xlarge; 1 r5.large", "busy.cpu; busy.heap"),
    # Not the whole hour, and more processes than machines.
    ("3 c5.large minutes=10-45 instances=7 busy=0.9 resident=1.7", "night.cpu; night.heap"),
    ("3 c5.large minutes=10-11; 1 c5.xlarge minutes=0-59 instances=2", "night.cpu; night.heap"),
    # No profile at all, or of one resource alone.
    ("4 c5.large busy=0.3 resident=0.3", ""),
    ("4 c5.large", ""),
    ("4 c5.large busy=0.3 resident=0.3", "night.cpu"),
    ("4 c5.large", "night.cpu"),
    ("4 c5.large busy=0.3 resident=0.3", "night.heap"),
    ("4 c5.large", "night.heap"),
    # A profiler that claims more than was measured: believed in its proportions, then not at all.
    ("3 c5.large busy=0.2 resident=0.5; 2 m5.xlarge busy=0.1 resident=1", "peak.cpu; peak.heap"),
    ("3 c5.large busy=0.02 resident=0.5; 2 m5.xlarge busy=0.01 resident=1", "peak.cpu; peak.heap"),
    ("3 c5.large busy=0 resident=0.5", "peak.cpu; peak.heap"),
    # The same without a measurement: 5 % more than was paid for, then 40 %.
    ("2 c5.large instances=3", "peak.cpu; peak.heap"),
    ("2 c5.large instances=4", "peak.cpu; peak.heap"),
    # Several captures within an hour.
    ("5 c5.large busy=0.5 resident=0.5", "day.cpu; busy.cpu minute=3; day.heap; busy.heap snapshots=3"),
    # A profiler that saw more time than there was.
    ("5 c5.large busy=0.5 resident=0.5 minutes=0-1", "day.cpu observed=301; day.heap"),
    # Samples without a stack.
    ("5 c5.large busy=0.5 resident=0.5; 1 m5.xlarge busy=0.3 resident=0.5", "bare.cpu; bare.heap"),
    ("5 c5.large", "bare.cpu; bare.heap"),
)  # fmt: skip


def test_the_second_opinion_imports_nothing_of_the_product() -> None:
    imported = {
        name.partition(".")[0]
        for part in PARTS
        for node in ast.walk(ast.parse(part.read_text("utf-8")))
        for name in imports(node)
    }

    assert len(PARTS) == 5
    assert imported <= {"benchmarks", *sys.stdlib_module_names}


def imports(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    if isinstance(node, ast.ImportFrom):
        assert node.level == 0
        yield node.module or ""
    if isinstance(node, ast.Name | ast.Attribute):
        called = node.id if isinstance(node, ast.Name) else node.attr
        assert called not in {"__import__", "import_module", "exec", "eval"}


@pytest.mark.parametrize(
    ("printed", "name", "file"),
    [
        ("main.serve shop/main.go:12:0 s=3", "main.serve", "shop/main.go"),
        ("f[go.shape.interface { Size() int }] a b.go:1:0 s=0", None, None),
        ("f[go.shape.interface { Size() int }] b.go:1:0 s=0", "f[go.shape.interface { Size() int }]", "b.go"),
        ("f .:0:0 s=0(_Z1fv)", "f", "."),
        ("f :0:0 s=0", "f", ""),
    ],
)
def test_a_function_is_read_from_what_pprof_prints_or_refused(
    printed: str, name: str | None, file: str | None
) -> None:
    if name is None:
        with pytest.raises(NoRuleError, match="where does the name end"):
            frame(printed)
    else:
        assert frame(printed) == (name, file)


@pytest.fixture(scope="module")
def demo_dump(demo_output: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("dump") / "demo.jsonl"
    path.write_text("\n".join(dumped(demo_output)))
    return path


@needs_go
# The day of the documentation; one with an hour without a profile; a weekend's, of the second version.
@pytest.mark.parametrize("day", ["2026-11-10", "2026-11-05", "2026-11-22"])
def test_the_demonstration_agrees_to_the_nano(demo_output: Path, demo_dump: Path, day: str) -> None:
    compare = [sys.executable, "-m", "benchmarks.one_dollar", str(demo_output), "--day", day]
    done = subprocess.run(
        [*compare, "--dump", str(demo_dump)], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert one_dollar.FUNCTIONS in done.stdout


@needs_go
def test_a_nano_too_many_is_a_difference(demo_output: Path, demo_dump: Path) -> None:
    lines = demo_dump.read_text().splitlines()
    place, line = next(
        (place, line)
        for place, text in enumerate(lines)
        if (line := json.loads(text))["table"] == "function_costs"
        and line["window_start"].startswith(f"{DAY:%Y-%m-%d}")
        and line["is_other"]
    )
    lines[place] = json.dumps({**line, "self_nanos": line["self_nanos"] + 1})

    ours, theirs = opinions(demo_output, lines)

    assert differing(ours, theirs) == [(f"{line['resource']} {one_dollar.FUNCTIONS}", ())]


@needs_go
def test_rules_that_usual_weeks_do_not_meet_agree_too(tmp_path: Path) -> None:
    lay_out_a_day(tmp_path)
    for kind in ("cpu", "heap"):
        rewrite(tmp_path / f"profiles/checkout-v1-day.{kind}.pb.gz", without_some_stacks, f"bare.{kind}")
    lay_out_hours(tmp_path)
    run(tmp_path)

    ours, theirs = opinions(tmp_path, dumped(tmp_path))

    assert differing(ours, theirs) == []
    kinds = {key[-1] for title in ours if "charges" in title for key in ours[title]}
    assert kinds == {
        *("used", "no_stack", "idle", "not_profiled", "unprofiled_or_idle", "over_capacity", "no_profile"),
        *("no_heap_profile", "memory_not_measured"),
    }


@needs_go
def test_doubling_a_function_in_one_capture_moves_only_the_hours_that_use_it(tmp_path: Path) -> None:
    before, after = tmp_path / "before", tmp_path / "after"
    capture = "checkout-v1-peak.cpu.pb.gz"
    for folder in (before, after):
        lay_out_a_day(folder)
    rewrite(after / "profiles" / capture, doubled("encoding/json.Marshal"), capture)
    for folder in (before, after):
        run(folder)

    lines_before, lines_after = dumped(before), dumped(after)

    using = {row["start"] for row in rows(after / "profiles/index.csv") if row["path"] == capture}
    assert moved(lines_before, lines_after, "charges", "window_start") == {
        start for start in using if start.startswith(f"{DAY:%Y-%m-%d}")
    }
    assert moved(lines_before, lines_after, "charges", "resource") == {"cpu"}
    assert moved(lines_before, lines_after, "function_costs", "resource") == {"cpu"}
    ours, theirs = opinions(after, lines_after)
    assert differing(ours, theirs) == []


def opinions(folder: Path, dump: list[str]) -> tuple[one_dollar.Opinion, one_dollar.Opinion]:
    ours = one_dollar.computed(Folder(folder), "checkout", DAY)
    return ours, one_dollar.stored(dump, "checkout", DAY)


def differing(ours: one_dollar.Opinion, theirs: one_dollar.Opinion) -> list[tuple[str, one_dollar.Key]]:
    return [(title, key) for title in ours for key in one_dollar.differing(ours, theirs, title)]


def moved(before: list[str], after: list[str], table: str, column: str) -> set[str]:
    """What a column of a table holds in the lines that only one of two dumps has."""
    lines = (json.loads(line) for line in set(before) ^ set(after))
    return {line[column] for line in lines if line["table"] == table}


def finops(folder: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", "finops.cli.main", "--config", str(folder / "config.toml"), *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def run(folder: Path) -> None:
    finops(folder, "db", "upgrade")
    finops(folder, "scheduler", "--drain")


def dumped(folder: Path) -> list[str]:
    return finops(folder, "ledger", "dump", "--canonical").splitlines()


def lay_out_a_day(folder: Path) -> None:
    """The demonstration's files, of which one day counts and has settled."""
    folder.mkdir(exist_ok=True)
    lay_out(folder)
    config = (folder / "config.toml").read_text()
    for name, moment in (("now", DAY + 27 * HOUR), ("start", DAY)):
        old = next(line for line in config.splitlines() if line.startswith(f"{name} = "))
        config = config.replace(old, f"{name} = {moment:%Y-%m-%dT%H:%M:%SZ}")
    (folder / "config.toml").write_text(config)


def lay_out_hours(folder: Path) -> None:
    """AWKWARD_DAY in place of the fleet and of the index."""
    fleet, index = [], []
    for place, (machines, captures) in enumerate(AWKWARD_DAY):
        hour = DAY + place * HOUR
        fleet += [machine_row(hour, *each.split()) for each in machines.split(";")]
        index += [capture_row(hour, *each.split()) for each in captures.split(";") if each]
    write_rows(folder / "fleet.csv", fleet)
    write_rows(folder / "profiles/index.csv", index)


def machine_row(hour: datetime, count: str, machine_type: str, *more: str) -> dict[str, object]:
    given = dict(each.split("=") for each in more)
    first, _, last = given.get("minutes", "0-60").partition("-")
    return {
        "service": "checkout",
        "region": "us-east-1",
        "machine_type": machine_type,
        "count": count,
        "instances": given.get("instances", ""),
        "from": moment(hour, first),
        "to": moment(hour, last),
        "utilisation": given.get("busy", ""),
        "resident_gib": given.get("resident", ""),
    }


def capture_row(hour: datetime, capture: str, *more: str) -> dict[str, object]:
    given = dict(each.split("=") for each in more)
    is_cpu = capture.endswith("cpu")
    return {
        "path": capture if capture.startswith("bare") else f"checkout-v1-{capture}.pb.gz",
        "service": "shop-checkout",
        "start": moment(hour, given.get("minute", "0")),
        "type": "cpu" if is_cpu else "inuse_space",
        "observed_seconds": given.get("observed", "30.017626379") if is_cpu else "",
        "snapshots": "" if is_cpu else given.get("snapshots", "1"),
    }


def moment(hour: datetime, minute: str) -> str:
    return f"{hour + timedelta(minutes=int(minute)):%Y-%m-%dT%H:%M:%SZ}"


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def write_rows(path: Path, listed: list[dict[str, object]]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, listed[0])
        writer.writeheader()
        writer.writerows(listed)


def rewrite(capture: Path, change: Callable[[Columns], Columns], name: str) -> None:
    columns = engine.decode(capture.read_bytes())
    capture.with_name(name).write_bytes(engine.encode(change(columns)))


def doubled(function: str) -> Callable[[Columns], Columns]:
    """Every sample with a function in its stack counts twice."""

    def change(columns: Columns) -> Columns:
        values = columns.values.copy()
        for place, stack in enumerate(stacks(columns)):
            if function in stack:
                values[place] *= 2
        assert (values != columns.values).any()
        return replace(columns, values=values)

    return change


def without_some_stacks(columns: Columns) -> Columns:
    """Every seventh sample loses its stack."""
    lengths = np.diff(columns.stack_offsets)
    keeps = np.arange(len(lengths)) % 7 != 0
    offsets = np.concatenate([[0], np.cumsum(np.where(keeps, lengths, 0))])
    locations = columns.stack_locations[np.repeat(keeps, lengths)]
    return replace(columns, stack_offsets=offsets, stack_locations=locations)


def stacks(columns: Columns) -> Iterator[set[str]]:
    """The names in each sample's stack."""
    lines = columns.line_offsets.tolist()
    names = [
        {columns.function_names[function] for function in columns.line_functions[start:end].tolist()}
        for start, end in pairwise(lines)
    ]
    offsets = columns.stack_offsets.tolist()
    for start, end in pairwise(offsets):
        yield set().union(*(names[location] for location in columns.stack_locations[start:end].tolist()))
