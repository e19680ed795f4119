"""The functions of one service over some days, as the ledger has them: data, and the document of it."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from finops.domain.charge import CostMetric
from finops.domain.function import Function
from finops.domain.function_cost import FunctionCost
from finops.domain.money import Money, total
from finops.domain.resource import Resource
from finops.domain.window import Window
from finops.errors import Incomplete, NotFound
from finops.reports import document
from finops.reports.function_lines import FunctionLine, Measure, dearest, lines, rest
from finops.reports.shown import cut, harmless
from finops.storage import function_costs, ledger
from finops.storage.database import Session

Grouping = Literal["function", "name", "file"]
GROUPINGS: tuple[Grouping, ...] = ("function", "name", "file")
# The ledger keeps no longer name, in bytes, and cannot be asked for one.
_LONGEST = 1000
# Of a name that was asked for, and of those there are, so much is said.
_NAME, _NAMES = 60, 10

RESOURCES = (Resource.CPU, Resource.MEMORY)


@dataclass(frozen=True, slots=True)
class ResourceFunctions:
    """The functions of one resource: `listed` and `rest` together are `self_cost`."""

    resource: Resource
    self_cost: Money
    functions: int
    listed: tuple[FunctionLine, ...]
    rest: FunctionLine | None


@dataclass(frozen=True, slots=True)
class ServiceFunctions:
    """The functions of one service in a window."""

    service: str
    window: Window
    accounted: Window | None
    currency: str
    metric: CostMetric
    by: Grouping
    sort: Measure
    resources: tuple[ResourceFunctions, ...]
    provisional_hours: int


def build(
    session: Session,
    service: str,
    window: Window,
    *,
    currency: str,
    metric: CostMetric = CostMetric.LIST,
    resources: Sequence[Resource] = RESOURCES,
    by: Grouping = "function",
    sort: Measure = "self",
    limit: int = 20,
) -> ServiceFunctions:
    """The functions of a service over whole days, the dearest first.

    Args:
        session: reads the ledger.
        service: its name in the ledger.
        window: whole days.
        currency: costs in another are not among these.
        metric: which of the four costs.
        resources: of which resources.
        by: what is added up; by name or file there are self costs only, because totals overlap.
        sort: dearest by which first.
        limit: how many to list of each resource; the others become one line. 0 lists all.

    Raises:
        NotFound: the ledger holds no such service in the window; the message names those there are.
        Incomplete: totals are asked for of what has none.
    """
    if by != "function" and sort == "total":
        raise Incomplete(f"totals overlap, so that they cannot be added up by {by}: sort by self")
    refuse_unknown(session, service, window)
    costs = of_service(session, service, window, currency=currency, metric=metric)
    return ServiceFunctions(
        service=service,
        window=window,
        accounted=ledger.accounted(session, window),
        currency=currency,
        metric=metric,
        by=by,
        sort=sort,
        resources=tuple(_resource(costs, each, currency, by, sort, limit) for each in resources),
        provisional_hours=ledger.provisional_hours(session, window, service),
    )


def refuse_unknown(session: Session, service: str, window: Window) -> None:
    """Raise NotFound, with the names there are, unless the ledger holds a service in a window."""
    if len(service.encode("utf-8", "replace")) <= _LONGEST and ledger.states(session, window, service):
        return
    names = sorted({name for name, _ in ledger.states(session, window)})
    listed = [cut(harmless(name), _NAME) for name in names[:_NAMES]]
    there = f"; there is {', '.join(listed)}" if listed else ", nor any other"
    raise NotFound(f"the ledger holds no service {cut(service, _NAME)!r} in {window}{there}")


def of_service(
    session: Session, service: str, window: Window, *, currency: str, metric: CostMetric
) -> list[FunctionCost]:
    """What the functions of a service cost on each day, in one currency."""
    costs = function_costs.within(session, window, service=service, metric=metric)
    return [cost for cost in costs if cost.self_cost.currency == currency]


def as_document(found: ServiceFunctions) -> dict[str, Any]:
    """The functions for a program; each entry is as in the weekly report.

    The self costs of a resource's entries add up to its `functions_self`: `[other]` stands for all that
    are not listed, and has no total. Nor has anything that is added up by name or file.
    """
    return {
        "service": found.service,
        "window": document.window(found.window),
        "currency": found.currency,
        "cost_metric": found.metric.value,
        "functions": [
            document.function(line)
            for each in found.resources
            for line in (*each.listed, *([each.rest] if each.rest else []))
        ],
        "functions_self": {each.resource.value: document.amount(each.self_cost) for each in found.resources},
        "provisional_hours": found.provisional_hours,
        "accounted": document.maybe_window(found.accounted),
    }


def _resource(
    costs: Iterable[FunctionCost],
    resource: Resource,
    currency: str,
    by: Grouping,
    sort: Measure,
    limit: int,
) -> ResourceFunctions:
    every = lines(_grouped(costs, by), resource)
    listed = dearest(every, sort, limit)
    return ResourceFunctions(
        resource=resource,
        self_cost=total((line.self_cost for line in every), currency),
        functions=sum(line.function is not None for line in every),
        listed=tuple(listed),
        rest=rest(every, listed),
    )


def _grouped(costs: Iterable[FunctionCost], by: Grouping) -> list[FunctionCost]:
    """Days of functions that share a name or a file, as one function's; without totals."""
    if by == "function":
        return list(costs)
    groups: dict[tuple[Window, Resource, Function | None], list[FunctionCost]] = defaultdict(list)
    for cost in costs:
        groups[cost.window, cost.resource, _key(cost.function, by)].append(cost)
    return [_summed(function, group) for (_, _, function), group in groups.items()]


def _key(function: Function | None, by: Grouping) -> Function | None:
    if function is None:
        return None
    return Function(function.name, "") if by == "name" else Function(function.file or "<unknown>", "")


def _summed(function: Function | None, group: Sequence[FunctionCost]) -> FunctionCost:
    observed = [cost.self_observations for cost in group]
    return replace(
        group[0],
        function=function,
        self_cost=total(cost.self_cost for cost in group),
        total_cost=None,
        self_observations=None if None in observed else sum(each or 0 for each in observed),
        total_observations=None,
    )
