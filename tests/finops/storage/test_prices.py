"""Prices: what held when, and what was known when."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from finops.domain.machine import Shape
from finops.domain.price import Price, PriceSplit
from finops.storage import database, prices
from finops.storage.tables import PriceRow, PriceSplitRow
from tests.finops.storage.notation import FLEET, LATER, MONDAY, NOW, price

WEEK_LATER = MONDAY + timedelta(days=7)
OLD = price("0.34")
CLOSED = replace(OLD, valid_to=WEEK_LATER)
NEW = price("0.36", valid_from=WEEK_LATER)


def stored(session: Session) -> int:
    return session.scalars(select(func.count()).select_from(PriceRow)).one()


def test_a_price_comes_back_with_all_that_it_says(session: Session) -> None:
    full = price(
        "0.3400000001",
        contracted=Decimal("0.3"),
        effective=Decimal("0.25"),
        vcpu_hourly=Decimal("0.03"),
        gib_hourly=Decimal("0.004"),
        gpu_hourly=Decimal("2.5"),
        shape=Shape(Decimal("0.5"), 512, Decimal("0.25")),
        valid_to=WEEK_LATER,
        sku="ABC",
        is_estimate=True,
        kind=replace(FLEET, zone="us-east-1a", account="4711"),
    )
    prices.record(session, [full], [], NOW)

    assert prices.current(session) == [full]
    assert prices.by_id(session, [full.id, "unknown"]) == {full.id: full}


def test_closing_a_price_keeps_what_was_known_before(session: Session) -> None:
    prices.record(session, [OLD], [], NOW)

    assert prices.record(session, [CLOSED, NEW], [OLD], LATER) == 2
    assert prices.current(session) == [CLOSED, NEW]
    assert prices.current(session, known_at=NOW) == [OLD]
    assert prices.by_id(session, [OLD.id]) == {OLD.id: CLOSED}
    assert prices.by_id(session, [OLD.id], known_at=NOW) == {OLD.id: OLD}


def test_recording_twice_is_recording_once(session: Session) -> None:
    prices.record(session, [OLD], [], NOW)
    prices.record(session, [CLOSED, NEW], [OLD], LATER)

    assert prices.record(session, [CLOSED, NEW], [OLD], LATER + timedelta(hours=1)) == 0
    assert prices.current(session) == [CLOSED, NEW]
    assert stored(session) == 3


def test_a_source_that_looked_again_and_saw_the_same_adds_nothing(session: Session) -> None:
    prices.record(session, [OLD], [], NOW)

    assert prices.record(session, [replace(OLD, as_of=LATER)], [], LATER) == 0
    assert prices.current(session) == [OLD]


def test_a_correction_supersedes_without_being_named(session: Session) -> None:
    prices.record(session, [OLD], [], NOW)

    assert prices.record(session, [replace(OLD, sku="ABC")], [], LATER) == 1
    assert prices.current(session) == [replace(OLD, sku="ABC")]
    assert stored(session) == 2


def test_a_price_that_was_never_right_is_withdrawn(session: Session) -> None:
    prices.record(session, [OLD], [], NOW)
    prices.record(session, [], [OLD], LATER)

    assert prices.current(session) == []
    assert prices.current(session, known_at=NOW) == [OLD]
    assert prices.by_id(session, [OLD.id]) == {OLD.id: OLD}


def test_under_a_clock_that_stands_still_the_last_word_counts(session: Session) -> None:
    prices.record(session, [OLD], [], NOW)
    prices.record(session, [CLOSED, NEW], [OLD], NOW)

    assert prices.current(session) == [CLOSED, NEW]
    assert prices.current(session, known_at=NOW) == [CLOSED, NEW]


def test_prices_are_asked_for_by_cloud_region_and_source(session: Session) -> None:
    others = [
        price(kind=replace(FLEET, region="eu-west-1")),
        price(kind=replace(FLEET, cloud="gcp")),
        price(source="fixed"),
    ]
    prices.record(session, [OLD, *others], [], NOW)

    assert len(prices.current(session)) == 4
    assert prices.current(session, region="eu-west-1") == [others[0]]
    assert prices.current(session, cloud="gcp") == [others[1]]
    assert prices.current(session, source="fixed") == [others[2]]


def test_prices_are_asked_for_by_machine_type(session: Session) -> None:
    large = price(machine_type="m5.large")
    prices.record(session, [OLD, large, replace(large, source="fixed")], [], NOW)

    assert prices.current(session, machine_types=["m5.large", "unknown"], source="aws") == [large]
    assert len(prices.current(session, machine_types={"m5.large", "c5.2xlarge"})) == 3
    assert prices.current(session, machine_types=[]) == []


def test_what_held_at_a_moment_is_found(session: Session) -> None:
    prices.record(session, [CLOSED, NEW], [], NOW)

    assert prices.find(session, FLEET, MONDAY - timedelta(seconds=1)) == []
    assert prices.find(session, FLEET, WEEK_LATER - timedelta(seconds=1)) == [CLOSED]
    assert prices.find(session, FLEET, WEEK_LATER) == [NEW]
    assert prices.find(session, replace(FLEET, purchase_option="spot"), WEEK_LATER) == []
    assert prices.find(session, FLEET, WEEK_LATER, known_at=NOW - timedelta(seconds=1)) == []


def test_the_most_particular_price_is_found_first(session: Session) -> None:
    mine = replace(FLEET, zone="us-east-1a", account="4711")
    kinds = [FLEET, mine, replace(FLEET, zone="us-east-1a"), replace(FLEET, account="4711")]
    other = [replace(FLEET, zone="us-east-1b"), replace(FLEET, account="12")]
    prices.record(session, [price(kind=kind) for kind in (*kinds, *other)], [], NOW)

    found = [(one.kind.account, one.kind.zone) for one in prices.find(session, mine, NOW)]

    assert found == [("4711", "us-east-1a"), ("4711", ""), ("", "us-east-1a"), ("", "")]


def test_splits_are_kept_once(session: Session) -> None:
    native = PriceSplit("p", "native", 10**40, 3, 0, "the cloud's own components")
    nine = PriceSplit("p", "aws-9to1", 72, 16, 0, "9 : 1 per vCPU : GiB", is_estimate=True)
    prices.record_splits(session, [native, nine, nine])
    prices.record_splits(session, [nine])

    assert prices.splits_by_id(session, [native.id, nine.id, "unknown"]) == {native.id: native, nine.id: nine}
    assert session.scalars(select(func.count()).select_from(PriceSplitRow)).one() == 2


amounts = st.decimals("0.0000000001", 1000, places=10)


@settings(deadline=None, max_examples=40)
@given(
    price=st.builds(
        price,
        hourly=amounts.map(str),
        contracted=st.none() | amounts,
        gib_hourly=st.none() | amounts,
        shape=st.builds(Shape, st.decimals("0.1", 500, places=1), st.integers(1, 10**7)),
    )
)
def test_a_price_has_the_same_id_after_it_was_stored(engine: Engine, price: Price) -> None:
    with database.sessions(engine)() as session:
        prices.record(session, [price], [], NOW)

        assert prices.current(session) == [price]
        assert [one.id for one in prices.current(session)] == [price.id]


@pytest.mark.parametrize("count", [0, 1201])
def test_any_number_of_prices_is_recorded(session: Session, count: int) -> None:
    many = [price(machine_type=f"m{number}") for number in range(count)]

    assert prices.record(session, many, [], NOW) == count
    assert prices.record(session, many, [], LATER) == 0
    assert len(prices.by_id(session, [one.id for one in many])) == count
