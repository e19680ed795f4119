"""How a price divides into CPU, memory and GPU."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.costs.split import split_price
from finops.domain.money import Money
from finops.domain.price import Price
from finops.errors import ConfigError, Incomplete
from tests.finops.costs.notation import price

NATIVE = ("0.031611", "0.004237", None)


def test_aws_splits_nine_to_one_by_default() -> None:
    split = split_price(price())

    assert (split.method, split.cpu, split.memory, split.gpu) == ("aws-9to1", 9, 2, 0)
    assert not split.is_estimate
    assert [str(part) for part in split.parts(Money.of("0.34"))[:2]] == ["0.278181818 USD", "0.061818182 USD"]


def test_the_reference_fleet_has_the_cpu_part_that_the_readme_shows() -> None:
    cpu, memory, gpu = split_price(price()).parts(price().rate.cost_of(100 * 730 * 3600 * 10**9))

    assert (round(cpu.amount, 2), round(memory.amount, 2), gpu.nanos) == (
        Decimal("20307.27"),
        Decimal("4512.73"),
        0,
    )


def test_component_prices_of_a_cloud_come_first() -> None:
    split = split_price(
        price("n2-standard-4", "0.194236", vcpu="4", gib="16", cloud="gcp", components=NATIVE)
    )

    assert (split.method, split.is_estimate) == ("native", False)
    assert split.parts(Money.of("0.194236"))[0] == Money.of("0.126444")


def test_component_prices_are_scaled_to_a_price_that_they_do_not_add_up_to() -> None:
    split = split_price(price("n2", "1", vcpu="1", gib="1", cloud="gcp", components=("0.3", "0.1", None)))

    assert split.parts(Money.of("1"))[:2] == (Money.of("0.75"), Money.of("0.25"))


def test_a_cloud_without_weights_gets_opencosts_ratio_as_an_estimate() -> None:
    split = split_price(price("D4s_v5", "0.192", vcpu="4", gib="16", cloud="azure"))

    assert (split.method, split.is_estimate) == ("ratio:7.46", True)
    assert Fraction(split.cpu, split.memory) == Fraction("7.46") * 4 / 16


def test_native_refuses_a_price_without_components_and_names_the_machine() -> None:
    with pytest.raises(Incomplete, match=r"m5\.large .* names no vCPU price and no GiB price"):
        split_price(price("m5.large"), "native")
    with pytest.raises(Incomplete, match="names no GPU price"):
        split_price(price("a2", gpu="1", cloud="gcp", components=NATIVE), "native")


def test_native_weighs_a_gpu_too() -> None:
    split = split_price(price("a2", "3", vcpu="10", gib="100", gpu="1", components=("0.1", "0.01", "1")))

    assert split.parts(Money.of("3")) == (Money.of("1"), Money.of("1"), Money.of("1"))


def test_a_gpu_on_aws_is_what_is_left_of_the_price() -> None:
    split = split_price(price("g5.xlarge", "1.006", vcpu="4", gib="16", gpu="1"))

    assert (split.method, split.is_estimate) == ("aws-9to1+gpu-residual", True)
    assert split.parts(Money.of("1.006")) == (Money.of("0.16192"), Money.of("0.07112"), Money.of("0.77296"))


@pytest.mark.parametrize(("hourly", "currency"), [("0.2", "USD"), ("7", "CNY")])
def test_a_gpu_that_cannot_be_told_apart_gets_nothing_and_says_so(hourly: str, currency: str) -> None:
    split = split_price(price("g4", hourly, vcpu="4", gib="16", gpu="1", currency=currency))

    assert (split.method, split.gpu, split.is_estimate) == ("aws-9to1", 0, True)
    assert "GPU could not be told apart" in split.basis


def test_a_ratio_tells_no_gpu_apart() -> None:
    split = split_price(price("a2", gpu="1", cloud="gcp"))

    assert split.gpu == 0
    assert "GPU could not be told apart" in split.basis


def test_a_configured_ratio_is_used_as_written_and_named_without_trailing_zeros() -> None:
    split = split_price(price(vcpu="0.25", gib="0.5"), "ratio:10.50")

    assert (split.method, Fraction(split.cpu, split.memory)) == (
        "ratio:10.5",
        Fraction("10.5") * Fraction(1, 2),
    )


def test_nine_to_one_on_another_cloud_is_an_estimate() -> None:
    assert split_price(price(cloud="azure"), "aws-9to1").is_estimate


@pytest.mark.parametrize(
    "policy", ["open-cost", "ratio:", "ratio:0", "ratio:-1", "ratio:1e9", "ratio:nan", ""]
)
def test_an_unknown_policy_lists_those_there_are(policy: str) -> None:
    with pytest.raises(ConfigError, match="auto, native, aws-9to1, nnls, opencost, ratio:X"):
        split_price(price(), policy)


prices = st.builds(
    price,
    hourly=st.decimals("0.0001", "400", places=6).map(str),
    vcpu=st.sampled_from(["0.25", "1", "3", "96"]),
    gib=st.sampled_from(["0.5", "3.75", "7", "1536"]),
    gpu=st.sampled_from(["0", "0.125", "1", "8"]),
    cloud=st.sampled_from(["aws", "gcp"]),
    components=st.sampled_from([(None, None, None), NATIVE, ("0.03", "0.004", "2.9")]),
)


@given(
    one=prices,
    policy=st.sampled_from(["auto", "aws-9to1", "ratio:7.46"]),
    nanos=st.integers(-(10**30), 10**30),
)
def test_the_parts_add_up_to_the_price(one: Price, policy: str, nanos: int) -> None:
    split = split_price(one, policy)

    assert sum(part.nanos for part in split.parts(Money(nanos))) == nanos
    assert split.price_id == one.id
