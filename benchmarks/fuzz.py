"""Profiles damaged by the thousand, to which both engines must say the same: all they hold, or a refusal.

    python -m benchmarks.fuzz [--count 20000] [--seed 1] [--first 0] [--every 32] [--engine both]
        [--found DIR] [DIR ...]

A mutant is read in a process of its own kind, so that a crash is counted and not suffered. What is slow,
crashes or is said differently is written to --found, by its number, and makes the exit code 1. Seeds are the
profiles of DIR (by default the project's captures) of up to 40 kB, and small ones written here.
"""

import argparse
import os
import resource
import select
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, is_dataclass
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

from benchmarks import engine_inputs
from benchmarks.mutants import Seed, mutant
from finops import engine
from finops.engine import Columns
from finops.engine.plain.inflate import inflate
from finops.errors import BrokenProfile

_LARGEST = 40_000
# Longer than this for a few kilobytes is slow; for ever is a hang.
SLOW_SECONDS, HANG_SECONDS = 2, 60
_MEMORY = 4 << 30
_COLUMNS = 3

# Refused for the form of the bytes, before anything that they say was looked at.
_FORM = ("its protobuf encoding is broken", "a field has the wrong wire type", "is empty (0 bytes)")

# What is worth keeping.
_FOUND = ("differs", "crashed", "slow")


@dataclass(frozen=True)
class Engine:
    """One way to read a profile."""

    name: str
    decode: Callable[[bytes], Columns]
    reduce: ModuleType
    trie: ModuleType


def engines(name: str) -> list[Engine]:
    """The engines of a name, or "both": those that there are."""
    from importlib import import_module  # noqa: PLC0415

    wanted = [each for each in ("native", "plain") if name in (each, "both")]
    if engine.name() != "native" and "native" in wanted:
        wanted.remove("native")
    parts = [
        [import_module(f"finops.engine.{each}.{part}") for part in ("decode", "reduce", "trie")]
        for each in wanted
    ]
    return [Engine(each, part[0].decode, *part[1:]) for each, part in zip(wanted, parts, strict=True)]


def verdict(data: bytes, by: list[Engine], *, is_thorough: bool = True) -> str:
    """What engines say of some bytes: "accepted", "refused" or "malformed" (refused for their form).

    They are asked for the columns and for the sums by function; thoroughly, for sums by name and call tries.

    Raises:
        AssertionError: they say different things.
    """
    read = [_read(each, data, is_thorough=is_thorough) for each in by]
    for one, other in pairwise(read):
        if why := _difference(one, other):
            raise AssertionError(why)
    if not isinstance(read[0], str):
        return "accepted"
    is_form = read[0].endswith(_FORM) or (
        read[0].startswith("this is") and "not a pprof profile:" not in read[0]
    )
    return "malformed" if is_form else "refused"


def _read(by: Engine, data: bytes, *, is_thorough: bool) -> list[tuple[str, object]] | str:
    """All that an engine makes of some bytes; why not, where it refuses them."""
    try:
        columns = by.decode(data)
    except BrokenProfile as error:
        return str(error)
    made: list[tuple[str, object]] = []
    for value in range(min(len(columns.value_types), _COLUMNS)):
        made.append((f"the sums of column {value}", _sums(by, columns, value, "function")))
        if is_thorough:
            made.append((f"the sums by name of column {value}", _sums(by, columns, value, "name")))
            made += _trie(by, columns, value)
    # Last, so that what is made from the file is not made from columns.
    return [*made, ("the profile", columns)]


def _sums(by: Engine, columns: Columns, value: int, grouping: str) -> object:
    try:
        return by.reduce.totals(columns, value, grouping)
    except BrokenProfile as error:
        return str(error)


def _trie(by: Engine, columns: Columns, value: int) -> list[tuple[str, object]]:
    what = f"the trie of column {value}"
    try:
        grown = by.trie.trie(columns, value)
    except BrokenProfile as error:
        return [(what, str(error))]
    return [(what, grown), (f"the sums of {what}", by.trie.trie_totals(grown))]


def _difference(one: list[tuple[str, object]] | str, other: list[tuple[str, object]] | str) -> str | None:
    if isinstance(one, str) and isinstance(other, str):
        return None  # it may be for two reasons, of which each names another first
    if isinstance(one, str) or isinstance(other, str):
        said = (f"refused ({each})" if isinstance(each, str) else "taken" for each in (one, other))
        return "one engine and the other: {}, {}".format(*said)
    for (what, left), (_, right) in zip(one, other, strict=True):
        if (why := _differs(left, right)) is not None:
            return f"{what}{why} differs"
    return None


def _differs(one: Any, other: Any) -> str | None:  # noqa: ANN401 - columns of any kind
    """Where two things of one shape differ; "" where the things themselves do."""
    if is_dataclass(one) and is_dataclass(other):
        for each in fields(one):
            why = _differs(getattr(one, each.name), getattr(other, each.name))
            if why is not None:
                return f".{each.name}{why}"
        return None
    if hasattr(one, "tobytes") and hasattr(other, "tobytes"):
        return None if one.shape == other.shape and one.tobytes() == other.tobytes() else ""
    return None if one == other else ""


@dataclass(frozen=True)
class Run:
    """Which mutants of which profiles, read by whom."""

    seeds: list[Seed]
    seed: int
    by: list[Engine]
    every: int = 1
    """One mutant in so many is read thoroughly: the plain engine takes its time over tries."""

    def outcomes(self, first: int, end: int) -> Iterator[tuple[int, str, str]]:
        """The number, the outcome and, where there is one, the reason of each mutant.

        Outcomes are those of `verdict`, and "differs", "crashed" and "slow", which comes before another.
        """
        while first < end:
            child, reader = self._started(first, end)
            for outcome, why in _lines(reader):
                yield first, outcome, why
                first += outcome != "slow"
            os.close(reader)
            if first == end:
                os.waitpid(child, 0)
                return
            yield first, *_ended(child)
            first += 1

    def _started(self, first: int, end: int) -> tuple[int, int]:
        """A process of its own that reads some mutants, and where it says what it made of them."""
        reader, writer = os.pipe()
        child = os.fork()
        if not child:
            os.close(reader)
            self._work(writer, first, end)
        os.close(writer)
        return child, reader

    def _work(self, writer: int, first: int, end: int) -> None:
        """The child: one line a mutant; it does not come back."""
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        with os.fdopen(writer, "w", buffering=1) as out:
            for number in range(first, end):
                data, start = mutant(self.seeds, self.seed, number), time.process_time()
                try:
                    said = verdict(data, self.by, is_thorough=not number % self.every)
                except AssertionError as error:
                    said = f"differs {error}"
                # Whatever is no refusal is what is looked for.
                except BaseException as error:  # noqa: BLE001
                    said = f"crashed {error!r}"
                taken = time.process_time() - start
                if taken > SLOW_SECONDS:
                    out.write(f"slow {taken:.1f} s\n")
                out.write(said.replace("\n", " ") + "\n")
        os._exit(0)


def _lines(reader: int) -> Iterator[tuple[str, str]]:
    """What a child says, until it ends or says nothing for too long."""
    held = b""
    while select.select([reader], [], [], HANG_SECONDS)[0]:
        if not (more := os.read(reader, 1 << 16)):
            return
        *lines, held = (held + more).split(b"\n")
        for line in lines:
            outcome, _, why = line.decode().partition(" ")
            yield outcome, why


def _ended(child: int) -> tuple[str, str]:
    """Why a child came to no end of its mutants; it is gone then."""
    time.sleep(0.1)  # its pipe closes a moment before it is over
    pid, status = os.waitpid(child, os.WNOHANG)
    if not pid:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        return "slow", f"no answer in {HANG_SECONDS} s"
    return "crashed", f"wait status {status}"


def seeds(folders: list[Path]) -> list[Seed]:
    """The profiles of some folders that are not too large to be damaged often, and many small ones."""
    found = []
    for path in sorted(path for folder in folders for path in folder.rglob("*") if path.is_file()):
        try:
            raw = inflate(path.read_bytes())
            engine.decode(raw)
        except BrokenProfile:
            continue
        if len(raw) <= _LARGEST:
            found.append(Seed(raw))
    small = [
        engine_inputs.Shape(
            samples=2 + at % 5, functions=3 + at, locations=4 + at, labels=at % 3, label_values=3
        )
        for at in range(10 * (len(found) or 1))
    ]
    return [*found, *(Seed(engine_inputs.profile(shape)) for shape in small)]


def table(counts: Counter[str], tried: int, seconds: float, names: str) -> str:
    """What came of it, in words and numbers."""
    reached = tried - counts["malformed"]
    rows = {
        "mutants tried": f"{tried:,}",
        "reached the walker": f"{reached:,} ({100 * reached / max(tried, 1):.0f} %)",
        "accepted": f"{counts['accepted']:,}",
        "refused": f"{counts['refused'] + counts['malformed']:,}",
        f"slow (over {SLOW_SECONDS} s)": f"{counts['slow']:,}",
        "crashed": f"{counts['crashed']:,}",
        "differ": f"{counts['differs']:,}",
    }
    lines = [
        f"read by {names}, {seconds:.0f} s",
        *(f"{what:20}{figure:>16}" for what, figure in rows.items()),
    ]
    return "\n".join(lines)


def main() -> int:
    """Damage, read, compare, and say what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("folders", type=Path, metavar="DIR", nargs="*", default=[Path("tests/data/profiles")])
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="the number of the first mutant")
    parser.add_argument(
        "--every", type=int, default=32, help="one in so many is also read by name and as a trie"
    )
    parser.add_argument("--engine", choices=("native", "plain", "both"), default="both")
    parser.add_argument("--found", type=Path, default=Path(), help="where mutants of interest are written")
    arguments = parser.parse_args()
    by = engines(arguments.engine)
    if not by:
        parser.error("the engine's core was not compiled")
    run, counts, start = (
        Run(seeds(arguments.folders), arguments.seed, by, arguments.every),
        Counter[str](),
        time.monotonic(),
    )
    for number, outcome, why in run.outcomes(arguments.first, arguments.first + arguments.count):
        counts[outcome] += 1
        if outcome in _FOUND:
            path = arguments.found / f"mutant-{arguments.seed}-{number}.pb"
            path.write_bytes(mutant(run.seeds, run.seed, number))
            print(f"{outcome}: {path}: {why}")
    names = " and ".join(each.name for each in by)
    print(table(counts, arguments.count, time.monotonic() - start, names))
    return 1 if any(counts[outcome] for outcome in _FOUND) else 0


if __name__ == "__main__":
    sys.exit(main())
