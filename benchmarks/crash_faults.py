"""What else happens to a service that runs for years: each fault, then the product's own end, then the dump.

A fault that did not bite proves nothing, so every row says how often it did, and none at all is a failure.
"""

import os
import resource
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random

from benchmarks import crash_disk
from benchmarks.crash_company import NOW, Companies, Company, differs, last_editions
from benchmarks.crash_kinds import kinds, own_clock, staged
from benchmarks.crash_process import Process, command, start
from finops.app import SystemClock
from jobs import runner
from jobs.registry import JOBS
from tests.small_ledger import ROOT
from tests.small_ledger import command as typed

ZONES = ("Europe/Berlin", "America/New_York", "Pacific/Auckland", "Asia/Kolkata")
_NOBODY = 65534
_PAST_THE_LEASE = 1.3
# Who waits for a lock that a stopped process holds would wait for half a minute.
_HELD_UP = 6
_LOOKS = 6
# The clock steps by so much, and its fault ends later: what was early by a wrong clock is due by then.
_STEP_HOURS = 5
_AFTER_ALL_STEPS = NOW + timedelta(hours=_STEP_HOURS + 1)


@dataclass(frozen=True, slots=True)
class SteppingClock(SystemClock):
    """A clock that is set back and forward by up to five hours, at one reading in four."""

    draw: Random = field(default_factory=Random)
    steps: list[float] = field(default_factory=lambda: [0.0])

    def now(self) -> datetime:
        """What counts as now."""
        return NOW + timedelta(hours=self._step())

    def real(self) -> datetime:
        """What leases are counted by."""
        return datetime.now(UTC) + timedelta(hours=self._step())

    def _step(self) -> float:
        if self.draw.random() < 0.25:  # noqa: PLR2004 (one in four)
            self.steps.append(self.draw.uniform(-_STEP_HOURS, _STEP_HOURS))
        return self.steps[-1]


Fault = Callable[[Companies, Company, Random], tuple[str, str]]


def faults(companies: Companies, rounds: int, seed: int) -> Iterator[tuple[str, bool]]:
    """Every fault so many times; a line each, and whether all came out as undisturbed."""
    by_name = {kind.name: kind for kind in kinds()}
    begun, queued = (staged(companies, by_name[name]) for name in ("all jobs", "worker"))
    reference, later = (_reference(companies, begun, now) for now in (NOW, _AFTER_ALL_STEPS))
    heads = f"{'rounds':>7}{'bit':>5}{'identical':>11}{'different':>11}{'seconds':>9}"
    yield f"{'fault':22}{heads}  what was seen", bool(reference)
    wanted: list[tuple[str, Company, Fault]] = [
        ("pause past the lease", queued, _pause),
        ("disk full", begun, _disk_full),
        ("read-only folder", begun, _read_only),
        ("connection cut", begun, _cut),
        ("clock steps", begun, _clock),
    ]
    for name, stage, fault in wanted:
        if name == "connection cut" and companies.server is None:
            yield f"{name:22} skipped: SQLite has no connection that could be cut", True
            continue
        if name == "read-only folder" and companies.server is not None:
            yield f"{name:22} skipped: the database is on a server", True
            continue
        if name == "disk full" and companies.server is not None and (why := crash_disk.why_not()):
            yield f"{name:22} skipped: {why}", True
            continue
        expected = later if fault is _clock else reference
        yield _rounds(name, fault, companies, stage, expected, range(seed, seed + rounds))
    yield _zones(companies, begun, reference)


def _rounds(
    name: str, fault: Fault, companies: Companies, stage: Company, reference: str, seeds: range
) -> tuple[str, bool]:
    began, seen, failures = time.monotonic(), Counter[str](), []
    bit = 0
    for seed in seeds:
        with companies.copied(stage) as company:
            what, why = fault(companies, company, Random(f"{name} {seed}"))  # noqa: S311
            if not why:
                # A week that was reported too early, by a wrong clock, is reported again; both are kept.
                compared = last_editions if fault is _clock else str
                why = _finished(company) or differs(compared(company.dumped()), compared(reference))
            seen[what] += 1
            bit += not what.startswith("missed")
            if why:
                failures.append(f"seed {seed}: {what}: {why}")
    if not bit:
        failures.append("it never bit")
    said = ", ".join(f"{what} {number}" for what, number in seen.most_common())
    same = max(0, len(seeds) - len(failures))
    seconds = time.monotonic() - began
    line = f"{name:22}{len(seeds):>7}{bit:>5}{same:>11}{len(failures):>11}{seconds:>9.1f}  {said}"
    return "\n".join([line, *(f"DIFFERENT {name}: {each}" for each in failures)]), not failures


def _reference(companies: Companies, stage: Company, now: datetime) -> str:
    """The dump of a company that nobody disturbed, as of a moment."""
    with companies.copied(stage) as company:
        company.write(now)
        _finished(company)
        return company.dumped()


def _finished(company: Company) -> str:
    """Bring it to its end and write the dump; what went wrong, in words."""

    def act() -> None:
        company.drain()
        company.dump()

    process = start(act, company.log)
    if process.wait() and process.is_fine:
        return ""
    process.kill()
    return f"the run after it failed: {process.said()}"


def _pause(_companies: Companies, company: Company, draw: Random) -> tuple[str, str]:
    """A worker is stopped with a run at hand, past its lease; another one does its work meanwhile."""
    sleeper = start(command(company.config, "worker", "--drain"), company.log)
    time.sleep(draw.uniform(0.02, 0.6))
    while not sleeper.poll():
        sleeper.send(signal.SIGSTOP)
        if company.at_hand():
            break
        sleeper.send(signal.SIGCONT)
        time.sleep(0.003)
    else:
        return "missed: over before", ""
    time.sleep(_PAST_THE_LEASE)
    other = start(lambda: company.drain(SystemClock(NOW)), company.log)
    is_held_up = not other.wait(_HELD_UP) and not _gets_on(company, other)
    sleeper.send(signal.SIGCONT)
    why = _both_end(sleeper, other)
    if company.outcomes().get("fenced"):
        return "fenced", why
    return (
        "missed: stopped in its transaction, others waited" if is_held_up else "missed: nobody took it"
    ), why


def _gets_on(company: Company, other: Process) -> bool:
    """Whether the other one works at all: it may be slow, or wait for a lock that the stopped one holds."""
    before = sum(company.outcomes().values())
    while not other.wait(3):
        if sum(company.outcomes().values()) == before:
            return False
        before = sum(company.outcomes().values())
    return True


def _both_end(*processes: Process) -> str:
    for process in processes:
        if not process.wait():
            process.kill()
            return "it did not end"
        if not process.is_fine:
            return f"it failed: {process.said()}"
    return ""


def _disk_full(companies: Companies, company: Company, draw: Random) -> tuple[str, str]:
    """No file may grow past a size; on a server, the disk that the database lies on has little left."""
    if companies.server is not None:
        with crash_disk.nearly_full(companies.server, company.url, draw.randrange(8_000, 600_000)):
            full = _drained(company)
    else:
        limit = draw.randrange(1_000, 600_000)
        full = _drained(company, lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
    if full.status is None:
        full.kill()
        return "did not end", "it hung"
    if full.is_fine and not company.outcomes().get("failed"):
        return "missed: it had room", ""
    return ("runs failed, and were recorded" if full.is_fine else "refused by name"), _named(full)


def _drained(company: Company, cramp: Callable[[], object] = bool) -> Process:
    """A process that did all there is to do as well as it could; one without a status never ended."""

    def act() -> None:
        cramp()
        company.drain(own_clock(company))

    process = start(act, company.folder.with_suffix(".log"))
    process.wait()
    return process


def _named(process: Process) -> str:
    """A process that broke says why as an error of the product's own; else what it said instead."""
    said = process.said()
    is_own = said.startswith("finops.errors.") or process.is_fine
    return "" if is_own else f"no sentence, but: {said}"


def _read_only(_companies: Companies, company: Company, _draw: Random) -> tuple[str, str]:
    """The folder and the database may be read and not written; root, who may all, becomes nobody for it."""
    places = [company.folder, *(path for path in company.folder.rglob("*"))]
    before = {path: path.stat().st_mode for path in places}
    for path in places:
        path.chmod(0o555 if path.is_dir() else 0o444)

    def act() -> None:
        if os.geteuid() == 0:
            os.setuid(_NOBODY)
        company.drain(own_clock(company))

    process = start(act, company.folder.with_suffix(".log"))
    is_over = process.wait()
    process.kill()
    for path, mode in before.items():
        path.chmod(mode & 0o777)
    if not is_over or process.is_fine:
        return "missed: it wrote", "it wrote where nothing may be written, or did not end"
    return "refused by name", _named(process)


def _cut(companies: Companies, company: Company, draw: Random) -> tuple[str, str]:
    """The server ends its connections, whatever they are doing."""
    assert companies.server is not None  # noqa: S101 (asked only then)
    process = start(lambda: company.drain(SystemClock(NOW)), company.log)
    cut = 0
    for _ in range(8):
        if process.wait(draw.uniform(0.05, 0.6)):
            break
        cut += companies.server.cut(company.url)
    if not process.wait():
        process.kill()
        return "did not end", "it hung"
    if not cut:
        return "missed: no transaction was open", ""
    return ("went on" if process.is_fine else "refused by name"), _named(process)


def _clock(_companies: Companies, company: Company, draw: Random) -> tuple[str, str]:
    """The clock steps back and forward by hours while all jobs run."""
    clock = SteppingClock(draw=draw)

    def act() -> None:
        app = company.app(clock)
        for _ in range(_LOOKS):
            for job in JOBS.values():
                runner.look(app, job)

    process = start(act, company.log)
    why = _both_end(process)
    company.write(_AFTER_ALL_STEPS)
    return "stepped", why


def _zones(companies: Companies, stage: Company, reference: str) -> tuple[str, bool]:
    """Real processes in other time zones, over the night in which Berlin's clocks go back."""
    began, failures = time.monotonic(), []
    reports = set()
    for zone in ("UTC", *ZONES):
        with companies.copied(stage) as company:
            _typed(company, zone, "scheduler", "--drain")
            dumped = _typed(company, zone, "ledger", "dump", "--canonical")
            reports.add(_typed(company, zone, "report", "weekly", "--window", "2026-W43"))
            if why := differs(dumped, reference):
                failures.append(f"{zone}: {why}")
    if len(reports) != 1:
        failures.append("the weekly report differs")
    number, wrong = len(ZONES) + 1, len(failures)
    line = (
        f"{'time zones':22}{number:>7}{len(ZONES):>5}{max(0, number - wrong):>11}{wrong:>11}"
        f"{time.monotonic() - began:>9.1f}  {', '.join(ZONES)}; the report's text as well"
    )
    return "\n".join([line, *(f"DIFFERENT time zones: {each}" for each in failures)]), not failures


def _typed(company: Company, zone: str, *words: str) -> str:
    done = subprocess.run(
        typed("--config", str(company.config), *words),
        cwd=ROOT,
        env=os.environ | {"TZ": zone},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"TZ={zone} finops {' '.join(words)}: {done.stderr[-300:]}")
    return done.stdout
