"""A ledger of nothing for the tests of reports, on SQLite and on PostgreSQL."""

from collections.abc import Iterator
from contextlib import ExitStack

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
        engine = database.connect(url)
        Base.metadata.create_all(engine)
        yield engine
        engine.dispose()


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    """A session on an empty ledger, whose work is thrown away at the end."""
    with database.sessions(engine)() as session:
        yield session
