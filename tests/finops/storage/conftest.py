"""Databases for the tests of storage: each test runs on SQLite and on PostgreSQL."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from finops.storage import database
from finops.storage.tables import Base
from tests.postgresql import DATABASES, server


@pytest.fixture(scope="module", params=DATABASES)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """A database with its tables; whoever uses it throws its work away."""
    with ExitStack() as stack:
        url = "sqlite://"
        if request.param == "postgresql":
            url = stack.enter_context(server(request).database())
        yield from _made(url)


@pytest.fixture(params=DATABASES)
def shared(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A database with its tables that several connections, threads and engines can use at once."""
    with ExitStack() as stack:
        url = f"sqlite:///{tmp_path}/finops.db"
        if request.param == "postgresql":
            url = stack.enter_context(server(request).database())
        yield from _made(url)


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    """A session whose work is thrown away at the end."""
    with database.sessions(engine)() as session:
        yield session


def _made(url: str) -> Iterator[Engine]:
    engine = database.connect(url)
    Base.metadata.create_all(engine)
    yield engine
    engine.dispose()
