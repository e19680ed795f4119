"""Kill every process of the product at random instants, and see that the ledger comes out the same.

    python -m benchmarks.crashes [--kills 1000] [--seed 1] [--database postgresql] [--only KIND] [--demo 20]

Each round starts from a copy of a small company (one day, two services), kills one process with kill -9 at an
instant drawn from the time that it takes undisturbed, lets the product finish, and compares the canonical
dump with that of an undisturbed run. Only kills that hit a running process count. Other faults follow:
pauses beyond the lease, a full disk, a folder that is read-only, a cut connection, a clock that steps, other
time zones. Exit code 1 on any difference. What failed is repeated by its kind and its seed:
`--only KIND --seed SEED --kills 1` draws the same instant, though no machine is twice equally fast.
"""

import argparse
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import crash_demo, crash_faults
from benchmarks.crash_company import Companies, Company, differs
from benchmarks.crash_kinds import Kind, finished, kinds, staged
from benchmarks.crash_process import duration, prepare, start
from tests import postgresql

# Undisturbed runs, of which the longest says from when to when a kill may come.
_MEASURED = 3
# Of so many rounds a kill, some come after the end; more would mean that nothing is hit.
_MOST_ROUNDS = 4


@dataclass
class Tally:
    """What the rounds of one kind came to."""

    kind: str
    kills: int = 0
    missed: int = 0
    seconds: float = 0
    where: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    def line(self) -> str:
        """A row of the table."""
        hit = ", ".join(f"{name} {number}" for name, number in self.where.most_common())
        same = self.kills - len(self.failures)
        return f"{self.kind:18}{self.kills:>7}{same:>11}{len(self.failures):>11}{self.seconds:>9.1f}  {hit}"


@dataclass
class Target:
    """A kind, made ready: its stage, its undisturbed dump and duration."""

    kind: Kind
    stage: Company
    reference: str
    seconds: float
    tally: Tally


def ready(companies: Companies, kind: Kind) -> Target:
    """Make the stage, and run it undisturbed."""
    stage = staged(companies, kind)
    longest, references = 0.0, set()
    for _ in range(_MEASURED):
        with companies.copied(stage) as company:
            longest = max(longest, duration(kind.victim(company), company.log))
            duration(finished(kind, company), company.log)
            references.add(company.dumped())
    if len(references) != 1 or references == {""}:
        raise RuntimeError(f"{kind.name}: {len(references)} undisturbed runs differ, or say nothing")
    return Target(kind, stage, references.pop(), longest, Tally(kind.name))


def shoot(companies: Companies, target: Target, seed: int) -> None:
    """One round: start, kill, finish, compare; one that was over before it was killed does not count."""
    began, tally, kind = time.monotonic(), target.tally, target.kind
    instant = random.Random(f"{kind.name} {seed}").uniform(0, target.seconds)  # noqa: S311 (to be repeated)
    with companies.copied(target.stage) as company:
        victim = start(kind.victim(company), company.log)
        time.sleep(instant)
        if victim.kill():
            tally.kills += 1
            tally.where[_where(kind, company)] += 1
            if why := _outcome(target, company):
                tally.failures.append(f"seed {seed}, after {instant:.3f} s: {why}")
        elif not victim.is_fine:
            tally.kills += 1
            tally.failures.append(f"seed {seed}: failed by itself: {victim.said()}")
        else:
            tally.missed += 1
    tally.seconds += time.monotonic() - began


def _where(kind: Kind, company: Company) -> str:
    if kind.name in ("backup", "restore", "db upgrade"):
        return "at work"
    jobs = company.at_hand()
    return f"in {jobs[0]}" if jobs else "between runs"


def _outcome(target: Target, company: Company) -> str:
    """What is wrong with a company once it was finished; "" if nothing is."""
    process = start(finished(target.kind, company), company.log)
    if not process.wait():
        process.kill()
        return "the run after it did not end"
    if not process.is_fine:
        return f"the run after it failed: {process.said()}"
    return differs(company.dumped(), target.reference)


def campaign(companies: Companies, chosen: Sequence[Kind], kills: int, seed: int) -> list[Tally]:
    """Kill in turn, until so many kills have hit."""
    targets = []
    for kind in chosen:
        _show(f"ready: {kind.name}")
        targets.append(ready(companies, kind))
    rounds = 0
    try:
        while (hit := sum(target.tally.kills for target in targets)) < kills:
            if rounds > kills * _MOST_ROUNDS:
                raise RuntimeError(f"{rounds} rounds, and {hit} kills: nothing is hit")
            target = targets[rounds % len(targets)]
            shoot(companies, target, seed + rounds // len(targets))
            rounds += 1
            wrong = sum(len(target.tally.failures) for target in targets)
            _show(f"{hit + 1} of {kills} kills, {wrong} different: {target.kind.name}")
    except KeyboardInterrupt:
        print("\nstopped: what there is so far", file=sys.stderr)
    _show("")
    return [target.tally for target in targets]


def report(tallies: Sequence[Tally], seed: int) -> Iterator[str]:
    """The table, and what failed with its seed."""
    yield f"{'kind':18}{'kills':>7}{'identical':>11}{'different':>11}{'seconds':>9}  where they hit"
    yield from (tally.line() for tally in tallies)
    kills, wrong = sum(each.kills for each in tallies), sum(len(each.failures) for each in tallies)
    most = max((each.kills + each.missed for each in tallies), default=0)
    seconds, missed = sum(each.seconds for each in tallies), sum(each.missed for each in tallies)
    yield f"{'together':18}{kills:>7}{kills - wrong:>11}{wrong:>11}{seconds:>9.1f}"
    yield f"seeds {seed} to {seed + max(most - 1, 0)} of each kind"
    yield f"{missed} more rounds were over before the kill, and do not count"
    for tally in tallies:
        yield from (f"DIFFERENT {tally.kind}: {failure}" for failure in tally.failures)


def _show(said: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\033[K{said}", end="", file=sys.stderr, flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    names = [kind.name for kind in kinds()]
    parser.add_argument("--kills", type=int, default=1000, help="kills that hit; 1000 by default")
    parser.add_argument("--seed", type=int, default=1, help="the first seed of each kind")
    parser.add_argument("--database", choices=postgresql.DATABASES, default="sqlite")
    parser.add_argument("--only", action="append", choices=names, metavar="KIND", help=", ".join(names))
    parser.add_argument("--faults", type=int, default=5, help="rounds of each of the other faults")
    parser.add_argument("--demo", type=int, default=0, help="kills of the whole demonstration")
    return parser.parse_args()


def main() -> int:
    """Kill, disturb, and say what came of it."""
    arguments = _arguments()
    prepare()
    wrong = False
    with ExitStack() as stack:
        server = None
        if arguments.database == "postgresql":
            server = stack.enter_context(postgresql.running())
            if server is None:
                print(postgresql.MISSING, file=sys.stderr)
                return 2
        root = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="finops-crashes-")))
        root.chmod(0o755)
        companies = Companies(root, server)
        stack.callback(companies.close)
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        chosen = [kind for kind in kinds() if arguments.database in kind.on]
        if arguments.only:
            chosen = [kind for kind in chosen if kind.name in arguments.only]
        print(
            f"{arguments.database}: {arguments.kills} kills of {len(chosen)} kinds, seed {arguments.seed}",
            flush=True,
        )
        if arguments.kills:
            tallies = campaign(companies, chosen, arguments.kills, arguments.seed)
            print("\n".join(report(tallies, arguments.seed)), flush=True)
            wrong |= any(tally.failures for tally in tallies)
            wrong |= sum(tally.kills for tally in tallies) < arguments.kills
        if arguments.faults:
            for line, is_fine in crash_faults.faults(companies, arguments.faults, arguments.seed):
                print(line, flush=True)
                wrong |= not is_fine
        if arguments.demo:
            for line, is_fine in crash_demo.killed(root, arguments.demo, arguments.seed):
                print(line, flush=True)
                wrong |= not is_fine
    return int(wrong)


if __name__ == "__main__":
    sys.exit(main())
