from dataclasses import replace

import pytest
from sqlalchemy.orm import Session

from finops.domain.charge import ChargeKind
from finops.domain.function import Function
from finops.domain.money import Money, total
from finops.domain.resource import Resource
from finops.domain.window import Window
from finops.errors import Incomplete, NotFound
from finops.reports import service_compare, service_compare_text
from finops.reports.service_compare import Row, ServiceComparison
from tests.finops.reports.test_shown import HOSTILE
from tests.finops.storage.notation import book, book_costs, charge, cost, day

BEFORE, AFTER = Window(day(0).start, day(1).end), Window(day(2).start, day(3).end)


@pytest.fixture
def shop(session: Session) -> Session:
    """One function got cheaper, main calls everything, gone is gone; on each day something is too small."""
    for on in range(4):
        is_before = on < 2
        book(session, charge("200" if is_before else "120", at=24 * on))
        book_costs(
            session,
            cost("main", "0", "199" if is_before else "119", on=on),
            cost("serve", "99" if is_before else "98", on=on),
            cost("parse", "90" if is_before else "20", on=on),
            *([cost("gone", "10", on=on)] if is_before else []),
            cost(None, "1" if is_before else "2", on=on),
        )
    return session


def compared(session: Session, **words: object) -> ServiceComparison:
    return service_compare.build(session, "shop", BEFORE, AFTER, currency="USD", **words)  # type: ignore[arg-type]


def row(found: ServiceComparison, name: str) -> Row:
    return next(each for each in found.rows if each.function and each.function.name == name)


def test_the_largest_change_comes_first(shop: Session) -> None:
    found = compared(shop)

    assert [each.function.name for each in found.rows if each.function] == ["parse", "gone", "serve", "main"]
    assert row(found, "parse").change == Money.of("-140")
    assert row(found, "main").total_change == Money.of("-160")


def test_each_side_adds_up_to_what_was_used(shop: Session) -> None:
    for limit in (0, 1, 2):
        found = compared(shop, limit=limit)
        assert total(each.before.self_cost for each in found.rows) == Money.of("400")
        assert total(each.after.self_cost for each in found.rows) == Money.of("240")
        assert found.rows[-1].function is None


def test_an_interval_holds_zero_just_where_both_sides_overlap(shop: Session) -> None:
    found = compared(shop)
    parse, serve = row(found, "parse"), row(found, "serve")

    assert parse.could_be_noise is False
    assert parse.interval is not None
    assert parse.interval.low < parse.change < parse.interval.high < Money(0)
    assert serve.could_be_noise is True


def test_a_function_that_may_be_among_the_small_ones_is_marked(shop: Session) -> None:
    found = compared(shop)

    assert row(found, "gone").is_partial == (False, True)
    assert row(found, "parse").is_partial == (False, False)
    assert any("at least the one shown" in note for note in found.notes)
    assert "≥$0.00" in service_compare_text.text(found)


def test_it_always_points_to_the_verdict(shop: Session) -> None:
    assert "`finops change verify`" in service_compare_text.text(compared(shop))


def test_a_day_that_is_not_known_is_said(shop: Session) -> None:
    book(shop, charge("200"), charge("1", kind=ChargeKind.NO_PROFILE))

    assert any("2026-11-02: part of it is no_profile" in note for note in compared(shop).notes)


def test_hours_that_may_still_change_are_said(shop: Session) -> None:
    found = compared(shop)

    assert found.provisional_hours == 4
    assert "4 hours are provisional: sources may still bring more" in service_compare_text.text(found)
    assert service_compare_text.as_document(found)["provisional_hours"] == 4


def test_a_side_of_which_nothing_was_used_cannot_be_compared(shop: Session) -> None:
    with pytest.raises(Incomplete, match="nothing of the memory"):
        compared(shop, resource=Resource.MEMORY)
    with pytest.raises(NotFound, match="no service 'shop'"):
        service_compare.build(shop, "shop", BEFORE, Window(day(9).start, day(10).end), currency="USD")


def test_without_observations_nothing_is_called_noise(session: Session) -> None:
    for on in (0, 2):
        book(session, charge("5", at=24 * on))
        unknown = cost("serve", "5", on=on)
        book_costs(session, replace(unknown, self_observations=None, total_observations=None))
    found = compared(session)

    assert found.rows[0].could_be_noise is None
    assert service_compare_text.as_document(found)["functions"][0]["change"]["interval"] is None


def test_the_document_has_both_sides_and_the_change(shop: Session) -> None:
    document = service_compare_text.as_document(compared(shop, limit=1))
    parse, other = document["functions"]

    assert document["before"]["functions_self"] == "400.000000000"
    assert document["after"]["window"] == {"start": "2026-11-04T00:00:00Z", "end": "2026-11-06T00:00:00Z"}
    assert (parse["name"], parse["before"]["self"], parse["after"]["self"]) == (
        "parse",
        "180.000000000",
        "40.000000000",
    )
    assert parse["change"]["self"] == "-140.000000000"
    assert parse["before"]["is_partial"] is False
    assert (other["name"], other["change"]["total"]) == ("[other]", None)


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_name_neither_acts_nor_breaks_a_line(session: Session, name: str) -> None:
    for on in (0, 2):
        book(session, charge("5", at=24 * on))
        book_costs(session, replace(cost("f", "5", on=on), function=Function(name, "")))
    text = service_compare_text.text(compared(session), 120)

    assert all(line.isprintable() and len(line) <= 120 for line in text.splitlines())
