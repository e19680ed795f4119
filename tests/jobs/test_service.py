import ctypes
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from finops.app import SystemClock
from finops.errors import StorageError, Unavailable
from finops.storage.runs import Outcome
from jobs import service
from tests import claims
from tests.small_ledger import HOURS, NOW, ROOT, TUESDAY, SmallLedger, command, hour


@pytest.fixture
def small(small_ledger: SmallLedger) -> SmallLedger:
    """A morning."""
    small_ledger.start = TUESDAY
    small_ledger.write()
    return small_ledger


def execute(ledger: SmallLedger, statement: str) -> list[tuple[object, ...]]:
    """What the database answers, beside whoever works on it."""
    with ledger.connected() as connection:
        result = connection.execute(text(statement))
        return [tuple(row) for row in result] if result.returns_rows else []


def started(ledger: SmallLedger) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        command("--config", str(ledger.folder / "config.toml"), "scheduler"),
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for(ledger: SmallLedger, statement: str) -> None:
    for _ in range(600):
        if execute(ledger, statement):
            return
        time.sleep(0.05)
    raise AssertionError(f"nothing came of {statement}")


def test_a_drain_ends_once_nothing_is_due(small: SmallLedger) -> None:
    assert service.serve(small.app(), drain=True) is True

    assert {run.outcome for run in small.runs()} == {Outcome.OK}
    jobs = {run.job for run in small.runs()}
    assert jobs == {"refresh_prices", "collect_fleet", "collect_profiles", "attribute_costs", "expire"}
    assert small.lines("function_costs")
    assert service.serve(small.app(), drain=True) is True


def test_a_drain_waits_for_no_cron(small: SmallLedger) -> None:
    path = small.folder / "config.toml"
    path.write_text(path.read_text().replace("* * * * * *", "0 0 1 1 *"))

    done = subprocess.run(
        command("--config", str(path), "scheduler", "--drain"),
        cwd=ROOT,
        capture_output=True,
        timeout=120,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert small.lines("function_costs")


def test_a_drain_waits_for_what_a_dead_worker_had_at_hand(small: SmallLedger) -> None:
    app = small.app(SystemClock(NOW))
    with app.sessions.begin() as session:
        claims.claim(
            session,
            "collect_fleet",
            hour(26),
            "fleet",
            worker="dead",
            now=app.clock.real(),
            lease=timedelta(seconds=2),
            fingerprint="",
        )

    assert service.serve(app, drain=True) is True

    attempts = [
        (run.attempt, run.outcome)
        for run in small.runs()
        if (run.job, run.window) == ("collect_fleet", hour(26))
    ][::-1]
    assert attempts == [(1, Outcome.LOST), (2, Outcome.OK)]
    assert len(small.lines("machine_hours")) == 2 * 8


def test_a_drain_does_not_hide_what_keeps_a_job_from_looking(small: SmallLedger) -> None:
    execute(small, "DROP TABLE ledger_windows")

    with pytest.raises(DBAPIError, match="ledger_windows"):
        service.serve(small.app(), drain=True)


def test_a_drain_ends_and_says_so_where_all_that_is_left_failed(small: SmallLedger) -> None:
    small.index += small.index[:1]  # the same row twice: no hour can be collected
    small.write()

    with pytest.raises(Unavailable, match="1 run of collect_profiles failed at the last look"):
        service.serve(small.app(), drain=True)

    failed = [run for run in small.runs(Outcome.FAILED) if run.job == "collect_profiles"]
    assert 1 <= len(failed) < 8, "what does not answer is not asked for every hour"
    assert small.lines("charges"), "the other jobs did their work"


def test_a_database_of_another_schema_is_found_before_the_clock_starts(small: SmallLedger) -> None:
    execute(small, "DELETE FROM alembic_version")

    with pytest.raises(StorageError, match="run `finops db upgrade`"):
        service.serve(small.app())


def test_signals_are_as_before_when_it_has_stopped(small: SmallLedger) -> None:
    before = [signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGINT)]

    service.serve(small.app(), drain=True)

    assert [signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGINT)] == before


@pytest.mark.parametrize("with_", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_the_work_at_hand_be_finished_and_leaves_the_rest_due(
    small_ledger: SmallLedger, with_: signal.Signals
) -> None:
    process = started(small_ledger)
    wait_for(small_ledger, "SELECT 1 FROM job_runs WHERE job = 'collect_fleet' AND outcome = 'ok'")

    process.send_signal(with_)
    _, said = process.communicate(timeout=60)

    assert process.returncode == 0, said
    assert "scheduler stopped" in said
    outcomes = [run.outcome for run in small_ledger.runs() if run.job == "collect_fleet"]
    assert set(outcomes) == {Outcome.OK, Outcome.QUEUED}
    assert len(outcomes) == HOURS


@pytest.mark.skipif(sys.platform != "linux", reason="threads are signalled by a call of Linux")
def test_a_signal_that_another_thread_was_given_stops_it_too(small: SmallLedger) -> None:
    process = started(small)
    wait_for(small, "SELECT 1 FROM job_runs WHERE job = 'expire'")
    thread = max(int(each.name) for each in Path(f"/proc/{process.pid}/task").iterdir())
    assert thread != process.pid

    ctypes.CDLL(None).tgkill(process.pid, thread, signal.SIGTERM)
    _, said = process.communicate(timeout=60)

    assert process.returncode == 0, said
    assert "scheduler stopped" in said
