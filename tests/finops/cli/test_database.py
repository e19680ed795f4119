"""Commands on a database that another program writes to, and on what is none."""

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.finops.api.asking import DAYS, app_of, serving
from tests.finops.cli.running import finops
from tests.small_ledger import finops as in_a_process

LOCKED = "cannot be used: database is locked; another process has it for writing: try again"


@pytest.fixture
def config(tmp_path: Path, drained_folder: Path) -> Path:
    """The small company, whose writers wait for nobody, with a row of its fleet that is not collected yet."""
    folder = shutil.copytree(drained_folder, tmp_path / "company")
    path = folder / "config.toml"
    path.write_text(path.read_text() + '[database]\nurl = "sqlite:///finops.db?timeout=0"\n')
    fleet = folder / "fleet.csv"
    fleet.write_text(fleet.read_text().replace("c5.large,2", "c5.large,3"))
    return path


@pytest.fixture
def locked(config: Path) -> Iterator[Path]:
    """The same while another program writes."""
    with closing(sqlite3.connect(config.with_name("finops.db"), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield config


@pytest.mark.parametrize(
    "words",
    [
        ("report", "weekly", "--window", DAYS),
        ("jobs", "list"),
        ("ledger", "dump", "--canonical"),
        ("db", "current"),
        ("db", "check"),
    ],
)
def test_who_only_reads_waits_for_no_writer(locked: Path, words: tuple[str, ...]) -> None:
    ran = finops("--config", locked, *words)

    assert (ran.code, ran.err) == (0, "")
    assert ran.out


@pytest.mark.parametrize(
    "words", [("db", "upgrade"), ("jobs", "run", "collect_fleet"), ("scheduler", "--drain")]
)
def test_who_writes_is_told_in_a_sentence_that_another_does(locked: Path, words: tuple[str, ...]) -> None:
    ran = finops("--config", locked, *words)

    assert ran.code == 1
    assert ran.err.splitlines()[-1].startswith(f"finops: the database {locked.parent}/finops.db {LOCKED}")
    assert "Traceback" not in ran.err


def test_the_api_answers_while_another_program_writes(locked: Path) -> None:
    with serving(app_of(locked.parent)) as address:
        status, _ = asked(address)

    assert status == 200


def test_the_api_is_unavailable_while_all_of_the_database_is_locked(config: Path) -> None:
    app = app_of(config.parent)
    with serving(app) as address:
        app.readers.kw["bind"].dispose()
        with closing(sqlite3.connect(config.with_name("finops.db"), isolation_level=None)) as other:
            other.execute("PRAGMA locking_mode = EXCLUSIVE")
            other.execute("BEGIN EXCLUSIVE")
            status, document = asked(address)

    assert status == 503
    assert document["title"] == "Service Unavailable"
    assert LOCKED in document["detail"]


def asked(address: str) -> tuple[int, dict[str, Any]]:
    with closing(HTTPConnection(str(urlsplit(address).netloc), timeout=30)) as connection:
        connection.request("GET", f"/api/v1/services?window={DAYS}")
        reply = connection.getresponse()
        return reply.status, json.loads(reply.read())


@pytest.mark.parametrize(
    "words",
    [
        ("db", "upgrade"),
        ("db", "current"),
        ("report", "weekly"),
        ("jobs", "list"),
        ("jobs", "run", "expire"),
        ("serve", "--port", "0"),
    ],
)
def test_what_is_no_database_is_named(tmp_path: Path, words: tuple[str, ...]) -> None:
    (tmp_path / "config.toml").write_text("")
    (tmp_path / "finops.db").write_text("hello")
    ran = finops("--config", tmp_path / "config.toml", *words)

    assert (ran.code, ran.out) == (1, "")
    assert ran.err.splitlines()[-1] == (
        f"finops: the database {tmp_path}/finops.db cannot be used: file is not a database;"
        " name another file with database.url, or move this one away"
    )


def test_what_alembic_says_is_not_printed(company: Path) -> None:
    ran = in_a_process("--config", str(company), "db", "check")

    assert ran.stdout == "the database is as this release expects\n"
