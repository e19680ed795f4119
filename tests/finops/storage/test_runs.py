"""Claims: one worker at a time, and no word from one that lost its claim."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier
from time import sleep

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from finops.domain.window import Window
from finops.errors import Fenced
from finops.storage import charges, database, runs
from finops.storage.runs import Claim, Outcome
from tests import claims
from tests.finops.storage.notation import NOW, book, charge, day, hour, hours, record

LEASE = timedelta(minutes=5)
DEAD = NOW + LEASE


def claimed(session: Session, at: int = 0, **words: object) -> Claim | None:
    given = {"worker": "one", "now": NOW, "lease": LEASE, "fingerprint": "inputs", "scope": "shop"} | words
    return claims.claim(session, "attribute", hour(at), **given)  # type: ignore[arg-type]


def sure(claim: Claim | None) -> Claim:
    assert claim is not None
    return claim


def ended(session: Session, claim: Claim, outcome: Outcome = Outcome.OK, **words: object) -> None:
    given = {"counts": {}, "now": NOW} | words
    runs.finish(session, claim, outcome=outcome, **given)  # type: ignore[arg-type]


def test_a_claim_is_held_until_its_lease_dies(session: Session) -> None:
    first = sure(claimed(session))

    assert claimed(session, worker="two", now=DEAD - timedelta(seconds=1)) is None
    second = sure(claimed(session, worker="two", now=DEAD))

    assert (first.attempt, second.attempt) == (1, 2)
    assert [(run.attempt, run.outcome) for run in runs.recent(session, 9)] == [
        (2, Outcome.RUNNING),
        (1, Outcome.LOST),
    ]


def test_other_windows_scopes_and_jobs_are_free(session: Session) -> None:
    sure(claimed(session))

    assert claimed(session, at=1) is not None
    assert claimed(session, scope="mail") is not None
    assert claimed(session) is None
    other = {"worker": "one", "now": NOW, "lease": LEASE, "fingerprint": ""}
    assert claims.claim(session, "pull", hour(0), "shop", **other) is not None  # type: ignore[arg-type]


def test_what_has_ended_can_be_claimed_again_for_other_inputs(session: Session) -> None:
    ended(session, sure(claimed(session)))

    assert claimed(session) is None
    assert sure(claimed(session, fingerprint="others")).attempt == 2


def test_a_heartbeat_renews_the_lease(session: Session) -> None:
    first = sure(claimed(session))
    runs.heartbeat(session, first, NOW + timedelta(minutes=4), LEASE)

    assert claimed(session, worker="two", now=DEAD) is None
    assert claimed(session, worker="two", now=NOW + timedelta(minutes=9)) is not None


def test_a_worker_that_slept_is_fenced_everywhere(session: Session) -> None:
    first = sure(claimed(session))
    sure(claimed(session, worker="two", now=DEAD))

    steps: list[Callable[[], None]] = [
        lambda: runs.heartbeat(session, first, DEAD, LEASE),
        lambda: runs.fence(session, first),
        lambda: ended(session, first),
        lambda: ended(session, first, Outcome.FAILED),
    ]
    for step in steps:
        with pytest.raises(Fenced, match=r"attribute .* shop, attempt 1 is no longer one's"):
            step()
    assert [run.outcome for run in runs.recent(session, 9)] == [Outcome.RUNNING, Outcome.LOST]


def test_a_worker_that_slept_and_was_not_missed_may_go_on(session: Session) -> None:
    first = sure(claimed(session))

    runs.fence(session, first)
    runs.heartbeat(session, first, DEAD, LEASE)
    ended(session, first)


def test_a_run_that_has_ended_writes_no_more(session: Session) -> None:
    first = sure(claimed(session))
    ended(session, first)

    with pytest.raises(Fenced):
        runs.fence(session, first)
    with pytest.raises(Fenced):
        ended(session, first)


def test_a_claim_nobody_gave_is_worth_nothing(session: Session) -> None:
    forged = replace(sure(claimed(session)), id=9**9)

    with pytest.raises(Fenced):
        runs.fence(session, forged)


def test_a_worker_may_record_that_it_was_fenced(session: Session) -> None:
    first = sure(claimed(session))
    sure(claimed(session, worker="two", now=DEAD))
    ended(session, first, Outcome.FENCED, error="lost the claim")

    assert [(run.outcome, run.error) for run in runs.recent(session, 9)] == [
        (Outcome.RUNNING, ""),
        (Outcome.FENCED, "lost the claim"),
    ]


@pytest.mark.parametrize("outcome", [Outcome.QUEUED, Outcome.RUNNING])
def test_a_run_does_not_end_by_what_is_no_end(session: Session, outcome: Outcome) -> None:
    with pytest.raises(ValueError, match=f"does not end as {outcome}"):
        ended(session, sure(claimed(session)), outcome)


def test_a_stale_claim_cannot_write(shared: Engine) -> None:
    """Two workers, two connections: the first wakes up after its lease and finds that it may not write."""
    sessions = database.sessions(shared)
    with sessions.begin() as session:
        first = sure(claimed(session))
    with sessions.begin() as session:
        second = sure(claimed(session, worker="two", now=DEAD))

    def write(claim: Claim, amount: str) -> None:
        with sessions.begin() as session:
            book(session, charge(amount))
            runs.fence(session, claim)
            ended(session, claim)

    write(second, "2")
    with pytest.raises(Fenced):
        write(first, "1")

    with sessions() as session:
        assert charges.within(session, hour(0)) == [charge("2")]


def test_only_one_writes_to_a_day_at_once_and_others_write_to_other_days(shared: Engine) -> None:
    """As on SQLite: else one could make an hour final while another stores a profile of it."""
    sessions = database.sessions(shared)
    with sessions.begin() as session:
        first, second, other = (
            sure(claimed(session)),
            sure(claimed(session, at=1)),
            sure(claimed(session, at=30)),
        )
    done: list[int] = []

    def write(claim: Claim, number: int) -> None:
        with sessions.begin() as session:
            runs.fence(session, claim)
            done.append(number)

    with ThreadPoolExecutor(2) as pool:
        with sessions.begin() as session:
            runs.fence(session, first)
            same = pool.submit(write, second, 2)
            if shared.dialect.name == "postgresql":
                pool.submit(write, other, 3).result(20)
            sleep(0.3)
            assert 2 not in done
        same.result(20)
    assert 2 in done


def test_of_workers_that_claim_at_once_one_has_it(shared: Engine) -> None:
    url = shared.url.render_as_string(hide_password=False)
    engines = [shared, database.connect(url)]
    barrier = Barrier(4, timeout=20)

    def work(number: int) -> list[Claim]:
        found = []
        for at in range(10):
            barrier.wait()
            with database.sessions(engines[number % 2]).begin() as session:
                found.append(claimed(session, at, worker=str(number)))
        return [claim for claim in found if claim is not None]

    with ThreadPoolExecutor(4) as pool:
        won = [claim for claims in pool.map(work, range(4)) for claim in claims]
    engines[1].dispose()

    assert sorted(claim.window for claim in won) == [hour(at) for at in range(10)]
    assert {claim.attempt for claim in won} == {1}


def test_of_workers_that_find_a_dead_lease_at_once_one_has_it(shared: Engine) -> None:
    sessions = database.sessions(shared)
    with sessions.begin() as session:
        sure(claimed(session))
    barrier = Barrier(4, timeout=20)

    def work(number: int) -> Claim | None:
        barrier.wait()
        with sessions.begin() as session:
            return claimed(session, worker=str(number), now=DEAD)

    with ThreadPoolExecutor(4) as pool:
        won = [claim for claim in pool.map(work, range(4)) if claim is not None]

    assert [claim.attempt for claim in won] == [2]


def test_what_is_done_is_the_latest_good_run_of_each_key(session: Session) -> None:
    ended(session, sure(claimed(session, fingerprint="old")))
    ended(session, sure(claimed(session, fingerprint="new")))
    ended(session, sure(claimed(session, fingerprint="broken")), Outcome.FAILED)
    ended(session, sure(claimed(session, at=1, fingerprint="next")))
    ended(session, sure(claimed(session, scope="mail")), Outcome.SKIPPED)
    sure(claimed(session, at=2))

    assert runs.done(session, "attribute") == {(hour(0), "shop"): "new", (hour(1), "shop"): "next"}
    assert runs.done(session, "attribute", hours(1, 9)) == {(hour(1), "shop"): "next"}
    assert runs.done(session, "pull") == {}


def test_what_was_tried_last_without_success_is_a_failure(session: Session) -> None:
    ended(session, sure(claimed(session)), Outcome.FAILED, error="no answer")
    ended(session, sure(claimed(session, at=1)), Outcome.FAILED)
    ended(session, sure(claimed(session, at=1)))
    sure(claimed(session, at=2))
    ended(session, sure(claimed(session, at=3)), Outcome.SKIPPED)

    failed = runs.failures(session, "attribute", day())

    assert {key: (run.attempt, run.error) for key, run in failed.items()} == {
        (hour(0), "shop"): (1, "no answer")
    }


def test_a_run_is_recorded_with_what_it_counted(session: Session) -> None:
    claim = sure(claimed(session))
    later = NOW + timedelta(minutes=1)
    ended(session, claim, counts={"rows": 7, "functions": 3}, now=later)

    [run] = runs.recent(session, 9)

    assert (run.job, run.window, run.scope, run.worker) == ("attribute", hour(0), "shop", "one")
    assert (run.started_at, run.finished_at, run.lease_until) == (NOW, later, NOW + LEASE)
    assert (run.counts, run.fingerprint) == ({"functions": 3, "rows": 7}, "inputs")


def test_recent_runs_are_asked_for_by_job_and_outcome(session: Session) -> None:
    for at in range(4):
        claim = sure(claimed(session, at, now=NOW + timedelta(seconds=at)))
        ended(session, claim, Outcome.FAILED if at % 2 else Outcome.OK)

    def found(**words: object) -> list[Window]:
        return [run.window for run in runs.recent(session, **words)]  # type: ignore[arg-type]

    assert found(limit=2) == [hour(3), hour(2)]
    assert found(limit=9, outcome=Outcome.OK) == [hour(2), hour(0)]
    assert found(limit=9, job="pull") == []


def test_no_trace_is_left_of_a_transaction_that_was_not_committed(shared: Engine) -> None:
    sessions = database.sessions(shared)
    with sessions() as session:
        sure(claimed(session))
        record(session, hour(0))

    with sessions() as session:
        assert runs.recent(session, 9) == []
        assert sure(claimed(session)).attempt == 1
