"""What a list's prices were: the same, in whatever order its looks arrived."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.domain.price import Price
from finops.domain.price_list import PriceList
from finops.domain.window import parse_moment
from pricing.changes import Decision, Verdict
from pricing.history import admit, history
from tests.fakes.prices import kind, price

MAY = parse_moment("2026-05-01")


def look(on: int, *prices: str, **effective: str) -> PriceList:
    """A look so many days after the first of May: `c5.large 0.085`."""
    at = MAY + timedelta(days=on)
    listed = []
    for each in prices:
        machine_type, hourly = each.split()
        listed.append(replace(price(hourly, machine_type), valid_from=at, as_of=at))
    since = {kind(name.replace("_", ".")): parse_moment(day) for name, day in effective.items()}
    return PriceList("aws", "us-east-1", "aws-price-list", at, tuple(listed), since)


def told(prices: Iterable[Price]) -> list[tuple[str, str, int, int | None]]:
    """Type, price, and the days it held from and to."""

    def day(moment: datetime) -> int:
        return (moment - MAY).days

    return sorted(
        (
            each.kind.machine_type,
            f"{each.hourly}",
            day(each.valid_from),
            day(each.valid_to) if each.valid_to else None,
        )
        for each in prices
    )


def test_a_price_holds_from_the_look_that_saw_it_to_the_one_that_saw_another() -> None:
    looks = [look(0, "c5.large 1"), look(3, "c5.large 1"), look(5, "c5.large 2")]

    assert told(history(looks)) == [("c5.large", "1", 0, 5), ("c5.large", "2", 5, None)]


def test_a_late_look_splits_what_seemed_to_hold_throughout() -> None:
    looks = [look(0, "c5.large 1"), look(6, "c5.large 1"), look(3, "c5.large 2")]

    assert told(history(looks)) == [
        ("c5.large", "1", 0, 3),
        ("c5.large", "1", 6, None),
        ("c5.large", "2", 3, 6),
    ]


def test_a_machine_that_a_look_leaves_out_keeps_its_price() -> None:
    looks = [look(0, "c5.large 1", "m5.large 2"), look(3, "m5.large 2"), look(6, "c5.large 1")]

    assert told(history(looks)) == [("c5.large", "1", 0, None), ("m5.large", "2", 0, None)]


def test_only_the_first_price_is_believed_to_be_as_old_as_its_list_says() -> None:
    old = {"c5_large": "2026-04-01"}
    looks = [look(0, "c5.large 1", **old), look(3, "c5.large 2", **old)]

    assert told(history(looks)) == [("c5.large", "1", -30, 3), ("c5.large", "2", 3, None)]


def test_an_effective_date_in_the_future_is_not_believed() -> None:
    assert told(history([look(0, "c5.large 1", c5_large="2026-06-01")])) == [("c5.large", "1", 0, None)]


def arrived(looks: list[PriceList]) -> list[Price]:
    """What is stored after looks came in an order, each decided when it came; a person accepts all."""
    stored: list[Price] = []
    known: list[PriceList] = []
    for each in looks:
        newest = max((one.observed_at for one in known), default=None)
        decision = admit(
            each,
            stored,
            lambda: known,
            is_late=newest is not None and each.observed_at <= newest,
            accept=True,
        )
        changes = decision.admitted()
        gone = {one.id for one in (*changes.withdrawn, *(change.old for change in changes.changed))}
        stored = [one for one in stored if one.id not in gone] + list(changes.to_store)
        known.append(each)
    return stored


# Always listed, so that a machine more or less is no shrunken list.
ALWAYS = [f"f{number}.large 1" for number in range(8)]
seen = st.dictionaries(st.sampled_from(["c5.large", "m5.large"]), st.sampled_from("1234"))


@given(st.lists(seen, min_size=1, max_size=8).flatmap(lambda days: st.permutations(list(enumerate(days)))))
def test_any_order_of_arrival_ends_with_the_same_history(days: list[tuple[int, dict[str, str]]]) -> None:
    looks = [look(on, *ALWAYS, *(f"{name} {hourly}" for name, hourly in said.items())) for on, said in days]

    assert told(arrived(looks)) == told(history(looks))


def late(new: PriceList, *known: PriceList) -> Decision:
    return admit(new, history(known), lambda: known, is_late=True)


def test_a_late_look_is_compared_with_the_look_before_it_and_not_with_today() -> None:
    """Machines that were added since are no reason to refuse what was true then."""
    today = look(9, *(f"c{number}.large 1" for number in range(10)))

    assert late(look(0, "c1.large 1"), today).verdict is Verdict.ADMITTED
    shrunken = late(look(9 - 1, "c1.large 1"), look(5, *(f"c{n}.large 1" for n in range(10))), today)
    assert shrunken.verdict is Verdict.REFUSED
    assert "1 prices where 10 are stored" in shrunken.reasons[0]


def test_a_late_look_that_jumps_from_the_one_before_it_is_held() -> None:
    decision = late(look(3, "c5.large 9"), look(0, "c5.large 1"), look(6, "c5.large 1"))

    assert decision.verdict is Verdict.HELD
    assert "from 1 to 9" in decision.reasons[0]


def test_two_lists_of_one_moment_are_refused() -> None:
    decision = late(look(3, "c5.large 1.1"), look(3, "c5.large 1"))

    assert decision.verdict is Verdict.REFUSED
    assert "at that very moment" in decision.reasons[0]


@pytest.mark.parametrize("hourly", ["1.0", "1.000"])
def test_the_same_price_with_other_decimals_is_no_new_price(hourly: str) -> None:
    looks = [look(0, "c5.large 1"), look(3, f"c5.large {hourly}")]

    assert [each.hourly for each in history(looks)] == [Decimal(1)]
