"""The functions of a capture as text and as a document."""

from collections import Counter
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

from finops.domain.charge import ChargeKind
from finops.domain.function import OTHER, Function
from finops.domain.money import Money
from finops.domain.price import PriceSplit
from finops.domain.resource import Resource
from finops.domain.window import HOURS_PER_MONTH
from finops.reports import price_sheet
from finops.reports.fleet_month import FleetMonth, Rest, Utilisation
from finops.reports.shown import cut, dollars, fitted, harmless, wrapped
from finops.reports.top import Cost, FunctionRow, Top
from finops.reports.units import shown_value

_FILES = 10
_REASONS = {
    ChargeKind.IDLE: "CPU idle, by the utilisation given",
    ChargeKind.UNPROFILED_OR_IDLE: "CPU unprofiled or idle",
    ChargeKind.NO_STACK: "CPU of samples without a stack",
    ChargeKind.MEMORY_NOT_MEASURED: "memory not measured",
    ChargeKind.NO_PROFILE: "GPU without a profile",
}


def as_document(top: Top) -> dict[str, Any]:
    """The functions for a program: values in the profile's own unit, amounts as decimal strings.

    `rest` is what the fleet's month has beside functions on the used basis: Σ used and all of it are
    the fleet's cost. Σ loaded are that cost without what is paid for beside CPU (`resource` is not
    cpu). `[other]` stands for the `left_out` functions and has no total.
    """
    document: dict[str, Any] = {
        "type": top.value_type.type,
        "unit": top.value_type.unit,
        "total": top.total,
        "no_stack": top.no_stack,
        "functions": [_function(row) for row in top.rows],
        "rest": rest_document(top.rest),
    }
    if top.month:
        document["cost"] = month_document(top.month, top.utilisation)
    return {**document, "notes": list(top.notes)}


def text(top: Top, width: int = 120) -> str:
    """The functions for a person, in lines of at most `width` characters where the numbers leave room."""
    return "\n".join(_lines(top, width)) + "\n"


def month_document(month: FleetMonth, utilisation: Utilisation | None) -> dict[str, Any]:
    """What a fleet's month costs, with the price and the split that say so."""
    return {
        "total": exact(month.total),
        "cpu": exact(month.cpu),
        "memory": exact(month.memory),
        "gpu": exact(month.gpu),
        "currency": month.total.currency,
        "cost_metric": "list" if month.price else "stated",
        "hours": HOURS_PER_MONTH,
        "count": month.count,
        "price": price_sheet.document(month.price, month.split) if month.price and month.split else None,
        "utilisation": _utilisation(utilisation) if utilisation else None,
    }


def month_lines(month: FleetMonth, utilisation: Utilisation | None) -> Iterator[str]:
    """What a fleet's month costs, for a person."""
    price, split = month.price, month.split
    if price and split:
        yield f"{month.count} × {price.kind}: {money(month.total)} a month of 730 h at list"
        estimate = ", an estimate" if price.is_estimate else ""
        yield f"{price.hourly} {price.currency} an hour{estimate}, from the bundled catalogue: {month.title}"
        yield f"CPU {money(month.cpu)} of it by {split_text(split)}"
    else:
        yield f"CPU {money(month.cpu)} a month of 730 h, as stated"
    if utilisation and utilisation.is_measured:
        yield f"Utilisation {float(utilisation.share):.2%}, as given"


def split_text(split: PriceSplit) -> str:
    """How a price was divided."""
    return f"{split.method} ({split.basis}{'; an estimate' if split.is_estimate else ''})"


def rest_document(rest: Sequence[Rest]) -> list[dict[str, str]]:
    """What reached no function."""
    return [
        {"resource": each.resource.value, "kind": each.kind.value, "cost": exact(each.cost)} for each in rest
    ]


def cost_document(cost: Cost) -> dict[str, str]:
    """A cost on both bases; without `used` where utilisation is not known."""
    document = {"loaded": exact(cost.loaded)}
    return document if cost.used is None else {**document, "used": exact(cost.used)}


def exact(amount: Money) -> str:
    """An amount with all nine decimals."""
    return format(amount.amount, "f")


def money(amount: Money | None) -> str:
    """An amount to the cent."""
    return "-" if amount is None else dollars(amount.amount, amount.currency)


def labels(functions: Sequence[Function]) -> dict[Function, str]:
    """What to call functions: the name, and the file behind it where two of them share a name."""
    met = Counter(function.name for function in functions)
    return {
        each: harmless(f"{each.name} ({each.file})" if met[each.name] > 1 and each.file else each.name)
        for each in functions
    }


def _utilisation(utilisation: Utilisation) -> dict[str, Any]:
    return {
        "share": round(float(utilisation.share), 9),
        "source": "given" if utilisation.is_measured else "capture",
    }


def _function(row: FunctionRow) -> dict[str, Any]:
    name, file = row.function or (OTHER, "")
    document: dict[str, Any] = {"name": name, "file": file, "self": row.self, "total": row.total}
    if row.observations is not None:
        document["observations"] = row.observations
    if row.self_cost:
        document["self_cost"] = cost_document(row.self_cost)
    if row.total_cost:
        document["total_cost"] = cost_document(row.total_cost)
    return document if row.function else {**document, "left_out": row.left_out}


def _lines(top: Top, width: int) -> Iterator[str]:
    yield from map(harmless, top.names[:_FILES])
    if len(top.names) > _FILES:
        yield f"and {len(top.names) - _FILES:,} files more"
    yield _what(top)
    if top.month:
        yield from month_lines(top.month, top.utilisation)
    yield from wrapped(top.notes, width)
    if top.rows or top.no_stack:
        yield ""
        yield fitted(_heads(top), _rows(top), width)


def _what(top: Top) -> str:
    value_type = top.value_type
    whole = shown_value(top.total, value_type.unit)
    listed = [row for row in top.rows if row.function]
    shown = f"; {len(listed)} of {top.functions:,} {top.by}s" if len(listed) < top.functions else ""
    part = _share(sum(row.self for row in listed), top)
    captured = f" in {shown_value(top.duration_nanos, 'ns')} of capture" if top.duration_nanos else ""
    of_total = f" with {part} of it" if shown and part else ""
    differs = "; values are differences, so no shares are shown" if top.has_negative else ""
    return f"{cut(harmless(value_type.type), 40)}: {whole} in total{captured}{shown}{of_total}{differs}"


def _heads(top: Top) -> list[str]:
    return ["self", "self %", "total", "total %", *_cost_heads(top), top.by]


def _cost_heads(top: Top) -> list[str]:
    if not top.month:
        return []
    heads = ["loaded", "used"] if top.utilisation else ["loaded"]
    return [*heads, "total loaded"] if top.sort == "total" else heads


def _rows(top: Top) -> list[list[str]]:
    names = labels([row.function for row in top.rows if row.function])
    rows = [_row(row, top, names[row.function] if row.function else _left_out(row)) for row in top.rows]
    if top.no_stack and not top.month:
        own, share = shown_value(top.no_stack, top.value_type.unit), _share(top.no_stack, top)
        rows.append([own, share, "", "", "samples without a stack"])
    if top.month:
        rows += [_rest_row(each, top) for each in top.rest]
        rows.append(_money_row(top, top.month.total, top.month.total, "sum"))
    return rows


def _left_out(row: FunctionRow) -> str:
    return f"{OTHER} {row.left_out:,} more"


def _row(row: FunctionRow, top: Top, name: str) -> list[str]:
    unit = top.value_type.unit
    cells = [shown_value(row.self, unit), _share(row.self, top)]
    cells += ["", ""] if row.total is None else [shown_value(row.total, unit), _share(row.total, top)]
    if row.self_cost:
        cells.append(money(row.self_cost.loaded))
        if top.utilisation:
            cells.append(money(row.self_cost.used))
        if top.sort == "total":
            cells.append(money(row.total_cost.loaded) if row.total_cost else "")
    return [*cells, name]


def _rest_row(rest: Rest, top: Top) -> list[str]:
    """One line of the rest. Functions bear all of CPU on the loaded basis: its rest has no loaded cost."""
    loaded = None if rest.resource is Resource.CPU else rest.cost
    return _money_row(top, loaded, rest.cost, _REASONS[rest.kind])


def _money_row(top: Top, loaded: Money | None, used: Money, name: str) -> list[str]:
    cells = ["" if loaded is None else money(loaded), *([money(used)] if top.utilisation else [])]
    return [*[""] * 4, *cells, *([""] if top.sort == "total" else []), name]


def _share(value: int, top: Top) -> str:
    if top.has_negative or top.total <= 0:
        return ""
    return f"{float(Fraction(value, top.total)):.1%}"
