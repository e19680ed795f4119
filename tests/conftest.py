"""Shared fixtures."""

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import settings

from finops.storage import database, migrate
from tests import postgresql
from tests.postgresql import Server
from tests.small_ledger import SmallLedger, finops

GOLDEN = Path(__file__).parent / "golden"

# What could make a test read the settings, or the credentials, of whoever runs it.
_FOREIGN = ("AWS_", "FINOPS__", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")

# A busy machine is no failure of the code, so an example may take as long as it needs.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

# What is logged is shown beside a failure; the default is made for people, and slow where a traceback is.
structlog.configure(
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.processors.format_exc_info,
        structlog.processors.KeyValueRenderer(key_order=["event"]),
    ]
)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="rewrite golden files, then read the diff")


def pytest_report_header() -> list[str]:
    """Say which databases the tests of storage run on."""
    return [f"SQLite: {sqlite3.sqlite_version}", f"PostgreSQL: {postgresql.said()}"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All that look at the demonstration are one process's, so that it is made once."""
    for item in items:
        if isinstance(item, pytest.Function) and "demo_output" in item.fixturenames:
            item.add_marker(pytest.mark.xdist_group("demonstration"))


@pytest.fixture(scope="session", autouse=True)
def clean_environment() -> Iterator[None]:
    """An environment that says nothing about where the tests run, for them and for what they start."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.upper().startswith(_FOREIGN):
                patch.delenv(name)
        yield


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compare a text with a file in tests/golden."""

    def compare(name: str, text: str) -> None:
        file = GOLDEN / name
        if request.config.getoption("--update-golden"):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, "utf-8")
        assert text == file.read_text("utf-8")

    return compare


@pytest.fixture(scope="session")
def postgresql_running() -> Iterator[Server | None]:
    """A PostgreSQL server of this process's own, or None where there is none to be had."""
    with postgresql.running() as server:
        yield server


@pytest.fixture(scope="session")
def demo_output(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that `finops demo` leaves. It takes a while, so it is made once; nobody may change it.

    Who works on one test over and over names a folder in FINOPS_TEST_DEMO, to which the demonstration
    is brought up to date instead.
    """
    given = os.environ.get("FINOPS_TEST_DEMO")
    folder = Path(given) if given else tmp_path_factory.mktemp("demo") / "demo-output"
    done = finops("demo", str(folder))
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="session")
def demo_dump(demo_output: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The canonical dump of the demonstration, as a file."""
    done = finops("--config", str(demo_output / "config.toml"), "ledger", "dump", "--canonical")
    assert done.returncode == 0, done.stderr
    path = tmp_path_factory.mktemp("dump") / "demo.jsonl"
    path.write_text(done.stdout)
    return path


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database at this release's schema with nothing in it, to be copied."""
    path = tmp_path_factory.mktemp("empty") / "finops.db"
    engine = database.connect(f"sqlite:///{path}")
    migrate.upgrade(engine)
    engine.dispose()
    return path


@pytest.fixture
def small_ledger(tmp_path: Path, empty_database: Path) -> Iterator[SmallLedger]:
    """A day and a night of two services in a folder of their own, laid out and not yet run."""
    ledger = SmallLedger.laid_out(tmp_path / "company", empty_database)
    yield ledger
    ledger.close()


@pytest.fixture(scope="session")
def drained_folder(tmp_path_factory: pytest.TempPathFactory, empty_database: Path) -> Path:
    """The small company after every job had nothing left to do, to be copied."""
    ledger = SmallLedger.laid_out(tmp_path_factory.mktemp("drained") / "company", empty_database)
    ledger.drain()
    ledger.close()
    return ledger.folder


@pytest.fixture
def drained_ledger(tmp_path: Path, drained_folder: Path) -> Iterator[SmallLedger]:
    """The small company as it stands when nothing is due: all but the last two hours are final."""
    ledger = SmallLedger.usual(shutil.copytree(drained_folder, tmp_path / "drained"))
    yield ledger
    ledger.close()
