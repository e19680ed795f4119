"""What a vCPU and a GiB of a generation come to, fitted to list prices, and when to believe it.

The rule that must not be broken: a fit is of one cloud, region and generation of plain machines, never
pooled, and one that does not pass its gate divides nothing. All of it is exact: no float.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from finops.domain.money import rounded
from finops.domain.price import Price

# c5, m7i, r8g: no d (disks), n (network), b, z: these cost more than their vCPUs and memory.
_AWS = re.compile(r"[cmr](?P<generation>[0-9]{1,2}[aig]?)\.(?P<size>[a-z0-9]+)")
# Custom and shared-core machines have rules of their own.
_GCP = re.compile(r"(?P<generation>[nce][0-9]{1,2}[ad]?)-(?:standard|highmem|highcpu)-[0-9]+")
# D, E and F, of Intel or AMD: D4s_v5, E8as_v5, F16s_v2.
_AZURE = re.compile(r"Standard_[DEF][0-9]+(?P<maker>a?)l?s?_(?P<generation>v[0-9]+)")

# Fewer prices, or of one shape, do not tell a vCPU from a GiB.
FEWEST_PRICES = 6
LEAST_SPREAD = Fraction("1.9")
# All generations of AWS from the fifth on are within 2.25 % in us-east-1; the fourth is off by 7.2 %.
GREATEST_RESIDUAL = Fraction("0.04")
LEAST_RATIO, GREATEST_RATIO = 4, 20
_DECIMALS = 9
_MIB_PER_GIB = 1024


@dataclass(frozen=True, slots=True)
class Fit:
    """A vCPU-hour and a GiB-hour of a generation in one region, with how well that fits.

    Attributes:
        residual: the greatest share by which a price of the generation is off the sum.
        prices: how many were fitted.
        refused: why it is not good enough to be used; "" where it is.
        valid_from: of when the prices are; nothing before is split or estimated by it.
    """

    cloud: str
    region: str
    generation: str
    currency: str
    vcpu_hourly: Decimal
    gib_hourly: Decimal
    residual: Decimal
    prices: int
    valid_from: datetime
    valid_to: datetime | None = None
    refused: str = ""
    source: str = ""

    def holds(self, at: datetime) -> bool:
        """Whether it may be used of a moment: [valid_from, valid_to)."""
        return self.valid_from <= at and (self.valid_to is None or at < self.valid_to)


def generation_of(cloud: str, machine_type: str) -> str:
    """The plain generation that a machine type belongs to; "" for every other type.

    >>> [generation_of("aws", name) for name in ("m5.large", "c7g.xlarge", "m5d.large", "t3.medium")]
    ['5', '7g', '', '']
    """
    if cloud == "aws" and (match := _AWS.fullmatch(machine_type)):
        return "" if "metal" in match["size"] else match["generation"]
    if cloud == "gcp" and (match := _GCP.fullmatch(machine_type)):
        return match["generation"]
    if cloud == "azure" and (match := _AZURE.fullmatch(machine_type)):
        return f"{match['maker']}{match['generation']}"
    return ""


def fits(prices: Iterable[Price], at: datetime) -> list[Fit]:
    """A fit of each generation among some prices of one moment; one that fails its gate says why."""
    groups: dict[tuple[str, str, str, str, str], list[Price]] = {}
    for price in prices:
        generation = generation_of(price.kind.cloud, price.kind.machine_type)
        if generation and price.kind.purchase_option == "on_demand" and not price.shape.gpu:
            kind = price.kind
            key = (kind.cloud, kind.region, generation, price.currency, price.source)
            groups.setdefault(key, []).append(price)
    made = []
    for (cloud, region, generation, currency, source), group in sorted(groups.items()):
        vcpu, gib = _least_squares(group)
        residual = max(abs(_sum(price, vcpu, gib) / Fraction(price.hourly) - 1) for price in group)
        made.append(
            Fit(
                *(cloud, region, generation, currency, _nine(vcpu), _nine(gib), _nine(residual)),
                prices=len(group),
                valid_from=at,
                refused=_refused(group, vcpu, gib, residual),
                source=source,
            )
        )
    return made


def find_fit(known: Iterable[Fit], cloud: str, region: str, machine_type: str, at: datetime) -> Fit | None:
    """The fit of a machine's generation that holds at a moment, whether or not it passed its gate."""
    generation = generation_of(cloud, machine_type)
    wanted = (cloud, region, generation)
    return next(
        (
            fit
            for fit in known
            if generation and (fit.cloud, fit.region, fit.generation) == wanted and fit.holds(at)
        ),
        None,
    )


def _least_squares(group: Sequence[Price]) -> tuple[Fraction, Fraction]:
    """The two coefficients that make the shares by which prices are off as small as can be.

    Of ((a·vcpu + b·GiB − p) / p)², by the normal equations; a negative one counts as nothing.
    """
    xs = [Fraction(price.shape.vcpu) / Fraction(price.hourly) for price in group]
    ys = [_gib(price) / Fraction(price.hourly) for price in group]
    xx, yy = sum(x * x for x in xs), sum(y * y for y in ys)
    xy = sum(x * y for x, y in zip(xs, ys, strict=True))
    x, y = sum(xs, Fraction(0)), sum(ys, Fraction(0))
    determinant = xx * yy - xy * xy
    if determinant == 0:
        return x / xx, Fraction(0)
    vcpu, gib = (x * yy - y * xy) / determinant, (y * xx - x * xy) / determinant
    if gib < 0:
        return x / xx, Fraction(0)
    return (vcpu, gib) if vcpu >= 0 else (Fraction(0), y / yy)


def _refused(group: Sequence[Price], vcpu: Fraction, gib: Fraction, residual: Fraction) -> str:
    ratios = {_gib(price) / Fraction(price.shape.vcpu) for price in group}
    if len(group) < FEWEST_PRICES:
        return f"{len(group)} prices are too few"
    if max(ratios) < LEAST_SPREAD * min(ratios):
        return "its machines are all of much the same shape"
    if vcpu <= 0 or gib <= 0:
        return "a coefficient is not above nothing"
    if residual > GREATEST_RESIDUAL:
        return f"a price is off by {_percent(residual)}"
    if not LEAST_RATIO <= vcpu / gib <= GREATEST_RATIO:
        return f"a vCPU would cost as much as {_nine(vcpu / gib):.2f} GiB"
    return ""


def _sum(price: Price, vcpu: Fraction, gib: Fraction) -> Fraction:
    return vcpu * Fraction(price.shape.vcpu) + gib * _gib(price)


def _gib(price: Price) -> Fraction:
    return Fraction(price.shape.memory_mib, _MIB_PER_GIB)


def _nine(value: Fraction) -> Decimal:
    return Decimal(rounded(value.numerator * 10**_DECIMALS, value.denominator)).scaleb(-_DECIMALS)


def _percent(share: Fraction) -> str:
    return f"{_nine(share) * 100:.2f} %"
