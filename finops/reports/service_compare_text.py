"""Two windows of a service compared, as text and as a document."""

from collections.abc import Iterator
from typing import Any

from finops.domain.function import OTHER
from finops.domain.money import Money
from finops.reports import document
from finops.reports.function_lines import FunctionLine
from finops.reports.function_tables import LEVEL_HEAD, money
from finops.reports.service_compare import Row, ServiceComparison, Side
from finops.reports.shown import counted, cut, fitted, harmless, wrapped
from finops.reports.top_text import labels

_NAME = 60


def as_document(compared: ServiceComparison) -> dict[str, Any]:
    """The comparison for a program: amounts as decimal strings.

    `change` is after less before. Its interval is made of the ends of both, so that it holds zero just
    where they overlap, as `could_be_noise` says; null where observations are not known. `is_partial`:
    the function was too small to be kept by name on some days, and cost at least this.
    """
    return {
        "service": compared.service,
        "resource": compared.resource.value,
        "currency": compared.currency,
        "cost_metric": compared.metric.value,
        "before": _whole(compared.before),
        "after": _whole(compared.after),
        "functions": [_row(row) for row in compared.rows],
        "notes": list(compared.notes),
        "provisional_hours": compared.provisional_hours,
    }


def text(compared: ServiceComparison, width: int = 120) -> str:
    """The comparison for a person, in lines of at most `width` characters where the numbers leave room."""
    return "\n".join(_lines(compared, width)) + "\n"


def _whole(side: Side) -> dict[str, Any]:
    return {"window": document.window(side.period.window), "functions_self": document.amount(side.self_cost)}


def _row(row: Row) -> dict[str, Any]:
    name, file = row.function or (OTHER, "")
    return {
        "name": name,
        "file": file,
        "before": _side(row.before, is_partial=row.is_partial[0]),
        "after": _side(row.after, is_partial=row.is_partial[1]),
        "change": {
            "self": document.amount(row.change),
            "total": document.amount(row.total_change),
            "interval": document.interval(row.interval),
        },
        "could_be_noise": row.could_be_noise,
    }


def _side(line: FunctionLine, *, is_partial: bool) -> dict[str, Any]:
    said = document.function(line)
    names = ("self", "total", "observations", "total_observations", "interval", "total_interval")
    return {name: said[name] for name in names} | {"is_partial": is_partial}


def _lines(compared: ServiceComparison, width: int) -> Iterator[str]:
    name = cut(harmless(compared.service), _NAME)
    yield f"{name}: {compared.resource} by function, {compared.metric} cost"
    for word, side in (("before", compared.before), ("after ", compared.after)):
        yield f"{word}  {side.period.window}: {money(side.self_cost)} used"
    if hours := compared.provisional_hours:
        yield f"{counted(hours, 'hour is', 'hours are')} provisional: sources may still bring more"
    yield from wrapped(compared.notes, width)
    yield ""
    heads = ["before", "after", "change", LEVEL_HEAD, "", "total before", "after", "change", "function"]
    yield fitted(heads, _table(compared), width)
    if any(row.could_be_noise for row in compared.rows):
        yield ""
        yield "?  could be noise: the intervals of before and after overlap"


def _table(compared: ServiceComparison) -> list[list[str]]:
    names = labels([row.function for row in compared.rows if row.function])
    left = compared.functions - sum(row.function is not None for row in compared.rows)
    other = f"{OTHER} the other {left:,}, and whatever is small" if left else f"{OTHER} whatever is small"
    return [[*_cells(row), names[row.function] if row.function else other] for row in compared.rows]


def _cells(row: Row) -> list[str]:
    least = ["≥" if each else "" for each in row.is_partial]
    between = row.interval
    return [
        least[0] + money(row.before.self_cost),
        least[1] + money(row.after.self_cost),
        _signed(row.change),
        f"{_signed(between.low)} … {_signed(between.high)}" if between else "",
        "?" if row.could_be_noise else "",
        least[0] + money(row.before.total_cost) if row.function else "",
        least[1] + money(row.after.total_cost) if row.function else "",
        _signed(row.total_change),
    ]


def _signed(amount: Money | None) -> str:
    return f"+{money(amount)}" if amount is not None and amount.nanos > 0 else money(amount)
