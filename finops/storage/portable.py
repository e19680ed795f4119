"""What SQLite and PostgreSQL say differently, said once. No other module looks at the dialect."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from sqlalchemy import Row, Select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from finops.storage.tables import Base
from finops.storage.types import Prose, UtcDateTime

# Values in one IN list: far below what either database takes, and few enough to plan quickly.
IN_LIST = 500

_TABLE_BYTES = {
    "sqlite": "SELECT s.tbl_name, sum(d.pgsize) FROM dbstat d JOIN sqlite_schema s USING (name) GROUP BY 1",
    "postgresql": "SELECT relname, pg_total_relation_size(relid) FROM pg_stat_user_tables"
    " WHERE schemaname = current_schema()",
}
_DATABASE_BYTES = {
    "sqlite": "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()",
    "postgresql": "SELECT pg_database_size(current_database())",
}

Item = TypeVar("Item")

if TYPE_CHECKING:  # SQLAlchemy 2.0 takes other parameters here than 2.1 does
    AnyRow: TypeAlias = Row[*tuple[Any, ...]]
    AnySelect: TypeAlias = Select[*tuple[Any, ...]]
else:
    AnyRow, AnySelect = Row, Select


def insert_missing(session: Session, table: type[Base], rows: Sequence[Mapping[str, object]]) -> None:
    """Add rows; one whose unique key is taken, even by a writer not yet committed, is left out."""
    if rows:
        session.execute(_insert(session, table).on_conflict_do_nothing(), rows)


def upsert(
    session: Session, table: type[Base], rows: Sequence[Mapping[str, object]], key: Collection[str]
) -> None:
    """Add rows, or bring those whose key is taken up to date."""
    if rows:
        insert = _insert(session, table)
        changed = {name: insert.excluded[name] for name in rows[0] if name not in key}
        session.execute(insert.on_conflict_do_update(index_elements=list(key), set_=changed), rows)


def batches(items: Collection[Item]) -> Iterator[list[Item]]:
    """Items in lists that are short enough for an IN."""
    every = list(items)
    for start in range(0, len(every), IN_LIST):
        yield every[start : start + IN_LIST]


def table_bytes(session: Session) -> dict[str, int]:
    """What each table takes on the disk with its indexes. SQLite reads the whole file for it."""
    query = _TABLE_BYTES[session.get_bind().dialect.name]
    return {name: int(size) for name, size in session.execute(text(query))}


def database_bytes(session: Session) -> int:
    """What the whole database takes on the disk, with what it would use again before it grows."""
    return int(session.scalars(text(_DATABASE_BYTES[session.get_bind().dialect.name])).one())


class UtcDay(FunctionElement[datetime]):
    """The midnight that begins the day of a moment, in UTC whatever the connection's time zone is."""

    name = "utc_day"
    type = UtcDateTime()
    inherit_cache = True


class ByBytes(FunctionElement[str]):
    """A text to order by: by code point, as Python does, whatever the database's locale is."""

    name = "by_bytes"
    type = Prose()
    inherit_cache = True


def _insert(session: Session, table: type[Base]) -> postgresql.Insert | sqlite.Insert:
    is_postgresql = session.get_bind().dialect.name == "postgresql"
    return postgresql.insert(table) if is_postgresql else sqlite.insert(table)


@compiles(UtcDay, "sqlite")
def _day_on_sqlite(day: UtcDay, compiler: SQLCompiler, **words: Any) -> str:  # noqa: ANN401
    return f"strftime('%Y-%m-%d 00:00:00.000000', {compiler.process(day.clauses, **words)})"


@compiles(UtcDay, "postgresql")
def _day_on_postgresql(day: UtcDay, compiler: SQLCompiler, **words: Any) -> str:  # noqa: ANN401
    return f"date_trunc('day', {compiler.process(day.clauses, **words)}, 'UTC')"


@compiles(ByBytes, "sqlite")
def _bytes_on_sqlite(text: ByBytes, compiler: SQLCompiler, **words: Any) -> str:  # noqa: ANN401
    return compiler.process(text.clauses, **words)


@compiles(ByBytes, "postgresql")
def _bytes_on_postgresql(text: ByBytes, compiler: SQLCompiler, **words: Any) -> str:  # noqa: ANN401
    return f'{compiler.process(text.clauses, **words)} COLLATE "C"'
