"""Opening a database: SQLite in WAL mode, or PostgreSQL."""

from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.pool import StaticPool

from finops.errors import ConfigError

__all__ = ["Engine", "Session", "Sessions", "connect", "sessions"]

Sessions = sessionmaker[Session]

# One writer at a time: another waits this long before it gives up.
BUSY_TIMEOUT_MS = 30_000

_READING = {"postgresql": {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}}


def connect(url: str) -> Engine:
    """An engine for a database URL.

    SQLite gets WAL, foreign keys, a busy timeout, and transactions that take the write lock when they
    begin, so that what a transaction checked still holds when it writes.

    Raises:
        ConfigError: the URL is not one of a database that is known.
    """
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() == "sqlite":
            return _sqlite(url, parsed.database)
        return create_engine(url, pool_pre_ping=True)
    except (ArgumentError, ImportError, ValueError) as error:
        # The rest of the URL may hold a password, and so may what Python says of a port that is none.
        shown = url.partition(":")[0]
        why = "it is no URL" if isinstance(error, ValueError) else error
        raise ConfigError(f"database.url: a database of {shown!r} cannot be opened: {why}") from None


def sessions(engine: Engine, *, is_reading: bool = False) -> Sessions:
    """A factory of sessions; what a caller begins it also commits.

    A session for reading sees one state of the database from its first query to its end, is not held
    up by a writer, and can write nothing.
    """
    if is_reading:
        engine = engine.execution_options(**_READING.get(engine.dialect.name, {}), is_reading=True)
    return sessionmaker(engine, expire_on_commit=False)


def _sqlite(url: str, path: str | None) -> Engine:
    if path in (None, "", ":memory:"):
        # All sessions share the one connection that has the memory: one transaction at a time.
        engine = create_engine(url, poolclass=StaticPool, connect_args={"check_same_thread": False})
    else:
        folder = Path(str(path)).absolute().parent
        if not folder.is_dir():
            raise ConfigError(f"database.url: the folder {folder} does not exist")
        engine = create_engine(url)

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: object) -> None:  # noqa: ANN401 (the driver's own type)
        connection.isolation_level = None  # SQLAlchemy begins; the driver must not begin by itself
        for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON"):
            connection.execute(f"PRAGMA {pragma}")
        connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        is_reading = bool(connection.get_execution_options().get("is_reading"))
        connection.exec_driver_sql(f"PRAGMA query_only = {int(is_reading)}")
        connection.exec_driver_sql("BEGIN" if is_reading else "BEGIN IMMEDIATE")

    return engine
