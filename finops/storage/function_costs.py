"""Function costs: stored dollars by service-day, resource, metric and function.

Self costs of a service-day, `[other]` included, add up to its used charge; total costs are never added
up over functions.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Literal

from sqlalchemy import ColumnElement, case, delete, func, insert, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from finops.domain.charge import CostMetric
from finops.domain.function import Function
from finops.domain.function_cost import FunctionCost
from finops.domain.money import Money
from finops.domain.resource import Resource
from finops.domain.window import Window, day_of
from finops.errors import CurrencyMismatch
from finops.storage import functions
from finops.storage.ledger import stands
from finops.storage.portable import AnyRow, AnySelect, ByBytes
from finops.storage.tables import FunctionCostRow, FunctionRow


def replace(
    session: Session, service: str, day: Window, costs: Iterable[FunctionCost], ledger_version: int
) -> None:
    """Store what a version of a service-day says its functions cost, in place of what it said before.

    It is read once `ledger.record` has said that the version stands.

    Raises:
        ValueError: `day` is none, or a cost is of another service or window.
    """
    if day != day_of(day.start):
        raise ValueError(f"{day} is not a day")
    costs = list(costs)
    for cost in costs:
        if (cost.service, cost.window) != (service, day):
            raise ValueError(f"a cost of {cost.service} {cost.window} is not one of {service} {day}")
    named = list({cost.function for cost in costs if cost.function is not None})
    ids = dict(zip(named, functions.intern(session, named), strict=True))
    row = FunctionCostRow
    session.execute(
        delete(row).where(
            row.service == service, row.window_start == day.start, row.ledger_version == ledger_version
        )
    )
    rows = [_columns(cost, ids, ledger_version) for cost in costs]
    if rows:
        session.execute(insert(row), rows)


def within(
    session: Session,
    window: Window,
    *,
    service: str | None = None,
    metric: CostMetric = CostMetric.LIST,
    resource: Resource | None = None,
    as_of: datetime | None = None,
) -> list[FunctionCost]:
    """What functions cost on each day of a window of whole days, the row of the small ones last.

    `as_of` gives the versions that stood at that moment.
    """
    row = FunctionCostRow
    query = select(*row.__table__.columns, FunctionRow.name, FunctionRow.file).outerjoin(
        FunctionRow, FunctionRow.id == row.function_id
    )
    query = _standing(query, window, service, metric, as_of)
    if resource is not None:
        query = query.where(row.resource == resource.value)
    found = [_cost(row, day_of(row.window_start)) for row in session.execute(query)]
    return sorted(found, key=order)


def dearest(
    session: Session,
    window: Window,
    service: str | None,
    *,
    metric: CostMetric,
    resource: Resource,
    limit: int,
    by: Literal["self", "total"] = "self",
    as_of: datetime | None = None,
) -> list[FunctionCost]:
    """The functions that cost most over a window of whole days, dearest first; of all services, or of one.

    Each is the sum of the days on which it was kept by name; what it cost on others is in the row of
    the small ones, which is not among these.
    """
    row = FunctionCostRow
    key = (row.service, row.resource, row.metric, row.currency, row.function_id)
    query: AnySelect = select(
        *key,
        func.sum(row.self_nanos).label("self_nanos"),
        func.sum(row.total_nanos).label("total_nanos"),
        _sum_if_all_known(row.self_observations).label("self_observations"),
        _sum_if_all_known(row.total_observations).label("total_observations"),
    ).where(row.resource == resource.value, row.function_id.is_not(None))
    sums = _standing(query, window, service, metric, as_of).group_by(*key).subquery()
    nanos = (
        (sums.c.self_nanos, sums.c.total_nanos) if by == "self" else (sums.c.total_nanos, sums.c.self_nanos)
    )
    named = (
        select(*sums.columns, FunctionRow.name, FunctionRow.file)
        .join(FunctionRow, FunctionRow.id == sums.c.function_id)
        .order_by(
            *(amount.desc() for amount in nanos),
            *(
                ByBytes(text)
                for text in (FunctionRow.name, FunctionRow.file, sums.c.service, sums.c.currency)
            ),
        )
    )
    return [_cost(found, window) for found in session.execute(named.limit(limit))]


def order(cost: FunctionCost) -> tuple[object, ...]:
    """What function costs are ordered by: the row of the small ones comes last."""
    function = cost.function
    return (
        *(cost.window, cost.service, cost.resource, cost.metric, cost.self_cost.currency),
        *(function is None, function or ("", "")),
    )


def _standing(
    query: AnySelect, window: Window, service: str | None, metric: CostMetric, as_of: datetime | None
) -> AnySelect:
    """A query of function costs narrowed to a window, a service, a metric and the versions that count."""
    if any(moment != day_of(moment).start for moment in (window.start, window.end)):
        raise ValueError(f"{window} is not whole days: function costs are kept by day")
    row = FunctionCostRow
    query = query.where(
        row.window_start >= window.start,
        row.window_start < window.end,
        row.metric == metric.value,
        stands(row, window, service=service, as_of=as_of),
    )
    return query if service is None else query.where(row.service == service)


def _sum_if_all_known(column: InstrumentedAttribute[int | None]) -> ColumnElement[int]:
    return case((func.count(column) == func.count(), func.sum(column)))


def _columns(cost: FunctionCost, ids: Mapping[Function, int], ledger_version: int) -> dict[str, object]:
    total = cost.total_cost
    if total is not None and total.currency != cost.self_cost.currency:
        raise CurrencyMismatch(f"{total} and {cost.self_cost} are of one function")
    return {
        "service": cost.service,
        "window_start": cost.window.start,
        "resource": cost.resource.value,
        "metric": cost.metric.value,
        "function_id": None if cost.function is None else ids[cost.function],
        "is_other": cost.function is None,
        "self_nanos": cost.self_cost.nanos,
        "total_nanos": None if total is None else total.nanos,
        "self_observations": cost.self_observations,
        "total_observations": cost.total_observations,
        "currency": cost.self_cost.currency,
        "ledger_version": ledger_version,
    }


def _cost(row: AnyRow, window: Window) -> FunctionCost:
    return FunctionCost(
        service=row.service,
        window=window,
        resource=Resource(row.resource),
        metric=CostMetric(row.metric),
        function=None if row.name is None else Function(row.name, row.file),
        self_cost=Money(row.self_nanos, row.currency),
        total_cost=None if row.total_nanos is None else Money(row.total_nanos, row.currency),
        self_observations=row.self_observations,
        total_observations=row.total_observations,
    )
