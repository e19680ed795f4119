"""Functions of a service over some days: their stored costs added up, with their sampling errors.

The rule that must not be broken: the self costs of all lines, the row of the small ones included, add
up to what was stored; totals overlap and are never added up over functions.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from finops.costs.interval import Interval, cost_interval
from finops.domain.function import Function
from finops.domain.function_cost import FunctionCost
from finops.domain.money import Money, rounded, total
from finops.domain.resource import Resource

Measure = Literal["self", "total"]
MEASURES: tuple[Measure, ...] = ("self", "total")


@dataclass(frozen=True, slots=True)
class FunctionLine:
    """What one function cost, with the sampling error of both figures where it is known.

    Attributes:
        function: None for the row of those that are not listed, or were too small to be kept by name.
        total_cost: None where functions stand together, because their totals overlap.
        self_observations, total_observations: how many samples stand behind each; None where unknown.
        days: on how many days it was kept by name.
    """

    function: Function | None
    resource: Resource
    self_cost: Money
    total_cost: Money | None
    self_observations: int | None
    total_observations: int | None
    interval: Interval | None
    total_interval: Interval | None
    days: int


def lines(costs: Iterable[FunctionCost], resource: Resource) -> list[FunctionLine]:
    """Every function of one resource of one service, its days added up; the row of the small ones last."""
    costs = [cost for cost in costs if cost.resource is resource]
    charge = total(cost.self_cost for cost in costs)
    observed = _sum(cost.self_observations for cost in costs)
    days: dict[Function, list[FunctionCost]] = defaultdict(list)
    for cost in costs:
        if cost.function is not None:
            days[cost.function].append(cost)
    small = [cost for cost in costs if cost.function is None]
    made = [_line(function, days[function], charge, observed) for function in sorted(days)]
    return [*made, _line(None, small, charge, observed)] if small else made


def dearest(every: Sequence[FunctionLine], by: Measure, limit: int) -> list[FunctionLine]:
    """The functions that cost most, dearest first; 0 gives all. The row of the small ones is not one."""
    named = [line for line in every if line.function is not None]
    named.sort(key=lambda line: (*_rank(line, by), line.function))
    return named[:limit] if limit else named


def rest(every: Sequence[FunctionLine], listed: Collection[FunctionLine]) -> FunctionLine | None:
    """All that is not listed as one line, so that self costs add up; None where nothing is left."""
    shown = {line.function for line in listed}
    left = [line for line in every if line.function is None or line.function not in shown]
    if not left:
        return None
    own = total(line.self_cost for line in left)
    observed = _sum(line.self_observations for line in every)
    return FunctionLine(
        function=None,
        resource=left[0].resource,
        self_cost=own,
        total_cost=None,
        self_observations=_sum(line.self_observations for line in left),
        total_observations=None,
        interval=sampling_error(own, total(line.self_cost for line in every), left[0].resource, observed),
        total_interval=None,
        days=max(line.days for line in left),
    )


def absent(function: Function | None, every: Sequence[FunctionLine], currency: str) -> FunctionLine:
    """A function that is not among some of one resource: it cost nothing, as far as samples can tell."""
    nothing, charge = Money(0, currency), total((line.self_cost for line in every), currency)
    observed = _sum(line.self_observations for line in every)
    error = sampling_error(nothing, charge, every[0].resource, observed)
    seen = None if observed is None else 0
    whole = None if function is None else nothing
    return FunctionLine(function, every[0].resource, nothing, whole, seen, seen, error, error, days=0)


def sampling_error(cost: Money, charge: Money, resource: Resource, observed: int | None) -> Interval | None:
    """The interval of a cost that is a share of a charge which `observed` observations divided.

    The function's own count is taken as its share of the charge, not as it was counted: an hour on many
    machines weighs more than an hour on few, and the interval is to surround the cost that is shown.
    Memory has none: a heap's samples are no independent observations of what stays resident.
    """
    if resource is not Resource.CPU or not observed or not charge.nanos:
        return None
    return cost_interval(charge, rounded(observed * cost.nanos, charge.nanos), observed)


def _line(
    function: Function | None, days: Sequence[FunctionCost], charge: Money, observed: int | None
) -> FunctionLine:
    resource = days[0].resource
    own = total(day.self_cost for day in days)
    wholes = [day.total_cost for day in days if day.total_cost is not None]
    whole = total(wholes) if wholes else None
    return FunctionLine(
        function=function,
        resource=resource,
        self_cost=own,
        total_cost=whole,
        self_observations=_sum(day.self_observations for day in days),
        total_observations=_sum(day.total_observations for day in days),
        interval=sampling_error(own, charge, resource, observed),
        total_interval=sampling_error(whole, charge, resource, observed) if whole is not None else None,
        days=len(days),
    )


def _rank(line: FunctionLine, by: Measure) -> tuple[int, int]:
    own, whole = -line.self_cost.nanos, 0 if line.total_cost is None else -line.total_cost.nanos
    return (own, whole) if by == "self" else (whole, own)


def _sum(values: Iterable[int | None]) -> int | None:
    """The sum; None where one is unknown."""
    known = list(values)
    return None if None in known else sum(value for value in known if value is not None)
