"""The demonstration as a whole is in tests/test_must_hold.py; here is what else may become of it."""

import signal
import sqlite3
import subprocess
import time
from contextlib import closing
from pathlib import Path

from tests.small_ledger import ROOT, command


def test_it_leaves_what_it_says(demo_output: Path) -> None:
    assert {"config.toml", "finops.db", "weekly.json", "weekly.txt"} <= {
        path.name for path in demo_output.iterdir()
    }


def test_stopped_before_it_is_done_it_says_so_and_reports_nothing(tmp_path: Path) -> None:
    process = subprocess.Popen(
        command("demo", str(tmp_path)), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    for _ in range(600):
        if has_begun(tmp_path / "finops.db"):
            break
        time.sleep(0.1)

    process.send_signal(signal.SIGTERM)
    said, errors = process.communicate(timeout=60)

    assert process.returncode == 1
    assert errors.endswith("finops: stopped before everything was done; the next run goes on from here\n")
    assert "What the fleet cost" not in said
    assert not (tmp_path / "weekly.txt").exists()


def has_begun(path: Path) -> bool:
    if not path.exists():
        return False
    with closing(sqlite3.connect(path, timeout=30)) as connection:
        tables = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'job_runs'").fetchall()
        return bool(tables and connection.execute("SELECT 1 FROM job_runs").fetchall())
