#!/usr/bin/env python3
"""Take the demo's profiles again: build the service, load it, profile it, check what came out.

    python3 benchmarks/capture/recapture.py

It needs go and Linux, listens on 127.0.0.1 only, takes about six minutes, and replaces
`finops/demo/captures/`. Only profiles that agree with what the kernel counted are kept, and none
is changed after it was taken. On another machine, choose other rates:
`--rates night=5,day=12,busy=21,peak=31`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).resolve().parent
CAPTURES = HERE.parents[1] / "finops" / "demo" / "captures"

VERSIONS = ("v1", "v2")
# Requests a second at which v1 uses about 0.25, 0.6, 1.0 and 1.5 cores of the two it was measured
# on, a Xeon of 2.0 GHz; v2 gets the same load.
RATES = {"night": 5, "day": 12, "busy": 21, "peak": 31}
MAXPROCS = 2

# A capture lasts at least this long, and until the service used 5.5 s of CPU time (see main.go).
SPAN_SECONDS = 30
# Longer than any capture may last; the load is stopped when the capture is done.
LOAD_SECONDS = 400
# The profile may miss this much of the CPU time: Go does not sample the thread that watches its scheduler.
CPU_TOLERANCE_PERCENT = 5
# The service answered what was asked of it: at more, the machine was too busy with other things.
RATE_TOLERANCE_PERCENT = 3
ATTEMPTS = 4
NANOS = 10**9


class CaptureError(Exception):
    """A capture that is not good enough to keep."""


@dataclass(frozen=True, slots=True)
class Profile:
    """What `go tool pprof -raw` says of a profile: its period, and its last value in total."""

    period: int
    total: int


def main() -> None:
    """Take every capture, and replace the old ones when all are good."""
    arguments = parse_arguments()
    with tempfile.TemporaryDirectory(prefix="flamebill-capture-") as folder:
        workplace = Path(folder)
        binary = build(workplace)
        captures = [
            capture(binary, workplace, version, level, rate)
            for level, rate in arguments.rates.items()
            for version in VERSIONS
        ]
        keep(workplace, arguments.output, captures)


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Take the demo's profiles again.")
    parser.add_argument("--output", type=Path, default=CAPTURES, help="the folder to replace the captures in")
    parser.add_argument("--rates", type=parse_rates, default=RATES, help="requests a second by level of load")
    return parser.parse_args()


def parse_rates(text: str) -> dict[str, int]:
    """Read `night=5,day=12`."""
    return {level: int(rate) for level, _, rate in (part.partition("=") for part in text.split(","))}


def build(workplace: Path) -> Path:
    """Build the service, trimmed and without C: no profile names a path or library of the builder."""
    binary = workplace / "checkout"
    command = ["go", "build", "-trimpath", "-buildvcs=false", "-o", str(binary), "."]
    subprocess.run(command, cwd=HERE, check=True, env=os.environ | {"CGO_ENABLED": "0"})
    return binary


def capture(binary: Path, workplace: Path, version: str, level: str, rate: int) -> dict[str, Any]:
    """Take one capture, again if it is not good enough."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            facts = profile_under_load(binary, workplace, version, level, rate)
            facts |= {"rate": rate} | read_profiles(workplace, facts)
            print(summary(facts), flush=True)
            check(facts)
        except CaptureError as error:
            print(f"  attempt {attempt} is not kept: {error}", flush=True)
        else:
            return facts
    raise SystemExit(f"{version} at {level}: no good capture in {ATTEMPTS} attempts")


def profile_under_load(binary: Path, workplace: Path, version: str, level: str, rate: int) -> dict[str, Any]:
    """Run the service and its load, two processes, until the service has captured itself.

    Raises CaptureError when requests were dropped or failed.
    """
    serve = ["-version", version, "-capture", str(workplace), "-level", level, "-seconds", str(SPAN_SECONDS)]
    with running([str(binary), *serve]) as service:
        url = await_line(service, r"listening on (http://127\.0\.0\.1:\d+)")
        load = ["-load", url, "-rate", str(rate), "-seconds", str(LOAD_SECONDS)]
        with running([str(binary), *load]) as customers:
            name = await_line(service, r"captured (\S+)")
            customers.terminate()
            sent = json.loads(await_line(customers, r"(\{.*\})"))
    if sent["failed"] or sent["dropped"]:
        raise CaptureError(f"not every request was answered: {sent}")
    facts: dict[str, Any] = json.loads((workplace / f"{name}.json").read_text())
    return facts


@contextmanager
def running(command: list[str]) -> Iterator[subprocess.Popen[str]]:
    """Run a command beside this one, with Go's defaults, and end it."""
    unset = {"GOGC", "GODEBUG", "GOMEMLIMIT"}
    inherited = {key: value for key, value in os.environ.items() if key not in unset}
    environment = inherited | {"GOMAXPROCS": str(MAXPROCS)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        try:
            yield process
        finally:
            process.terminate()


def await_line(process: subprocess.Popen[str], pattern: str) -> str:
    """Read what a process prints until a line matches; both commands end by themselves, so this does too."""
    lines: IO[str] = process.stdout or sys.stdin
    for line in lines:
        if match := re.match(pattern, line):
            return match[1]
    raise SystemExit(f"the service or its load ended without saying {pattern!r}")


def read_profiles(workplace: Path, facts: dict[str, Any]) -> dict[str, Any]:
    """Read what the two profiles add up to, and their digests."""
    cpu, heap = workplace / facts["cpu_file"], workplace / facts["heap_file"]
    profile = read_profile(cpu)
    return {
        "sampling_hz": NANOS // profile.period,
        "profile_nanos": profile.total,
        "inuse_bytes": read_profile(heap).total,
        "cpu_sha256": hashlib.sha256(cpu.read_bytes()).hexdigest(),
        "heap_sha256": hashlib.sha256(heap.read_bytes()).hexdigest(),
    }


def read_profile(path: Path) -> Profile:
    """Read a profile with Go's own tool; the last value of its samples is the one that counts.

    That is nanoseconds in a CPU profile, and bytes in use in a heap profile.
    """
    command = ["go", "tool", "pprof", "-raw", str(path)]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    period = re.search(r"^Period: (\d+)$", text, re.MULTILINE)
    if period is None:
        raise SystemExit(f"{path.name} has no period")
    samples = text.partition("\nSamples:\n")[2].partition("\nLocations\n")[0]
    totals = re.findall(r"^(?: +\d+)* +(\d+): [\d ]*$", samples, re.MULTILINE)
    return Profile(int(period[1]), sum(map(int, totals)))


def summary(facts: dict[str, Any]) -> str:
    """Say in one line what was captured."""
    cores = facts["cpu_nanos"] / facts["wall_nanos"]
    agreement = facts["profile_nanos"] / facts["cpu_nanos"]
    return (
        f"{facts['version']} {facts['level']:5} {facts['wall_nanos'] / NANOS:6.2f} s"
        f" {facts['cpu_nanos'] / NANOS:6.2f} CPU s ({cores:.2f} cores), {agreement:.1%} of it in the profile,"
        f" {facts['requests']} requests, {facts['resident_bytes'] >> 20} MiB resident,"
        f" {facts['inuse_bytes'] >> 20} MiB in use"
    )


def check(facts: dict[str, Any]) -> None:
    """Refuse a profile that disagrees with the kernel, and a service that did not keep up.

    Raises CaptureError with what is wrong.
    """
    missed = abs(facts["cpu_nanos"] - facts["profile_nanos"])
    if missed * 100 > CPU_TOLERANCE_PERCENT * facts["cpu_nanos"]:
        raise CaptureError(f"profile and kernel are {missed} ns of CPU time apart")
    asked = facts["rate"] * facts["wall_nanos"] // NANOS
    if abs(facts["requests"] - asked) * 100 > RATE_TOLERANCE_PERCENT * asked:
        raise CaptureError(f"{facts['requests']} requests were answered of {asked}")


def keep(workplace: Path, output: Path, captures: list[dict[str, Any]]) -> None:
    """Replace the captures in the output folder, and the document that describes them."""
    output.mkdir(parents=True, exist_ok=True)
    for old in output.glob("checkout-*.pb.gz"):
        old.unlink()
    for facts in captures:
        shutil.copy(workplace / facts["cpu_file"], output)
        shutil.copy(workplace / facts["heap_file"], output)
    document = json.dumps(describe(captures), indent=2)
    (output / "captures.json").write_text(document + "\n")


def describe(captures: list[dict[str, Any]]) -> dict[str, Any]:
    """Put what all captures share at the top; that they do share it is checked."""
    shared = {}
    for key in ("go_version", "gomaxprocs", "sampling_hz"):
        (shared[key],) = {facts.pop(key) for facts in captures}
    return {
        "command": "python3 benchmarks/capture/recapture.py",
        "date": datetime.now(UTC).date().isoformat(),
        **shared,
        "machine": describe_machine(),
        "captures": captures,
    }


def describe_machine() -> dict[str, Any]:
    """Say what the captures were taken on."""
    model = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return {
        "cpu_model": model[1] if model else "unknown",
        "cores": os.cpu_count(),
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "kernel": os.uname().release,
    }


if __name__ == "__main__":
    main()
