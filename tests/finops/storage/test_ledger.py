"""Versions of windows: provisional ones are written over, final ones are restated or stay as they are."""

from datetime import timedelta

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from finops.domain.charge import ChargeState
from finops.domain.window import DAY, HOUR, Window
from finops.errors import NotFound, StorageError
from finops.storage import charges, function_costs, ledger
from finops.storage.tables import LedgerWindowRow
from tests.finops.storage.notation import (
    LATER,
    NOW,
    book,
    book_costs,
    charge,
    cost,
    day,
    hour,
    hours,
    record,
    restate,
)

FINAL, PROVISIONAL = ChargeState.FINAL, ChargeState.PROVISIONAL


def test_a_provisional_version_is_written_over(session: Session) -> None:
    record(session, hour(0), fingerprint="early")
    version = record(session, hour(0), fingerprint="late", now=LATER)

    [state] = ledger.history(session, "shop", hour(0))

    assert (version, state.version, state.fingerprint, state.recorded_at) == (1, 1, "late", NOW)


def test_a_final_version_does_not_change(session: Session) -> None:
    record(session, hour(0), FINAL)
    record(session, hour(0), FINAL, now=LATER)

    with pytest.raises(StorageError, match=r"shop 2026-11-02T00.* is final"):
        record(session, hour(0), FINAL, fingerprint="other")
    with pytest.raises(StorageError, match="is final"):
        record(session, hour(0), PROVISIONAL)
    assert len(ledger.history(session, "shop", hour(0))) == 1


def test_a_restatement_keeps_the_old_version(session: Session) -> None:
    record(session, hour(0), FINAL)

    version = restate(session, hour(0), LATER)
    record(session, hour(0), FINAL, fingerprint="with the bill", now=LATER)
    old, new = ledger.history(session, "shop", hour(0))

    assert version == 2
    assert (old.version, old.fingerprint, old.state, old.superseded_at) == (1, "inputs", FINAL, LATER)
    assert (new.version, new.fingerprint, new.state, new.superseded_at) == (2, "with the bill", FINAL, None)
    assert (old.reason, new.reason) == ("", "the bill came")


def test_a_restated_window_is_due_and_provisional(session: Session) -> None:
    record(session, hour(0), FINAL)
    restate(session, hour(0), LATER)

    state = ledger.states(session, hour(0))["shop", hour(0)]

    assert (state.version, state.state, state.fingerprint) == (2, PROVISIONAL, "")
    with pytest.raises(NotFound, match=r"nothing final of shop in .*: what is provisional follows"):
        restate(session, hour(0), LATER)
    assert ledger.states(session, hour(0), as_of=NOW)["shop", hour(0)].version == 1


def test_until_it_is_written_a_restatement_says_what_was_said_before(session: Session) -> None:
    book(session, charge("1", state=FINAL), charge("2", state=ChargeState.HELD), state=FINAL)
    book_costs(session, cost("serve", "1"), cost(None, "2"))
    record(session, day(), FINAL)

    restate(session, hour(0), LATER)
    lines = charges.within(session, hour(0))

    assert [(line.amounts, line.state, line.ledger_version) for line in lines] == [
        (charge("2").amounts, ChargeState.HELD, 2),
        (charge("1").amounts, PROVISIONAL, 2),
    ]
    assert function_costs.within(session, day()) == [cost("serve", "1"), cost(None, "2")]


def test_with_an_hour_its_day_is_restated(session: Session) -> None:
    for window in (hour(0), hour(1), day()):
        record(session, window, FINAL)
    record(session, hour(24), FINAL)
    record(session, day(1))

    restate(session, hour(0), LATER)
    restate(session, hour(1), LATER)
    restate(session, hour(24), LATER)
    found = {window: state.version for (_, window), state in ledger.states(session, hours(0, 48)).items()}

    assert found == {hour(0): 2, hour(1): 2, day(): 2, hour(24): 2, day(1): 1}


def test_what_was_never_recorded_cannot_be_restated(session: Session) -> None:
    with pytest.raises(NotFound, match=r"nothing final of shop in 2026-11-02T00[^ ]*$"):
        restate(session, hour(0), NOW)


def test_an_hour_and_the_day_that_begins_with_it_are_two_windows(session: Session) -> None:
    record(session, hour(0), FINAL)
    record(session, day())

    assert set(ledger.states(session, day())) == {("shop", hour(0)), ("shop", day())}
    assert set(ledger.states(session, day(), grain=HOUR)) == {("shop", hour(0))}
    assert set(ledger.states(session, day(), grain=DAY)) == {("shop", day())}
    assert set(ledger.states(session, hour(0))) == {("shop", hour(0))}


def test_final_and_provisional_hours_are_counted_apart(session: Session) -> None:
    for service, window, state in (
        ("shop", hour(0), FINAL),
        ("shop", hour(1), PROVISIONAL),
        ("mail", hour(0), PROVISIONAL),
        ("mail", hour(1), PROVISIONAL),
        ("shop", hour(5), FINAL),
        ("shop", day(), PROVISIONAL),
    ):
        record(session, window, state, service=service)

    assert ledger.hours_with_final(session, day()) == {hour(0), hour(5)}
    assert ledger.provisional_hours(session, day()) == 2
    assert ledger.provisional_hours(session, day(), "shop") == 1


def test_states_of_one_service(session: Session) -> None:
    record(session, hour(0))
    record(session, hour(0), service="mail")

    assert set(ledger.states(session, day(), "mail")) == {("mail", hour(0))}


@pytest.mark.parametrize("span", [timedelta(minutes=30), timedelta(days=7)])
def test_the_ledger_is_kept_by_hours_and_days(session: Session, span: timedelta) -> None:
    with pytest.raises(ValueError, match="by hours and by days"):
        record(session, Window(hour(0).start, hour(0).start + span))


def test_held_is_not_a_state_of_a_window(session: Session) -> None:
    with pytest.raises(ValueError, match="provisional or final"):
        record(session, hour(0), ChargeState.HELD)


def test_a_held_window_says_why(session: Session) -> None:
    ledger.record(
        session,
        *("shop", hour(0)),
        state=FINAL,
        is_held=True,
        fingerprint="f",
        message="more used than paid for",
        now=NOW,
    )

    state = ledger.states(session, hour(0))["shop", hour(0)]

    assert (state.is_held, state.message) == (True, "more used than paid for")


def test_two_versions_of_a_window_cannot_both_stand(session: Session) -> None:
    record(session, hour(0))
    second = {
        "service": "shop",
        "window_start": hour(0).start,
        "window_end": hour(0).end,
        "ledger_version": 2,
        "grain": "hour",
        "state": "final",
        "is_held": False,
        "fingerprint": "",
        "reason": "",
        "message": "",
        "recorded_at": NOW,
        "superseded_at": None,
    }

    with pytest.raises(IntegrityError):
        session.execute(insert(LedgerWindowRow), [second])
