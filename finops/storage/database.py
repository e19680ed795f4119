"""Opening a database: SQLite in WAL mode, or PostgreSQL."""

from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.pool import StaticPool

from finops.errors import ConfigError
from finops.storage.failures import name_failures

__all__ = ["Engine", "Session", "Sessions", "connect", "sessions"]

Sessions = sessionmaker[Session]

# One writer at a time: another waits this long before it gives up, unless the URL has its own `timeout`.
BUSY_TIMEOUT_SECONDS = 30

# What a statement of a transaction on PostgreSQL waits for another's lock; no statement takes as long as the
# second; and a worker that was stopped in the middle of a transaction does not hold up others for ever.
PATIENCE = {
    "lock_timeout": "30s",
    "statement_timeout": "15min",
    "idle_in_transaction_session_timeout": "15min",
}

_READING = {"postgresql": {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}}


def connect(url: str) -> Engine:
    """An engine for a database URL.

    SQLite gets WAL, foreign keys, a busy timeout, and transactions that take the write lock when they
    begin, so that what a transaction checked still holds when it writes.

    Its connections raise StorageError where the database cannot be used.

    Raises:
        ConfigError: the URL is not one of a database that is known.
    """
    try:
        parsed = make_url(url)
        engine = _sqlite(parsed) if parsed.get_backend_name() == "sqlite" else _postgresql(parsed)
    except (ArgumentError, ImportError, ValueError) as error:
        # The rest of the URL may hold a password, and so may what Python says of a port that is none.
        shown = url.partition(":")[0]
        why = "it is no URL" if isinstance(error, ValueError) else error
        raise ConfigError(f"database.url: a database of {shown!r} cannot be opened: {why}") from None
    name_failures(engine)
    return engine


def sessions(engine: Engine, *, is_reading: bool = False) -> Sessions:
    """A factory of sessions; what a caller begins it also commits.

    A session for reading sees one state of the database from its first query to its end, is not held
    up by a writer, and can write nothing.
    """
    if is_reading:
        engine = engine.execution_options(**_READING.get(engine.dialect.name, {}), is_reading=True)
    return sessionmaker(engine, expire_on_commit=False)


def close(made: Sessions) -> None:
    """Close the connections of a factory; SQLite's files beside the database go with the last of all."""
    made.kw["bind"].dispose()


def _postgresql(url: URL) -> Engine:
    if url.drivername == "postgresql":  # whichever driver SQLAlchemy would take, this one is installed
        url = url.set(drivername="postgresql+psycopg")
    # By a statement and not by the driver's `options`, which a pooler between may not let through.
    mine = [name for name in PATIENCE if name not in str(url.query.get("options", ""))]
    engine = create_engine(url, pool_pre_ping=True)

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: object) -> None:  # noqa: ANN401 (the driver's own type)
        with connection.cursor() as cursor:
            cursor.execute("; ".join(f"SET {name} = '{PATIENCE[name]}'" for name in mine) or "SELECT 1")
        connection.commit()

    return engine


def _sqlite(url: URL) -> Engine:
    if url.database in (None, "", ":memory:"):
        # All sessions share the one connection that has the memory: one transaction at a time.
        engine = create_engine(url, poolclass=StaticPool, connect_args={"check_same_thread": False})
    else:
        folder = Path(str(url.database)).absolute().parent
        if not folder.is_dir():
            raise ConfigError(f"database.url: the folder {folder} does not exist")
        wait = {} if "timeout" in url.query else {"timeout": BUSY_TIMEOUT_SECONDS}
        engine = create_engine(url, connect_args=wait)

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: object) -> None:  # noqa: ANN401 (the driver's own type)
        connection.isolation_level = None  # SQLAlchemy begins; the driver must not begin by itself
        for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        is_reading = bool(connection.get_execution_options().get("is_reading"))
        connection.exec_driver_sql(f"PRAGMA query_only = {int(is_reading)}")
        connection.exec_driver_sql("BEGIN" if is_reading else "BEGIN IMMEDIATE")

    return engine
