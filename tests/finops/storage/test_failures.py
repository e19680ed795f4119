"""A database that cannot be used says so in a sentence: which, why, and what to do."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import OperationalError

from finops.domain.service import Service
from finops.errors import DatabaseUnavailable, StorageError
from finops.storage import database, services
from finops.storage.database import Engine
from finops.storage.failures import name_failures, place
from finops.storage.tables import Base
from tests.finops.storage.notation import NOW


@contextmanager
def opened(path: Path) -> Iterator[Engine]:
    """An engine that waits for nobody."""
    engine = database.connect(f"sqlite:///{path}?timeout=0")
    try:
        yield engine
    finally:
        engine.dispose()


@contextmanager
def held(path: Path, how: str = "IMMEDIATE") -> Iterator[None]:
    """Another program that writes to the database."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute(f"BEGIN {how}")
        yield


def said(path: Path, error: type[StorageError] = StorageError) -> str:
    """What a writer is told of a database."""
    with (
        opened(path) as engine,
        pytest.raises(StorageError) as refused,
        database.sessions(engine).begin() as session,
    ):
        services.replace(session, [Service("shop")], NOW)
    assert type(refused.value) is error
    return str(refused.value)


def test_a_database_that_another_program_writes_to_is_locked(tmp_path: Path) -> None:
    path = tmp_path / "finops.db"
    with opened(path) as engine:
        Base.metadata.create_all(engine)
    with held(path):
        assert said(path, DatabaseUnavailable) == (
            f"the database {path} cannot be used: database is locked; another process has it for writing:"
            " try again when that is done, or wait longer with `?timeout=SECONDS` at the end of database.url"
        )


def test_a_reader_waits_for_no_other_program_either(tmp_path: Path) -> None:
    path = tmp_path / "finops.db"
    with opened(path) as engine:
        Base.metadata.create_all(engine)
    with opened(path) as engine, held(path), database.sessions(engine, is_reading=True)() as session:
        assert services.every(session) == []


@pytest.mark.parametrize("content", [b"hello", b"x" * 10_000])
def test_a_file_that_is_no_database_is_named_and_left_as_it_is(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "finops.db"
    path.write_bytes(content)

    assert said(path).startswith(f"the database {path} cannot be used: file is not a database; name another")
    assert path.read_bytes() == content


def test_a_folder_is_no_database(tmp_path: Path) -> None:
    assert "unable to open database file; it must be a file that this user may read" in said(tmp_path)


def test_a_database_that_may_not_be_written_says_what_is_needed(tmp_path: Path) -> None:
    path = tmp_path / "finops.db"
    with opened(path) as engine:
        Base.metadata.create_all(engine)
    engine = create_engine(f"sqlite:///file:{path}?mode=ro&uri=true")
    name_failures(engine)
    with (
        pytest.raises(StorageError, match=r"attempt to write a readonly database; it must be a file"),
        engine.begin() as connection,
    ):
        connection.execute(text("DELETE FROM services"))
    engine.dispose()


def test_a_mistake_of_the_program_stays_one(tmp_path: Path) -> None:
    with (
        opened(tmp_path / "finops.db") as engine,
        pytest.raises(OperationalError, match="no such table"),
        engine.begin() as connection,
    ):
        connection.execute(text("SELECT * FROM nowhere"))


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("sqlite:////var/finops.db?timeout=1", "/var/finops.db"),
        ("sqlite://", "in memory"),
        ("postgresql+psycopg://me:s3cret@db/finops?password=s3cret", "postgresql://db/finops"),
    ],
)
def test_where_a_database_is_holds_no_secret(url: str, shown: str) -> None:
    assert place(make_url(url)) == shown
