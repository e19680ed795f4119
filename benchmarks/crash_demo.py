"""The whole demonstration, killed at random instants and run again until it ends."""

import random
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from benchmarks.crash_company import Company, differs
from benchmarks.crash_process import start

# It takes minutes on a busy machine, and what a dead one had claimed is waited for.
_LONGEST_SECONDS = 1800


def killed(root: Path, kills: int, seed: int) -> Iterator[tuple[str, bool]]:
    """Kill one demonstration after another; a line each, and whether it was as undisturbed."""
    began = time.monotonic()
    reference = _run(root / "demo")
    seconds = time.monotonic() - began
    yield f"demo undisturbed: {seconds:.0f} s", bool(reference)
    for number in range(seed, seed + kills):
        instant = random.Random(f"demo {number}").uniform(0, seconds)  # noqa: S311 (to be repeated)
        folder = root / f"demo-{number}"
        folder.mkdir()
        victim = start(partial(_demo, folder), root / "demo.log")
        time.sleep(instant)
        was_hit = victim.kill()
        why = differs(_run(folder), reference)
        hit = f"killed after {instant:.0f} s" if was_hit else "was over before the kill, does not count"
        yield f"demo seed {number}: {hit}: {why or 'identical'}", not why


def _run(folder: Path) -> str:
    company = Company(folder, f"sqlite:///{folder}/finops.db")
    folder.mkdir(exist_ok=True)

    def act() -> None:
        _demo(folder)
        company.dump()

    process = start(act, folder.with_suffix(".log"))
    if not process.wait(_LONGEST_SECONDS) or not process.is_fine:
        process.kill()
        raise RuntimeError(f"the demonstration failed: {process.said()}")
    return company.dumped()


def _demo(folder: Path) -> None:
    from finops.demo.drive import drive  # noqa: PLC0415 (imported by then)

    for _ in drive(folder):
        pass
