"""The campaign of crashes in its short form, and that it can tell a difference when there is one."""

import json
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from benchmarks.crash_company import differs, last_editions
from benchmarks.crash_process import duration, start
from benchmarks.crashes import Tally, report
from tests.small_ledger import ROOT


def test_the_ledger_is_as_undisturbed_whenever_a_process_is_killed() -> None:
    kinds = ("attribute_costs", "db upgrade", "restore")
    only = [word for kind in kinds for word in ("--only", kind)]
    command = [sys.executable, "-m", "benchmarks.crashes", "--kills", "6", "--faults", "0", *only]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    (together,) = [line.split() for line in done.stdout.splitlines() if line.startswith("together")]
    assert together[1:4] == ["6", "6", "0"]


def test_a_kill_counts_only_if_the_process_was_still_running(tmp_path: Path) -> None:
    running = start(lambda: time.sleep(60), tmp_path / "log")
    over = start(lambda: None, tmp_path / "log")
    assert over.wait()

    assert (running.kill(), over.kill()) == (True, False)
    assert over.is_fine


def test_an_undisturbed_run_that_fails_ends_the_campaign(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        duration(lambda: int("1") // int("0"), tmp_path / "log")


def test_a_difference_is_named_by_its_table_and_printed_with_its_seed() -> None:
    line = json.dumps({"table": "charges", "list_nanos": 1})
    assert differs(line, line) == ""

    why = differs(line, line.replace("1", "2"))
    tally = Tally("backup", kills=2, where=Counter({"at work": 2}), failures=[f"seed 8: {why}"])

    assert why == "1 lines too many, 1 missing, in charges"
    assert list(report([tally], 7))[-1] == f"DIFFERENT backup: seed 8: {why}"


def test_of_a_report_the_last_edition_counts_whichever_its_number() -> None:
    def edition(version: int, document: str) -> str:
        key = {"kind": "weekly", "window_start": "2026-10-19T00:00:00Z"}
        line = {"table": "reports", "version": version, "document": document}
        return json.dumps(key | line, sort_keys=True)

    twice = "\n".join([edition(1, "early"), edition(2, "whole")])

    assert last_editions(twice) == last_editions(edition(1, "whole"))
    assert last_editions(twice) != last_editions(edition(1, "early"))
