"""Restating: whole windows, in one transaction, with who and why; the old versions stay as they were."""

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from finops.domain.charge import ChargeState
from finops.domain.money import Money
from finops.domain.window import HOUR
from finops.errors import NotFound, StorageError
from finops.storage import charges, dump, ledger, restatement, retention
from tests.finops.storage.notation import (
    LATER,
    NOW,
    book,
    book_costs,
    charge,
    close_days,
    cost,
    day,
    hour,
    hours,
    record,
    restate,
)

FINAL = ChargeState.FINAL


def versions(session: Session, service: str = "shop") -> dict[object, int]:
    found = ledger.states(session, hours(0, 48), service)
    return {window: state.version for (_, window), state in found.items()}


@pytest.fixture
def shop(session: Session) -> Session:
    """Two final hours and their final day, a provisional hour on the next; a final hour of mail."""
    book(session, charge("1", state=FINAL), charge("2", at=1, state=FINAL), state=FINAL)
    book(session, charge("8", state=FINAL, service="mail"), state=FINAL)
    book_costs(session, cost("main", "3"))
    record(session, day(), FINAL)
    book(session, charge("4", at=24))
    return session


def test_every_final_hour_of_a_window_is_restated_and_its_days_with_it(shop: Session) -> None:
    restatement.restate(shop, hours(0, 48), "the bill came", LATER, by="ann@desk")

    assert versions(shop) == {hour(0): 2, hour(1): 2, day(): 2, hour(24): 1}
    assert versions(shop, "mail") == {hour(0): 2}
    state = ledger.states(shop, hour(0))["shop", hour(0)]
    assert (state.reason, state.restated_by, state.recorded_at) == ("the bill came", "ann@desk", LATER)


def test_of_one_service_nothing_else_changes(shop: Session) -> None:
    before = [line for line in dump.canonical(shop) if '"mail"' in line]

    restatement.restate(shop, hour(0), "the bill came", LATER, service="shop")

    assert versions(shop) == {hour(0): 2, hour(1): 1, day(): 2, hour(24): 1}
    assert [line for line in dump.canonical(shop) if '"mail"' in line] == before


def test_what_a_restatement_is_about_is_known_before(shop: Session) -> None:
    before = list(dump.canonical(shop))
    found = restatement.affected(shop, hours(0, 48))

    assert found.final == (("mail", hour(0)), ("shop", hour(0)), ("shop", hour(1)))
    assert found.provisional == (("shop", hour(24)),)
    assert list(dump.canonical(shop)) == before


def test_hours_that_left_are_refused_by_name_and_nothing_is_restated(shop: Session) -> None:
    close_days(shop)
    retention.expire(shop, hourly_before=day().end, raw_before=NOW, runs_before=NOW)
    record(shop, hour(24), FINAL)
    before = list(dump.canonical(shop))

    with pytest.raises(StorageError, match="the hours of mail on 2026-11-02, shop on 2026-11-02 have left"):
        restatement.restate(shop, hours(0, 48), "the bill came", LATER)
    assert list(dump.canonical(shop)) == before
    restatement.restate(shop, hours(24, 48), "the bill came", LATER)
    assert versions(shop)[hour(24)] == 2


def test_where_nothing_is_final_there_is_nothing_to_restate(shop: Session) -> None:
    with pytest.raises(NotFound, match=r"nothing final of any service in .*: what is provisional follows"):
        restatement.restate(shop, day(1), "the bill came", LATER)
    with pytest.raises(NotFound, match=r"nothing final of nobody in 2026-11-02T00[^ ]*$"):
        restatement.restate(shop, hour(0), "the bill came", LATER, service="nobody")


def test_a_second_restatement_follows_the_first_even_where_the_clock_stepped_back(shop: Session) -> None:
    first = restatement.restate(shop, hour(0), "the bill came", LATER, service="shop")
    book(shop, charge("7", state=FINAL), state=FINAL, now=LATER)
    second = restatement.restate(shop, hour(0), "another came", NOW - timedelta(hours=5), service="shop")
    book(shop, charge("9", state=FINAL), state=FINAL, now=NOW)

    assert first < second
    amounts = [
        [line.amounts.list for line in charges.within(shop, hour(0), service="shop", as_of=moment)]
        for moment in (NOW, first, second, None)
    ]
    assert amounts == [[Money.of(each)] for each in ("1", "7", "9", "9")]


def test_restated_hours_are_open_until_they_are_final_again(shop: Session) -> None:
    restate(shop, hour(0), LATER)

    assert restatement.reopened(shop) == restatement.reopened(shop, day()) == {hour(0)}
    assert restatement.reopened(shop, hour(1)) == set()
    assert restatement.marks(shop, day()) == {hour(0): ["shop 2"]}
    record(shop, hour(0), FINAL, now=LATER)
    assert restatement.reopened(shop) == set()
    assert restatement.marks(shop, day()) == {hour(0): ["shop 2"]}
    assert restatement.restated_days(shop) == {day()}


def test_the_newest_reason_is_that_of_the_moment_asked_for(shop: Session) -> None:
    restate(shop, hour(0), LATER)
    restatement.restate(shop, hour(1), "and another", LATER + HOUR, service="shop")

    assert restatement.newest(shop, day()) == (2, "and another")
    assert restatement.newest(shop, day(), LATER) == (1, "the bill came")
    assert restatement.newest(shop, day(), NOW) == (0, "")


def test_what_was_provisional_at_a_moment_and_was_written_since_is_counted(session: Session) -> None:
    record(session, hour(0), now=NOW)
    record(session, day(), now=NOW)
    record(session, hour(1), FINAL, now=NOW)

    assert ledger.written_since(session, day(), NOW) == (0, 0)
    record(session, hour(0), FINAL, now=LATER)
    record(session, day(), FINAL, now=LATER)
    assert ledger.written_since(session, day(), NOW) == (1, 1)
    assert ledger.written_since(session, day(), LATER) == (0, 0)
    assert ledger.provisional_hours(session, day(), as_of=NOW) == 1
    assert ledger.provisional_hours(session, day()) == 0
    assert ledger.states(session, hour(0), as_of=NOW)["shop", hour(0)].state is ChargeState.PROVISIONAL
