import pytest

from finops.domain.window import parse_moment
from finops.errors import ConfigError
from pricing.fixed import FixedPrices
from tests.fakes.prices import kind, price

AT = parse_moment("2026-11-02")


def test_the_price_of_the_configuration_is_found() -> None:
    fixed = FixedPrices([price("0.21", "own.large")])

    assert fixed.find(kind("own.large"), AT) == price("0.21", "own.large")
    assert fixed.find(kind("other.large"), AT) is None


def test_it_gives_its_prices_by_region() -> None:
    here, there = price(of=kind(region="us-east-1")), price(of=kind(region="eu-west-1"))
    fixed = FixedPrices([here, there], name="contract")

    assert fixed.name == "contract"
    assert fixed.prices(["eu-west-1"]) == [there]
    assert set(fixed.prices([])) == {here, there}
    assert fixed.prices(["sa-east-1"]) == []


def test_prices_one_after_another_are_fine() -> None:
    FixedPrices([price("0.3", since="2026-10-01", until="2026-11-01"), price("0.34", since="2026-11-01")])


def test_two_prices_at_once_are_a_mistake_of_the_configuration() -> None:
    with pytest.raises(
        ConfigError, match=r"c5\.2xlarge on-demand in aws us-east-1 has two prices at once: 0\.3"
    ):
        FixedPrices([price("0.3", since="2026-10-01"), price("0.34", since="2026-11-01")])
