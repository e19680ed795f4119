"""How many machines a service needs once part of its CPU work is gone, and what that saves.

The rules that must not be broken: machines are never recommended away on profile demand alone, so a
measured utilisation is required; arithmetic is exact; and no saving appears
without the interval that its inputs leave open.
"""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import ceil

from finops.domain.money import NANOS_PER_HOUR, Money
from finops.domain.price import Price, PriceSplit
from finops.domain.window import HOURS_PER_MONTH
from finops.errors import Incomplete

# Nobody measures finer; a share with more decimals is a mistake, or made to hurt.
MOST_DECIMALS = 12

_SAME_UTILISATION = "Work scales with the number of instances at the same utilisation."


@dataclass(frozen=True, slots=True)
class RightsizingInterval:
    """What the instances and the saving lie between, and what that interval is about."""

    instances_low: int
    instances_high: int
    saving_low: Money
    saving_high: Money
    basis: str


@dataclass(frozen=True, slots=True)
class Rightsizing:
    """A proposed number of instances, and what a month of 730 hours costs less.

    Attributes:
        count, instances: how many there are, and how many would do.
        present: what all of them cost now.
        saving: what the difference costs: `cpu`, `memory` and `gpu` together. Negative where more are needed.
        assumptions: sentences that must stand beside the figures.
    """

    count: int
    instances: int
    present: Money
    saving: Money
    cpu: Money
    memory: Money
    gpu: Money
    interval: RightsizingInterval
    assumptions: tuple[str, ...]


def rightsize(
    count: int,
    utilisation: Decimal | None,
    remove: Decimal,
    price: Price,
    split: PriceSplit,
    target: Decimal | None = None,
) -> Rightsizing:
    """The instances that do the remaining work at a target utilisation, at least one.

    Args:
        count: instances now.
        utilisation: their measured mean CPU utilisation, above 0 to 1.
        remove: the part of their CPU work that a change takes away, 0 to below 1.
        price: what one costs at list.
        split: how that price divides.
        target: the utilisation to run at afterwards; as now if None.

    Raises:
        Incomplete: there is no utilisation.
        ValueError: a value is out of its bounds, which the message names.
    """
    if utilisation is None:
        raise Incomplete(
            "a measured utilisation is needed: machines are never recommended away on what profiles saw alone"
        )
    _check(count, utilisation, remove, target)
    instances = _instances(count, *_point(utilisation, remove, target))
    saving = _month(price, count - instances)
    cpu, memory, gpu = split.parts(saving)
    return Rightsizing(
        count=count,
        instances=instances,
        present=_month(price, count),
        saving=saving,
        cpu=cpu,
        memory=memory,
        gpu=gpu,
        interval=_interval(count, utilisation, remove, target, price),
        assumptions=_assumptions(utilisation, remove, target, saving, gpu),
    )


def _check(count: int, utilisation: Decimal, remove: Decimal, target: Decimal | None) -> None:
    if count < 1:
        raise ValueError(f"count is {count}: right-sizing starts from at least one instance")
    for name, value in (("utilisation", utilisation), ("remove", remove), ("target", target)):
        if value is not None and not (value.is_finite() and _exponent(value) >= -MOST_DECIMALS):
            raise ValueError(f"{name} is {value}: give a number with at most {MOST_DECIMALS} decimals")
    for name, value in (("utilisation", utilisation), ("target", target)):
        if value is not None and not 0 < value <= 1:
            raise ValueError(f"{name} is {value}: it must be above 0 and at most 1")
    if not 0 <= remove < 1:
        raise ValueError(f"remove is {remove}: it must be at least 0 and below 1")


def _exponent(value: Decimal) -> int:
    """Of the last written decimal: -2 for 0.70. Only finite numbers have one."""
    return int(value.as_tuple().exponent)


def _point(utilisation: Decimal, remove: Decimal, target: Decimal | None) -> tuple[Fraction, ...]:
    busy = Fraction(utilisation)
    return busy, Fraction(remove), busy if target is None else Fraction(target)


def _instances(count: int, utilisation: Fraction, remove: Fraction, target: Fraction) -> int:
    """Exact: in floats 100 x 0.7 x 0.6 / 0.7 is a little more than 60, which rounds up to 61.

    At least one, because some work is always left.
    """
    return ceil(count * utilisation * (1 - remove) / target)


def _month(price: Price, instances: int) -> Money:
    return price.rate.cost_of(instances * HOURS_PER_MONTH * NANOS_PER_HOUR)


def _interval(
    count: int, utilisation: Decimal, remove: Decimal, target: Decimal | None, price: Price
) -> RightsizingInterval:
    """Over the inputs as far as they are known: to half a unit of their last written decimal.

    A target that follows the utilisation moves with it; one that was set is a choice and stays.
    """
    least, most = _known(utilisation)
    least_removed, most_removed = _known(remove)
    low = _instances(count, least, most_removed, least if target is None else Fraction(target))
    high = _instances(count, most, least_removed, most if target is None else Fraction(target))
    return RightsizingInterval(
        instances_low=low,
        instances_high=high,
        saving_low=_month(price, count - high),
        saving_high=_month(price, count - low),
        basis="rounding of the inputs",
    )


def _known(share: Decimal) -> tuple[Fraction, Fraction]:
    """The shares that would have been written so. A whole number, 0 or 1, is taken at its word."""
    decimals = -_exponent(share)
    half = Fraction(1, 2 * 10**decimals) if decimals > 0 else Fraction(0)
    return max(Fraction(0), Fraction(share) - half), min(Fraction(1), Fraction(share) + half)


def _read_as(*shares: tuple[str, Decimal]) -> list[str]:
    """What the interval rests on: what each input may be, as it was written."""
    said = [
        f"{share} for the {name} stands for {_plain(least)} to {_plain(most)}"
        for name, share, (least, most) in ((name, share, _known(share)) for name, share in shares)
        if least != most
    ]
    return [f"The interval is what rounding leaves open: {', '.join(said)}."] if said else []


def _plain(share: Fraction) -> str:
    """A share of finitely many decimals, all of them.

    >>> _plain(Fraction(695, 1000))
    '0.695'
    """
    return format((Decimal(share.numerator) / Decimal(share.denominator)).normalize(), "f")


def _assumptions(
    utilisation: Decimal, remove: Decimal, target: Decimal | None, saving: Money, gpu: Money
) -> tuple[str, ...]:
    target_text = f"{target}" if target is not None else f"{utilisation}, as now"
    sentences = [
        "A month is 730 hours.",
        *_read_as(("utilisation", utilisation), ("part removed", remove)),
        "Prices are list prices; commitments (reservations, savings plans) do not shrink with the machines.",
        f"The target utilisation is {target_text}.",
        _SAME_UTILISATION,
        "Mean utilisation leaves no headroom for peaks or for the loss of a zone: compare it with the peak.",
        "The memory leaves with the machines; that it is not needed is not proven.",
    ]
    if target is not None and target != utilisation:
        sentences[sentences.index(_SAME_UTILISATION)] = (
            f"Work scales linearly from a utilisation of {utilisation} to {target}, which is only nearly so."
        )
    if gpu.nanos:
        sentences.append("The GPUs leave with the machines; that they are not needed is not proven.")
    if saving.nanos < 0:
        sentences.append("More instances are needed than there are now: the saving is negative.")
    return tuple(sentences)
