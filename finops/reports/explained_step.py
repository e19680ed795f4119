"""One pool of one hour, explained: what was captured, on what it ran, what that cost, a function's part.

The rule that must not be broken: the amounts are those of the attribution that the ledger was computed
with; whatever else is shown is what it was computed from.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from finops.costs.attribute import Attribution
from finops.costs.interval import Interval
from finops.costs.pools import DIMENSIONS, Dimensions, PricedMachine, pools
from finops.costs.used import UsedCharge
from finops.domain.charge import Charge, CostMetric
from finops.domain.function import Function
from finops.domain.machine import MachineHours
from finops.domain.money import Money
from finops.domain.price import Price, PriceSplit
from finops.domain.profile import Usage
from finops.domain.resource import Resource
from finops.domain.window import Window
from finops.reports.function_lines import sampling_error


@dataclass(frozen=True, slots=True)
class HourInputs:
    """What the ledger holds of one service-hour: charges of one resource, machines, usage, and prices."""

    window: Window
    state: str
    charges: Sequence[Charge]
    machines: Sequence[MachineHours]
    usage: Sequence[Usage]
    prices: Mapping[str, Price]
    splits: Mapping[str, PriceSplit]


@dataclass(frozen=True, slots=True)
class Step:
    """One pool of one hour, and one function's part in it."""

    hour: Window
    state: str
    metric: CostMetric
    resource: Resource
    usage: tuple[Usage, ...]
    machines: tuple[MachineHours, ...]
    prices: tuple[tuple[Price, PriceSplit], ...]
    charges: tuple[Charge, ...]
    self_weight: int
    total_weight: int
    self_cost: Money
    total_cost: Money
    self_interval: Interval | None
    total_interval: Interval | None

    @property
    def weight(self) -> int:
        """What all functions weigh together, in nanoseconds or bytes."""
        return sum(each.stacked for each in self.usage)

    @property
    def measured(self) -> int:
        """What the profiles measured in all, in nanoseconds or bytes, with or without a stack."""
        return sum(each.total for each in self.usage)

    @property
    def running_nanos(self) -> int:
        """How long all instances ran, together."""
        return sum(row.instance_nanos for row in self.machines)

    @property
    def observed_nanos(self) -> int:
        """The instance-time that counts as profiled: all that ran, where it is not known or was more."""
        known = [each.observed_nanos for each in self.usage if each.observed_nanos]
        observed = sum(known) if len(known) == len(self.usage) else 0
        return observed if 0 < observed <= self.running_nanos else self.running_nanos

    @property
    def snapshots(self) -> int | None:
        """How many snapshots of the heap were added up; None where that is not known."""
        known = [each.snapshots for each in self.usage if each.snapshots]
        return sum(known) if known and len(known) == len(self.usage) else None


def explained(
    inputs: HourInputs, pool: UsedCharge, divided: Attribution, function: Function, metric: CostMetric
) -> Step:
    """The step of a function that is among the keys of what was divided."""
    at = divided.keys.index(function)
    shared, machines = _ran_on(inputs, pool)
    charges = tuple(charge for charge in inputs.charges if _is_of(charge, shared))
    priced = sorted({(charge.price_id, charge.split_id) for charge in charges if charge.price_id})
    own = Money(divided.self_nanos[at], divided.charge.currency)
    whole = Money(divided.total_nanos[at], divided.charge.currency)
    interval = divided.sampling_interval
    observed = sum(divided.self_weights) // interval if interval else None
    return Step(
        hour=inputs.window,
        state=inputs.state,
        metric=metric,
        resource=pool.resource,
        usage=pool.usage,
        machines=machines,
        prices=tuple((inputs.prices[price], inputs.splits[split]) for price, split in priced),
        charges=charges,
        self_weight=divided.self_weights[at],
        total_weight=divided.total_weights[at],
        self_cost=own,
        total_cost=whole,
        self_interval=sampling_error(own, divided.charge, pool.resource, observed),
        total_interval=sampling_error(whole, divided.charge, pool.resource, observed),
    )


def _ran_on(inputs: HourInputs, pool: UsedCharge) -> tuple[Dimensions, tuple[MachineHours, ...]]:
    """What tells the pool apart from others of its hour, and the machines that its usage was laid over."""
    keys = {each.key for each in pool.usage}
    rows = [PricedMachine(row) for row in inputs.machines if row.machine_nanos]
    for found in pools(rows, inputs.usage):
        if keys & {each.key for each in found.usage}:
            return found.at, tuple(machine.hours for machine in found.machines)
    return Dimensions("", "", ""), tuple(inputs.machines)


def _is_of(charge: Charge, shared: Dimensions) -> bool:
    said = {"version": charge.version, "environment": charge.environment, "region": charge.machine.region}
    return all(value in ("", said[name]) for name, value in zip(DIMENSIONS, shared, strict=True))
