"""One capture as a side of a comparison: each function's values, costs and sampling errors."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from typing import Literal

from finops.costs.interval import Interval, cost_interval, wilson
from finops.domain.function import Function
from finops.domain.money import Money
from finops.engine import Grouping
from finops.reports.files import Capture
from finops.reports.fleet_month import FleetMonth, Rest, Utilisation
from finops.reports.sums import Sums
from finops.reports.top import Cost, Divided, divide_month, summed

NANOS_PER_SECOND = 10**9
CPU_NANOSECONDS = "cpu-nanoseconds"

Basis = Literal["loaded", "used"]


@dataclass(frozen=True, slots=True)
class Scale:
    """What values are compared in: a unit, and whether for each second that was captured."""

    unit: str
    per_second: bool


@dataclass(frozen=True, slots=True)
class Between:
    """What a value lies between by its sampling error."""

    low: Fraction
    high: Fraction


@dataclass(frozen=True, slots=True)
class Side:
    """One function, or several, in one capture; they may have no total.

    `value` is its self on the comparison's scale. `interval`, `observations` and `cost_interval` are of
    its self, and None where observations are not known; `cost_interval` is of the basis compared.
    """

    self: int
    total: int | None
    share: Fraction | None
    value: Fraction
    interval: Between | None
    observations: int | None
    self_cost: Cost | None = None
    total_cost: Cost | None = None
    cost_interval: Interval | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Whole:
    """A whole capture: its values as they are and on the comparison's scale, and what reached no function."""

    name: str
    total: int
    no_stack: int
    duration_nanos: int | None
    value: Fraction
    rest: tuple[Rest, ...]
    utilisation: Utilisation | None


@dataclass(frozen=True, eq=False)
class Measured:
    """One capture, added up. A function that it does not have is nothing, which is a value too.

    Attributes:
        observed: how many samples the sums rest on; None where not known.
        unit: what one unit of its values is on the scale.
    """

    capture: Capture
    by: Grouping
    sums: Sums
    observed: Sums | None
    unit: Fraction
    divided: Divided | None = None
    basis: Basis = "used"

    @classmethod
    def of(cls, capture: Capture, by: Grouping, scale: Scale) -> "Measured":
        """A capture on a scale that suits it."""
        read = capture.meaning
        factor = read.factor if read and scale.unit == CPU_NANOSECONDS else 1
        duration = capture.duration_nanos if scale.per_second else None
        unit = Fraction(factor * NANOS_PER_SECOND, duration) if duration else Fraction(factor)
        return cls(capture, by, capture.sums(by), capture.observations(by), unit)

    def priced(self, month: FleetMonth, utilisation: Utilisation | None, basis: Basis) -> "Measured":
        """The same with a fleet's month divided over it."""
        divided = divide_month(self.capture, self.by, self.sums, month, utilisation)
        return replace(self, divided=divided, basis=basis)

    def whole(self) -> Whole:
        """All of it."""
        return Whole(
            name=self.capture.names[0],
            total=self.sums.total,
            no_stack=self.sums.no_stack,
            duration_nanos=self.capture.duration_nanos,
            value=self.sums.total * self.unit,
            rest=self.divided.rest if self.divided else (),
            utilisation=self.divided.utilisation if self.divided else None,
        )

    def value(self, function: Function) -> Fraction:
        """A function's self on the scale."""
        at = self._places.get(function)
        return Fraction(0) if at is None else self.sums.selfs[at] * self.unit

    def side(self, functions: Sequence[Function]) -> Side:
        """One function, or several as one, which then has no total: totals must not be added up."""
        places = [self._places[each] for each in functions if each in self._places]
        is_one = len(functions) == 1
        own = sum(self.sums.selfs[at] for at in places)
        count = sum(self._counts.get(each, 0) for each in functions) if self._counts is not None else None
        has_shares = self.sums.total > 0 and not self.capture.has_negative
        side = Side(
            self=own,
            total=sum(self.sums.totals[at] for at in places) if is_one else None,
            share=Fraction(own, self.sums.total) if has_shares else None,
            value=own * self.unit,
            interval=self._between(own, count),
            observations=count,
        )
        if self.divided is None:
            return side
        nothing = self._nothing
        return replace(
            side,
            self_cost=summed([nothing, *(self.divided.self_costs[at] for at in places)]),
            total_cost=summed([nothing, *(self.divided.total_costs[at] for at in places)])
            if is_one
            else None,
            cost_interval=cost_interval(self._charge, count, self._observations),
        )

    @cached_property
    def _places(self) -> dict[Function, int]:
        return {key: at for at, key in enumerate(self.sums.keys)}

    @cached_property
    def _counts(self) -> dict[Function, int] | None:
        return dict(zip(self.observed.keys, self.observed.selfs, strict=True)) if self.observed else None

    @property
    def _observations(self) -> int | None:
        """How many samples have a stack."""
        return self.observed.stacked if self.observed else None

    @cached_property
    def _nothing(self) -> Cost:
        zero = Money(0, self.divided.self_costs[0].loaded.currency if self.divided else "USD")
        return Cost(zero, zero if self.divided and self.divided.utilisation else None)

    @cached_property
    def _charge(self) -> Money:
        """What the functions cost together on the basis that is compared."""
        cost = summed([self._nothing, *(self.divided.self_costs if self.divided else ())])
        return cost.used if self.basis == "used" and cost.used is not None else cost.loaded

    def _between(self, own: int, count: int | None) -> Between | None:
        """The interval of a self; it holds the self, though not every value is a whole number of samples."""
        if count is None or not self._observations:
            return None
        whole = self.sums.stacked * self.unit
        low, high = (Fraction(share) * whole for share in wilson(count, self._observations))
        return Between(min(low, own * self.unit), max(high, own * self.unit))
