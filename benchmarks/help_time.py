"""How much CPU `finops --help` takes, beside a bare Python: medians of five whole processes.

`python -m benchmarks.help_time`
"""

import os
import platform
import statistics
import subprocess
import sys

RUNS = 5


def cpu_seconds(command: list[str]) -> float:
    """User and system time of one run of a command."""
    before = os.times()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def main() -> None:
    """Interleave the two, print both medians."""
    contenders = {
        "python -c pass": [sys.executable, "-c", "pass"],
        "finops --help": [sys.executable, "-m", "finops.cli.main", "--help"],
    }
    took: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(RUNS):
        for name, command in contenders.items():
            took[name].append(cpu_seconds(command))
    print(f"{platform.processor() or platform.machine()}, Python {platform.python_version()}")
    for name, seconds in took.items():
        print(f"{name:<16} {statistics.median(seconds):.3f} s of CPU, median of {RUNS}")


if __name__ == "__main__":
    main()
