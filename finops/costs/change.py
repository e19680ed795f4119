"""What a change did to a service's cost: days before it against days after it.

The rules that must not be broken: no verdict without an interval, and never a word of proof. There is
no control and no traffic in here, so what is found is "unadjusted"; too little, or an interval that
holds zero, is inconclusive. Statistics are floats here; amounts are whole nanos.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from itertools import pairwise
from math import expm1, fsum, log, sqrt
from statistics import stdev

from finops.domain.money import Money, rounded, total
from finops.domain.window import HOURS_PER_MONTH, Window, day_of, moment_text

# Weekdays differ; with less than one of each a side, their pattern would pass for a change.
LEAST_DAYS = 7
LEVEL = Decimal("0.95")

# Student's t, 97.5 % points for 1 to 30 degrees of freedom, as NIST/SEMATECH's table 1.3.6.7.2 has them to
# three decimals; here computed from the density (a test integrates it).
T_975 = (
    *(12.706205, 4.302653, 3.182446, 2.776445, 2.570582, 2.446912, 2.364624, 2.306004, 2.262157, 2.228139),
    *(2.200985, 2.178813, 2.160369, 2.144787, 2.131450, 2.119905, 2.109816, 2.100922, 2.093024, 2.085963),
    *(2.079614, 2.073873, 2.068658, 2.063899, 2.059539, 2.055529, 2.051831, 2.048407, 2.045230, 2.042272),
)
Z_975 = 1.959964


class Verdict(StrEnum):
    """What can be said: nothing, or that cost is lower or higher than before, adjusted for nothing."""

    INCONCLUSIVE = "inconclusive"
    LOWER_UNADJUSTED = "lower_unadjusted"
    HIGHER_UNADJUSTED = "higher_unadjusted"


@dataclass(frozen=True, slots=True)
class DayCost:
    """What one UTC day cost."""

    day: Window
    cost: Money

    def __post_init__(self) -> None:
        if self.day != day_of(self.day.start):
            raise ValueError(f"{self.day} is not one whole day")


@dataclass(frozen=True, slots=True)
class RelativeChange:
    """A change as a part of the cost before, with its interval: -0.25 is a quarter less."""

    point: Decimal
    low: Decimal
    high: Decimal


@dataclass(frozen=True, slots=True)
class MoneyChange:
    """A change in money over some time, with its interval: negative is less."""

    point: Money
    low: Money
    high: Money


@dataclass(frozen=True, slots=True)
class ChangeVerdict:
    """What days before and after say of a change.

    Attributes:
        reason: one sentence on why it says so, or what it lacks.
        days: how many days were compared on each side.
        before, after: what all days of a side cost together.
        relative, daily, monthly: None where there is no interval to give; a month is 730 hours.
    """

    verdict: Verdict
    reason: str
    days: int
    before: Money
    after: Money
    relative: RelativeChange | None = None
    daily: MoneyChange | None = None
    monthly: MoneyChange | None = None
    level: Decimal = LEVEL


def verify(before: Sequence[DayCost], after: Sequence[DayCost]) -> ChangeVerdict:
    """Compare daily costs before and after, paired by weekday.

    The mean log ratio of n pairs has a t interval with n - 1 degrees of freedom: days, unlike hours,
    hardly depend on each other. Money is that ratio times the cost before, so that no saving exceeds it.

    Raises:
        ValueError: a side is empty or longer than the other, a day comes twice, or the sides overlap.
        CurrencyMismatch: the costs are not of one currency.
    """
    _check(before, after)
    was = total([each.cost for each in before])
    became = total([Money(0, was.currency), *(each.cost for each in after)])
    days = len(before)
    if lacking := _lacking(before, after):
        return ChangeVerdict(Verdict.INCONCLUSIVE, lacking, days, was, became)
    logs = _log_ratio([(one.cost, other.cost) for one, other in _pairs(before, after)])
    shares = [Fraction(expm1(each)) for each in logs]
    day = Fraction(was.nanos, days)
    month = day * HOURS_PER_MONTH / 24
    return ChangeVerdict(
        *_said(*logs[1:], days),
        days,
        was,
        became,
        relative=RelativeChange(*(_decimal(share) for share in shares)),
        daily=MoneyChange(*(_money(share * day, was.currency) for share in shares)),
        monthly=MoneyChange(*(_money(share * month, was.currency) for share in shares)),
    )


def t_975(freedom: int) -> float:
    """The 97.5 % point of Student's t.

    >>> round(t_975(6), 3), round(t_975(60), 3)
    (2.447, 2.0)
    """
    if freedom <= len(T_975):
        return T_975[freedom - 1]
    # Abramowitz and Stegun 26.7.5; from 31 degrees on it is right to five decimals.
    z, v = Z_975, freedom
    return (
        z
        + (z**3 + z) / (4 * v)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * v**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * v**3)
    )


def _check(before: Sequence[DayCost], after: Sequence[DayCost]) -> None:
    if not before or len(before) != len(after):
        raise ValueError(
            f"{len(before)} days before and {len(after)} after: periods must be of the same length"
        )
    days = sorted(each.day for each in before), sorted(each.day for each in after)
    for side in days:
        if again := next((day for day, following in pairwise(side) if day == following), None):
            raise ValueError(f"{moment_text(again.start)} comes twice")
    if days[0][-1].end > days[1][0].start:
        raise ValueError("the days before must end before the days after begin")


def _lacking(before: Sequence[DayCost], after: Sequence[DayCost]) -> str:
    """What is lacking for an interval, in one sentence; "" where nothing is."""
    if len(before) < LEAST_DAYS:
        return f"{len(before)} days a side are too few: at least {LEAST_DAYS} are needed, better 14"
    if nothing := next((each for each in (*before, *after) if each.cost.nanos <= 0), None):
        return f"{moment_text(nothing.day.start)} cost {nothing.cost}, which no ratio can be made of"
    if _weekdays(before) != _weekdays(after):
        return (
            "the sides do not hold the same weekdays, so that their days cannot be paired: take whole weeks"
        )
    return ""


def _weekdays(days: Sequence[DayCost]) -> list[int]:
    return sorted(each.day.start.weekday() for each in days)


def _pairs(before: Sequence[DayCost], after: Sequence[DayCost]) -> list[tuple[DayCost, DayCost]]:
    """The first Monday before with the first Monday after, and so on."""

    def order(each: DayCost) -> tuple[int, Window]:
        return each.day.start.weekday(), each.day

    return list(zip(sorted(before, key=order), sorted(after, key=order), strict=True))


def _log_ratio(pairs: Sequence[tuple[Money, Money]]) -> tuple[float, float, float]:
    """The mean log ratio, and the bounds of its interval."""
    ratios = [log(after.nanos) - log(before.nanos) for before, after in pairs]
    mean = fsum(ratios) / len(ratios)
    reach = t_975(len(ratios) - 1) * stdev(ratios) / sqrt(len(ratios))
    return mean, mean - reach, mean + reach


def _said(low: float, high: float, days: int) -> tuple[Verdict, str]:
    basis = f"{days} days a side, paired by weekday"
    if low <= 0 <= high:
        return Verdict.INCONCLUSIVE, f"{basis}: the interval holds zero"
    verdict = Verdict.LOWER_UNADJUSTED if high < 0 else Verdict.HIGHER_UNADJUSTED
    return verdict, f"{basis}; no control and no traffic: growth or a platform's drift may be part of it"


def _decimal(share: Fraction) -> Decimal:
    """A share to six decimals."""
    return Decimal(rounded(share.numerator * 10**6, share.denominator)).scaleb(-6)


def _money(nanos: Fraction, currency: str) -> Money:
    return Money(rounded(nanos.numerator, nanos.denominator), currency)
