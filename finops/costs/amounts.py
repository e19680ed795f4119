"""Arithmetic on the four cost metrics at once.

The rule that must not be broken: each metric is divided exactly and by itself, and one that is not
known stays unknown; it is never zero, and never what only some of the parts came to.
"""

from collections.abc import Sequence
from dataclasses import fields
from decimal import Decimal

from finops.domain.charge import Amounts
from finops.domain.money import Money, Rate, total
from finops.domain.price import Price, PriceSplit
from finops.domain.resource import Resource

METRICS = tuple(field.name for field in fields(Amounts))


def cost(price: Price, machine_nanos: int) -> Amounts:
    """What machines cost for so long, by each metric that the price has; what was billed no price knows."""

    def at(per_hour: Decimal | None) -> Money | None:
        return Rate(per_hour, price.currency).cost_of(machine_nanos) if per_hour is not None else None

    return Amounts(list=at(price.hourly), contracted=at(price.contracted), effective=at(price.effective))


def by_resource(amounts: Amounts, split: PriceSplit) -> dict[Resource, Amounts]:
    """Each metric as CPU, memory and GPU."""
    parts = split_amounts(amounts, [split.cpu, split.memory, split.gpu])
    return dict(zip((Resource.CPU, Resource.MEMORY, Resource.GPU), parts, strict=True))


def split_amounts(amounts: Amounts, weights: Sequence[int]) -> list[Amounts]:
    """Each metric in proportion to weights; the parts of each add up to it, to the nano.

    >>> [str(part.list) for part in split_amounts(Amounts(list=Money(100)), [1, 2])]
    ['0.000000033 USD', '0.000000067 USD']
    """
    columns = {
        name: amount.split(weights) for name in METRICS if (amount := getattr(amounts, name)) is not None
    }
    return [
        Amounts(**{name: parts[index] for name, parts in columns.items()}) for index in range(len(weights))
    ]


def sum_amounts(parts: Sequence[Amounts]) -> Amounts:
    """The sum of each metric; unknown where it is unknown of any part."""
    sums: dict[str, Money] = {}
    for name in METRICS:
        amounts = [getattr(part, name) for part in parts]
        if amounts and None not in amounts:
            sums[name] = total(amounts)
    return Amounts(**sums)


def is_nothing(amounts: Amounts) -> bool:
    """Whether no metric says anything but zero."""
    return all(amount is None or not amount.nanos for amount in (getattr(amounts, name) for name in METRICS))
