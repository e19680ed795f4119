"""What a vCPU and a GiB come to, held to the clouds' own figures."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.costs.fit import Fit, fits, generation_of
from finops.costs.split import fitted, split_price
from finops.domain.money import Money
from finops.domain.price import Price
from finops.errors import Incomplete
from pricing.catalogue import Catalogue
from tests.finops.costs.notation import price

AT = datetime(2026, 7, 20, tzinfo=UTC)
CATALOGUE = Catalogue()


def of(generation: str, prices: list[Price]) -> Fit:
    (found,) = [fit for fit in fits(prices, AT) if fit.generation == generation]
    return found


def google(core: str, ram: str, family: str = "n2") -> list[Price]:
    """Machines at exactly what Google lists for a core and a GiB."""
    shapes = [(f"{family}-{word}-{size}", size, size * gib) for size in (2, 4, 8) for word, gib in GOOGLE]
    return [
        price(
            name,
            format(Decimal(core) * vcpu + Decimal(ram) * gib, "f"),
            vcpu=str(vcpu),
            gib=str(gib),
            cloud="gcp",
        )
        for name, vcpu, gib in shapes
    ]


GOOGLE = (("highcpu", 1), ("standard", 4), ("highmem", 8))


@pytest.mark.parametrize(
    ("core", "ram"),
    [("0.031611", "0.004237"), ("0.040730", "0.005458"), ("0.037970", "0.005088")],
    ids=["us-central1", "europe-west3", "asia-south1"],
)
def test_googles_own_figures_come_back_to_the_last_digit(core: str, ram: str) -> None:
    fit = of("n2", google(core, ram))

    assert (fit.vcpu_hourly, fit.gib_hourly) == (Decimal(core), Decimal(ram))
    assert (fit.residual, fit.refused) == (Decimal(0), "")


@pytest.mark.parametrize(
    ("generation", "prices", "vcpu", "gib", "residual"),
    [
        ("5", 24, "0.035229", "0.003409", "1.80"),
        ("5a", 24, "0.031995", "0.002993", "2.25"),
        ("6i", 27, "0.035229", "0.003409", "1.80"),
        ("6a", 30, "0.031706", "0.003068", "1.80"),
        ("6g", 24, "0.028217", "0.002728", "1.63"),
        ("7i", 27, "0.036990", "0.003580", "1.80"),
        ("7a", 33, "0.042539", "0.004117", "1.81"),
        ("7g", 24, "0.030085", "0.002877", "1.94"),
        ("8g", 30, "0.033092", "0.003165", "1.94"),
    ],
)
def test_generations_of_aws_come_to_what_an_independent_fit_found(
    generation: str, prices: int, vcpu: str, gib: str, residual: str
) -> None:
    fit = of(generation, CATALOGUE.current())

    assert fit.prices == prices
    assert f"{fit.vcpu_hourly:.6f}" == vcpu
    assert f"{fit.gib_hourly:.6f}" == gib
    assert f"{fit.residual * 100:.2f}" == residual
    assert fit.refused == ""


def test_a_generation_that_does_not_fit_is_refused_and_divides_nothing() -> None:
    fit = of("4", CATALOGUE.current())
    assert fit.refused == "a price is off by 7.20 %"

    with pytest.raises(Incomplete, match=r"refused: a price is off by 7\.20 %"):
        fitted(CATALOGUE.machine("c4.large"), [fit])
    split = split_price(CATALOGUE.machine("c4.large"), "nnls", [fit])
    assert (split.method, split.is_estimate) == ("aws-9to1", True)
    assert "by nnls it cannot be" in split.basis


@pytest.mark.parametrize(
    ("machines", "why"),
    [
        (google("0.03", "0.004")[:5], "5 prices are too few"),
        (
            [each for each in google("0.03", "0.004") * 2 if "standard" in each.kind.machine_type],
            "same shape",
        ),
        (google("0.03", "0.03"), "as much as 1.00 GiB"),
        (google("0.03", "0.001"), "as much as 30.00 GiB"),
    ],
)
def test_the_gate_says_why(machines: list[Price], why: str) -> None:
    assert why in of("n2", machines).refused


@pytest.mark.parametrize(
    "name", ["t3.large", "m5d.large", "c5.metal", "x2gd.large", "i3.large", "z1d.large", "p5.48xlarge", "m5"]
)
def test_machines_that_are_not_plain_are_of_no_generation(name: str) -> None:
    assert generation_of("aws", name) == ""


def test_a_share_of_cpu_never_rises_with_memory() -> None:
    known = fits(CATALOGUE.current(), AT)
    shares = []
    for name in ("c5.xlarge", "m5.xlarge", "r5.xlarge"):
        split = split_price(replace(CATALOGUE.machine(name), as_of=AT), "nnls", known)
        shares.append(Fraction(split.cpu, split.cpu + split.memory + split.gpu))

    assert shares == sorted(shares, reverse=True)
    assert [f"{float(share):.3f}" for share in shares] == ["0.838", "0.721", "0.564"]


@given(st.integers(1, 10**6))
def test_twice_the_prices_are_twice_the_parts_and_the_same_shares(times: int) -> None:
    one = of("n2", google("0.031611", "0.004237"))
    many = of("n2", [replace(each, hourly=each.hourly * times) for each in google("0.031611", "0.004237")])

    assert (many.vcpu_hourly, many.gib_hourly) == (one.vcpu_hourly * times, one.gib_hourly * times)


@given(st.sampled_from(CATALOGUE.current()), st.integers(1, 10**15))
def test_parts_by_any_policy_add_up_to_the_whole(of_one: Price, nanos: int) -> None:
    for policy in ("auto", "aws-9to1", "nnls", "opencost", "ratio:7.46"):
        try:
            split = split_price(replace(of_one, as_of=AT), policy, ALL)
        except Incomplete:
            continue
        assert sum(part.nanos for part in split.parts(Money(nanos))) == nanos


ALL = fits(CATALOGUE.current(), AT)


def test_a_split_by_a_fit_keeps_how_well_it_fitted() -> None:
    split = split_price(replace(CATALOGUE.machine("m5.xlarge"), as_of=AT), "nnls", ALL)

    assert split.residual is not None
    assert f"{split.residual:.4f}" == "0.0180"
    assert "0.0352" in split.basis
