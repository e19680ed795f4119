"""A day's function costs: the hours' attributions added up, and the small ones put into one row.

The rule that must not be broken: the self costs of all rows add up to what the hours' charges were.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from finops.costs.attribute import Attribution
from finops.domain.charge import CostMetric
from finops.domain.function import Function
from finops.domain.function_cost import FunctionCost
from finops.domain.money import Money, total
from finops.domain.resource import Resource
from finops.domain.window import Window

# A function is kept by name when its total is at least 0.01 % of the day's used charge.
THRESHOLD = Decimal("0.0001")


@dataclass(slots=True)
class _Sum:
    """What one function came to so far: nanos, weights and observations."""

    self_nanos: int = 0
    total_nanos: int = 0
    self_weight: int = 0
    self_observations: int = 0
    total_observations: int = 0


def day_costs(
    service: str,
    day: Window,
    resource: Resource,
    metric: CostMetric,
    currency: str,
    hours: Sequence[Attribution],
    threshold: Decimal = THRESHOLD,
) -> list[FunctionCost]:
    """What each function cost in a day, dearest first, and last the row of those too small to be named.

    A function is named when its total is at least `threshold` of all charges. The row of the rest has
    no function and no total. Observations are unknown where those of any hour are.

    `hours` are the attributions of the day's used charges, one a pool and hour, all in the currency.

    Raises:
        CurrencyMismatch: a charge is in another currency.
    """
    charge = total([Money(0, currency), *(hour.charge for hour in hours)])
    is_known = all(hour.sampling_interval for hour in hours)
    sums = _sums(hours)
    least = _least(charge, threshold)
    named = {function: each for function, each in sums.items() if each.total_nanos >= least}

    def row(function: Function | None, each: _Sum) -> FunctionCost:
        return FunctionCost(
            service=service,
            window=day,
            resource=resource,
            metric=metric,
            function=function,
            self_cost=Money(each.self_nanos, currency),
            total_cost=Money(each.total_nanos, currency) if function else None,
            self_observations=each.self_observations if is_known else None,
            total_observations=each.total_observations if is_known and function else None,
        )

    dearest = sorted(named.items(), key=lambda item: (-item[1].total_nanos, -item[1].self_nanos, item[0]))
    rows = [row(function, each) for function, each in dearest]
    rest = _rest(each for function, each in sums.items() if function not in named)
    return [*rows, row(None, rest)] if rest.self_weight else rows


def _sums(hours: Iterable[Attribution]) -> dict[Function, _Sum]:
    sums: dict[Function, _Sum] = {}
    for hour in hours:
        # An unknown interval makes the observations of the whole day unknown; the figure is then not shown.
        interval = hour.sampling_interval or 1
        for index, function in enumerate(hour.keys):
            each = sums.setdefault(function, _Sum())
            each.self_nanos += hour.self_nanos[index]
            each.total_nanos += hour.total_nanos[index]
            each.self_weight += hour.self_weights[index]
            each.self_observations += hour.self_weights[index] // interval
            each.total_observations += hour.total_weights[index] // interval
    return sums


def _least(charge: Money, threshold: Decimal) -> int:
    """The smallest total in nanos that is named; at least one, since what cost nothing needs no name."""
    numerator, denominator = threshold.as_integer_ratio()
    return max(1, -(-charge.nanos * numerator // denominator))


def _rest(small: Iterable[_Sum]) -> _Sum:
    rest = _Sum()
    for each in small:
        rest.self_nanos += each.self_nanos
        rest.self_weight += each.self_weight
        rest.self_observations += each.self_observations
    return rest
