"""Price lists as files: exact, canonical, and hostile until checked."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.domain.machine import Shape
from finops.domain.price_list import PriceList
from finops.errors import BrokenInput
from finops.formats.price_list import FORMAT, body_of, read, write
from tests.fakes.prices import kind, price

AT = datetime(2026, 11, 20, tzinfo=UTC)


def one(**words: object) -> PriceList:
    made = replace(price("0.3400000001"), valid_from=AT, as_of=AT, **words)  # type: ignore[arg-type]
    return PriceList("aws", "us-east-1", "aws-price-list", AT, (made,))


def line(**said: object) -> bytes:
    head = {
        "format": FORMAT,
        "cloud": "aws",
        "region": "us-east-1",
        "source": "s",
        "observed_at": "2026-11-20",
    }
    row = {"machine_type": "c5.large", "currency": "USD", "hourly": "0.085", "vcpu": "2", "memory_mib": 4096}
    return json.dumps(head).encode() + b"\n" + json.dumps({**row, **said}).encode() + b"\n"


def test_a_list_comes_back_as_it_was() -> None:
    full = one(
        kind=kind("c5.large", zone="use1-az1", account="4711", purchase_option="spot"),
        contracted=Decimal("0.3"),
        vcpu_hourly=Decimal("0.0000000001"),
        shape=Shape(Decimal("0.25"), 512, Decimal("0.5")),
        sku="ABC",
        is_estimate=True,
    )
    full = replace(full, effective={full.prices[0].kind: AT}, published=AT, version="7")

    assert read(write(full), "it") == full


@given(st.permutations(range(6)))
def test_the_same_prices_give_the_same_bytes_in_any_order(order: list[int]) -> None:
    prices = [replace(price(str(number + 1), f"c5.{number}xlarge"), valid_from=AT) for number in range(6)]
    looks = PriceList("aws", "us-east-1", "s", AT, tuple(prices))

    assert body_of(replace(looks, prices=tuple(prices[at] for at in order))) == body_of(looks)


def test_the_digest_does_not_change_with_the_day_it_was_seen() -> None:
    assert (
        body_of(one()).digest == body_of(replace(one(), observed_at=datetime(2027, 1, 1, tzinfo=UTC))).digest
    )


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"hourly": "NaN"}, "no number"),
        ({"hourly": "Infinity"}, "no number"),
        ({"hourly": "1e400"}, "no number"),
        ({"hourly": " 0.1 "}, "no number"),
        ({"hourly": "0,10"}, "no number"),
        ({"hourly": 0.085}, "no number in text"),
        ({"hourly": "-0.1"}, "not a price"),
        ({"hourly": "0"}, "not a price"),
        ({"hourly": "1" * 40}, "no number"),
        ({"currency": "usd"}, "no currency"),
        ({"currency": "DOLLARS"}, "no currency"),
        ({"vcpu": "0"}, "no machine"),
        ({"memory_mib": "4096"}, "no whole number"),
        ({"memory_mib": True}, "no whole number"),
        ({"machine_type": ""}, "no word"),
        ({"machine_type": "x" * 200}, "no word"),
        ({"colour": "red"}, "there is no column colour"),
        ({"since": "yesterday"}, "yesterday"),
    ],
    ids=str,
)
def test_what_is_no_price_is_refused_with_its_line(said: dict[str, object], why: str) -> None:
    with pytest.raises(BrokenInput, match=rf"it: line 2: .*{why}"):
        read(line(**said), "it")


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b"\xff\xfe", b"{" * 100_000, b"flamebill"])
def test_what_is_no_list_is_refused(data: bytes) -> None:
    with pytest.raises(BrokenInput):
        read(data, "it")


def test_a_file_that_was_cut_or_changed_is_refused() -> None:
    with pytest.raises(BrokenInput, match="not those that its head digests"):
        read(write(one())[:-2], "it")


def test_a_fraction_of_a_gpu_is_fine() -> None:
    (found,) = read(line(gpu="0.125"), "it").prices

    assert found.shape.gpu == Decimal("0.125")
