"""Figures as a table of docs/performance.md, between two marks, with the day and the machine."""

import os
import platform
import re
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks import gopprof

Row = dict[str, Any]


def machine() -> dict[str, str]:
    """Where and when, as far as it matters for times."""
    cpuinfo, meminfo = Path("/proc/cpuinfo").read_text(), Path("/proc/meminfo").read_text()
    model = re.search(r"model name\s*: (.*)", cpuinfo)
    memory = re.search(r"MemTotal:\s*(\d+)", meminfo)
    go = gopprof.go()
    return {
        "day": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "cpu": model[1] if model else platform.machine(),
        "cores": str(os.cpu_count()),
        "memory": f"{int(memory[1]) / 2**20:.0f} GiB" if memory else "?",
        "load": f"{os.getloadavg()[0]:.1f} before the first round",
        "python": platform.python_version(),
        "go": gopprof.go_env(go)[0] if go else "none",
        "commit": subprocess.run(
            ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
        ).stdout.strip(),
    }


def put(page: Path, name: str, text: str) -> None:
    """Replace what stands between the marks of a name."""
    start, end = f"<!-- {name}: measured -->\n", f"<!-- {name}: end -->"
    before, _, rest = page.read_text().partition(start)
    after = rest.partition(end)[2]
    page.write_text(f"{before}{start}\n{text}\n\n{end}{after}")


def table(found: dict[str, Any]) -> str:
    """The figures, whole process and in process, and what they must be."""
    rows = {(row["input"], row["contender"]): row for row in found["measured"]}
    inputs = list(dict.fromkeys(row["input"] for row in found["measured"]))
    return "\n".join(
        [
            said(found["machine"]),
            "",
            "Whole process, `finops top FILE` against `go tool pprof -top FILE`; in brackets × native:",
            "",
            *_whole(rows, inputs),
            "",
            "In process, CPU time of inflating and adding up all functions:",
            "",
            *_inside(rows, inputs),
            "",
            "What must hold:",
            "",
            *_must(rows),
        ]
    )


def said(where: dict[str, str]) -> str:
    """The day and the machine as a sentence."""
    return (
        f"Measured {where['day']} at {where['commit']}: {where['cores']} cores of {where['cpu']},"
        f" {where['memory']}, load {where['load']}; Python {where['python']}, {where['go']}."
    )


def _whole(rows: dict[tuple[str, str], Row], inputs: list[str]) -> list[str]:
    lines = [
        "| input | contender | rounds | wall | CPU | peak RSS |",
        "|---|---|--:|--:|--:|--:|",
    ]
    for name in inputs:
        base = rows[name, "native"]["process"]
        for (each, contender), row in rows.items():
            if each != name or not (took := row["process"]):
                continue
            times = (f"{_time(took[key])} ({took[key] / base[key]:.1f})" for key in ("seconds", "cpu"))
            cells = (name, contender, str(row["rounds"]), *times, f"{took['megabytes']:.0f} MB")
            lines.append(_line(*cells))
    return lines


def _inside(rows: dict[tuple[str, str], Row], inputs: list[str]) -> list[str]:
    lines = [
        "| input | contender | inflate alone | all, warm | all, cold | all ÷ inflate | ÷ native |",
        "|---|---|--:|--:|--:|--:|--:|",
    ]
    for name in inputs:
        base = rows[name, "native"]["inside"]["all"]
        for (each, contender), row in rows.items():
            if each == name and (took := row["inside"]):
                times = (_time(took[key]) for key in ("inflate", "all", "cold"))
                ratios = (f"{took['all'] / took['inflate']:.2f}", f"{took['all'] / base:.1f}")
                lines.append(_line(name, contender, *times, *ratios))
    return lines


def _must(rows: dict[tuple[str, str], Row]) -> list[str]:
    def whole(name: str) -> float:
        return _over(rows, name, "go tool pprof", "native", lambda row: row["process"]["seconds"])

    def loop(name: str) -> float:
        return _over(rows, name, "go loop", "native", lambda row: row["inside"]["all"])

    def floor(name: str) -> float:
        took = rows[name, "native"]["inside"]
        return float(took["all"] / took["inflate"])

    wanted: list[tuple[str, str, str, Callable[[str], float], float, bool]] = [
        (f"{name}: whole process, times faster than `go tool pprof -top`", name, "×", whole, least, True)
        for name, least in (("s10k", 3), ("s100k", 30), ("s1M", 60), ("symbols", 3))
    ]
    for name in ("s10k", "s100k", "s1M", "symbols", "labels"):
        wanted.append((f"{name}: inflate and reduce, times inflate alone", name, "×", floor, 3, False))
        wanted.append((f"{name}: times less CPU than the Go loop", name, "×", loop, 7, True))
    wanted.append(
        ("s1M: peak RSS", "s1M", " MB", lambda name: rows[name, "native"]["process"]["megabytes"], 200, False)
    )
    lines = ["| | bound | measured | |", "|---|--:|--:|---|"]
    for what, name, unit, figure, bound, is_least in wanted:
        if (name, "native") not in rows:
            continue
        got = figure(name)
        holds = got >= bound if is_least else got <= bound
        sign = "≥" if is_least else "≤"
        cells = (f"{sign} {bound:g}{unit}", f"{got:.1f}{unit}", "holds" if holds else "**missed**")
        lines.append(_line(what, *cells))
    return lines


def _over(
    rows: dict[tuple[str, str], Row], name: str, one: str, other: str, figure: Callable[[Row], float]
) -> float:
    return figure(rows[name, one]) / figure(rows[name, other])


def _line(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _time(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms" if seconds < 1 else f"{seconds:.2f} s"
