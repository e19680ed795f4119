from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.domain.machine import Shape
from finops.domain.price import Price
from finops.domain.window import moment_text, parse_moment
from finops.errors import GateRefused
from pricing.changes import Change, Changes, Decision, Verdict
from pricing.gate import GateRules, gate
from tests.fakes.prices import kind, price

BEFORE, NOW = "2026-11-01", "2026-11-20"


def stored(count: int = 10) -> list[Price]:
    """Prices of machines of unlike families, so that none has siblings."""
    return [price(str(number), f"f{number}.large", since=BEFORE) for number in range(1, count + 1)]


def fetched(count: int = 10) -> list[Price]:
    return [replace(each, valid_from=parse_moment(NOW)) for each in stored(count)]


def with_price(prices: list[Price], index: int, hourly: str) -> list[Price]:
    return [replace(each, hourly=Decimal(hourly)) if at == index else each for at, each in enumerate(prices)]


def refused(decision: Decision) -> str:
    assert decision.verdict is Verdict.REFUSED
    assert decision.changes == Changes()
    return "; ".join(decision.reasons)


def test_a_list_that_says_the_same_changes_nothing() -> None:
    decision = gate(stored(), fetched())

    assert decision == Decision(Verdict.ADMITTED, (), Changes(unchanged=tuple(stored())))
    assert decision.admitted() is decision.changes


def test_a_first_list_is_all_new() -> None:
    assert gate((), fetched()).admitted() == Changes(new=tuple(fetched()))


def test_a_new_value_closes_the_old_where_it_begins() -> None:
    old, new = stored()[0], with_price(fetched(), 0, "1.2")[0]

    changes = gate(stored(), with_price(fetched(), 0, "1.2")).admitted()

    assert changes.changed == (Change(replace(old, valid_to=new.valid_from), new),)
    assert changes.unchanged == tuple(stored()[1:])
    assert changes.changed[0].ratio == Decimal("1.2")


def test_a_new_shape_at_the_same_price_is_a_change() -> None:
    regrown = [replace(fetched()[0], shape=Shape(Decimal(8), 32768)), *fetched()[1:]]

    assert len(gate(stored(), regrown).admitted().changed) == 1


def test_the_same_price_with_other_decimals_is_the_same() -> None:
    assert gate(stored(), with_price(fetched(), 0, "1.0000000000")).changes.changed == ()


def test_a_price_that_is_missing_stays_open() -> None:
    changes = gate(stored(), fetched(8)).admitted()

    assert changes.absent == tuple(stored()[8:])
    assert all(each.valid_to is None for each in changes.absent)


def test_a_price_already_closed_is_not_compared() -> None:
    closed = price("9", "f1.large", since="2026-01-01", until="2026-11-01")

    assert gate([closed, *stored()], fetched()).admitted().changed == ()


def test_an_empty_list_is_refused() -> None:
    assert refused(gate((), ())) == "the list is empty"
    assert "the list is empty" in refused(gate(stored(), ()))


def test_a_list_that_lost_a_fifth_is_still_a_list() -> None:
    assert gate(stored(), fetched(8)).verdict is Verdict.ADMITTED
    assert refused(gate(stored(), fetched(7))) == ("the list has 7 prices where 10 are stored, less than 80%")


def test_two_prices_of_one_kind_are_refused_with_both() -> None:
    twice = [*fetched(), price("1.06", "f1.large", since=NOW, sku="DEDICATED")]

    assert refused(gate(stored(), twice)) == (
        "f1.large on-demand in aws us-east-1 has two prices: 1 USD (8 vCPU, 16384 MiB) "
        "and 1.06 USD (8 vCPU, 16384 MiB, sku DEDICATED)"
    )


def test_one_price_told_twice_is_one_price() -> None:
    assert gate(stored(), [*fetched(), fetched()[0]]).verdict is Verdict.ADMITTED


@pytest.mark.parametrize(
    ("region", "currency", "expected"),
    [("us-east-1", "CNY", "USD"), ("us-east-1", "usd", "USD"), ("cn-north-1", "USD", "CNY")],
)
def test_a_price_in_the_wrong_currency_is_refused(region: str, currency: str, expected: str) -> None:
    told = price("1", kind("f1.large", region), since=NOW, currency=currency)

    assert refused(gate((), [told])) == (
        f"f1.large on-demand in aws {region} is priced in {currency}, its region in {expected}"
    )


def test_china_in_yuan_is_admitted() -> None:
    assert gate((), [price("1", kind("f1.large", "cn-north-1"), currency="CNY")]).verdict is Verdict.ADMITTED


@pytest.mark.parametrize("amount", ["0", "-0.1", "NaN"])
def test_no_amount_may_be_zero_or_less(amount: str) -> None:
    told = replace(fetched(1)[0], vcpu_hourly=Decimal(amount))

    assert f"has {amount} as its price vcpu_hourly" in refused(gate((), [told]))


def test_a_list_of_two_regions_or_sources_is_refused() -> None:
    other = price("1", kind("f1.large", "us-east-2"), since=NOW)

    assert refused(gate((), [*fetched(1), other])) == (
        "one list is of one region and source, not of aws us-east-1 from aws-price-list "
        "and aws us-east-2 from aws-price-list"
    )


def test_a_clock_that_went_back_is_refused() -> None:
    earlier = [
        replace(each, valid_from=parse_moment("2026-10-01")) for each in with_price(fetched(), 0, "1.1")
    ]

    assert "did the clock go back?" in refused(gate(stored(), earlier))
    assert gate(stored(), [replace(each, valid_from=parse_moment(BEFORE)) for each in fetched()]).admitted()


@pytest.mark.parametrize(
    ("hourly", "verdict"), [("1.6", "admitted"), ("1.61", "held"), ("0.4", "admitted"), ("0.39", "held")]
)
def test_a_great_change_is_held(hourly: str, verdict: str) -> None:
    decision = gate(stored(), with_price(fetched(), 0, hourly))

    assert decision.verdict == verdict
    if verdict == "held":
        assert decision.reasons == (
            f"f1.large on-demand in aws us-east-1 went from 1 to {hourly}, by more than 60%",
        )
        assert len(decision.changes.changed) == 1


def test_many_changes_at_once_are_held() -> None:
    two = with_price(with_price(fetched(), 0, "1.1"), 1, "2.1")

    assert gate(stored(), two).verdict is Verdict.ADMITTED
    held = gate(stored(), with_price(two, 2, "3.1"))
    assert (held.verdict, held.reasons) == (Verdict.HELD, ("3 of 10 prices changed, more than 20%",))


def test_what_is_held_is_not_stored_and_says_why() -> None:
    with pytest.raises(GateRefused, match=r"prices held: f1\.large .* went from 1 to 9, by more than 60%"):
        gate(stored(), with_price(fetched(), 0, "9")).admitted()


def test_a_person_may_let_in_what_is_held_and_the_reason_stays() -> None:
    decision = gate(stored(), with_price(fetched(), 0, "9"), accept=True)

    assert decision.verdict is Verdict.ADMITTED
    assert len(decision.reasons) == 1
    assert decision.admitted().changed[0].new.hourly == 9


def test_nobody_lets_in_what_is_refused() -> None:
    with pytest.raises(GateRefused, match="prices refused: the list is empty"):
        gate((), (), accept=True).admitted()


def test_a_list_out_of_line_is_held() -> None:
    line = [
        price(
            str(Decimal("0.17") * size),
            f"c{family}.{size}xlarge",
            since=NOW,
            shape=Shape(Decimal(4 * size), 8192 * size),
        )
        for family in range(6)
        for size in range(1, 5)
    ]
    dedicated = [
        price("0.7208", f"c{family}.metal", since=NOW, shape=Shape(Decimal(16), 32768)) for family in range(6)
    ]

    assert gate((), line).verdict is Verdict.ADMITTED
    decision = gate((), [*line, *dedicated])
    assert decision.verdict is Verdict.HELD
    assert "are they all of shared tenancy?" in decision.reasons[0]


def test_the_rules_are_the_callers() -> None:
    rules = GateRules(least_share_of_stored=Decimal("0.5"), greatest_change=Decimal(10))

    assert gate(stored(), with_price(fetched(6), 0, "9"), rules).verdict is Verdict.ADMITTED


def test_the_first_price_of_a_kind_holds_from_when_its_list_says() -> None:
    new = fetched(1)[0]
    effective = {new.kind: parse_moment("2026-10-01")}

    assert gate((), [new], effective=effective).admitted().new[0].valid_from == parse_moment("2026-10-01")


def test_a_kind_that_had_a_price_is_not_backdated() -> None:
    new = fetched(1)[0]
    effective = {new.kind: parse_moment("2026-10-01")}
    closed = price("1", new.kind, since="2026-01-01", until="2026-02-01")

    assert gate([closed], [new], effective=effective).admitted().new == (new,)
    changed = gate(stored(10), with_price(fetched(10), 0, "1.1"), effective=effective).admitted().changed
    assert changed[0].new.valid_from == parse_moment(NOW)


def test_a_list_that_says_the_future_is_not_believed() -> None:
    new = fetched(1)[0]

    assert gate((), [new], effective={new.kind: parse_moment("2027-01-01")}).admitted().new == (new,)


hourlies = st.dictionaries(st.integers(1, 30), st.decimals("0.01", "100", places=4), min_size=1, max_size=30)


@given(hourlies, hourlies)
def test_every_price_is_accounted_for_once_and_a_rerun_changes_nothing(
    old: dict[int, Decimal], new: dict[int, Decimal]
) -> None:
    def priced(hourly: dict[int, Decimal], since: str) -> list[Price]:
        return [price(str(amount), f"f{number}.large", since=since) for number, amount in hourly.items()]

    decision = gate(priced(old, BEFORE), priced(new, NOW), accept=True)
    if decision.verdict is Verdict.REFUSED:
        assert len(new) < Decimal("0.8") * len(old)
        return
    changes = decision.admitted()

    assert len(changes.new) + len(changes.changed) + len(changes.unchanged) == len(new)
    assert len(changes.absent) + len(changes.changed) + len(changes.unchanged) == len(old)
    after = [*changes.to_store, *changes.unchanged, *changes.absent]
    again = gate(after, priced(new, "2026-11-21"), accept=True)
    assert (again.changes.new, again.changes.changed) == ((), ())
    assert all(
        moment_text(change.old.valid_to) == "2026-11-20T00:00:00Z"
        for change in changes.changed
        if change.old.valid_to
    )
