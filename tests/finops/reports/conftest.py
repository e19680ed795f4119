"""A ledger in memory for the tests of reports."""

from collections.abc import Iterator

import pytest
from sqlalchemy.orm import Session

from finops.storage import database
from finops.storage.tables import Base


@pytest.fixture
def session() -> Iterator[Session]:
    """A session on an empty ledger, whose work is thrown away at the end."""
    engine = database.connect("sqlite://")
    Base.metadata.create_all(engine)
    with database.sessions(engine)() as session:
        yield session
    engine.dispose()
