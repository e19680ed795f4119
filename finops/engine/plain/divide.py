"""Division of a whole number into parts that add up to it. Exact at any size."""

from collections.abc import Sequence


def divide(amount: int, weights: Sequence[int]) -> list[int]:
    """Divide an amount in proportion to weights; the parts add up to it.

    What rounding down leaves over goes, one unit each, to the parts that lost most; ties go to the
    first, so that the same division gives the same parts. A negative amount divides as its mirror.

    Raises:
        ValueError: a weight is negative, or all are zero.

    >>> divide(100, [1, 1, 1])
    [34, 33, 33]
    >>> divide(10**15, [3 * 10**14, 10**14, 1])
    [749999999999998, 249999999999999, 3]
    """
    whole = sum(weights)
    if whole <= 0 or min(weights) < 0:
        raise ValueError("weights must be non-negative and not all zero")
    sign, size = (-1, -amount) if amount < 0 else (1, amount)
    parts, losses = [], []
    for weight in weights:
        part, loss = divmod(size * weight, whole)
        parts.append(part)
        losses.append(loss)
    left = size - sum(parts)
    for i in sorted(range(len(parts)), key=lambda i: -losses[i])[:left]:
        parts[i] += 1
    return [sign * part for part in parts] if sign < 0 else parts
