"""Opening a database, and sessions that read while another writes."""

from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from finops.domain.service import Service
from finops.errors import ConfigError
from finops.storage import database, services
from finops.storage.tables import Base
from tests.finops.storage.notation import NOW
from tests.postgresql import server


def names(session: Session) -> list[str]:
    return [service.name for service in services.every(session)]


def test_a_reader_is_not_held_up_by_a_writer(shared: Engine) -> None:
    write, read = database.sessions(shared), database.sessions(shared, is_reading=True)
    with write.begin() as writer:
        services.replace(writer, [Service("shop")], NOW)
        with read() as reader:
            assert names(reader) == []
    with read() as reader:
        assert names(reader) == ["shop"]


def test_a_reader_sees_one_state_to_its_end(shared: Engine) -> None:
    write, read = database.sessions(shared), database.sessions(shared, is_reading=True)
    with read() as reader:
        assert names(reader) == []
        with write.begin() as writer:
            services.replace(writer, [Service("shop")], NOW)
        assert names(reader) == []
        reader.rollback()
        assert names(reader) == ["shop"]


def test_a_reader_writes_nothing(shared: Engine) -> None:
    with (
        database.sessions(shared, is_reading=True)() as reader,
        pytest.raises(DBAPIError, match=r"read.?only"),
    ):
        services.replace(reader, [Service("shop")], NOW)


def test_a_writer_after_a_reader_on_the_same_connection_writes(shared: Engine) -> None:
    for _ in range(3):
        with database.sessions(shared, is_reading=True)() as reader:
            names(reader)
        with database.sessions(shared).begin() as writer:
            services.replace(writer, [Service("shop")], NOW)
            assert names(writer) == ["shop"]


def test_nothing_is_kept_that_was_not_committed(shared: Engine) -> None:
    with database.sessions(shared)() as session:
        services.replace(session, [Service("shop")], NOW)
    with database.sessions(shared)() as session:
        assert names(session) == []


def test_sessions_of_one_memory_share_it() -> None:
    engine = database.connect("sqlite://")
    Base.metadata.create_all(engine)
    with database.sessions(engine).begin() as session:
        services.replace(session, [Service("shop")], NOW)
    with database.sessions(engine, is_reading=True)() as session:
        assert names(session) == ["shop"]
    engine.dispose()


def test_sqlite_is_opened_as_it_should_be(tmp_path: Path) -> None:
    engine = database.connect(f"sqlite:///{tmp_path}/finops.db")
    with engine.connect() as connection:
        pragmas = [
            connection.scalar(text(f"PRAGMA {name}"))
            for name in ("journal_mode", "foreign_keys", "busy_timeout")
        ]
    engine.dispose()

    assert pragmas == ["wal", 1, 1000 * database.BUSY_TIMEOUT_SECONDS]


def test_the_url_says_how_long_to_wait_for_another_writer(tmp_path: Path) -> None:
    engine = database.connect(f"sqlite:///{tmp_path}/finops.db?timeout=0.25")
    with engine.connect() as connection:
        assert connection.scalar(text("PRAGMA busy_timeout")) == 250
    engine.dispose()


def test_postgresql_waits_for_locks_and_statements_only_so_long(request: pytest.FixtureRequest) -> None:
    def timeouts(url: str) -> list[str]:
        engine = database.connect(url)
        with engine.connect() as connection:
            found = [str(connection.scalar(text(f"SHOW {name}"))) for name in database.PATIENCE]
        engine.dispose()
        return found

    with server(request).database() as url:
        assert timeouts(url) == list(database.PATIENCE.values())
        assert timeouts(f"{url}?options=-c%20lock_timeout%3D2s") == ["2s", "15min", "15min"]


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("not a url", "cannot be opened"),
        ("oracle-of-delphi://here", "cannot be opened"),
        ("sqlite:////nowhere/at/all/finops.db", "the folder /nowhere/at/all does not exist"),
    ],
)
def test_a_database_that_cannot_be_opened_is_named(url: str, reason: str) -> None:
    with pytest.raises(ConfigError, match=f"^database.url: .*{reason}"):
        database.connect(url)


@pytest.mark.parametrize("url", ["postgresql+none://me:s3cret@db/finops", "sqlite://me:s3/cret@db"])
def test_no_password_is_shown(url: str) -> None:
    with pytest.raises(ConfigError) as refused:
        database.connect(url)

    assert "s3" not in str(refused.value)
    assert refused.value.__cause__ is None
