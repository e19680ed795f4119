"""The queue: one open row a key, each taken once, and nothing left in it that no look wants done."""

from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from finops.storage import database, run_queue, runs
from finops.storage.runs import Claim, Outcome
from tests.finops.storage.notation import LATER, NOW, day, hour

LEASE = timedelta(minutes=5)


def put(
    session: Session,
    works: Mapping[int, str],
    *,
    resting: Mapping[int, str] | None = None,
    job: str = "pull",
    now: datetime = NOW,
) -> None:
    def marks(of: Mapping[int, str]) -> dict[runs.Key, str]:
        return {(hour(at), "shop"): mark for at, mark in of.items()}

    wanted = marks({**works, **(resting or {})})
    run_queue.put(session, job, day(), works=marks(works), wanted=wanted, now=now)


def take(session: Session, jobs: Collection[str] = ("pull",), **words: object) -> Claim | None:
    given = {"worker": "one", "now": NOW, "lease": LEASE} | words
    return run_queue.take(session, jobs, **given)  # type: ignore[arg-type]


def queue(session: Session) -> list[tuple[int, int, str]]:
    """What is queued: hour, attempt and fingerprint, as it would be taken."""
    found = runs.recent(session, 99, outcome=Outcome.QUEUED)[::-1]
    return [
        ((run.window.start - day().start) // timedelta(hours=1), run.attempt, run.fingerprint)
        for run in found
    ]


def test_what_was_put_first_is_taken_first_and_once(session: Session) -> None:
    put(session, {3: "a", 1: "b"})

    taken = [take(session), take(session), take(session)]

    assert [claim and (claim.window, claim.attempt, claim.fingerprint) for claim in taken] == [
        (hour(3), 1, "a"),
        (hour(1), 1, "b"),
        None,
    ]
    assert [(run.outcome, run.worker, run.lease_until) for run in runs.recent(session, 9)] == [
        (Outcome.RUNNING, "one", NOW + LEASE)
    ] * 2


def test_a_worker_takes_only_of_its_jobs_and_of_the_key_it_names(session: Session) -> None:
    put(session, {0: "a", 1: "b"})

    assert take(session, ["expire"]) is None
    assert take(session, key=(hour(1), "mail")) is None
    claim = take(session, key=(hour(1), "shop"))
    assert claim is not None
    assert claim.window == hour(1)
    assert queue(session) == [(0, 1, "a")]


def test_a_second_look_queues_nothing_twice_and_brings_up_to_date_what_has_changed(session: Session) -> None:
    put(session, {0: "a", 1: "b"})
    put(session, {0: "a", 1: "c", 2: "d"}, now=LATER)

    assert queue(session) == [(0, 1, "a"), (1, 1, "c"), (2, 1, "d")]


def test_what_is_no_longer_due_leaves_the_queue_and_what_rests_stays(session: Session) -> None:
    put(session, {0: "a", 1: "b", 2: "c"})
    put(session, {0: "a"}, resting={2: "c"})

    assert queue(session) == [(0, 1, "a"), (2, 1, "c")]


def test_what_lies_outside_a_look_or_is_another_jobs_stays(session: Session) -> None:
    put(session, {0: "a", 30: "b"})
    put(session, {0: "a"}, job="push")
    put(session, {})

    assert queue(session) == [(30, 1, "b"), (0, 1, "a")]


def test_what_was_done_meanwhile_is_not_queued(session: Session) -> None:
    put(session, {0: "a"})
    claim = take(session)
    assert claim is not None
    put(session, {0: "a"})
    assert queue(session) == [], "it is running"
    runs.finish(session, claim, outcome=Outcome.OK, counts={}, now=NOW)

    put(session, {0: "a"})
    assert queue(session) == []
    put(session, {0: "b"})
    assert queue(session) == [(0, 2, "b")]


def test_what_was_done_for_these_inputs_leaves_the_queue_of_a_look_that_was_late(session: Session) -> None:
    put(session, {0: "a"})
    claim = take(session)
    assert claim is not None
    runs.finish(session, claim, outcome=Outcome.OK, counts={}, now=NOW)
    put(session, {0: "b"})

    put(session, {0: "a"})

    assert queue(session) == []


def test_a_dead_lease_is_lost_and_its_work_is_queued_again(session: Session) -> None:
    put(session, {0: "a", 1: "b"})
    take(session)
    take(session, now=NOW + timedelta(minutes=1))

    run_queue.revive(session, ["push"], NOW + LEASE)
    assert queue(session) == []
    run_queue.revive(session, ["pull"], NOW + LEASE)

    assert queue(session) == [(0, 2, "a")]
    assert sorted(run.outcome for run in runs.recent(session, 9)) == [
        Outcome.LOST,
        Outcome.QUEUED,
        Outcome.RUNNING,
    ]


def test_a_look_that_finds_a_dead_lease_queues_what_is_due_now(session: Session) -> None:
    put(session, {0: "a", 1: "b"})
    take(session)
    take(session)

    put(session, {0: "z"}, now=NOW + LEASE)

    assert queue(session) == [(0, 2, "z")]


def test_a_run_that_is_being_written_is_not_dead(shared: Engine) -> None:
    if shared.dialect.name == "sqlite":
        return  # nobody writes beside a writer
    sessions = database.sessions(shared)
    with sessions.begin() as session:
        put(session, {0: "a"})
        claim = take(session)
    assert claim is not None
    with sessions.begin() as writer:
        runs.fence(writer, claim)
        with sessions.begin() as session:
            run_queue.revive(session, ["pull"], LATER)
            assert queue(session) == []
        runs.finish(writer, claim, outcome=Outcome.OK, counts={}, now=LATER)

    with sessions() as session:
        assert [run.outcome for run in runs.recent(session, 9)] == [Outcome.OK]


def test_what_is_queued_of_a_scope_can_be_withdrawn(session: Session) -> None:
    works = {(hour(0), "shop"): "a", (hour(1), "shop"): "b", (hour(0), "mail"): "c"}
    run_queue.put(session, "pull", day(), works, works, NOW)
    take(session)

    run_queue.withdraw(session, "pull", "shop")

    assert queue(session) == [(0, 1, "c")]


def test_workers_that_take_at_once_each_take_another_row(shared: Engine) -> None:
    sessions = database.sessions(shared)
    with sessions.begin() as session:
        put(session, dict.fromkeys(range(20), "a"))
    barrier = Barrier(4, timeout=20)

    def work(number: int) -> list[Claim | None]:
        found = []
        for _ in range(5):
            barrier.wait()
            with sessions.begin() as session:
                found.append(take(session, worker=str(number)))
        return found

    with ThreadPoolExecutor(4) as pool:
        taken = [claim for claims in pool.map(work, range(4)) for claim in claims if claim]

    assert sorted(claim.window for claim in taken) == [hour(at) for at in range(20)]


def test_of_looks_at_once_each_key_is_queued_once(shared: Engine) -> None:
    sessions = database.sessions(shared)
    barrier = Barrier(4, timeout=20)

    def look(_: int) -> None:
        for first in range(5):
            barrier.wait()
            with sessions.begin() as session:
                put(
                    session, dict.fromkeys(range(first, first + 5), "a"), resting=dict.fromkeys(range(9), "a")
                )

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(look, range(4)))

    with sessions() as session:
        assert queue(session) == [(at, 1, "a") for at in range(9)]


def test_a_worker_does_not_wait_for_a_row_that_another_is_taking(shared: Engine) -> None:
    if shared.dialect.name == "sqlite":
        return  # it has one writer, for which whoever writes waits
    sessions = database.sessions(shared)
    with sessions.begin() as session:
        put(session, {0: "a", 1: "b"})
    with sessions.begin() as one, sessions.begin() as two:
        first, second = take(one), take(two)

    assert first is not None
    assert second is not None
    assert (first.window, second.window) == (hour(0), hour(1))
