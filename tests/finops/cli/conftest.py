"""Ledgers for the command line: the small company's, as its jobs left it, and two weeks of a shop."""

import shutil
from pathlib import Path

import pytest

from finops.storage import database
from tests.finops.storage.notation import book, book_costs, charge, cost, hour, record


@pytest.fixture
def company(drained_folder: Path) -> Path:
    """The configuration of the small company; its ledger is only read."""
    return drained_folder / "config.toml"


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory, empty_database: Path) -> Path:
    """The configuration of a shop that used $10 a day for a week, and about $5 in the next; only read."""
    folder = tmp_path_factory.mktemp("shop")
    shutil.copy(empty_database, folder / "finops.db")
    (folder / "config.toml").write_text("now = 2026-11-16T00:00:00Z\n")
    engine = database.connect(f"sqlite:///{folder}/finops.db")
    with database.sessions(engine).begin() as session:
        record(session, hour(14 * 24 - 1), service="others")
        for on in range(14):
            serve = "6" if on < 7 else f"1.{on}"
            whole = "10" if on < 7 else f"5.{on}"
            book(session, charge(whole, at=24 * on))
            rest = cost("main", "4", whole, on=on)
            book_costs(
                session, rest, cost("serve", serve, on=on), *([cost(None, "0.01", on=on)] if on else [])
            )
    engine.dispose()
    return folder / "config.toml"
