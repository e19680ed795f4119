"""Two captures compared, as text and as a document."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from finops.costs.interval import LEVEL, Interval
from finops.domain.function import OTHER
from finops.domain.money import Money, rounded
from finops.reports.compare import ComparedRow, Comparison
from finops.reports.shown import cut, fitted, harmless, wrapped
from finops.reports.sides import CPU_NANOSECONDS, Between, Side, Whole
from finops.reports.top_text import (
    cost_document,
    exact,
    labels,
    money,
    month_document,
    month_lines,
    rest_document,
)
from finops.reports.units import shown_value

_DECIMALS = 3


def as_document(compared: Comparison) -> dict[str, Any]:
    """The comparison for a program.

    `scale` says what each `value` and `change` is in: `unit`, by second of capture where `per_second`.
    `self` and `total` are in the profile's own unit. `interval` and `cost_interval` are the sampling
    error of the self alone, at 95 %; null, as `could_be_noise` then is, where observations are not
    known. A change's interval is made of the ends of both, so that it holds 0 just where they overlap.
    With a fleet, costs are of its month of 730 hours, `cost_change` and `cost_interval` on `cost.basis`.
    """
    document: dict[str, Any] = {
        "type": compared.value_type.type,
        "unit": compared.value_type.unit,
        "by": compared.by,
        "scale": {"unit": compared.scale.unit, "per_second": compared.scale.per_second},
        "before": _whole(compared.before, compared),
        "after": _whole(compared.after, compared),
        "functions": [_row(row, compared) for row in compared.rows],
    }
    if compared.month:
        document["cost"] = {
            **month_document(compared.month, compared.before.utilisation),
            "utilisation_after": month_document(compared.month, compared.after.utilisation)["utilisation"],
            "basis": compared.basis,
        }
    return {**document, "notes": list(compared.notes)}


def text(compared: Comparison, width: int = 120) -> str:
    """The comparison for a person, in lines of at most `width` characters where the numbers leave room."""
    return "\n".join(_lines(compared, width)) + "\n"


def _whole(whole: Whole, compared: Comparison) -> dict[str, Any]:
    document: dict[str, Any] = {
        "file": whole.name,
        "total": whole.total,
        "no_stack": whole.no_stack,
        "duration_nanos": whole.duration_nanos,
        "value": _number(whole.value),
    }
    return {**document, "rest": rest_document(whole.rest)} if compared.month else document


def _row(row: ComparedRow, compared: Comparison) -> dict[str, Any]:
    name, file = row.function or (OTHER, "")
    document: dict[str, Any] = {
        "name": name,
        "file": file,
        "before": _side(row.before),
        "after": _side(row.after),
        "change": {"value": _number(row.change), "interval": _between(row.change_interval)},
        "could_be_noise": row.could_be_noise,
    }
    if (change := _cost_change(row, compared)) is not None:
        document["cost_change"] = {
            "value": exact(change),
            "interval": _interval(_cost_change_interval(row)),
        }
    return document if row.function else {**document, "left_out": row.left_out}


def _side(side: Side) -> dict[str, Any]:
    document: dict[str, Any] = {
        "self": side.self,
        "total": side.total,
        "share": None if side.share is None else round(float(side.share), 9),
        "value": _number(side.value),
        "interval": _between(side.interval),
    }
    if side.observations is not None:
        document["observations"] = side.observations
    if side.self_cost:
        document["self_cost"] = cost_document(side.self_cost)
        document["cost_interval"] = _interval(side.cost_interval)
    if side.total_cost:
        document["total_cost"] = cost_document(side.total_cost)
    return document


def _cost(side: Side, compared: Comparison) -> Money | None:
    """A self cost on the basis that is compared."""
    if side.self_cost is None:
        return None
    return side.self_cost.used if compared.basis == "used" else side.self_cost.loaded


def _cost_change(row: ComparedRow, compared: Comparison) -> Money | None:
    before, after = _cost(row.before, compared), _cost(row.after, compared)
    return after - before if before is not None and after is not None else None


def _cost_change_interval(row: ComparedRow) -> Interval | None:
    before, after = row.before.cost_interval, row.after.cost_interval
    return Interval(after.low - before.high, after.high - before.low) if before and after else None


def _between(between: Between | None) -> dict[str, Any] | None:
    if between is None:
        return None
    return {"low": _number(between.low), "high": _number(between.high), "level": format(LEVEL, "f")}


def _interval(interval: Interval | None) -> dict[str, Any] | None:
    if interval is None:
        return None
    return {"low": exact(interval.low), "high": exact(interval.high), "level": format(interval.level, "f")}


def _number(value: Fraction) -> int | float:
    return value.numerator if value.denominator == 1 else round(float(value), _DECIMALS)


def _lines(compared: Comparison, width: int) -> Iterator[str]:
    kind = cut(harmless(compared.value_type.type), 40)
    yield f"before  {_described(compared.before, kind, compared)}"
    yield f"after   {_described(compared.after, kind, compared)}"
    if compared.month:
        yield from month_lines(compared.month, compared.before.utilisation)
    yield from wrapped(compared.notes, width)
    if not compared.rows:
        return
    yield ""
    yield fitted([*_heads(compared), compared.by], _table(compared), width)
    if any(row.could_be_noise for row in compared.rows):
        yield ""
        yield "?  could be noise: the intervals of before and after overlap"


def _described(whole: Whole, kind: str, compared: Comparison) -> str:
    total = shown_value(whole.total, compared.value_type.unit)
    captured = f" in {shown_value(whole.duration_nanos, 'ns')}" if whole.duration_nanos else ""
    rate = f", {_shown(whole.value, compared)}" if compared.scale.per_second else ""
    return f"{harmless(whole.name)}: {kind} {total}{captured}{rate}"


def _heads(compared: Comparison) -> list[str]:
    if compared.month:
        basis = compared.basis
        return ["before", "after", "change", f"{basis} before", f"{basis} after", "change", "95 %", ""]
    return ["before", "%", "after", "%", "change", "95 %", ""]


def _table(compared: Comparison) -> list[list[str]]:
    names = labels([row.function for row in compared.rows if row.function])
    return [
        [*_cells(row, compared), names[row.function] if row.function else f"{OTHER} {row.left_out:,} more"]
        for row in compared.rows
    ]


def _cells(row: ComparedRow, compared: Comparison) -> list[str]:
    before, after = _shown(row.before.value, compared), _shown(row.after.value, compared)
    change = _signed(_shown(row.change, compared), is_positive=row.change > 0)
    mark = "?" if row.could_be_noise else ""
    if compared.month:
        dollars = _cost_change(row, compared)
        costs = [money(_cost(row.before, compared)), money(_cost(row.after, compared))]
        costs.append(_signed(money(dollars), is_positive=dollars is not None and dollars.nanos > 0))
        between = _cost_change_interval(row)
        ends = f"{money(between.low)} … {money(between.high)}" if between else ""
        return [before, after, change, *costs, ends, mark]
    ends = ""
    if span := row.change_interval:
        ends = f"{_shown(span.low, compared)} … {_shown(span.high, compared)}"
    return [before, _percent(row.before.share), after, _percent(row.after.share), change, ends, mark]


def _signed(text: str, *, is_positive: bool) -> str:
    return f"+{text}" if is_positive else text


def _percent(share: Fraction | None) -> str:
    return "" if share is None else f"{float(share):.1%}"


def _shown(value: Fraction, compared: Comparison) -> str:
    """A value on the comparison's scale; CPU time by second of capture is a number of cores."""
    unit = "ns" if compared.scale.unit == CPU_NANOSECONDS else compared.scale.unit
    if not compared.scale.per_second:
        return shown_value(rounded(value.numerator, value.denominator), unit)
    if unit == "count":
        return f"{float(value):,.2f}/s"
    return f"{shown_value(rounded(value.numerator, value.denominator), unit)}/s"
