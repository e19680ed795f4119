"""Sums made by the database are the sums of the charges."""

from collections import defaultdict
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from finops.domain.charge import Amounts, Charge, ChargeKind, ChargeState, CostMetric
from finops.domain.money import Money
from finops.domain.resource import Resource
from finops.storage import charges, database
from finops.storage.charge_sums import sums
from tests.finops.storage.notation import FLEET, LATER, NOW, book, charge, day, hour, hours, restate

FINAL = ChargeState.FINAL
LIST = CostMetric.LIST


def test_charges_are_added_up_by_what_they_have_in_common(session: Session) -> None:
    book(
        session,
        charge("1"),
        charge("2", at=1),
        charge("4", kind=ChargeKind.IDLE),
        charge("8", service="mail"),
    )

    found = {one.group: one.amount for one in sums(session, day(), by=["service", "kind"], metric=LIST)}

    assert found == {
        ("mail", "used"): Money.of("8"),
        ("shop", "idle"): Money.of("4"),
        ("shop", "used"): Money.of("3"),
    }


def test_with_nothing_in_common_there_is_one_sum(session: Session) -> None:
    book(session, charge("1"), charge("2", service="mail"))

    [one] = sums(session, day(), by=[], metric=LIST)

    assert (one.group, one.amount) == ((), Money.of("3"))
    assert sums(session, day(3), by=[], metric=LIST) == []


def test_a_series_is_made_of_hours_or_days(session: Session) -> None:
    book(session, *(charge(str(at + 1), at=at) for at in (0, 1, 23, 24)))

    def series(step: str) -> dict[object, Money | None]:
        found = sums(session, hours(0, 48), by=[step], metric=LIST)  # type: ignore[list-item]
        return {one.group[0]: one.amount for one in found}

    assert series("day") == {day(): Money.of("27"), day(1): Money.of("25")}
    assert series("hour") == {hour(at): Money.of(str(at + 1)) for at in (0, 1, 23, 24)}


def test_what_has_no_price_is_told_apart_and_never_zero(session: Session) -> None:
    book(session, charge("1", quantity=5), charge(None, quantity=7), charge(None, quantity=9, service="mail"))

    priced, unpriced = sums(session, day(), by=["resource", "service"], metric=LIST)[::-1]

    assert (priced.amount, priced.quantity) == (Money.of("1"), 12)
    assert (priced.unpriced_charges, priced.unpriced_quantity) == (1, 7)
    assert (unpriced.amount, unpriced.quantity) == (None, 9)
    assert (unpriced.unpriced_charges, unpriced.unpriced_quantity) == (1, 9)


def test_each_metric_is_summed_by_itself(session: Session) -> None:
    book(session, charge(amounts=Amounts(list=Money(5), effective=Money(3))))

    found = {metric: sums(session, day(), by=[], metric=metric)[0].amount for metric in CostMetric}

    assert found == {
        CostMetric.LIST: Money(5),
        CostMetric.CONTRACTED: None,
        CostMetric.EFFECTIVE: Money(3),
        CostMetric.BILLED: None,
    }


def test_quantities_of_several_resources_are_not_added(session: Session) -> None:
    book(session, charge("1"), charge("2", resource=Resource.MEMORY))

    assert [one.quantity for one in sums(session, day(), by=[], metric=LIST)] == [None]
    [memory] = sums(session, day(), by=[], metric=LIST, filters={"resource": ["memory"]})
    assert (memory.amount, memory.quantity) == (Money.of("2"), charge().quantity)


def test_filters_take_several_values_and_dimensions(session: Session) -> None:
    other = replace(FLEET, region="eu-west-1")
    book(
        session,
        charge("1"),
        charge("2", service="mail"),
        charge("4", service="db"),
        charge("8", machine=other),
    )

    [one] = sums(
        session, day(), by=[], metric=LIST, filters={"service": ["shop", "mail"], "region": ["us-east-1"]}
    )

    assert one.amount == Money.of("3")


def test_currencies_are_never_mixed(session: Session) -> None:
    euros = charge(currency="EUR", amounts=Amounts(list=Money.of("2", "EUR")))
    book(session, charge("1"), euros)

    found = [one.amount for one in sums(session, day(), by=["service"], metric=LIST)]

    assert found == [Money.of("2", "EUR"), Money.of("1")]


def test_quantities_beyond_64_bits_are_exact(session: Session) -> None:
    most = 2**63 - 1
    book(session, *(charge("1", at=at, quantity=most - at) for at in range(5)))

    [one] = sums(session, day(), by=["resource"], metric=LIST)

    assert one.quantity == 5 * most - 10


def test_amounts_below_zero_are_exact(session: Session) -> None:
    nanos = [-1, -(2**40) - 3, 2**33, -(2**32)]
    book(session, *(charge(at=at, amounts=Amounts(list=Money(one))) for at, one in enumerate(nanos)))

    [one] = sums(session, day(), by=[], metric=LIST)

    assert one.amount == Money(sum(nanos))


def test_a_sum_says_whether_it_may_change_and_whether_it_is_an_estimate(session: Session) -> None:
    book(session, charge("1"), charge("1", service="mail", is_estimate=True))
    book(session, charge("1", at=1), charge("1", service="mail", at=1), state=FINAL)

    def flags(*hours_: int) -> list[tuple[bool, bool]]:
        found = sums(session, hours(*hours_), by=["service"], metric=LIST)
        return [(one.is_provisional, one.is_estimate) for one in found]

    assert flags(0, 2) == [(True, True), (True, False)]
    assert flags(1, 2) == [(False, False), (False, False)]


def test_only_the_version_that_stands_is_summed(session: Session) -> None:
    book(session, charge("1"), state=FINAL)
    version = restate(session, hour(0), LATER)
    charges.replace(session, "shop", hour(0), [charge("7")], version)

    assert [one.amount for one in sums(session, day(), by=[], metric=LIST)] == [Money.of("7")]
    assert [one.amount for one in sums(session, day(), by=[], metric=LIST, as_of=NOW)] == [Money.of("1")]


@pytest.mark.parametrize("amount", ["0.000000001", "123456789.987654321"])
def test_a_sum_is_exact_to_the_nano(session: Session, amount: str) -> None:
    book(session, *(charge(amount, at=at) for at in range(10)))

    [one] = sums(session, day(), by=[], metric=LIST)

    assert one.amount == Money.of(10 * Decimal(amount))


lines = st.lists(
    st.builds(
        charge,
        amount=st.none() | st.integers(-(10**18), 10**18).map(lambda nanos: str(Money(nanos).amount)),
        at=st.integers(0, 47),
        service=st.sampled_from(["shop", "mail"]),
        quantity=st.integers(0, 2**63 - 1),
        resource=st.sampled_from(Resource),
    ),
    max_size=12,
)


@settings(deadline=None, max_examples=40)
@given(lines=lines)
def test_sums_are_the_sums_of_the_charges(engine: Engine, lines: list[Charge]) -> None:
    expected: dict[tuple[object, ...], list[Charge]] = defaultdict(list)
    for line in lines:
        midnight = day() if line.window.start < day(1).start else day(1)
        expected[line.service, line.resource.value, midnight].append(line)
    with database.sessions(engine)() as session:
        book(session, *lines)
        found = sums(session, hours(0, 48), by=["service", "resource", "day"], metric=LIST)

    assert [one.group for one in found] == sorted(expected)
    for one in found:
        known = [line.amounts.list.nanos for line in expected[one.group] if line.amounts.list is not None]
        assert one.quantity == sum(line.quantity for line in expected[one.group])
        assert one.amount == (Money(sum(known)) if known else None)
        assert one.unpriced_charges == len(expected[one.group]) - len(known)
