"""Function costs by day: stored, summed over days, and in the version that stands."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from finops.domain.charge import ChargeState, CostMetric
from finops.domain.function_cost import FunctionCost
from finops.domain.money import Money
from finops.domain.resource import Resource
from finops.domain.window import Window
from finops.errors import CurrencyMismatch
from finops.storage import function_costs
from tests.finops.costs.notation import function
from tests.finops.storage.notation import LATER, NOW, book_costs, cost, day, hour, record, restate

TWO_DAYS = Window(day().start, day(1).end)


def dearest(session: Session, window: Window = TWO_DAYS, **words: object) -> list[FunctionCost]:
    given = {"service": "shop", "metric": CostMetric.LIST, "resource": Resource.CPU, "limit": 9} | words
    return function_costs.dearest(session, window, **given)  # type: ignore[arg-type]


def named(costs: list[FunctionCost]) -> list[tuple[str, str, str]]:
    """Name, self and total of each, in whole units."""
    return [
        (
            one.function.name if one.function else "[other]",
            f"{one.self_cost.amount:.0f}",
            f"{one.total_cost.amount:.0f}" if one.total_cost else "",
        )
        for one in costs
    ]


def test_costs_come_back_with_the_small_ones_last(session: Session) -> None:
    costs = [cost(None, "2"), cost("serve@a.go", "1", "9"), cost("main", "0", "10")]
    book_costs(session, *costs)

    assert function_costs.within(session, day()) == [costs[2], costs[1], costs[0]]


def test_writing_a_day_replaces_it_and_no_other(session: Session) -> None:
    book_costs(session, cost("main", "1"), cost("serve", "2"), cost("main", "4", on=1))
    book_costs(session, cost("main", "3"))

    assert named(function_costs.within(session, TWO_DAYS)) == [("main", "3", "3"), ("main", "4", "4")]


def test_costs_are_asked_for_by_service_metric_and_resource(session: Session) -> None:
    ours = cost("main", "1")
    others = [
        replace(ours, service="mail"),
        replace(ours, metric=CostMetric.EFFECTIVE),
        replace(ours, resource=Resource.MEMORY, self_observations=None, total_observations=None),
    ]
    book_costs(session, ours, *others)

    def found(**words: object) -> list[FunctionCost]:
        return function_costs.within(session, day(), **words)  # type: ignore[arg-type]

    assert found(service="shop", resource=Resource.CPU) == [ours]
    assert found(service="mail") == [others[0]]
    assert found(metric=CostMetric.EFFECTIVE) == [others[1]]
    assert found(resource=Resource.MEMORY) == [others[2]]


def test_the_dearest_are_summed_over_days(session: Session) -> None:
    book_costs(
        session,
        *(cost("main", "0", "10"), cost("serve", "5", "9"), cost("gc", "1"), cost(None, "4")),
        *(cost("main", "0", "20", on=1), cost("serve", "2", "19", on=1), cost("parse", "9", on=1)),
    )

    by_self = dearest(session, limit=3)
    by_total = dearest(session, limit=2, by="total")

    assert named(by_self) == [("parse", "9", "9"), ("serve", "7", "28"), ("gc", "1", "1")]
    assert named(by_total) == [("main", "0", "30"), ("serve", "7", "28")]
    assert [(one.self_observations, one.total_observations, one.window) for one in by_self[1:2]] == [
        (7, 28, TWO_DAYS)
    ]


def test_observations_that_are_unknown_on_one_day_are_unknown_in_the_sum(session: Session) -> None:
    unknown = replace(cost("main", "1", on=1), self_observations=None)
    book_costs(session, cost("main", "1"), unknown)

    [one] = dearest(session)

    assert (one.self_observations, one.total_observations) == (None, 2)


def test_equal_costs_are_ordered_by_name_and_file(session: Session) -> None:
    names = ["b", "B", "a@2", "a@1", "é", "_"]
    book_costs(session, *(cost(name, "1") for name in names))

    found = dearest(session, limit=5)

    assert [one.function for one in found] == sorted(map(function, names))[:5]


def test_the_dearest_of_all_services_keep_their_service(session: Session) -> None:
    book_costs(session, cost("main", "1"), replace(cost("main", "3"), service="mail"))

    found = dearest(session, service=None)

    assert [(one.service, one.self_cost) for one in found] == [
        ("mail", Money.of("3")),
        ("shop", Money.of("1")),
    ]


def test_a_restated_day_is_read_and_the_past_is_not_changed(session: Session) -> None:
    book_costs(session, cost("main", "1"))
    for window in (hour(0), day()):
        record(session, window, ChargeState.FINAL)
    version = restate(session, hour(0), LATER)
    function_costs.replace(session, "shop", day(), [cost("main", "3")], version)

    for as_of, amount in ((None, "3"), (NOW, "1"), (LATER, "3")):
        assert named(function_costs.within(session, day(), as_of=as_of)) == [("main", amount, amount)]
        [one] = dearest(session, as_of=as_of)
        assert one.self_cost == Money.of(amount)


def test_the_hour_at_midnight_is_not_taken_for_the_day(session: Session) -> None:
    function_costs.replace(session, "shop", day(), [cost("main", "1")], 1)
    record(session, hour(0))

    assert function_costs.within(session, day()) == []


@pytest.mark.parametrize("window", [hour(0), Window(hour(1).start, hour(25).start)])
def test_function_costs_are_asked_for_by_whole_days(session: Session, window: Window) -> None:
    with pytest.raises(ValueError, match="is not whole days"):
        function_costs.within(session, window)


@pytest.mark.parametrize("wrong", [cost("main", "1", on=1), replace(cost("main", "1"), service="mail")])
def test_a_cost_of_something_else_is_refused(session: Session, wrong: FunctionCost) -> None:
    with pytest.raises(ValueError, match="is not one of shop"):
        function_costs.replace(session, "shop", day(), [wrong], 1)


def test_costs_are_kept_by_the_day(session: Session) -> None:
    with pytest.raises(ValueError, match="is not a day"):
        function_costs.replace(session, "shop", Window(day().start, day().start + timedelta(hours=25)), [], 1)


def test_a_function_is_kept_once_a_day(session: Session) -> None:
    with pytest.raises(IntegrityError):
        book_costs(session, cost("main", "1"), cost("main", "2"))


def test_self_and_total_are_of_one_currency(session: Session) -> None:
    with pytest.raises(CurrencyMismatch):
        book_costs(session, replace(cost("main", "1"), total_cost=Money.of("1", "EUR")))
