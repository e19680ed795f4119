"""Division of a whole number into parts that add up to it, with products of 128 bits."""

from collections.abc import Sequence

from finops.engine.native.refusals import core
from finops.engine.plain.divide import divide as divide_plainly


def divide(amount: int, weights: Sequence[int]) -> list[int]:
    """Divide an amount in proportion to weights; the parts add up to it.

    What rounding down leaves over goes, one unit each, to the parts that lost most; ties go to the
    first, so that the same division gives the same parts. A negative amount divides as its mirror.

    Raises:
        ValueError: a weight is negative, or all are zero.

    >>> divide(100, [1, 1, 1])
    [34, 33, 33]
    >>> divide(-(10**15), [3 * 10**14, 10**14, 1])
    [-749999999999998, -249999999999999, -3]
    """
    parts = core.divide(abs(amount), list(weights))
    if parts is None:  # beyond 63 bits, or wrong
        return divide_plainly(amount, weights)
    return [-part for part in parts] if amount < 0 else parts
