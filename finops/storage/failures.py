"""What a driver raises when its database cannot be used, as the project's own errors.

What is wrong with a statement stays what it is: that is a mistake of the program. No message holds
more of a URL than where the database is, because the rest may be a password.
"""

import sqlite3
from typing import NamedTuple

from sqlalchemy import URL, Engine, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import InterfaceError, OperationalError

from finops.errors import DatabaseUnavailable, FinopsError, StorageError


class _Failure(NamedTuple):
    error: type[StorageError]
    remedy: str


_BUSY = _Failure(
    DatabaseUnavailable,
    "another process has it for writing: try again when that is done, or wait longer with"
    " `?timeout=SECONDS` at the end of database.url",
)
_CLOSED = _Failure(
    StorageError, "it must be a file that this user may read and write, in a folder that this user may write"
)
_DAMAGED = _Failure(StorageError, "bring it back from a backup")

# By SQLite's primary result code; what is not here is a mistake of the program.
_SQLITE = {
    sqlite3.SQLITE_BUSY: _BUSY,
    sqlite3.SQLITE_LOCKED: _BUSY,
    sqlite3.SQLITE_PROTOCOL: _BUSY,
    sqlite3.SQLITE_PERM: _CLOSED,
    sqlite3.SQLITE_READONLY: _CLOSED,
    sqlite3.SQLITE_CANTOPEN: _CLOSED,
    sqlite3.SQLITE_NOTADB: _Failure(
        StorageError, "name another file with database.url, or move this one away"
    ),
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_IOERR: _Failure(StorageError, "see what is wrong with its disk"),
    sqlite3.SQLITE_FULL: _Failure(StorageError, "make room on its disk"),
}
_SERVER = _Failure(DatabaseUnavailable, "try again when it answers")


def name_failures(engine: Engine) -> None:
    """Let every connection of an engine raise StorageError, or the narrower DatabaseUnavailable.

    The message says which database, what it said, and what to do.
    """
    where = place(engine.url)

    @event.listens_for(engine, "handle_error")
    def _named(context: ExceptionContext) -> BaseException | None:
        error = context.original_exception
        if isinstance(error, FinopsError):  # a column type refused a value; its sentence is enough
            return error
        failure = _failure(context)
        if failure is None:
            return None
        said = " ".join(str(error).split())
        return failure.error(f"the database {where} cannot be used: {said}; {failure.remedy}")


def place(url: URL) -> str:
    """Where a database is: the path of its file, or its server and name.

    >>> from sqlalchemy import make_url
    >>> place(make_url("postgresql://me:secret@db:5433/finops?sslpassword=secret"))
    'postgresql://db:5433/finops'
    """
    if url.get_backend_name() == "sqlite":
        return url.database or "in memory"
    bare = URL.create(url.get_backend_name(), host=url.host, port=url.port, database=url.database)
    return bare.render_as_string()


def _failure(context: ExceptionContext) -> _Failure | None:
    error = context.original_exception
    if isinstance(error, sqlite3.Error):
        code = getattr(error, "sqlite_errorcode", 0)
        if code == sqlite3.SQLITE_READONLY and _is_reading(context):
            return None  # a session for reading was to write, which no right to the file would mend
        return _SQLITE.get(code & 0xFF)
    is_outside = isinstance(context.sqlalchemy_exception, (OperationalError, InterfaceError))
    return _SERVER if is_outside else None


def _is_reading(context: ExceptionContext) -> bool:
    connection = context.connection
    return connection is not None and bool(connection.get_execution_options().get("is_reading"))
