"""Prices and how they divide."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.domain.machine import MachineKind, Shape
from finops.domain.money import Money, Rate
from finops.domain.price import Price, PriceSplit

SINCE = datetime(2026, 7, 20, tzinfo=UTC)
PRICE = Price(
    kind=MachineKind("aws", "us-east-1", "c5.2xlarge"),
    currency="USD",
    hourly=Decimal("0.34"),
    shape=Shape(Decimal(8), 16384),
    valid_from=SINCE,
    source="catalogue",
    as_of=SINCE,
)
weights = st.integers(0, 10**15)


def split(cpu: int, memory: int, gpu: int) -> PriceSplit:
    return PriceSplit("p", "ratio", cpu, memory, gpu, "because")


def with_parts(**parts: str) -> Price:
    given: dict[str, Any] = {name: Decimal(text) for name, text in parts.items()}
    return replace(PRICE, **given)


@given(cpu=weights, memory=weights, gpu=weights, nanos=st.integers(-(10**24), 10**24))
def test_the_parts_add_up_to_the_price(cpu: int, memory: int, gpu: int, nanos: int) -> None:
    if not cpu + memory + gpu:
        cpu = 1

    parts = split(cpu, memory, gpu).parts(Money(nanos))

    assert sum(part.nanos for part in parts) == nanos
    assert [part.nanos for part, weight in zip(parts, (cpu, memory, gpu), strict=True) if not weight] == [
        0
    ] * ([cpu, memory, gpu].count(0))


@pytest.mark.parametrize("weights", [(0, 0, 0), (-1, 2, 0), (1, 1, -1)])
def test_a_split_that_divides_nothing_is_refused(weights: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="divides nothing"):
        split(*weights)


@pytest.mark.parametrize("hourly", ["0", "-1", "NaN", "Infinity"])
def test_nothing_and_less_is_no_price(hourly: str) -> None:
    with pytest.raises(ValueError, match=r"is not a price of c5\.2xlarge on-demand in aws us-east-1"):
        replace(PRICE, hourly=Decimal(hourly))


@pytest.mark.parametrize("rate", ["-0.1", "NaN"])
def test_a_rate_below_nothing_is_no_price_either(rate: str) -> None:
    with pytest.raises(ValueError, match="is not a price"):
        replace(PRICE, contracted=Decimal(rate))
    with pytest.raises(ValueError, match="is not a price"):
        replace(PRICE, effective=Decimal(rate))


def test_the_list_price_is_a_rate() -> None:
    assert PRICE.rate == Rate(Decimal("0.34"), "USD")


def test_the_same_price_has_the_same_id_however_it_is_written() -> None:
    written = replace(PRICE, hourly=Decimal("0.3400"), shape=Shape(Decimal("8.0"), 16384))

    assert written.id == PRICE.id
    assert replace(PRICE, as_of=SINCE.replace(day=21)).id == PRICE.id


@pytest.mark.parametrize("part", ["contracted", "effective", "vcpu_hourly", "gib_hourly", "gpu_hourly"])
def test_a_part_of_a_price_is_the_same_however_it_is_written(part: str) -> None:
    written, plain = (with_parts(**{part: text}) for text in ("0.10", "0.1"))

    assert written.id == plain.id != PRICE.id


def test_an_id_is_the_same_in_every_release() -> None:
    full = with_parts(
        contracted="0.3", effective="0.25", vcpu_hourly="0.03", gib_hourly="0.004", gpu_hourly="10"
    )

    assert PRICE.id == "6978b5bedafbca97"
    assert full.id == "9944dd5f2776dd54"


@pytest.mark.parametrize(
    "other",
    [
        replace(PRICE, hourly=Decimal("0.35")),
        replace(PRICE, currency="EUR"),
        replace(PRICE, source="fixed"),
        replace(PRICE, effective=Decimal("0.2")),
        replace(PRICE, contracted=Decimal("0.2")),
        replace(PRICE, vcpu_hourly=Decimal("0.2")),
        replace(PRICE, shape=Shape(Decimal(8), 16384, Decimal(1))),
        replace(PRICE, valid_from=SINCE.replace(day=21)),
        replace(PRICE, kind=replace(PRICE.kind, purchase_option="spot")),
        replace(PRICE, kind=replace(PRICE.kind, zone="us-east-1a")),
    ],
)
def test_another_price_has_another_id(other: Price) -> None:
    assert other.id != PRICE.id


def test_another_split_has_another_id_and_its_basis_is_only_words() -> None:
    assert len({split(9, 2, 0).id, split(2, 9, 0).id, split(92, 0, 0).id}) == 3
    assert replace(split(9, 2, 0), basis="other words").id == split(9, 2, 0).id
