"""The small company for the tests of jobs, on SQLite and on PostgreSQL."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.postgresql import DATABASES, server
from tests.small_ledger import SmallLedger


@pytest.fixture(params=DATABASES)
def small_ledger(
    request: pytest.FixtureRequest, tmp_path: Path, empty_database: Path
) -> Iterator[SmallLedger]:
    """A day and a night of two services in a folder of their own, laid out and not yet run."""
    with ExitStack() as stack:
        empty: Path | str = empty_database
        if request.param == "postgresql":
            empty = stack.enter_context(server(request).database())
        ledger = SmallLedger.laid_out(tmp_path / "company", empty)
        yield ledger
        ledger.close()
