from dataclasses import replace

import pytest
from sqlalchemy.orm import Session

from finops.domain.charge import CostMetric
from finops.domain.function import Function
from finops.domain.money import Money, total
from finops.domain.resource import Resource
from finops.domain.window import Window
from finops.errors import Incomplete, NotFound
from finops.reports import service_functions, service_functions_text
from finops.reports.service_functions import ServiceFunctions
from tests.finops.reports.test_shown import HOSTILE
from tests.finops.storage.notation import MONDAY, book, book_costs, charge, cost, day

WEEK = Window(MONDAY, day(6).end)


@pytest.fixture
def shop(session: Session) -> Session:
    book(session, charge("20"))
    monday = [cost("main", "0", "10"), cost("serve", "7", "9"), cost(None, "3")]
    tuesday = [cost("main", "0", "10", on=1), cost("serve", "6", on=1), cost(None, "1", on=1)]
    other = replace(cost("serve", "3", on=1), function=Function("serve", "b.py"))
    book_costs(session, *monday, *tuesday, other, replace(cost("cache", "2"), resource=Resource.MEMORY))
    return session


def found(session: Session, service: str = "shop", **words: object) -> ServiceFunctions:
    return service_functions.build(session, service, WEEK, currency="USD", **words)  # type: ignore[arg-type]


def test_listed_and_rest_are_all_that_was_used(shop: Session) -> None:
    cpu, memory = found(shop, limit=1).resources

    assert cpu.self_cost == Money.of("20")
    assert cpu.rest is not None
    assert total([*(line.self_cost for line in cpu.listed), cpu.rest.self_cost]) == cpu.self_cost
    assert [line.function for line in cpu.listed] == [("serve", "")]
    assert (cpu.functions, memory.self_cost) == (3, Money.of("2"))


def test_sorted_by_total_what_calls_comes_first(shop: Session) -> None:
    (cpu,) = found(shop, resources=[Resource.CPU], sort="total").resources

    assert [line.function.name for line in cpu.listed if line.function] == ["main", "serve", "serve"]


@pytest.mark.parametrize(("by", "names"), [("name", ["serve", "main"]), ("file", ["<unknown>", "b.py"])])
def test_what_is_added_up_by_something_else_has_self_costs_only(
    shop: Session, by: service_functions.Grouping, names: list[str]
) -> None:
    (cpu,) = found(shop, resources=[Resource.CPU], by=by).resources

    assert [line.function.name for line in cpu.listed if line.function] == names
    assert all(line.total_cost is None and line.total_interval is None for line in cpu.listed)
    assert cpu.self_cost == Money.of("20")


def test_totals_are_never_added_up(shop: Session) -> None:
    with pytest.raises(Incomplete, match="totals overlap"):
        found(shop, by="name", sort="total")


@pytest.mark.parametrize("name", ["shops", "", *HOSTILE.values()])
def test_an_unknown_service_is_named_with_those_there_are(shop: Session, name: str) -> None:
    with pytest.raises(NotFound, match="there is shop") as raised:
        found(shop, name)

    assert len(str(raised.value)) < 300
    assert str(raised.value).isprintable()


def test_of_another_window_it_knows_nothing(shop: Session) -> None:
    with pytest.raises(NotFound, match="nor any other"):
        service_functions.build(shop, "shop", day(20), currency="USD")


def test_a_metric_without_costs_has_no_functions(shop: Session) -> None:
    (cpu, _) = found(shop, metric=CostMetric.BILLED).resources

    assert (cpu.functions, cpu.listed, cpu.rest) == (0, (), None)


def test_the_document_adds_up_and_ends_with_the_rest(shop: Session) -> None:
    document = service_functions.as_document(found(shop, resources=[Resource.CPU], limit=1))

    assert document["functions_self"] == {"cpu": "20.000000000"}
    assert [(each["name"], each["self"]) for each in document["functions"]] == [
        ("serve", "13.000000000"),
        ("[other]", "7.000000000"),
    ]
    assert document["functions"][1]["total"] is None


def test_text_says_how_much_of_it_is_listed(shop: Session) -> None:
    text = service_functions_text.text(found(shop, resources=[Resource.CPU], limit=1))

    assert "cpu: $20.00 used; 1 of 3 functions with $13.00 of it" in text
    assert "[other] the other 2, and whatever is too small to be kept by name" in text


def test_two_functions_of_one_name_are_told_apart(shop: Session) -> None:
    assert "serve (b.py)" in service_functions_text.text(found(shop))


def test_text_of_a_service_without_functions_says_where_to_look(session: Session) -> None:
    book(session, charge("20"))

    assert "`finops report weekly` says why" in service_functions_text.text(found(session))


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_name_neither_acts_nor_breaks_a_line(session: Session, name: str) -> None:
    book(session, charge("1"))
    book_costs(session, replace(cost("f", "1"), function=Function(name, name[:900])))
    for by in service_functions.GROUPINGS:
        text = service_functions_text.text(found(session, by=by), 100)
        assert all(line.isprintable() and len(line) <= 100 for line in text.splitlines())
