"""How far a function's cost may be from the truth because a profile is a sample.

This is the sampling error alone: k of n observations hit the function. Day-to-day variation is a
question of changes (finops.costs.change). Statistics are floats here; amounts are whole nanos.
"""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor, sqrt

from finops.domain.money import Money, rounded

LEVEL = Decimal("0.95")
# The 97.5 % point of the normal distribution, which leaves 2.5 % on either side.
Z = 1.959964


@dataclass(frozen=True, slots=True)
class Interval:
    """The amounts that an amount lies between, at a level of confidence."""

    low: Money
    high: Money
    level: Decimal = LEVEL


def cost_interval(charge: Money, k: int | None, n: int | None) -> Interval | None:
    """The interval of a cost that k of n observations were given; None where they are unknown or none.

    It holds k / n of the charge, and stays within nothing and the whole charge, which is not negative.

    Raises:
        ValueError: k is no count within n.
    """
    if k is None or not n:
        return None
    low, high = (Fraction(share) * charge.nanos for share in wilson(k, n))
    point = rounded(charge.nanos * k, n)
    return Interval(
        Money(min(floor(low), point), charge.currency), Money(max(ceil(high), point), charge.currency)
    )


def wilson(k: int, n: int) -> tuple[float, float]:
    """Wilson's score interval of a proportion seen k times in n, at 95 %.

    Unlike the textbook's p ± z·s it stays within 0 and 1, and holds for few or no hits.

    Raises:
        ValueError: n is not above zero, or k is not within 0 and n.

    >>> [round(bound, 6) for bound in wilson(32, 100)]
    [0.236691, 0.416626]
    """
    if n <= 0 or not 0 <= k <= n:
        raise ValueError(f"{k} of {n} observations is no proportion")
    share, spread = k / n, Z * Z / n
    middle = share + spread / 2
    reach = Z * sqrt(share * (1 - share) / n + spread / (4 * n))
    # At the edges the formula gives 0 and 1 but for the last bits of a float.
    low = 0.0 if k == 0 else max(0.0, (middle - reach) / (1 + spread))
    high = 1.0 if k == n else min(1.0, (middle + reach) / (1 + spread))
    return low, high
