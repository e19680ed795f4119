"""Function costs: a service's used charge, divided over its functions."""

from dataclasses import dataclass

from finops.domain.charge import CostMetric
from finops.domain.function import Function
from finops.domain.money import Money
from finops.domain.resource import Resource
from finops.domain.window import Window


@dataclass(frozen=True, slots=True)
class FunctionCost:
    """What one function of one service cost in one window, by one metric.

    `function` is None for the row of those too small to be kept by name; that row has no total.

    Attributes:
        self_cost: what was spent in the function itself; these add up to the used charge.
        total_cost: with its callees, once per stack; never to be added up.
        self_observations, total_observations: weight ÷ sampling interval; None where unknown.
    """

    service: str
    window: Window
    resource: Resource
    metric: CostMetric
    function: Function | None
    self_cost: Money
    total_cost: Money | None
    self_observations: int | None
    total_observations: int | None
