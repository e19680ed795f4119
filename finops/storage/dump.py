"""The whole ledger as lines of JSON, free of ids, clocks and attempts.

Two databases with the same history print the same bytes: what differs between two runs of the same
jobs (ids of rows, when something was stored, how often it was tried) is not printed, and no order
rests on it.
"""

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal

from sqlalchemy import RowMapping, select
from sqlalchemy.orm import Session

from finops.domain.profile import Usage
from finops.domain.window import DAY, Window, moment_text
from finops.engine import trie_totals
from finops.storage import usage
from finops.storage.portable import AnySelect, UtcDay
from finops.storage.tables import (
    ChargeDayRow,
    ChargeRow,
    FunctionCostRow,
    FunctionRow,
    LedgerWindowRow,
    MachineHoursRow,
    PriceRow,
    PriceSplitRow,
    ReportRow,
    ServiceRow,
    UsageRow,
)
from finops.storage.temporal import standing
from finops.storage.types import plain_text, text_digest
from finops.storage.usage_rows import header_columns, header_of

Line = dict[str, object]
Timed = (
    type[ChargeDayRow]
    | type[ChargeRow]
    | type[FunctionCostRow]
    | type[LedgerWindowRow]
    | type[MachineHoursRow]
    | type[ReportRow]
    | type[UsageRow]
)

# Ids differ from one database to the next, and so do the moments at which each was told.
# Only a restatement has an author.
_WHERE_SAID = {"restated_by"}
_NOT_HISTORY = {"id", "function_id", "recorded_at", "superseded_at", "written_at", "as_of", "made_at"}


def canonical(session: Session) -> Iterator[str]:
    """The ledger, a line a row: table by table, by time within it.

    Services, machine-hours, usage and prices are printed as they stand; charges, ledger windows,
    function costs and reports in every version. Money is whole nanos and rates are text. Functions
    and stacks of a usage are printed as digests.
    """
    for table, lines in _tables(session):
        yield from (json.dumps({"table": table, **line}, sort_keys=True) for line in lines)


def _tables(session: Session) -> Iterator[tuple[str, Iterable[Line]]]:
    yield "services", _whole(session, select(ServiceRow.__table__))
    yield "machine_hours", _by_day(session, MachineHoursRow, _standing(MachineHoursRow))
    yield "usage", _usage(session)
    yield "prices", _whole(session, _standing(PriceRow))
    yield "price_splits", _whole(session, select(PriceSplitRow.__table__))
    yield "charges", _by_day(session, ChargeRow, select(ChargeRow.__table__))
    yield "charge_days", _by_day(session, ChargeDayRow, select(ChargeDayRow.__table__))
    yield "ledger_windows", _by_day(session, LedgerWindowRow, select(LedgerWindowRow.__table__))
    yield "function_costs", _by_day(session, FunctionCostRow, _named_costs())
    yield "reports", _by_day(session, ReportRow, select(ReportRow.__table__))


def _standing(table: type[MachineHoursRow] | type[PriceRow]) -> AnySelect:
    return select(table.__table__).where(standing(table))


def _named_costs() -> AnySelect:
    of_it = FunctionRow.id == FunctionCostRow.function_id
    named = select(*FunctionCostRow.__table__.columns, FunctionRow.name, FunctionRow.file)
    return named.outerjoin(FunctionRow, of_it)


def _by_day(session: Session, table: Timed, query: AnySelect) -> Iterator[Line]:
    """The rows of a query, never more than those of a day in memory."""
    for day in _days(session, table):
        in_day = (table.window_start >= day.start, table.window_start < day.end)
        yield from _whole(session, query.where(*in_day))


def _days(session: Session, table: Timed) -> list[Window]:
    starts = session.scalars(select(UtcDay(table.window_start)).distinct())
    return [Window(start, start + DAY) for start in sorted(starts)]


def _whole(session: Session, query: AnySelect) -> list[Line]:
    return sorted((_line(row) for row in session.execute(query).mappings()), key=_order)


def _order(line: Line) -> tuple[str, ...]:
    """By time and service where a line has them, then by all that it says."""
    return (
        *(str(line.get(name, "")) for name in ("window_start", "service")),
        json.dumps(line, sort_keys=True),
    )


def _line(row: RowMapping) -> Line:
    return {
        name: _plain(value)
        for name, value in row.items()
        if name not in _NOT_HISTORY and (value or name not in _WHERE_SAID)
    }


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return moment_text(value)
    return plain_text(value) if isinstance(value, Decimal) else value


def _usage(session: Session) -> Iterator[Line]:
    for day in _days(session, UsageRow):
        for hour in day.hours():
            for one in usage.within(session, hour):
                header = {name: _plain(value) for name, value in header_columns(header_of(one)).items()}
                yield header | _stacks(one)


def _stacks(one: Usage) -> Line:
    """Digests of the functions and of the call trie, whatever ids they were stored under."""
    totals, trie = trie_totals(one.trie), one.trie
    functions = zip(totals.keys, totals.selfs.tolist(), totals.totals.tolist(), strict=True)
    nodes = zip(trie.parents.tolist(), trie.functions.tolist(), trie.selfs.tolist(), strict=True)
    return {
        "functions": text_digest(
            f"{name}\x1f{file}\x1f{self}\x1f{total}" for (name, file), self, total in functions
        ),
        "trie": text_digest(f"{parent}\x1f{function}\x1f{self}" for parent, function, self in nodes),
    }
