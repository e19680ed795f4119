"""Workers: they do what is queued, and two schedulers with four of them come to the ledger of one."""

import json
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest
from sqlalchemy import text

from finops.app import SystemClock
from finops.errors import NotFound
from finops.storage.runs import Outcome
from jobs import runner, worker
from jobs.registry import JOBS
from jobs.runner import Summary
from tests.small_ledger import HOUR, HOURS, NOW, ROOT, TUESDAY, SmallLedger, command, machines

ROAD = list(JOBS)
# Whoever waits for the database beyond its lease, of two seconds here, is fenced and has written nothing.
HARMLESS = {Outcome.OK, Outcome.SKIPPED, Outcome.FENCED}


@pytest.fixture
def small(small_ledger: SmallLedger) -> SmallLedger:
    """A morning."""
    small_ledger.start = TUESDAY
    small_ledger.write()
    return small_ledger


def queue(ledger: SmallLedger, name: str) -> Summary:
    """A look that does nothing itself."""
    return runner.look(ledger.app(SystemClock(NOW)), JOBS[name], is_over=lambda: True)


@contextmanager
def started(ledger: SmallLedger, *words: str) -> "Iterator[subprocess.Popen[str]]":
    """A process of the command line, until it is told to stop."""
    with subprocess.Popen(
        command("--config", str(ledger.folder / "config.toml"), *words),
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGCONT)
            process.terminate()


def wait_until(happens: Callable[[], object], seconds: float = 120) -> None:
    until = time.monotonic() + seconds
    while not happens():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.02)


def test_a_worker_does_what_is_queued_and_nothing_else(small: SmallLedger) -> None:
    app = small.app(SystemClock(NOW))
    assert worker.work(app, ROAD, drain=True) == 0
    assert queue(small, "collect_fleet") == Summary(due=8)

    assert worker.work(app, ROAD, drain=True) == 8

    assert [(run.job, run.outcome, run.attempt) for run in small.runs()] == [
        ("collect_fleet", Outcome.OK, 1)
    ] * 8
    assert len(small.lines("machine_hours")) == 2 * 8
    assert queue(small, "collect_fleet") == Summary()


def test_a_worker_works_for_the_jobs_it_is_told(small: SmallLedger) -> None:
    queue(small, "refresh_prices")
    queue(small, "collect_fleet")

    assert worker.work(small.app(SystemClock(NOW)), ["refresh_prices"], drain=True) == 1

    assert {run.job for run in small.runs(Outcome.QUEUED)} == {"collect_fleet"}
    with pytest.raises(NotFound, match="'collect' is no job"):
        worker.work(small.app(), ["collect"])


def test_a_look_leaves_to_a_worker_what_it_took(small: SmallLedger) -> None:
    app = small.app()
    queue(small, "collect_fleet")
    for _ in range(3):
        runner.run_oldest(app, JOBS)

    assert runner.look(app, JOBS["collect_fleet"]) == Summary(due=5, ok=5)


def test_a_source_that_does_not_answer_is_asked_once_by_all_workers(small: SmallLedger) -> None:
    (small.folder / "fleet.csv").write_text("no fleet\n")
    assert queue(small, "collect_fleet") == Summary(due=8)

    assert worker.work(small.app(SystemClock(NOW)), ROAD, drain=True) == 1

    assert [run.outcome for run in small.runs()] == [Outcome.FAILED]


def test_what_is_queued_is_listed_as_not_started(small: SmallLedger) -> None:
    queue(small, "refresh_prices")

    listed = small.finops("jobs", "list", "--outcome", "queued")

    assert listed.returncode == 0, listed.stderr
    assert listed.stdout.splitlines()[-1].split()[:2] == [
        "refresh_prices",
        "2026-11-03T00:00:00Z/2026-11-04T00:00:00Z",
    ]
    assert '"started": null' in small.finops("jobs", "list", "--json").stdout


@pytest.mark.parametrize("with_", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_a_worker_finish_what_it_has_at_hand(
    small_ledger: SmallLedger, with_: signal.Signals
) -> None:
    queue(small_ledger, "collect_fleet")
    with started(small_ledger, "worker", "--poll", "0.1") as process:
        wait_until(lambda: small_ledger.runs(Outcome.OK))
        process.send_signal(with_)
        _, said = process.communicate(timeout=60)

    assert process.returncode == 0, said
    assert "worker stopped" in said
    assert {run.outcome for run in small_ledger.runs()} <= {Outcome.OK, Outcome.QUEUED}
    assert len(small_ledger.runs()) == HOURS


def test_a_worker_goes_on_when_the_database_is_back(small: SmallLedger) -> None:
    queue(small, "refresh_prices")
    with small.connected() as connection:
        connection.execute(text("ALTER TABLE job_runs RENAME TO elsewhere"))
    with started(small, "worker", "--poll", "0.1") as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "could not look" in line:
                break
        with small.connected() as connection:
            connection.execute(text("ALTER TABLE elsewhere RENAME TO job_runs"))
        wait_until(lambda: small.runs(Outcome.OK))
        process.terminate()
        process.communicate(timeout=60)
    assert process.returncode == 0


def test_a_worker_that_was_stopped_past_its_lease_cannot_write_on_waking(small_ledger: SmallLedger) -> None:
    ledger = small_ledger
    ledger.start = NOW - HOUR
    long_ago = machines("shop-checkout", "c5.large", 1, start="2024-01-01", end="2024-01-02")
    ledger.fleet += [long_ago] * 10_000  # so that the fleet takes a while to read
    ledger.write()
    queue(ledger, "collect_fleet")

    with started(ledger, "worker", "--poll", "0.05") as sleeper:
        wait_until(lambda: ledger.runs(Outcome.RUNNING))
        sleeper.send_signal(signal.SIGSTOP)
        time.sleep(2.2)  # the lease is two seconds
        assert worker.work(ledger.app(SystemClock(NOW)), ROAD, drain=True) == 1
        written = ledger.lines("machine_hours")
        sleeper.send_signal(signal.SIGCONT)
        wait_until(lambda: ledger.runs(Outcome.FENCED))

    [second, first] = ledger.runs()
    assert (first.attempt, first.outcome, first.counts) == (1, Outcome.FENCED, {})
    assert (second.attempt, second.outcome, second.worker) == (2, Outcome.OK, runner.worker_name())
    assert len(written) == 2
    assert ledger.lines("machine_hours") == written
    [fenced] = json.loads(ledger.finops("jobs", "list", "--outcome", "fenced", "--json").stdout)
    assert fenced["error"].endswith(f"attempt 1 is no longer {first.worker}'s: it wrote nothing")


def test_two_schedulers_and_four_workers_come_to_the_ledger_of_one(
    small_ledger: SmallLedger, drained_ledger: SmallLedger
) -> None:
    with ExitStack() as stack:
        workers = [stack.enter_context(started(small_ledger, "worker", "--poll", "0.05")) for _ in range(4)]
        drains = [stack.enter_context(started(small_ledger, "scheduler", "--drain")) for _ in range(2)]
        for process in drains:
            _, said = process.communicate(timeout=300)
            assert process.returncode == 0, said
        for process in workers:
            process.terminate()
            _, said = process.communicate(timeout=60)
            assert process.returncode == 0, said

    assert small_ledger.dump() == drained_ledger.dump()
    runs = small_ledger.runs()
    assert {run.outcome for run in runs} <= HARMLESS
    assert len({run.worker for run in runs}) > 2


def test_an_upgrade_beside_a_scheduler_and_a_worker_is_safe(small: SmallLedger) -> None:
    with (
        started(small, "worker", "--poll", "0.05") as beside,
        started(small, "scheduler", "--drain") as drain,
    ):
        wait_until(lambda: small.runs(Outcome.OK))
        for _ in range(3):
            upgraded = small.finops("db", "upgrade")
            assert upgraded.returncode == 0, upgraded.stderr
        _, said = drain.communicate(timeout=120)
        assert drain.returncode == 0, said
        beside.terminate()
        beside.communicate(timeout=60)

    assert {run.outcome for run in small.runs()} <= HARMLESS
    assert small.finops("db", "check").returncode == 0


def test_both_databases_hold_the_same_ledger(small_ledger: SmallLedger, drained_ledger: SmallLedger) -> None:
    small_ledger.drain()

    assert small_ledger.dump() == drained_ledger.dump()
