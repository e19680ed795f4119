"""The functions of one service in two windows of the ledger, the largest change first.

The rule that must not be broken: this describes two windows and judges nothing; whether days differ by
more than they always do is a question for finops.reports.change.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from finops.costs.interval import Interval
from finops.domain.charge import CostMetric
from finops.domain.function import Function
from finops.domain.function_cost import FunctionCost
from finops.domain.money import Money, total
from finops.domain.resource import Resource
from finops.domain.window import Window
from finops.errors import Incomplete
from finops.reports.change import Period, lacking, used
from finops.reports.function_lines import FunctionLine, absent, lines, rest
from finops.reports.service_functions import of_service, refuse_unknown
from finops.storage import ledger
from finops.storage.database import Session

ALWAYS = (
    "Two windows differ as days do: whether this is more than that, `finops change verify` says."
    " The 95 % intervals are the sampling error alone."
)
PARTIAL = (
    "≥ marks what was too small to be kept by name on some days: on those it is in [other], and the cost is"
    " at least the one shown."
)


@dataclass(frozen=True, slots=True)
class Side:
    """One window: what its functions cost, and on which days some were too small to be kept by name."""

    period: Period
    lines: tuple[FunctionLine, ...]
    self_cost: Money
    small_days: int


@dataclass(frozen=True, slots=True)
class Row:
    """One function in both windows, or (`function` is None) all that are not listed.

    `is_partial` says of each side whether some of its cost may be in the row of the small ones.
    """

    function: Function | None
    before: FunctionLine
    after: FunctionLine
    is_partial: tuple[bool, bool]

    @property
    def change(self) -> Money:
        """The self cost after less that before."""
        return self.after.self_cost - self.before.self_cost

    @property
    def total_change(self) -> Money | None:
        """The total after less that before; None where there are none."""
        before, after = self.before.total_cost, self.after.total_cost
        return None if before is None or after is None else after - before

    @property
    def interval(self) -> Interval | None:
        """Of the change of self, from the ends of both: it holds zero just where they overlap."""
        one, other = self.before.interval, self.after.interval
        return Interval(other.low - one.high, other.high - one.low) if one and other else None

    @property
    def could_be_noise(self) -> bool | None:
        """Whether the intervals of both sides overlap; None where there are none."""
        between = self.interval
        return between.low.nanos <= 0 <= between.high.nanos if between else None


@dataclass(frozen=True, slots=True)
class ServiceComparison:
    """Two windows of one service, compared by function; so many hours of both may still change."""

    service: str
    resource: Resource
    metric: CostMetric
    currency: str
    before: Side
    after: Side
    functions: int
    rows: tuple[Row, ...]
    notes: tuple[str, ...]
    provisional_hours: int


def build(
    session: Session,
    service: str,
    before: Window,
    after: Window,
    *,
    currency: str,
    resource: Resource = Resource.CPU,
    metric: CostMetric = CostMetric.LIST,
    limit: int = 20,
) -> ServiceComparison:
    """Compare two windows of whole days, of one length, by what each function cost by itself.

    Args:
        session: reads the ledger.
        service: its name in the ledger.
        before: whole days.
        after: as many whole days, later.
        currency: costs in another are not among these.
        resource: of which resource.
        metric: which of the four costs.
        limit: how many functions to list; the others become one row. 0 lists all.

    Raises:
        NotFound: the ledger holds no such service in either window.
        Incomplete: in one of the windows nothing was used.
    """
    sides = []
    for window in (before, after):
        refuse_unknown(session, service, window)
        costs = of_service(session, service, window, currency=currency, metric=metric)
        period = used(session, service, window, currency, resource, metric)
        sides.append(_side(period, costs, resource, currency))
        if not sides[-1].lines:
            raise Incomplete(f"nothing of the {resource} of {service!r} was used in {window}")
    was, became = sides
    keys = {line.function for side in sides for line in side.lines if line.function is not None}
    rows = _rows(was, became, keys, limit, currency)
    notes = [ALWAYS]
    if why := lacking(was.period, became.period):
        notes.append(f"Not all is known: {why}.")
    if any(any(row.is_partial) for row in rows):
        notes.append(PARTIAL)
    return ServiceComparison(
        service=service,
        resource=resource,
        metric=metric,
        currency=currency,
        before=was,
        after=became,
        functions=len(keys),
        rows=tuple(rows),
        notes=tuple(notes),
        provisional_hours=sum(
            ledger.provisional_hours(session, window, service) for window in (before, after)
        ),
    )


def _side(period: Period, costs: Iterable[FunctionCost], resource: Resource, currency: str) -> Side:
    costs = [cost for cost in costs if cost.resource is resource]
    every = lines(costs, resource)
    return Side(
        period=period,
        lines=tuple(every),
        self_cost=total((line.self_cost for line in every), currency),
        small_days=sum(cost.function is None for cost in costs),
    )


def _rows(was: Side, became: Side, keys: Iterable[Function], limit: int, currency: str) -> list[Row]:
    before, after = ({line.function: line for line in side.lines} for side in (was, became))
    rows = []
    for key in sorted(keys):
        one = before.get(key) or absent(key, was.lines, currency)
        other = after.get(key) or absent(key, became.lines, currency)
        rows.append(Row(key, one, other, (_is_partial(one, was), _is_partial(other, became))))
    rows.sort(key=lambda row: (-abs(row.change.nanos), -max(_wholes(row))))
    listed = rows[:limit] if limit else rows
    left = rest(was.lines, [row.before for row in listed]), rest(became.lines, [row.after for row in listed])
    if not any(left):
        return listed
    one, other = (each or absent(None, was.lines, currency) for each in left)
    return [*listed, Row(None, one, other, (False, False))]


def _is_partial(line: FunctionLine, side: Side) -> bool:
    """Whether it was not kept by name on some day, on which it may be one of the small ones."""
    return line.days < len(side.period.days) and side.small_days > 0


def _wholes(row: Row) -> Sequence[int]:
    return [each.total_cost.nanos for each in (row.before, row.after) if each.total_cost is not None] or [0]
