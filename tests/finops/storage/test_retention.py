"""What is old leaves; the money stays to the nano."""

from collections import defaultdict
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from finops.domain.charge import Amounts, Charge, ChargeState, CostMetric
from finops.domain.money import Money
from finops.domain.profile import ProfileKind, RefusedProfile
from finops.domain.window import Window
from finops.errors import Incomplete, StorageError
from finops.storage import charges, database, ledger, refused_profiles, retention, runs, usage
from finops.storage.charge_sums import sums
from finops.storage.runs import Outcome
from finops.storage.tables import ChargeDayRow, ChargeRow
from tests import claims
from tests.finops.storage.notation import (
    LATER,
    NOW,
    book,
    charge,
    close_days,
    day,
    hour,
    hours,
    record,
    restate,
)
from tests.finops.storage.notation import usage as said

FINAL = ChargeState.FINAL
LIST = CostMetric.LIST
NEVER = day(-1000).start
NOTHING = {"charge_hours": 0, "charge_days": 0, "refused_profiles": 0, "raw_profiles": 0, "job_runs": 0}


def expire(
    session: Session,
    hourly_before: datetime = NEVER,
    raw_before: datetime = NEVER,
    runs_before: datetime = NEVER,
) -> dict[str, int]:
    """What leaves of days that were charged whole, after a look at the plan of it: that must say the same."""
    close_days(session)
    before = {"hourly_before": hourly_before, "raw_before": raw_before, "runs_before": runs_before}
    planned = retention.plan(session, **before)
    done = retention.expire(session, **before)
    assert planned == done
    return done


def count(session: Session, table: type[ChargeRow] | type[ChargeDayRow]) -> int:
    return session.scalars(select(func.count()).select_from(table)).one()


def final(at: int, amount: str | None = "1", **words: object) -> Charge:
    return charge(amount, at, state=FINAL, **words)


def test_the_hours_of_a_day_become_one_sum(session: Session) -> None:
    book(session, *(final(at, "0.000000001") for at in range(24)), state=FINAL)

    assert expire(session, day().end) == NOTHING | {"charge_hours": 24, "charge_days": 1}
    [whole] = charges.within(session, day())

    assert whole == final(0, "0.000000024", window=day(), quantity=24 * charge().quantity)
    assert count(session, ChargeRow) == 0


def test_expiring_twice_is_expiring_once(session: Session) -> None:
    book(session, final(0), final(1), state=FINAL)
    expire(session, day().end)
    before = charges.within(session, day())

    assert expire(session, day().end) == NOTHING
    assert charges.within(session, day()) == before


def test_only_whole_days_leave(session: Session) -> None:
    book(session, final(0), final(30), state=FINAL)

    assert expire(session, hour(31).end)["charge_hours"] == 1
    assert [line.window for line in charges.within(session, hours(0, 48))] == [day(), hour(30)]


def test_a_day_that_may_still_change_does_not_leave(session: Session) -> None:
    book(session, final(0), final(0, service="mail"), state=FINAL)
    book(session, charge(at=1))

    expire(session, day().end)

    assert {(line.service, line.window) for line in charges.within(session, day())} == {
        ("mail", day()),
        ("shop", hour(0)),
        ("shop", hour(1)),
    }


def test_an_hour_without_charges_that_is_not_final_holds_its_day(session: Session) -> None:
    book(session, final(0), state=FINAL)
    record(session, hour(5))

    assert expire(session, day().end) == NOTHING


def test_a_day_of_which_hours_were_never_charged_does_not_leave(session: Session) -> None:
    """An outage was longer than a tick looks back: what it left out may be backfilled, or it stays open."""
    book(session, final(0), state=FINAL)
    record(session, day(), ChargeState.PROVISIONAL)

    assert expire(session, day().end) == NOTHING


def test_charges_that_no_version_stands_for_hold_their_day(session: Session) -> None:
    book(session, final(0), state=FINAL)
    charges.replace(session, "shop", hour(1), [charge(at=1)], 1)

    assert expire(session, day().end) == NOTHING


def test_what_tells_charges_apart_is_kept_and_remarks_where_they_agree(
    session: Session,
) -> None:
    book(
        session,
        final(0, "1", price_id="a", claim_ratio="1.02", note="capped"),
        final(1, "2", price_id="a", claim_ratio="1.03", note="capped"),
        final(2, "4", price_id="b"),
        state=FINAL,
    )
    expire(session, day().end)

    found = [
        (line.price_id, line.amounts.list, line.claim_ratio, line.note)
        for line in charges.within(session, day())
    ]

    assert found == [("a", Money.of("3"), "", "capped"), ("b", Money.of("4"), "", "")]


def test_an_unknown_amount_is_not_added_to_a_known_one(session: Session) -> None:
    known, half = Amounts(list=Money(1), billed=Money(10)), Amounts(list=Money(2))
    book(session, *(final(at, amounts=each) for at, each in enumerate([known, half, known])), state=FINAL)
    expire(session, day().end)

    assert [line.amounts for line in charges.within(session, day())] == [
        Amounts(list=Money(2)),
        Amounts(list=Money(2), billed=Money(20)),
    ]


def test_a_window_that_cuts_a_day_that_left_is_refused(session: Session) -> None:
    book(session, final(0), final(30), state=FINAL)
    expire(session, day().end)

    for window in (hours(3, 48), hours(-24, 5)):
        with pytest.raises(Incomplete, match="the hours of 2026-11-02 have left the ledger: ask"):
            charges.within(session, window)
        with pytest.raises(Incomplete, match="ask for whole days"):
            sums(session, window, by=[], metric=LIST)
    assert len(charges.within(session, hours(24, 31))) == 1
    assert charges.within(session, hours(3, 48), service="mail") == []


def test_sums_go_on_over_days_that_left(session: Session) -> None:
    book(session, final(0, "1"), final(23, "2"), final(24, "4"), final(47, "8"), state=FINAL)
    both = hours(0, 48)
    before = sums(session, both, by=["service", "day", "resource"], metric=LIST)
    expire(session, day().end)

    assert sums(session, both, by=["service", "day", "resource"], metric=LIST) == before
    with pytest.raises(Incomplete, match="ask by day"):
        sums(session, both, by=["hour"], metric=LIST)
    assert len(sums(session, day(1), by=["hour"], metric=LIST)) == 2


def test_an_hour_of_a_day_that_left_is_not_written_again(session: Session) -> None:
    book(session, final(0), state=FINAL)
    expire(session, day().end)

    with pytest.raises(StorageError, match="the hours of shop on 2026-11-02 have left the ledger"):
        charges.replace(session, "shop", hour(1), [charge(at=1)], 1)
    with pytest.raises(StorageError, match="have left the ledger"):
        restate(session, hour(0), LATER)


def restated(session: Session) -> None:
    """Two hours of which the first was restated before the day left."""
    book(session, final(0, "1"), final(1, "2"), state=FINAL)
    version = restate(session, hour(0), LATER)
    charges.replace(session, "shop", hour(0), [final(0, "7")], version)
    record(session, hour(0), FINAL)


def test_of_a_restated_day_the_version_that_stands_is_summed(session: Session) -> None:
    restated(session)

    assert expire(session, day().end) == NOTHING | {"charge_hours": 3, "charge_days": 2}
    assert sorted(
        line.amounts.list.nanos for line in charges.within(session, day()) if line.amounts.list
    ) == [
        2 * 10**9,
        7 * 10**9,
    ]
    assert len(ledger.history(session, "shop", hour(0))) == 2


def test_what_a_restated_day_said_before_is_refused_once_it_left(session: Session) -> None:
    restated(session)
    expire(session, day().end)

    for ask in (charges.within, lambda *args, **words: sums(*args, by=[], metric=LIST, **words)):
        with pytest.raises(Incomplete, match="shop on 2026-11-02 was written since 2026-11-10T12:00:00Z"):
            ask(session, day(), as_of=NOW)
        assert ask(session, day(), as_of=LATER)
    with pytest.raises(Incomplete, match="was restated since"):
        charges.within(session, day(), pins={("shop", hour(0)): 1, ("shop", hour(1)): 1})


def test_pins_of_a_day_that_left_must_still_stand(session: Session) -> None:
    book(session, final(0, "1"), final(1, "2"), final(0, service="mail"), state=FINAL)
    expire(session, day().end)

    [whole] = charges.within(session, day(), pins={("shop", hour(0)): 1, ("shop", hour(1)): 1})

    assert (whole.service, whole.amounts.list) == ("shop", Money.of("3"))
    with pytest.raises(Incomplete):
        charges.within(session, day(), pins={("shop", hour(0)): 1})


lines = st.lists(
    st.builds(
        final,
        amount=st.none() | st.integers(-(10**17), 10**17).map(lambda nanos: str(Money(nanos).amount)),
        at=st.integers(0, 71),
        service=st.sampled_from(["shop", "mail"]),
        quantity=st.integers(0, 10**15),
        version=st.sampled_from(["1", "2"]),
        note=st.sampled_from(["", "x", "y"]),
    ),
    max_size=15,
)


@settings(deadline=None, max_examples=40)
@given(lines=lines, days=st.integers(0, 4))
def test_no_money_is_lost_or_made(engine: Engine, lines: list[Charge], days: int) -> None:
    def by_day(found: list[Charge]) -> dict[object, tuple[int, int]]:
        whole: dict[object, tuple[int, int]] = defaultdict(lambda: (0, 0))
        for line in found:
            of_day = next(iter(line.window.days())).start.date()
            key = (line.service, of_day, line.version, line.kind, line.amounts.list is None)
            nanos = 0 if line.amounts.list is None else line.amounts.list.nanos
            whole[key] = (whole[key][0] + nanos, whole[key][1] + line.quantity)
        return whole

    window = Window(day().start, day(2).end)
    with database.sessions(engine)() as session:
        book(session, *lines, state=FINAL)
        expire(session, day(days).start)

        found = charges.within(session, window)

    assert by_day(found) == by_day(lines)
    assert all(
        (line.window in (day(0), day(1), day(2))) == (line.window.start < day(days).start) for line in found
    )


def test_old_usage_forgets_its_raw_profiles_and_nothing_else(session: Session) -> None:
    for at in (0, 1):
        one = said(at=at, raw_digests=(f"{at}" * 64, "f" * 64))
        usage.replace(session, "pyroscope", "shop", hour(at), ProfileKind.CPU, [one], NOW)

    assert expire(session, raw_before=hour(0).end) == NOTHING | {"raw_profiles": 2}
    old, young = usage.within(session, day())

    assert (old.raw_digests, young.raw_digests) == ((), ("1" * 64, "f" * 64))
    assert old.total == said().total
    assert usage.unreferenced(session, ["0" * 64, "1" * 64, "f" * 64]) == {"0" * 64}


def run(session: Session, started: datetime, outcome: Outcome | None, at: int = 0, mark: str = "f") -> None:
    claim = claims.claim(
        session,
        *("attribute", hour(at), "shop"),
        worker="one",
        now=started,
        lease=timedelta(minutes=5),
        fingerprint=mark,
    )
    assert claim is not None
    if outcome is not None:
        runs.finish(session, claim, outcome=outcome, counts={}, now=started)


def test_old_runs_leave_but_for_the_latest_good_one_of_each_window(session: Session) -> None:
    old = NOW - timedelta(days=30)
    for mark, outcome in (("e", Outcome.OK), ("f", Outcome.OK), ("g", Outcome.FAILED)):
        run(session, old, outcome, mark=mark)
    run(session, NOW, Outcome.FAILED, at=2)
    run(session, NOW, None, at=3)
    run(session, old, None, at=1)
    before = runs.done(session, "attribute")

    assert expire(session, runs_before=NOW) == NOTHING | {"job_runs": 3}
    assert runs.done(session, "attribute") == before
    assert [(one.window, one.attempt, one.outcome) for one in runs.recent(session, 9)] == [
        (hour(3), 1, Outcome.RUNNING),
        (hour(2), 1, Outcome.FAILED),
        (hour(0), 2, Outcome.OK),
    ]


def test_a_run_that_may_still_live_does_not_leave(session: Session) -> None:
    run(session, NOW - timedelta(minutes=4), None)

    assert expire(session, runs_before=NOW) == NOTHING


def test_a_charge_keeps_its_words_when_its_day_leaves(session: Session) -> None:
    full = replace(
        final(0), environment="a\x00b", method="by_shares", is_estimate=True, price_id="p", split_id="s"
    )
    book(session, full, state=FINAL)
    expire(session, day().end)

    assert charges.within(session, day()) == [replace(full, window=day())]


def test_why_profiles_were_refused_leaves_with_the_hours(session: Session) -> None:
    for at in (23, 24):
        why = RefusedProfile("shop", hour(at), ProfileKind.CPU, "captures", "this is an HTML page")
        refused_profiles.replace(session, "captures", hour(at), [why], NOW)

    assert expire(session, day().end) == NOTHING | {"refused_profiles": 1}
    assert [each.window for each in refused_profiles.within(session, hours(0, 48))] == [hour(24)]
