"""How a machine's price divides into CPU, memory and GPU, by a named policy.

The rule that must not be broken: the weights are whole numbers, so that the parts of any amount add
up to it. A list price names no parts (but on clouds that publish them): every division is an
opinion, and is stored with its name and its basis.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from math import gcd, lcm

from finops.costs.fit import Fit, find_fit
from finops.costs.hosts import disk_hourly, host_type
from finops.domain.money import exact_decimal, rounded
from finops.domain.price import Price, PriceSplit
from finops.errors import ConfigError, Incomplete

POLICIES = ("auto", "native", "aws-9to1", "nnls", "opencost", "ratio:X")

# AWS Fargate, us-east-1, Linux, list: the prices that AWS names as the origin of its 9 : 1.
FARGATE_VCPU_HOURLY = Fraction("0.04048")
FARGATE_GIB_HOURLY = Fraction("0.004445")

# 0.031611 / 0.004237, the defaults of OpenCost, themselves Google's n1 and n2 in us-central1.
OPENCOST_RATIO = Decimal("7.46")

# OpenCost's own defaults of a vCPU, a GiB and a GPU.
OPENCOST_HOURLY = (Fraction("0.031611"), Fraction("0.004237"), Fraction("0.95"))

MIB_PER_GIB = 1024
_RATIO = re.compile(r"ratio:(?P<ratio>[0-9]{1,6}(\.[0-9]{1,6})?)")


def split_price(price: Price, policy: str = "auto", fits: Sequence[Fit] = ()) -> PriceSplit:
    """How a price divides by a policy; the parts of any amount add up to it, to the nano.

    `native` weighs by the component prices that the cloud publishes; `aws-9to1` by nine parts a vCPU
    to one part a GiB, a GPU being what is left of the price; `nnls` by what a vCPU and a GiB of the
    machine's generation come to in the region's own list; `opencost` as OpenCost does by default;
    `ratio:X` by X to 1. `auto` is the first of native, aws-9to1 on AWS, nnls, and OpenCost's ratio.
    `fits` are what is known for nnls.

    Raises:
        ConfigError: there is no such policy.
        Incomplete: `native`, and the price has not every component of the machine.
    """
    if policy == "auto":
        return _auto(price, fits)
    if policy == "nnls":
        return _fitted_or_next(price, fits)
    if policy == "opencost":
        return _opencost(price)
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


def reason(price: Price, policy: str = "auto") -> str:
    """Why a policy takes what it takes for a price, in one sentence."""
    if policy != "auto":
        return "the configuration asks for it"
    if not _missing(price):
        return "the cloud publishes what each part costs"
    if price.kind.cloud == "aws":
        return "AWS divides its own bills so, and these numbers then agree with them"
    return "no published weights exist, so the list's own prices, or else a usual ratio, have to say"


def _auto(price: Price, fits: Sequence[Fit]) -> PriceSplit:
    if not _missing(price):
        return _native(price)
    if price.kind.cloud == "aws":
        return _nine_to_one(price)
    fit = _fit(price, fits)
    if fit is not None and not fit.refused:
        return fitted(price, fits)
    return _ratio(price, OPENCOST_RATIO, "OpenCost's default ratio of a vCPU to a GiB")


def fitted(price: Price, fits: Sequence[Fit]) -> PriceSplit:
    """By the generation's own prices; GPUs, with the disks beside them, are what is left.

    Raises:
        Incomplete: no fit of the machine's generation is known that passed its gate.
    """
    fit = _fit(price, fits)
    if fit is None:
        raise Incomplete(f"no fit of the generation of {price.kind} is known to split it by")
    if fit.refused:
        raise Incomplete(f"the fit of the generation of {price.kind} is refused: {fit.refused}")
    if fit.currency != price.currency:
        raise Incomplete(f"{price.kind} is priced in {price.currency}, its generation in {fit.currency}")
    cpu = Fraction(price.shape.vcpu) * Fraction(fit.vcpu_hourly)
    memory = _gib(price) * Fraction(fit.gib_hourly)
    basis = (
        f"{fit.vcpu_hourly} a vCPU and {fit.gib_hourly} a GiB, fitted to {fit.prices} prices of generation "
        f"{fit.generation} in {fit.region} of {fit.valid_from:%Y-%m-%d}"
    )
    if not price.shape.gpu:
        return _split(
            price, "nnls", (cpu, memory, Fraction(0)), basis, is_estimate=True, residual=fit.residual
        )
    rest = Fraction(price.hourly) - cpu - memory
    if rest <= 0:
        raise Incomplete(f"the vCPUs and the memory of {price.kind} come to more than its price")
    disk = disk_hourly(price.kind)
    basis += "; the GPUs, with the local disks, are the rest of the price"
    if disk is not None and 0 < disk < rest:
        alone = (rest - disk) / Fraction(price.hourly) * 100
        basis += (
            f" (without the disks, GPUs are {rounded(alone.numerator, alone.denominator)} % of the price)"
        )
    return _split(
        price, "nnls+gpu-residual", (cpu, memory, rest), basis, is_estimate=True, residual=fit.residual
    )


def _fitted_or_next(price: Price, fits: Sequence[Fit]) -> PriceSplit:
    """By a fit; where none passes its gate, by the next best, which says so."""
    try:
        return fitted(price, fits)
    except Incomplete as error:
        split = _nine_to_one(price) if price.kind.cloud == "aws" else _opencost(price)
        return replace(split, basis=f"{split.basis}; by nnls it cannot be: {error}", is_estimate=True)


def _fit(price: Price, fits: Sequence[Fit]) -> Fit | None:
    kind = price.kind
    of = host_type(kind) if price.shape.gpu else kind.machine_type
    return find_fit(fits, kind.cloud, kind.region, of, max(price.valid_from, price.as_of))


def _opencost(price: Price) -> PriceSplit:
    """OpenCost's default prices of a vCPU, a GiB and a GPU, scaled to the price."""
    vcpu, gib, gpu = OPENCOST_HOURLY
    shape = price.shape
    weights = Fraction(shape.vcpu) * vcpu, _gib(price) * gib, Fraction(shape.gpu) * gpu
    basis = "OpenCost's default prices, 0.031611 a vCPU, 0.004237 a GiB and 0.95 a GPU, scaled to the price"
    return _split(price, "opencost", weights, basis, is_estimate=True)


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
    price: Price,
    method: str,
    weights: tuple[Fraction, ...],
    basis: str,
    *,
    is_estimate: bool = False,
    residual: Decimal | None = None,
) -> PriceSplit:
    """The smallest whole numbers in proportion to the weights."""
    scale = lcm(*(weight.denominator for weight in weights))
    whole = [int(weight * scale) for weight in weights]
    cpu, memory, gpu = (weight // gcd(*whole) for weight in whole)
    return PriceSplit(price.id, method, cpu, memory, gpu, basis, is_estimate, residual)


def _gib(price: Price) -> Fraction:
    return Fraction(price.shape.memory_mib, MIB_PER_GIB)
