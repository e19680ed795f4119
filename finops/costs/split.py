"""How a machine's price divides into CPU, memory and GPU, by a named policy.

The rule that must not be broken: the weights are whole numbers, so that the parts of any amount add
up to it. A list price names no parts (but on clouds that publish them): every division is an
opinion, and is stored with its name and its basis.
"""

import re
from decimal import Decimal
from fractions import Fraction
from math import gcd, lcm

from finops.domain.money import exact_decimal
from finops.domain.price import Price, PriceSplit
from finops.errors import ConfigError, Incomplete

POLICIES = ("auto", "native", "aws-9to1", "ratio:X")

# AWS Fargate, us-east-1, Linux, list: the prices that AWS names as the origin of its 9 : 1.
FARGATE_VCPU_HOURLY = Fraction("0.04048")
FARGATE_GIB_HOURLY = Fraction("0.004445")

# 0.031611 / 0.004237, the defaults of OpenCost, themselves Google's n1 and n2 in us-central1.
OPENCOST_RATIO = Decimal("7.46")

MIB_PER_GIB = 1024
_RATIO = re.compile(r"ratio:(?P<ratio>[0-9]{1,6}(\.[0-9]{1,6})?)")


def split_price(price: Price, policy: str = "auto") -> PriceSplit:
    """How a price divides by a policy; the parts of any amount add up to it, to the nano.

    `native` weighs by the component prices that the cloud publishes; `aws-9to1` by nine parts a vCPU
    to one part a GiB, a GPU being what is left of the price; `ratio:X` by X to 1. `auto` is the
    first of native, aws-9to1 on AWS, and OpenCost's ratio.

    Raises:
        ConfigError: there is no such policy.
        Incomplete: `native`, and the price has not every component of the machine.
    """
    if policy == "auto":
        return _auto(price)
    if policy == "native":
        return _native(price)
    if policy == "aws-9to1":
        return _nine_to_one(price)
    if match := _RATIO.fullmatch(policy):
        ratio = exact_decimal(match["ratio"])
        if ratio > 0:
            return _ratio(price, ratio, "the configured ratio of a vCPU to a GiB")
    raise ConfigError(
        f"{policy!r} is no way to split a price: give one of {', '.join(POLICIES)}"
        " (X parts a vCPU to one a GiB, above zero, as ratio:7.46)"
    )


def _auto(price: Price) -> PriceSplit:
    if not _missing(price):
        return _native(price)
    if price.kind.cloud == "aws":
        return _nine_to_one(price)
    return _ratio(price, OPENCOST_RATIO, "OpenCost's default ratio of a vCPU to a GiB")


def _native(price: Price) -> PriceSplit:
    if missing := _missing(price):
        raise Incomplete(f"the price of {price.kind} names no {' and no '.join(missing)} to split it by")
    shape = price.shape
    basis = f"component prices published by {price.kind.cloud}"
    vcpu, gib, gpu = (Fraction(part or 0) for part in (price.vcpu_hourly, price.gib_hourly, price.gpu_hourly))
    weights = Fraction(shape.vcpu) * vcpu, _gib(price) * gib, Fraction(shape.gpu) * gpu
    return _split(price, "native", weights, basis)


def _missing(price: Price) -> list[str]:
    """The components that the machine has and its price does not name."""
    parts = {"vCPU price": price.vcpu_hourly, "GiB price": price.gib_hourly}
    if price.shape.gpu:
        parts["GPU price"] = price.gpu_hourly
    return [name for name, part in parts.items() if part is None or not (part.is_finite() and part > 0)]


def _nine_to_one(price: Price) -> PriceSplit:
    basis = "9 : 1 per vCPU : GiB, as the split cost allocation of AWS"
    weights = 9 * Fraction(price.shape.vcpu), _gib(price)
    if not price.shape.gpu:
        is_published = price.kind.cloud == "aws"
        return _split(price, "aws-9to1", (*weights, Fraction(0)), basis, is_estimate=not is_published)
    cpu, memory = Fraction(price.shape.vcpu) * FARGATE_VCPU_HOURLY, _gib(price) * FARGATE_GIB_HOURLY
    residual = Fraction(price.hourly) - cpu - memory
    # The list rates are dollars: against a price in another currency the residual would say nothing.
    if residual <= 0 or price.currency != "USD":
        basis += "; the GPU could not be told apart and is within them"
        return _split(price, "aws-9to1", (*weights, Fraction(0)), basis, is_estimate=True)
    basis = (
        "vCPUs and GiB at the AWS Fargate list rates in us-east-1 (0.04048 and 0.004445 an hour), from which"
        " 9 : 1 comes; the GPU is the rest of the price"
    )
    return _split(price, "aws-9to1+gpu-residual", (cpu, memory, residual), basis, is_estimate=True)


def _ratio(price: Price, ratio: Decimal, basis: str) -> PriceSplit:
    if price.shape.gpu:
        basis += "; the GPU could not be told apart and is within them"
    weights = Fraction(ratio) * Fraction(price.shape.vcpu), _gib(price), Fraction(0)
    text = format(ratio.normalize(), "f")
    return _split(price, f"ratio:{text}", weights, f"{text} : 1 per vCPU : GiB, {basis}", is_estimate=True)


def _split(
    price: Price, method: str, weights: tuple[Fraction, ...], basis: str, *, is_estimate: bool = False
) -> PriceSplit:
    """The smallest whole numbers in proportion to the weights."""
    scale = lcm(*(weight.denominator for weight in weights))
    whole = [int(weight * scale) for weight in weights]
    cpu, memory, gpu = (weight // gcd(*whole) for weight in whole)
    return PriceSplit(price.id, method, cpu, memory, gpu, basis, is_estimate)


def _gib(price: Price) -> Fraction:
    return Fraction(price.shape.memory_mib, MIB_PER_GIB)
