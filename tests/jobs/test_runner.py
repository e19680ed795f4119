"""Runs: claimed, prepared, then written and recorded in one transaction, or not at all."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from finops.app import App
from finops.domain.service import Service
from finops.domain.window import Window
from finops.errors import (
    BrokenInput,
    FinopsError,
    GateRefused,
    SourceUnavailable,
    StorageError,
)
from finops.storage import runs, services
from finops.storage.database import Session
from finops.storage.runs import Outcome, Run
from jobs import runner
from jobs.runner import Done, Ended, Moved, Summary
from jobs.windows import Due, Key
from tests import claims
from tests.small_ledger import REAL, SmallLedger, hour

MINUTE = timedelta(minutes=1)


@dataclass
class Chore:
    """A job that writes down a service for each piece of work, as slowly and as badly as it is told to."""

    works: Mapping[Key, str]
    while_preparing: Callable[[Due], None] = lambda _: None
    after_writing: Callable[[Due], None] = lambda _: None
    problems: str = ""
    prepared: list[Due] = field(default_factory=list)
    name: str = "chore"

    def inputs(self, app: App, within: Window | None = None) -> Mapping[Key, str]:
        return {key: mark for key, mark in self.works.items() if within is None or within.overlap(key.window)}

    def prepare(self, app: App, work: Due) -> str:
        self.prepared.append(work)
        self.while_preparing(work)
        return written_as(work)

    def write(self, app: App, session: Session, work: Due, prepared: str) -> Done:
        services.replace(session, [Service(prepared)], app.clock.real())
        self.after_writing(work)
        return Done({"services": 1}, self.problems)


def written_as(work: Due) -> str:
    return f"{work.key.scope} {work.key.window.start:%H} {work.fingerprint}"


def fail(error: Exception) -> Callable[[Due], None]:
    def do(_: Due) -> None:
        raise error

    return do


def works(count: int = 1, scope: str = "captures", mark: str = "a") -> dict[Key, str]:
    return {Key(hour(number), scope): mark for number in range(count)}


def written(app: App) -> list[str]:
    with app.readers() as session:
        return [service.name for service in services.every(session)]


def recorded(app: App) -> list[Run]:
    with app.readers() as session:
        return runs.recent(session, 1000)[::-1]


@pytest.fixture
def app(small_ledger: SmallLedger) -> App:
    return small_ledger.app()


def test_a_run_that_went_well_is_written_and_recorded(app: App, small_ledger: SmallLedger) -> None:
    assert runner.look(app, Chore(works(2))) == Summary(due=2, ok=2)

    assert written(app) == ["captures 00 a", "captures 01 a"]
    first, second = recorded(app)
    assert (first.outcome, first.window, first.scope, first.attempt) == (Outcome.OK, hour(0), "captures", 1)
    assert (first.counts, first.error, first.fingerprint) == ({"services": 1}, "", "a")
    assert first.started_at == first.finished_at == REAL
    assert first.worker == second.worker == runner.worker_name()


def test_what_was_done_is_not_done_again_until_its_inputs_change(app: App) -> None:
    runner.look(app, Chore(works(3)))

    assert runner.look(app, Chore(works(3))) == Summary()
    assert runner.look(app, Chore(works(3) | works(1, mark="b"))) == Summary(due=1, ok=1)
    assert recorded(app)[-1].attempt == 2


def test_what_a_run_left_out_is_recorded_with_it(app: App) -> None:
    runner.look(app, Chore(works(), problems="one file is no profile"))

    assert [(run.outcome, run.error) for run in recorded(app)] == [(Outcome.OK, "one file is no profile")]


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (GateRefused("the list is empty"), "the list is empty"),
        (RuntimeError("nobody thought of this"), "RuntimeError: nobody thought of this"),
        (KeyError("name"), "KeyError: 'name'"),
    ],
)
def test_a_write_that_fails_leaves_nothing_and_is_recorded(app: App, error: Exception, said: str) -> None:
    assert runner.look(app, Chore(works(), after_writing=fail(error))) == Summary(due=1, failed=1)

    assert written(app) == []
    assert [(run.outcome, run.error, run.counts) for run in recorded(app)] == [(Outcome.FAILED, said, {})]


def test_a_failure_in_the_middle_does_not_stop_the_others(app: App) -> None:
    chore = Chore(works(3))
    chore.while_preparing = lambda work: (
        fail(StorageError("no space"))(work) if work.key.window == hour(1) else None
    )

    assert runner.look(app, chore) == Summary(due=3, ok=2, failed=1)
    assert written(app) == ["captures 00 a", "captures 02 a"]


def test_what_failed_rests_and_is_tried_again_later(app: App, small_ledger: SmallLedger) -> None:
    chore = Chore(works(), while_preparing=fail(StorageError("no space")))
    runner.look(app, chore)

    assert runner.look(app, chore) == Summary()
    small_ledger.clock.reals = REAL + timedelta(seconds=app.settings.schedule.retry_after_seconds)
    assert runner.look(app, chore) == Summary(due=1, failed=1)
    assert [run.attempt for run in recorded(app)] == [1, 2]


def test_somebody_who_names_a_window_does_not_wait_for_the_rest(app: App) -> None:
    chore = Chore(works(2), while_preparing=fail(StorageError("no space")))
    runner.look(app, chore)

    assert runner.look(app, chore, hour(1)) == Summary(due=1, failed=1)


def test_inputs_that_moved_are_no_failure_and_are_due_at_once(app: App) -> None:
    chore = Chore(works(), after_writing=fail(Moved("a profile came in meanwhile")))

    assert runner.look(app, chore) == Summary(due=1, skipped=1)
    assert written(app) == []
    assert [(run.outcome, run.error) for run in recorded(app)] == [
        (Outcome.SKIPPED, "a profile came in meanwhile")
    ]
    assert runner.look(app, Chore(works())) == Summary(due=1, ok=1)


def steal(app: App, small_ledger: SmallLedger) -> Callable[[Due], None]:
    """Let a lease die, and another worker take the work."""

    def do(work: Due) -> None:
        small_ledger.clock.reals += MINUTE
        with app.sessions.begin() as session:
            taken = claims.claim(
                session,
                "chore",
                work.key.window,
                work.key.scope,
                worker="another",
                now=small_ledger.clock.reals,
                lease=MINUTE,
                fingerprint=work.fingerprint,
            )
        assert taken is not None

    return do


def test_a_worker_that_slept_through_its_lease_writes_nothing(app: App, small_ledger: SmallLedger) -> None:
    chore = Chore(works(), while_preparing=steal(app, small_ledger))

    assert runner.look(app, chore) == Summary(due=1, skipped=1)

    assert written(app) == []
    assert [(run.worker, run.attempt, run.outcome) for run in recorded(app)] == [
        (runner.worker_name(), 1, Outcome.FENCED),
        ("another", 2, Outcome.RUNNING),
    ]


@pytest.mark.parametrize("error", [SourceUnavailable("no answer"), RuntimeError("a mistake of ours")])
def test_a_worker_that_failed_after_it_lost_its_claim_goes_on_with_its_other_work(
    app: App, small_ledger: SmallLedger, error: Exception
) -> None:
    take = steal(app, small_ledger)

    def lose_and_fail(work: Due) -> None:
        if work.key.window == hour(0):
            take(work)
            raise error

    assert runner.look(app, Chore(works(2), while_preparing=lose_and_fail)) == Summary(due=2, ok=1, skipped=1)
    assert written(app) == ["captures 01 a"]
    assert recorded(app)[0].outcome is Outcome.FENCED


def test_nobody_takes_what_another_worker_holds(app: App, small_ledger: SmallLedger) -> None:
    inside: list[Summary] = []
    other = small_ledger.app()
    chore = Chore(works(), while_preparing=lambda _: inside.append(runner.look(other, Chore(works()))))

    assert runner.look(app, chore) == Summary(due=1, ok=1)
    assert inside == [Summary(due=1, skipped=1)]
    assert len(recorded(app)) == 1


def test_the_work_of_a_dead_worker_is_taken_over_once_its_lease_is_over(
    app: App, small_ledger: SmallLedger
) -> None:
    class KilledError(BaseException):
        """Nothing in the runner may catch it: it stands for a process that is gone."""

    with pytest.raises(KilledError):
        runner.look(app, Chore(works(), while_preparing=fail_hard(KilledError())))

    assert runner.look(app, Chore(works())) == Summary(due=1, skipped=1)
    small_ledger.clock.reals += MINUTE
    assert runner.look(app, Chore(works())) == Summary(due=1, ok=1)
    assert [(run.attempt, run.outcome) for run in recorded(app)] == [(1, Outcome.LOST), (2, Outcome.OK)]


def fail_hard(error: BaseException) -> Callable[[Due], None]:
    def do(_: Due) -> None:
        raise error

    return do


def test_two_workers_at_once_do_each_piece_of_work_once(small_ledger: SmallLedger) -> None:
    together = threading.Barrier(2)
    chores = [Chore(works(12)), Chore(works(12))]
    summaries: list[Summary] = []

    def work(chore: Chore) -> None:
        app = small_ledger.app()
        together.wait(10)
        summaries.append(runner.look(app, chore))

    threads = [threading.Thread(target=work, args=[chore]) for chore in chores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    found = recorded(small_ledger.app())
    assert {Key(run.window, run.scope) for run in found if run.outcome is Outcome.OK} == set(works(12))
    assert len(written(small_ledger.app())) == 12
    assert sum(summary.ok for summary in summaries) == len(found) == 12


def test_a_claim_stays_alive_while_its_work_is_prepared(app: App, small_ledger: SmallLedger) -> None:
    beaten = threading.Event()

    def wait_for_a_beat(work: Due) -> None:
        small_ledger.clock.reals += MINUTE
        for _ in range(100):
            if recorded(app)[0].heartbeat_at > REAL:
                beaten.set()
                return
            threading.Event().wait(0.05)

    assert runner.look(app, Chore(works(), while_preparing=wait_for_a_beat)) == Summary(due=1, ok=1)
    assert beaten.is_set()
    assert recorded(app)[0].lease_until == REAL + MINUTE + timedelta(
        seconds=app.settings.schedule.lease_seconds
    )


@pytest.mark.parametrize("error", [SourceUnavailable("no answer"), BrokenInput("line 3 is no row")])
def test_a_source_that_does_not_answer_is_asked_once_a_look(app: App, error: FinopsError) -> None:
    chore = Chore(works(100, "dead") | works(2, "well"))
    chore.while_preparing = lambda work: fail(error)(work) if work.key.scope == "dead" else None

    assert runner.look(app, chore) == Summary(due=102, ok=2, failed=1, skipped=99)
    assert len([work for work in chore.prepared if work.key.scope == "dead"]) == 1
    assert written(app) == ["well 00 a", "well 01 a"]


def test_a_look_that_is_over_leaves_the_rest_due(app: App) -> None:
    chore = Chore(works(5))

    assert runner.look(app, chore, is_over=lambda: len(chore.prepared) == 2) == Summary(due=5, ok=2)
    assert runner.look(app, chore) == Summary(due=3, ok=3)


def test_progress_is_told_piece_by_piece(app: App) -> None:
    told: list[tuple[int, int]] = []

    runner.look(app, Chore(works(3)), progress=lambda done, whole: told.append((done, whole)))

    assert told == [(1, 3), (2, 3), (3, 3)]


def test_a_run_of_another_worker_has_no_outcome(app: App, small_ledger: SmallLedger) -> None:
    work = Due(Key(hour(0), "captures"), "a")
    steal(app, small_ledger)(work)

    assert runner.run(app, Chore(works()), work) == Ended(None)


def test_nobody_takes_a_claim_while_its_work_is_being_written(app: App, small_ledger: SmallLedger) -> None:
    """The claim is checked inside the very transaction that writes, and is locked until its end."""
    others = small_ledger.app().sessions
    taken: list[runs.Claim | None] = []

    def claim() -> None:
        with others.begin() as session:
            taken.append(
                claims.claim(
                    session,
                    "chore",
                    hour(0),
                    "captures",
                    worker="another",
                    now=REAL + MINUTE,
                    lease=MINUTE,
                    fingerprint="b",
                )
            )

    def try_to_take(_: Due) -> None:
        threads.append(threading.Thread(target=claim))
        threads[0].start()
        threads[0].join(0.3)
        assert taken in ([], [None]), "it waits for the writer, or is told that there is nothing to have"

    threads: list[threading.Thread] = []
    assert runner.look(app, Chore(works(), after_writing=try_to_take)) == Summary(due=1, ok=1)
    threads[0].join(30)
    if taken == [None]:
        claim()
    assert [each.attempt for each in taken if each] == [2]
    assert [run.outcome for run in recorded(app)] == [Outcome.OK, Outcome.RUNNING]
    assert written(app) == ["captures 00 a"]


def test_words_of_a_summary() -> None:
    summary = Summary(3, ok=1, failed=1) + Summary(1, skipped=1)

    assert str(summary) == "4 due, 1 ok, 1 failed, 1 skipped"
