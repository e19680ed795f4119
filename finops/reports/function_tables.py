"""Functions with their costs as tables for a person: money to the cent, names harmless and cut to fit."""

from collections.abc import Iterator, Sequence

from finops.costs.interval import Interval
from finops.domain.function import OTHER
from finops.domain.money import Money
from finops.reports.function_lines import FunctionLine
from finops.reports.shown import dollars, fitted
from finops.reports.top_text import labels

LEVEL_HEAD = "95 %"


def by_self(lines: Sequence[FunctionLine], width: int, by: str = "function") -> str:
    """What was spent in each function itself, or in those of one name or file; these add up."""
    has_interval = any(line.interval for line in lines)
    rows = [[money(line.self_cost), between(line.interval), name] for line, name in _named(lines)]
    return _fitted(["self", LEVEL_HEAD, by], rows, width, is_known=has_interval)


def by_total(lines: Sequence[FunctionLine], width: int) -> str:
    """What each function cost with all that it called; these overlap."""
    has_interval = any(line.total_interval for line in lines)
    rows = [[money(line.total_cost), between(line.total_interval), name] for line, name in _named(lines)]
    return _fitted(["total", LEVEL_HEAD, "function"], rows, width, is_known=has_interval)


def both(lines: Sequence[FunctionLine], width: int, rest: FunctionLine | None = None, said: str = "") -> str:
    """Self and total beside each other, and last the row of those that are not listed."""
    heads = ["self", LEVEL_HEAD, "total", LEVEL_HEAD, "function"]
    rows = [[*_costs(line), name] for line, name in _named(lines)]
    if rest is not None:
        rows.append([*_costs(rest), f"{OTHER} {said}".strip()])
    return fitted(heads, rows, width, left=[1, 3])


def between(interval: Interval | None) -> str:
    """An interval, "" where there is none."""
    return "" if interval is None else f"{money(interval.low)}–{money(interval.high)}"


def money(amount: Money | None) -> str:
    """An amount to the cent; "" where there is none."""
    return "" if amount is None else dollars(amount.amount, amount.currency)


def _costs(line: FunctionLine) -> list[str]:
    return [
        *(money(line.self_cost), between(line.interval)),
        *(money(line.total_cost), between(line.total_interval)),
    ]


def _named(lines: Sequence[FunctionLine]) -> Iterator[tuple[FunctionLine, str]]:
    names = labels([line.function for line in lines if line.function is not None])
    for line in lines:
        yield line, OTHER if line.function is None else names[line.function]


def _fitted(heads: list[str], rows: list[list[str]], width: int, *, is_known: bool) -> str:
    """The table, without the column of intervals where no line has one."""
    if is_known:
        return fitted(heads, rows, width, left=[1])
    return fitted([heads[0], heads[2]], [[row[0], row[2]] for row in rows], width)
