"""Databases for the tests of storage: SQLite, or the one that FINOPS_TEST_DATABASE_URL names.

Everything in the database named is dropped.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from finops.storage import database
from finops.storage.tables import Base

GIVEN = os.environ.get("FINOPS_TEST_DATABASE_URL", "")


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    """A database with its tables, in memory; whoever uses it throws its work away."""
    yield from _made(GIVEN or "sqlite://")


@pytest.fixture
def shared(tmp_path: Path) -> Iterator[Engine]:
    """A database with its tables that several connections, threads and engines can use at once."""
    yield from _made(GIVEN or f"sqlite:///{tmp_path}/finops.db")


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    """A session whose work is thrown away at the end."""
    with database.sessions(engine)() as session:
        yield session


def _made(url: str) -> Iterator[Engine]:
    engine = database.connect(url)
    try:
        Base.metadata.drop_all(engine)
        Base.metadata.create_all(engine)
        yield engine
        with engine.begin() as connection:
            for table in reversed(Base.metadata.sorted_tables):
                connection.execute(table.delete())
    finally:
        engine.dispose()
