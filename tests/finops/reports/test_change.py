from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import pytest
from sqlalchemy.orm import Session

from finops.costs.change import Verdict
from finops.domain.charge import Amounts, ChargeKind, CostMetric
from finops.domain.function import Function
from finops.domain.money import Money
from finops.domain.resource import Resource
from finops.domain.window import Window
from finops.errors import Incomplete, NotFound
from finops.reports import change, change_text
from finops.reports.change import Change
from tests.finops.reports.test_shown import HOSTILE
from tests.finops.storage.notation import book, book_costs, charge, cost, day, hour, record

BEFORE, AFTER = Window(day(0).start, day(6).end), Window(day(7).start, day(13).end)
# What a week's days cost; the second is a half of it, and a little more or less.
FIRST = ("10", "11", "10", "12", "11", "4", "4")
SECOND = ("5.1", "5.4", "5", "6.1", "5.4", "2", "2.1")
KINDS_UNKNOWN = (
    ChargeKind.NO_PROFILE,
    ChargeKind.OVER_CAPACITY,
    ChargeKind.BEYOND_RETENTION,
    ChargeKind.NO_PRICE,
)


def days(session: Session, amounts: Sequence[str]) -> None:
    """So much was used on each day, in its first hour; a part of it by `parse`. The ledger has both weeks."""
    record(session, hour(14 * 24 - 1), service="others")
    for on, amount in enumerate(amounts):
        book(session, charge(amount, at=24 * on), charge("1", at=24 * on, kind=ChargeKind.IDLE))
        parse = str(Decimal(amount) / 2)
        book_costs(session, cost("serve", parse, amount, on=on), cost("parse", parse, on=on))


@pytest.fixture
def shop(session: Session) -> Session:
    days(session, [*FIRST, *SECOND])
    return session


def verified(session: Session, **words: object) -> Change:
    return change.build(session, "shop", BEFORE, AFTER, currency="USD", **words)  # type: ignore[arg-type]


def test_half_the_cost_is_lower_and_unadjusted(shop: Session) -> None:
    found = verified(shop)

    assert found.verdict is Verdict.LOWER_UNADJUSTED
    assert found.before.sum == Money.of("62")
    assert found.before.mean == Money(8_857_142_857)
    assert found.relative is not None
    assert (
        Decimal("-0.52") < found.relative.low < found.relative.point < found.relative.high < Decimal("-0.47")
    )
    assert found.daily is not None
    assert found.monthly is not None
    assert abs(24 * found.monthly.point.nanos - 730 * found.daily.point.nanos) <= 730


def test_a_function_is_followed_with_all_that_it_calls(shop: Session) -> None:
    found = verified(shop, name="serve")

    assert found.subject.function == ("serve", "")
    assert found.before.sum == Money.of("62")
    assert found.verdict is Verdict.LOWER_UNADJUSTED


def test_more_is_higher(session: Session) -> None:
    days(session, [*SECOND, *FIRST])

    assert verified(session).verdict is Verdict.HIGHER_UNADJUSTED


def test_the_same_is_inconclusive(session: Session) -> None:
    days(session, [*FIRST, *FIRST[:5], "4.1", "3.9"])
    found = verified(session)

    assert found.verdict is Verdict.INCONCLUSIVE
    assert found.relative is not None


@pytest.mark.parametrize("kind", KINDS_UNKNOWN)
def test_a_day_of_which_a_part_is_unknown_is_not_cheap(shop: Session, kind: ChargeKind) -> None:
    amount = None if kind is ChargeKind.NO_PRICE else "1"
    book(shop, charge("5", at=24 * 8), charge(amount, at=24 * 8 + 1, kind=kind))
    found = verified(shop)

    assert (found.verdict, found.relative, found.after.sum) == (Verdict.INCONCLUSIVE, None, None)
    assert f"2026-11-10: part of it is {kind}" in found.reason
    assert found.before.sum == Money.of("62")


def test_an_hour_without_a_used_charge_makes_its_day_unknown(shop: Session) -> None:
    book(shop, charge("3", at=24 * 8 + 1, kind=ChargeKind.NO_HEAP_PROFILE))

    assert "2026-11-10: 1 hour has no used charge" in verified(shop).reason


def test_of_memory_too(session: Session) -> None:
    for on in range(14):
        book(session, charge(str(10 + on % 7), at=24 * on, resource=Resource.MEMORY))
    book(session, charge("9", at=24 * 3 + 5, resource=Resource.MEMORY, kind=ChargeKind.NO_HEAP_PROFILE))
    found = verified(session, resource=Resource.MEMORY)

    assert "2026-11-05: 1 hour has no used charge" in found.reason
    assert "No saving follows from a live heap" in found.notes[-1]


def test_a_day_without_any_charge_is_unknown(session: Session) -> None:
    days(session, [*FIRST, *SECOND[:6]])

    assert "2026-11-15: the ledger holds no charge" in verified(session).reason


def test_a_function_in_the_row_of_the_small_ones_is_unknown_that_day(shop: Session) -> None:
    book_costs(shop, cost("serve", "5", on=9), cost(None, "0.1", on=9))
    found = verified(shop, name="parse")

    assert found.verdict is Verdict.INCONCLUSIVE
    assert "2026-11-11: too small to be kept by name" in found.reason
    assert [each.cost for each in found.after.days][2] is None


def test_a_function_that_all_rows_of_a_day_leave_out_cost_nothing(shop: Session) -> None:
    book_costs(shop, cost("serve", "5", on=9))
    found = verified(shop, name="parse")

    assert [each.cost for each in found.after.days][2] == Money(0)
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "no ratio" in found.reason


def test_a_name_in_several_files_has_to_be_told_apart(shop: Session) -> None:
    book_costs(shop, cost("parse", "1"), replace(cost("parse", "2"), function=Function("parse", "b.py")))

    with pytest.raises(Incomplete, match="2 files"):
        verified(shop, name="parse")
    assert verified(shop, name="parse", file="b.py").before.days[0].cost == Money.of("2")


def test_an_unknown_function_is_named_with_what_is_close(shop: Session) -> None:
    with pytest.raises(NotFound, match="there is parse"):
        verified(shop, name="ars")


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_name_is_only_data(shop: Session, name: str) -> None:
    with pytest.raises(NotFound) as raised:
        verified(shop, name=name)
    assert str(raised.value).isprintable()
    assert len(str(raised.value)) < 300


def test_an_unknown_service_is_named(shop: Session) -> None:
    with pytest.raises(NotFound, match="there is shop"):
        change.build(shop, "shopp", BEFORE, AFTER, currency="USD")


def test_windows_of_different_length_are_refused(shop: Session) -> None:
    with pytest.raises(ValueError, match="same length"):
        change.build(shop, "shop", BEFORE, day(7), currency="USD")
    with pytest.raises(ValueError, match="must end before"):
        change.build(shop, "shop", BEFORE, Window(day(1).start, day(7).end), currency="USD")


def test_less_than_a_week_is_inconclusive(shop: Session) -> None:
    found = change.build(shop, "shop", day(0), day(7), currency="USD")

    assert found.verdict is Verdict.INCONCLUSIVE
    assert "at least 7" in found.reason


def test_a_metric_that_is_not_known_is_no_zero(shop: Session) -> None:
    found = verified(shop, metric=CostMetric.BILLED)

    assert found.verdict is Verdict.INCONCLUSIVE
    assert "no used charge with this cost" in found.reason


def test_another_currency_is_not_this_cost(shop: Session) -> None:
    book(shop, charge("9", at=24 * 8, amounts=Amounts(list=Money.of("9", "EUR")), currency="EUR"))

    assert verified(shop).verdict is Verdict.INCONCLUSIVE


def test_the_document_never_confirms(shop: Session) -> None:
    document = change_text.as_document(verified(shop))

    assert (document["verdict"], document["is_adjusted"], document["is_confirmed"]) == (
        "lower_unadjusted",
        False,
        False,
    )
    assert document["before"]["mean"] == "8.857142857"
    assert document["before"]["days"][0] == {"day": "2026-11-02", "cost": "10.000000000"}
    assert document["monthly"].keys() == {"point", "low", "high"}
    assert any("money is saved once machines go" in note for note in document["notes"])


def test_the_document_of_what_is_unknown_says_null_and_why(session: Session) -> None:
    days(session, [*FIRST, *SECOND[:6]])
    document = change_text.as_document(verified(session))

    assert (document["after"]["total"], document["relative"], document["monthly"]) == (None, None, None)
    assert document["after"]["days"][-1] == {
        "day": "2026-11-15",
        "cost": None,
        "why": "the ledger holds no charge",
    }


def test_text_shows_days_means_and_intervals(shop: Session) -> None:
    text = change_text.text(verified(shop))

    assert "lower, unadjusted: 7 days a side" in text
    assert "confirmed" not in text
    assert "a month of 730 h" in text
    assert "Mon 2026-11-02  $10.00  Mon 2026-11-09  $5.10" in text
    assert max(map(len, text.splitlines())) <= 110
    assert "14 hours are provisional" in text


def test_text_of_a_hostile_function_is_harmless(session: Session) -> None:
    for on in range(14):
        book(session, charge("1", at=24 * on))
        book_costs(session, replace(cost("f", "1", on=on), function=Function("\x1b[2J\u202ef\n" * 99, "")))
    text = change_text.text(verified(session, name="\x1b[2J\u202ef\n" * 99))

    assert all(line.isprintable() and len(line) <= 110 for line in text.splitlines())


def test_a_day_that_the_ledger_has_a_part_of_is_unknown_and_not_cheap(session: Session) -> None:
    for at in range(24 * 7 + 12):
        book(session, charge("1", at=at))

    made = change.build(
        session, "shop", Window(day(0).start, day(1).end), Window(day(6).start, day(7).end), currency="USD"
    )

    assert made.verdict is Verdict.INCONCLUSIVE
    assert "2026-11-09: not all of its hours are in the ledger" in made.reason


def test_the_plain_difference_stands_beside_the_mean_of_the_ratios(session: Session) -> None:
    days(session, FIRST + SECOND)

    made = change.build(session, "shop", BEFORE, AFTER, currency="USD")

    assert "it need not be the difference of the two means, which is -4.4142" in made.notes[0]
