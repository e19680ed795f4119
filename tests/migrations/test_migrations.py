"""The migrations reach the schema in code, and can be undone."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from threading import Barrier, Thread

import alembic
import pytest
from alembic.script import Script, ScriptDirectory
from sqlalchemy import Column, Engine, Integer, MetaData, Table, insert, inspect, text

from finops.errors import StorageError
from finops.storage import database, migrate
from finops.storage.tables import Base
from tests.postgresql import DATABASES, server

SCRIPTS = ScriptDirectory.from_config(migrate.config())


@pytest.fixture(params=DATABASES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database."""
    with ExitStack() as stack:
        if request.param == "postgresql":
            yield stack.enter_context(server(request).database(empty=True))
        else:
            yield f"sqlite:///{tmp_path}/finops.db"


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    """The empty database, opened."""
    engine = database.connect(url)
    yield engine
    engine.dispose()


def test_the_alembic_imported_is_the_library() -> None:
    assert "site-packages" in str(alembic.__file__)


def test_the_folder_of_migrations_is_no_package() -> None:
    assert not (migrate.scripts_dir() / "__init__.py").exists()


def test_there_is_one_head() -> None:
    assert SCRIPTS.get_heads() == [migrate.head()]


@pytest.mark.parametrize("script", [*SCRIPTS.walk_revisions()], ids=lambda script: script.revision)
def test_every_revision_says_what_it_does(script: Script) -> None:
    assert script.doc
    assert Path(script.path).name.startswith(f"{script.revision}_")


def test_a_fresh_database_reaches_the_schema_in_code(engine: Engine) -> None:
    assert migrate.current(engine) is None

    migrate.upgrade(engine)

    migrate.check(engine)
    assert migrate.current(engine) == migrate.head()
    assert set(inspect(engine).get_table_names()) == {*Base.metadata.tables, "alembic_version"}


def test_going_up_twice_is_going_up_once(engine: Engine) -> None:
    migrate.upgrade(engine)
    migrate.upgrade(engine)

    migrate.check(engine)


def test_two_upgrades_at_once_both_succeed(url: str) -> None:
    together = Barrier(3, timeout=30)

    def upgrade(_: int) -> str | None:
        engine = database.connect(url)
        together.wait()
        migrate.upgrade(engine)
        found = migrate.current(engine)
        engine.dispose()
        return found

    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(upgrade, range(3))) == [migrate.head()] * 3


def test_an_upgrade_waits_for_who_is_writing_and_takes_nothing_from_it(engine: Engine, url: str) -> None:
    migrate.upgrade(engine, "0001")
    other = database.connect(url)
    upgrade = Thread(target=migrate.upgrade, args=[other])
    with engine.begin() as connection:
        written = {"name": "shop", "team": "", "cost_centre": "", "environment": "", "is_claimed": True}
        connection.execute(insert(Base.metadata.tables["services"]), written)
        connection.execute(text("DELETE FROM job_runs"))
        upgrade.start()
        upgrade.join(0.5)
        assert upgrade.is_alive()
    upgrade.join(30)
    other.dispose()

    migrate.check(engine)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT name FROM services")) == "shop"


def test_down_to_nothing_and_up_again(engine: Engine) -> None:
    migrate.upgrade(engine)
    migrate.downgrade(engine, "base")

    assert inspect(engine).get_table_names() == ["alembic_version"]

    migrate.upgrade(engine)
    migrate.check(engine)


def test_every_step_goes_down_and_up(engine: Engine) -> None:
    for script in reversed([*SCRIPTS.walk_revisions()]):
        migrate.upgrade(engine, script.revision)
        migrate.downgrade(engine, str(script.down_revision or "base"))
        migrate.upgrade(engine, script.revision)

    migrate.check(engine)


def test_a_table_that_code_does_not_know_is_noticed(engine: Engine) -> None:
    migrate.upgrade(engine)
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE services DROP COLUMN team"))

    with pytest.raises(StorageError, match=r"the database differs from the schema in code: .*team"):
        migrate.check(engine)


def test_an_empty_database_says_what_to_do(engine: Engine) -> None:
    engine.connect().close()  # SQLite makes its file by it

    with pytest.raises(StorageError, match=r"^the database holds no schema, .*: run `finops db upgrade`$"):
        migrate.require_head(engine)


def test_a_database_of_a_newer_release_is_refused(engine: Engine) -> None:
    migrate.upgrade(engine)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    for step in (migrate.require_head, migrate.upgrade, migrate.check):
        with pytest.raises(StorageError) as refused:
            step(engine)
        assert str(refused.value) == (
            "the database is at schema 9999, which this release does not know: upgrade finops"
        )


def test_tables_of_others_do_not_stop_an_upgrade(engine: Engine) -> None:
    Table("somebody_elses", MetaData(), Column("id", Integer, primary_key=True)).create(engine)

    migrate.upgrade(engine)

    migrate.require_head(engine)


def test_a_migration_that_fails_leaves_nothing_behind(engine: Engine) -> None:
    Table("services", MetaData(), Column("id", Integer, primary_key=True)).create(engine)

    with pytest.raises(Exception, match="services"):
        migrate.upgrade(engine)

    assert migrate.current(engine) is None
    assert inspect(engine).get_table_names() == ["services"]


def test_a_database_that_does_not_answer_is_said_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "finops.db").mkdir()
    engine = database.connect(f"sqlite:///{tmp_path}/finops.db")

    for step in (migrate.upgrade, migrate.current, migrate.require_head):
        with pytest.raises(
            StorageError, match=rf"^the database {tmp_path}/finops.db cannot be used: unable to open"
        ):
            step(engine)


def test_a_file_that_is_not_there_is_not_made_by_looking(tmp_path: Path) -> None:
    engine = database.connect(f"sqlite:///{tmp_path}/finops.db")

    assert migrate.current(engine) is None
    with pytest.raises(StorageError, match=r"there is no database .*finops\.db: run `finops db upgrade`"):
        migrate.require_head(engine)

    assert not list(tmp_path.iterdir())
