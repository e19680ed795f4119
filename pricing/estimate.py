"""Estimates: the price of a machine that no list names, from what a vCPU and a GiB of its generation come to.

The rule that must not be broken: only plain compute, general and memory families are estimated. For the
others the same sum is off by half or by double, and no price is better than that.
"""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from finops.costs.fit import Fit, find_fit, generation_of
from finops.domain.machine import MachineKind, Shape
from finops.domain.money import rounded
from finops.domain.price import Price
from pricing.rungs import ESTIMATE

_NANO = 9


def estimate(
    kind: MachineKind, at: datetime, shape: Shape | None, fits: Iterable[Fit]
) -> tuple[Price | None, str]:
    """An estimated price with a sentence on it, or None with why not."""
    generation = generation_of(kind.cloud, kind.machine_type)
    if not generation:
        return None, "only plain compute, general and memory machines are estimated"
    if shape is None:
        return None, "its vCPUs and memory are not known"
    if shape.gpu:
        return None, "a machine with GPUs is not estimated"
    fit = find_fit(fits, kind.cloud, kind.region, kind.machine_type, at)
    if fit is None:
        return None, f"no fit of generation {generation} in {kind.region} is known at that time"
    if fit.refused:
        return None, f"the fit of generation {generation} is refused: {fit.refused}"
    return _estimated(kind, shape, fit), (
        f"{fit.vcpu_hourly} a vCPU and {fit.gib_hourly} a GiB, fitted to {fit.prices} prices of "
        f"generation {generation}, each within {fit.residual * 100:.2f} %"
    )


def _estimated(kind: MachineKind, shape: Shape, fit: Fit) -> Price:
    gib = Fraction(shape.memory_mib, 1024)
    exact = Fraction(fit.vcpu_hourly) * Fraction(shape.vcpu) + Fraction(fit.gib_hourly) * gib
    nanos = rounded(exact.numerator * 10**_NANO, exact.denominator)
    return Price(
        kind=kind,
        currency=fit.currency,
        hourly=Decimal(nanos).scaleb(-_NANO),
        shape=shape,
        valid_from=fit.valid_from,
        valid_to=fit.valid_to,
        source=ESTIMATE,
        as_of=fit.valid_from,
        is_estimate=True,
    )
