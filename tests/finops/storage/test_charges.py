"""Charges: only the version that stands is read, and what is read is what was written."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from finops.domain.charge import Amounts, Charge, ChargeKind, ChargeState
from finops.domain.machine import MachineKind
from finops.domain.money import Money
from finops.domain.resource import Resource
from finops.domain.window import Window
from finops.errors import CurrencyMismatch
from finops.storage import charges, database, ledger
from tests.finops.storage.notation import FLEET, LATER, NOW, book, charge, day, hour, hours, restate

FINAL = ChargeState.FINAL


def test_a_charge_comes_back_with_all_that_it_says(session: Session) -> None:
    full = charge(
        amounts=Amounts(Money(1), Money(2), Money(-3), Money(0)),
        machine=replace(FLEET, zone="us-east-1a", account="4711", purchase_option="spot"),
        version="1.2",
        environment="prod",
        price_id="a" * 16,
        split_id="b" * 16,
        method="capped_at_measured",
        claim_ratio="1.94",
        note="the profiler claimed more than was measured busy",
        is_estimate=True,
        state=FINAL,
    )
    book(session, full)

    assert charges.within(session, hour(0)) == [full]


def test_an_unknown_amount_stays_unknown(session: Session) -> None:
    book(session, charge(None))

    assert charges.within(session, hour(0)) == [charge(None)]


def test_a_charge_without_a_price_has_no_amount(session: Session) -> None:
    with pytest.raises(IntegrityError):
        book(session, charge("1", kind=ChargeKind.NO_PRICE))


def test_writing_an_hour_replaces_it_and_no_other(session: Session) -> None:
    book(session, charge("1"), charge("2", at=1), charge("3", service="mail"))
    book(session, charge("4"), charge("5", kind=ChargeKind.IDLE))

    found = [(line.service, line.window, line.amounts.list) for line in charges.within(session, day())]

    assert found == [
        ("mail", hour(0), Money.of("3")),
        ("shop", hour(0), Money.of("5")),
        ("shop", hour(0), Money.of("4")),
        ("shop", hour(1), Money.of("2")),
    ]


def test_charges_are_not_read_before_their_version_stands(session: Session) -> None:
    charges.replace(session, "shop", hour(0), [charge()], 1)

    assert charges.within(session, hour(0)) == []


def test_a_restatement_is_read_and_the_past_is_not_changed(session: Session) -> None:
    book(session, charge("1"), charge("2", at=1), state=FINAL)
    pins = {key: state.version for key, state in ledger.states(session, day()).items()}

    version = restate(session, hour(0), LATER)
    charges.replace(session, "shop", hour(0), [charge("7")], version)

    def listed(**words: object) -> list[Money | None]:
        return [line.amounts.list for line in charges.within(session, day(), **words)]  # type: ignore[arg-type]

    assert listed() == [Money.of("7"), Money.of("2")]
    assert listed(as_of=NOW) == [Money.of("1"), Money.of("2")]
    assert listed(as_of=LATER) == [Money.of("7"), Money.of("2")]
    assert listed(pins=pins) == [Money.of("1"), Money.of("2")]
    assert listed(pins={("shop", hour(0)): 2}) == [Money.of("7")]
    assert listed(as_of=NOW - timedelta(seconds=1)) == []


def test_a_service_and_a_window_are_asked_for(session: Session) -> None:
    book(session, *(charge(at=at, service=service) for at in range(4) for service in ("shop", "mail")))

    assert len(charges.within(session, day())) == 8
    assert [line.window for line in charges.within(session, hours(1, 3), service="mail")] == [
        hour(1),
        hour(2),
    ]


@pytest.mark.parametrize("wrong", [charge(service="mail"), charge(at=1)])
def test_a_charge_of_something_else_is_refused(session: Session, wrong: Charge) -> None:
    with pytest.raises(ValueError, match="is not one of shop"):
        charges.replace(session, "shop", hour(0), [wrong], 1)


def test_charges_are_kept_by_the_hour(session: Session) -> None:
    with pytest.raises(ValueError, match="is not an hour"):
        charges.replace(session, "shop", day(), [], 1)


def test_an_amount_in_another_currency_is_refused(session: Session) -> None:
    with pytest.raises(CurrencyMismatch, match=r"1\.000000000 EUR is not in USD"):
        book(session, charge(amounts=Amounts(list=Money.of("1", "EUR"))))


words = st.text("ab\x00\ud800é", max_size=4)
amounts = st.none() | st.integers(-(2**63), 2**63 - 1).map(Money)
lines = st.lists(
    st.builds(
        Charge,
        service=st.just("shop"),
        window=st.just(hour(0)),
        machine=st.builds(MachineKind, words, words, words, words, words, words),
        resource=st.sampled_from(Resource),
        kind=st.sampled_from([kind for kind in ChargeKind if kind is not ChargeKind.NO_PRICE]),
        quantity=st.integers(0, 2**63 - 1),
        amounts=st.builds(Amounts, amounts, amounts, amounts, amounts),
        currency=st.just("USD"),
        version=words,
        note=words,
        is_estimate=st.booleans(),
        state=st.sampled_from(ChargeState),
    ),
    max_size=6,
)


@settings(deadline=None, max_examples=40)
@given(lines=lines)
def test_any_charges_come_back_in_one_order(engine: Engine, lines: list[Charge]) -> None:
    def written(order: list[Charge]) -> list[Charge]:
        with database.sessions(engine)() as session:
            book(session, *order)
            return charges.within(session, hour(0))

    found = written(lines)

    assert sorted(map(repr, found)) == sorted(map(repr, lines))
    assert found == written(lines[::-1])


def test_a_window_need_not_begin_on_the_hour(session: Session) -> None:
    book(session, charge(at=0), charge(at=1))
    half = timedelta(minutes=30)

    found = charges.within(session, Window(hour(0).start + half, hour(1).end + half))

    assert [line.window for line in found] == [hour(1)]
