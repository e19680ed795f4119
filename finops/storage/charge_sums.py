"""Charges added up by the database: what dashboards and reports ask for. Exact at any size."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import (
    ColumnElement,
    Integer,
    Subquery,
    case,
    func,
    literal,
    select,
    union_all,
)
from sqlalchemy.orm import Session

from finops.domain.charge import ChargeState, CostMetric
from finops.domain.money import Money
from finops.domain.window import DAY, HOUR, Window
from finops.errors import Incomplete
from finops.storage.charges import refuse_cut_days, refuse_restated_days, standing_hours, within_window
from finops.storage.ledger import stands
from finops.storage.portable import AnyRow, UtcDay
from finops.storage.tables import ChargeDayRow, ChargeRow
from finops.storage.types import Whole

Dimension = Literal[
    "service",
    "version",
    "environment",
    "account",
    "cloud",
    "region",
    "zone",
    "machine_type",
    "purchase_option",
    "resource",
    "kind",
    "method",
    "state",
    "price_id",
    "split_id",
]
By = Dimension | Literal["hour", "day"]

_STEPS = {"hour": HOUR, "day": DAY}

# SQLite refuses a sum beyond 64 bits, which 10,000 cores reach in eleven days of core-nanoseconds: the
# upper and the lower half of a number are added up apart, and put together in Python.
_HALF_BITS = 32
_LOWER_HALF = (1 << _HALF_BITS) - 1


@dataclass(frozen=True, slots=True)
class ChargeSum:
    """What some charges add up to.

    Attributes:
        group: what they have in common, in the order that was asked for; a window for hour and day.
        quantity: in the resource's stored unit; None where several resources are mixed.
        amount: of those with an amount by the metric; None where none has one, never zero instead.
        unpriced_charges, unpriced_quantity: of those without.
        is_estimate: at least one of them rests on an estimate.
        is_provisional: at least one of them may still change.
    """

    group: tuple[str | Window, ...]
    currency: str
    quantity: int | None
    amount: Money | None
    unpriced_charges: int
    unpriced_quantity: int | None
    is_estimate: bool
    is_provisional: bool


def sums(
    session: Session,
    window: Window,
    *,
    by: Sequence[By],
    metric: CostMetric,
    filters: Mapping[Dimension, Collection[str]] | None = None,
    as_of: datetime | None = None,
) -> list[ChargeSum]:
    """The charges of a window added up by what they have in common, and always by currency.

    `by` are dimensions, and `hour` or `day` for a series; with nothing there is one sum of all.
    `filters` are the values that a dimension may have. `as_of` is that of `charges.within`.

    Raises:
        Incomplete: the window cuts a day, or asks for hours or versions, that have left the ledger.
    """
    filters = filters or {}
    refuse_cut_days(session, window, None)
    refuse_restated_days(session, window, None, as_of)
    if "hour" in by:
        _refuse_days(session, window)
    lines = _lines(window, by, metric, filters, as_of)
    keys = [UtcDay(lines.c.window_start) if name == "day" else lines.c[_column(name)] for name in by]
    query = select(*keys, *_totals(lines)).group_by(*keys, lines.c.currency)
    is_one_resource = "resource" in by or len(filters.get("resource", ())) == 1
    found = [_sum(row, by, is_one_resource=is_one_resource) for row in session.execute(query)]
    return sorted(found, key=lambda one: (one.group, one.currency))


def by_version(
    session: Session, service: str, window: Window, *, currency: str, metric: CostMetric = CostMetric.LIST
) -> dict[tuple[Window, int], Money]:
    """What each version of each hour of a service charges; one without an amount is left out."""
    row = ChargeRow
    key = (row.window_start, row.window_end, row.ledger_version)
    query = select(*key, *exact_sum(getattr(row, f"{metric}_nanos")))
    query = within_window(query, row, window, service).where(row.currency == currency).group_by(*key)
    found = {
        (Window(start, end), version): whole(upper, lower)
        for start, end, version, upper, lower in session.execute(query)
    }
    return {place: Money(nanos, currency) for place, nanos in found.items() if nanos is not None}


def exact_sum(column: ColumnElement[Any]) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    """A sum in two halves that `whole` puts together; both null where nothing was added."""
    upper = column.op(">>", return_type=Whole())(literal(_HALF_BITS, Integer))
    lower = column.op("&", return_type=Whole())(literal(_LOWER_HALF, Whole))
    return func.sum(upper), func.sum(lower)


def whole(upper: int | None, lower: int | None) -> int | None:
    """The number whose halves were added up apart."""
    return None if upper is None or lower is None else (upper << _HALF_BITS) + lower


def _refuse_days(session: Session, window: Window) -> None:
    query = within_window(select(ChargeDayRow.window_start), ChargeDayRow, window, None)
    day = session.scalars(query.limit(1)).first()
    if day is not None:
        raise Incomplete(f"the hours of {day:%Y-%m-%d} have left the ledger: ask by day")


def _lines(
    window: Window,
    by: Sequence[By],
    metric: CostMetric,
    filters: Mapping[Dimension, Collection[str]],
    as_of: datetime | None,
) -> Subquery:
    """Hourly charges that stand, and daily sums of those that left, as one table."""
    names = dict.fromkeys(("window_start", "currency", "quantity", "is_estimate", *map(_column, by)))
    tables = []
    hour_may_change = stands(ChargeRow, window, as_of=as_of, state=ChargeState.PROVISIONAL)
    of_day = within_window(select(ChargeDayRow.__table__), ChargeDayRow, window, None)
    for table, query, may_change in (
        (ChargeRow, standing_hours(window, None, as_of), case((hour_may_change, 1), else_=0)),
        (ChargeDayRow, of_day, literal(0)),
    ):
        chosen = [getattr(table, name).in_(values) for name, values in filters.items()]
        columns = [getattr(table, name) for name in names]
        amount = getattr(table, f"{metric}_nanos").label("amount")
        narrow = query.where(*chosen).with_only_columns(*columns, amount, may_change.label("may_change"))
        tables.append(narrow)
    return union_all(*tables).subquery()


def _column(name: By) -> str:
    return "window_start" if name in _STEPS else name


def _totals(lines: Subquery) -> list[ColumnElement[Any]]:
    amount, quantity = lines.c.amount, lines.c.quantity
    unpriced = case((amount.is_(None), quantity), else_=0)
    return [
        *exact_sum(quantity),
        *exact_sum(amount),
        *exact_sum(unpriced),
        func.sum(case((amount.is_(None), 1), else_=0)),
        func.max(case((lines.c.is_estimate, 1), else_=0)),
        func.max(lines.c.may_change),
        lines.c.currency,
    ]


def _sum(row: AnyRow, by: Sequence[By], *, is_one_resource: bool) -> ChargeSum:
    *group, quantity_up, quantity, up, low, unpriced_up, unpriced, count, estimates, provisional, currency = (
        row
    )
    nanos = whole(up, low)
    return ChargeSum(
        group=tuple(
            Window(value, value + _STEPS[name]) if name in _STEPS else value
            for name, value in zip(by, group, strict=True)
        ),
        currency=currency,
        quantity=whole(quantity_up, quantity) if is_one_resource else None,
        amount=None if nanos is None else Money(nanos, currency),
        unpriced_charges=int(count),
        unpriced_quantity=whole(unpriced_up, unpriced) if is_one_resource else None,
        is_estimate=bool(estimates),
        is_provisional=bool(provisional),
    )
