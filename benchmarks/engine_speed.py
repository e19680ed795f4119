"""How fast the engine is beside Go's own: one command, one table, in one interleaved run.

    python -m benchmarks.engine_speed [--inputs s10k,s100k,s1M,symbols,labels] [--folder DIR] [--json FILE]
        [--page docs/performance.md]

The contenders are `go tool pprof -top`, a tight Go loop over its profile package, and both engines. Inputs
are made once and kept in --folder. Each round runs every contender once; medians are shown. In process is
the CPU time of inflating and adding up, whole process is `finops top FILE` from start to end.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeVar

from benchmarks import goloop, gopprof, performance_page

# Rounds by input; what takes a minute is run less often, which the table says.
ROUNDS = {"s10k": 7, "symbols": 7, "s100k": 3, "labels": 3, "s1M": 3}
# How often each process of a round does it over: the first is cold, the rest are warm.
_TURNS = {"s10k": 8, "symbols": 8, "s100k": 4, "labels": 4, "s1M": 3}
# At a million samples these take a minute a round, and their ratios are far from what they must be.
_ONCE = {("s1M", "go tool pprof"), ("s1M", "plain")}


@dataclass(frozen=True)
class Process:
    """One whole process."""

    seconds: float
    cpu: float
    megabytes: float


@dataclass(frozen=True)
class Inside:
    """CPU seconds inside of a process: inflating alone, and all; the first time, and after it."""

    inflate: float
    all: float
    cold: float


T = TypeVar("T", Process, Inside)


@dataclass(frozen=True)
class Measured:
    """All of one contender on one input, medians of so many rounds."""

    input: str
    contender: str
    rounds: int
    process: Process | None = None
    inside: Inside | None = None


def measured(name: str, file: Path) -> list[Measured]:
    """Every contender on one input, in turns."""
    processes: dict[str, list[Process]] = {}
    insides: dict[str, list[Inside]] = {}
    for contender, command in _whole(file).items():
        if "finops" in command[0]:
            _run(contender, command)  # which leaves the compiled files behind
    for turn in range(ROUNDS[name]):
        for contender, command in _whole(file).items():
            if not turn or (name, contender) not in _ONCE:
                processes.setdefault(contender, []).append(_run(contender, command)[0])
        for contender, command in _within(file, _TURNS[name]).items():
            if not turn or (name, contender) not in _ONCE:
                insides.setdefault(contender, []).append(_inside(_run(contender, command)[1]))
    found = [
        Measured(
            name,
            contender,
            len(processes.get(contender, insides.get(contender, []))),
            _middle(Process, processes.get(contender)),
            _middle(Inside, insides.get(contender)),
        )
        for contender in dict.fromkeys([*processes, *insides])
    ]
    for each in found:
        print(each, file=sys.stderr)
    return found


def _middle(kind: type[T], several: list[T] | None) -> T | None:
    if not several:
        return None
    columns = zip(*(asdict(one).values() for one in several), strict=True)
    return kind(*map(statistics.median, columns))


def _whole(file: Path) -> dict[str, list[str]]:
    finops = [str(Path(sys.executable).with_name("finops")), "top", str(file)]
    found = {"native": finops, "plain": finops}
    if loop := goloop.command():
        found["go loop"] = [str(loop), str(file), "1"]
    if pprof := gopprof.command():
        found["go tool pprof"] = [*pprof, "-top", "-symbolize=none", str(file)]
    return found


def _within(file: Path, turns: int) -> dict[str, list[str]]:
    here = [sys.executable, "-m", "benchmarks.engine_speed", "--inside", str(file), "--turns"]
    found = {"native": [*here, str(turns)], "plain": [*here, "2"]}
    if loop := goloop.command():
        found["go loop"] = [str(loop), str(file), str(turns)]
    return found


def _run(contender: str, command: list[str]) -> tuple[Process, bytes]:
    with tempfile.TemporaryDirectory() as home, tempfile.TemporaryFile() as out:
        environ = gopprof.homeless(home) if contender.startswith("go") else dict(os.environ)
        environ.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed program is not compiled at every start
        environ["FLAMEBILL_ENGINE"] = "plain" if contender == "plain" else ""
        start = time.monotonic()
        child = subprocess.Popen(command, env=environ, stdout=out, stderr=subprocess.DEVNULL)
        _, status, used = os.wait4(child.pid, 0)
        seconds = time.monotonic() - start
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            raise RuntimeError(f"{' '.join(command)} ended with {child.returncode}")
        out.seek(0)
        return Process(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024), out.read()


def _inside(said: bytes) -> Inside:
    took = json.loads(said)
    first, *rest = took["all"]
    return Inside(
        statistics.median(took["inflate"][1:] or took["inflate"]), statistics.median(rest or [first]), first
    )


def inside(file: Path, turns: int) -> None:
    """What the other side of `_within` does: inflate, then all, and say how long each took."""
    from finops import engine  # noqa: PLC0415 - what starts the contenders stays small, or their memory shows it

    data, took = file.read_bytes(), {"inflate": list[float](), "all": list[float]()}
    for _ in range(turns):
        start = time.process_time()
        engine.inflate(data)
        took["inflate"].append(time.process_time() - start)
        start = time.process_time()
        columns = engine.decode(data)
        found = engine.totals(columns, len(columns.value_types) - 1, "name")
        found.lists()
        took["all"].append(time.process_time() - start)
        del columns, found
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps({**took, "rss": used.ru_maxrss}))


def main() -> int:
    """Make what is missing, measure, print, and write what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--inputs", default=",".join(ROUNDS), help="some of " + ", ".join(ROUNDS))
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "flamebill-bench")
    parser.add_argument("--json", type=Path, help="where all figures are written")
    parser.add_argument("--page", type=Path, help="the page whose table is replaced")
    parser.add_argument("--inside", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--turns", type=int, default=1, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.inside:
        inside(arguments.inside, arguments.turns)
        return 0
    names = arguments.inputs.split(",")
    subprocess.run([sys.executable, "-m", "benchmarks.engine_inputs", arguments.folder, *names], check=True)
    files = {name: arguments.folder / f"{name}.pb.gz" for name in names}
    rows: list[dict[str, object]] = []
    found = {"machine": performance_page.machine(), "measured": rows}
    for name, file in files.items():
        rows += [asdict(each) for each in measured(name, file)]
        if arguments.json:  # also when it is stopped half way
            arguments.json.write_text(json.dumps(found, indent=2) + "\n")
    text = performance_page.table(found)
    print(text)
    if arguments.page:
        performance_page.put(arguments.page, "engine", text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
