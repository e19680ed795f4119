"""Damaged profiles by the thousand; millions by hand, with the same command."""

import json
import subprocess
import sys
from pathlib import Path

from benchmarks.mutants import Seed, mutant
from tests.finops.engine import wire

ROOT = Path(__file__).parents[4]


def test_of_20_000_mutants_none_is_read_differently_is_slow_or_crashes(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks.fuzz", "--count", "20000", "--found", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    rows = dict(line.rsplit("  ", 1) for line in done.stdout.splitlines() if "  " in line)
    figures = {what.strip(): figure.strip().replace(",", "") for what, figure in rows.items()}

    assert done.returncode == 0, done.stdout + done.stderr
    assert list(tmp_path.iterdir()) == []
    assert figures["mutants tried"] == "20000"
    assert int(figures["reached the walker"].split()[0]) >= 12_000
    assert int(figures["accepted"]) >= 5_000
    assert int(figures["accepted"]) + int(figures["refused"]) == 20_000
    assert [figures[what] for what in ("slow (over 2 s)", "crashed", "differ")] == ["0"] * 3


# An engine that does something else with each mutant, in turn, by the first byte that it is given.
_WRONG = """
import json, os, signal, sys, time
from benchmarks import fuzz
from finops.engine.plain import decode, reduce, trie
from finops.errors import BrokenProfile

fuzz.HANG_SECONDS, fuzz.SLOW_SECONDS = 1, 0.2
good, turns = decode.decode(bytes.fromhex(sys.argv[1])), []

def read(raw):
    turns.append(raw)
    turn = int(sys.argv[2]) if len(turns) == 2 else -1
    if turn == 0:
        os.kill(os.getpid(), signal.SIGSEGV)
    if turn == 1:
        time.sleep(60)
    if turn == 2:
        raise IndexError("a table is left")
    if turn == 3:
        end = time.process_time() + 0.3
        while time.process_time() < end: pass
    if turn == 4:
        raise BrokenProfile("no")
    return good

one = fuzz.Engine("one", lambda raw: good, reduce, trie)
other = fuzz.Engine("other", read, reduce, trie)
run = fuzz.Run([fuzz.Seed(bytes.fromhex(sys.argv[1]))], 1, [one, other])
found = list(run.outcomes(0, 3))
print(json.dumps(found))
"""


def outcomes(turn: int) -> list[tuple[int, str, str]]:
    command = [sys.executable, "-c", _WRONG, wire.VALID.hex(), str(turn)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return [tuple(each) for each in json.loads(done.stdout)]


def test_what_a_reader_does_wrong_is_counted_by_mutant_and_survived() -> None:
    fine = [(0, "accepted", ""), (2, "accepted", "")]

    assert outcomes(9) == [fine[0], (1, "accepted", ""), fine[1]]
    for turn, outcome, why in (
        (0, "crashed", "wait status 11"),
        (1, "slow", "no answer in 1 s"),
        (2, "crashed", "IndexError('a table is left')"),
        (4, "differs", "one engine and the other: taken, refused (no)"),
    ):
        assert outcomes(turn) == [fine[0], (1, outcome, why), fine[1]]
    (_, (number, outcome, _), *rest) = outcomes(3)
    assert (number, outcome) == (1, "slow")
    assert rest == [(1, "accepted", ""), fine[1]]


def test_a_mutant_is_the_same_whatever_was_made_before_it() -> None:
    seeds = [Seed(wire.VALID), Seed(wire.VALID * 2)]
    made = [mutant(seeds, 5, number) for number in range(50)]

    assert [mutant(seeds, 5, number) for number in reversed(range(50))] == made[::-1]
    assert len(set(made)) > 40
    assert [mutant(seeds, 6, number) for number in range(50)] != made
