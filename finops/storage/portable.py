"""What SQLite and PostgreSQL say differently, said once. No other module looks at the dialect."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from sqlalchemy import Connection, Dialect, Row, Select, bindparam, func, insert, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine

from finops.domain.window import Window
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

# What the advisory locks of this program begin with, told from those of others in the same database.
_DAYS, _SCHEMA = 0x464C4401, 0x464C4402

# From how many rows at once on SQLite is given more memory, and how much.
_MANY = 10_000
_CACHE_KIB = 128 * 1024

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


def insert_many(session: Session, table: type[Base], rows: Sequence[Mapping[str, object]]) -> None:
    """Add many rows, all with the same columns.

    On SQLite the values are prepared here, each that was seen before only once: of a price list nearly
    all columns repeat, and preparing them one by one takes longer than writing them.
    """
    if not rows:
        return
    statement = insert(table).values({name: bindparam(name) for name in rows[0]})
    dialect = session.get_bind().dialect
    if dialect.name != "sqlite":
        session.execute(insert(table), rows)
        return
    compiled = statement.compile(dialect=dialect)
    names = compiled.positiontup or list(rows[0])
    columns = [(name, _Prepared(table.__table__.columns[name].type, dialect)) for name in names]
    made = [tuple([column[row[name]] for name, column in columns]) for row in rows]
    connection = session.connection()
    if len(made) > _MANY:
        # Digests come in no order: with SQLite's 2 MiB each would be read from disk and written back.
        connection.exec_driver_sql(f"PRAGMA cache_size = -{_CACHE_KIB}")
    connection.exec_driver_sql(str(compiled), made)


class _Prepared(dict[object, object]):
    """Values of one column as the driver takes them, each prepared once."""

    _MOST = 20_000

    def __init__(self, of: TypeEngine[Any], dialect: Dialect) -> None:
        super().__init__()
        self._prepare = of.dialect_impl(dialect).bind_processor(dialect)

    def __missing__(self, value: object) -> object:
        prepared = self._prepare(value) if self._prepare else value
        # 0.34 and 0.340 are one key and two spellings.
        if len(self) < self._MOST and not isinstance(value, Decimal):
            self[value] = prepared
        return prepared


def upsert(
    session: Session, table: type[Base], rows: Sequence[Mapping[str, object]], key: Collection[str]
) -> None:
    """Add rows, or bring those whose key is taken up to date."""
    if rows:
        adding = _insert(session, table)
        changed = {name: adding.excluded[name] for name in rows[0] if name not in key}
        session.execute(adding.on_conflict_do_update(index_elements=list(key), set_=changed), rows)


def serialize(session: Session, what: str) -> None:
    """Let only one writer at a time go on with something, until it commits.

    On SQLite a transaction that may write is the only one from its beginning.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(func.hashtext(what))))


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


def hold_days(session: Session, window: Window) -> None:
    """Let no other transaction that asks for them write to the days of a window until this one ends.

    On SQLite, where one transaction writes at a time, nothing has to be asked for.
    """
    if _is_postgresql(session):
        for day in window.days():
            session.execute(select(func.pg_advisory_xact_lock(_DAYS, day.start.toordinal())))


def hold_schema(connection: Connection) -> None:
    """Let no other transaction change the schema until this one ends, however long that takes."""
    if connection.dialect.name == "postgresql":
        # No wait for another upgrade is too long, and no change of a big table; a table that somebody
        # else has is waited for as long as any other, so that nobody queues up behind the change.
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        wait = connection.scalar(text("SHOW lock_timeout"))
        connection.execute(text("SET LOCAL lock_timeout = 0"))
        connection.execute(select(func.pg_advisory_xact_lock(_SCHEMA, 0)))
        connection.execute(select(func.set_config("lock_timeout", wait, True)))  # noqa: FBT003 (of SQL)


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
    return postgresql.insert(table) if _is_postgresql(session) else sqlite.insert(table)


def _is_postgresql(session: Session) -> bool:
    return session.get_bind().dialect.name == "postgresql"


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
