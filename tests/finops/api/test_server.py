import json
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from finops.api import server
from finops.app import App
from finops.config.sections import Api
from finops.errors import ConfigError, StorageError
from tests.finops.api.asking import DAYS, app_of, serving
from tests.finops.cli.running import finops
from tests.small_ledger import ROOT, command

ANY = "0.0.0.0"  # noqa: S104 - to be refused
VARIABLE = "FLAMEBILL_TOKEN"
ROW_A = "machine=c5.2xlarge&region=us-east-1&count=100&utilisation=0.70&remove=0.40"


def got(url: str, **headers: str) -> tuple[int, bytes]:
    at = urlsplit(url)
    connection = HTTPConnection(str(at.hostname), at.port, timeout=30)
    with closing(connection):
        connection.request("GET", f"{at.path}?{at.query}", headers=headers)
        reply = connection.getresponse()
        return reply.status, reply.read()


@pytest.fixture
def address(app: App) -> Iterator[str]:
    with serving(app) as address:
        yield address


def test_it_answers_over_a_real_socket(address: str) -> None:
    status, body = got(f"{address}/api/v1/savings/rightsize?{ROW_A}")

    assert status == 200
    assert json.loads(body)["saving"]["total"] == "9928.000000000"
    assert got(f"{address}/healthz")[0] == 200
    assert got(f"{address}/api/v1/services?window={DAYS}")[0] == 200


def test_a_page_of_another_site_cannot_ask(address: str) -> None:
    status, body = got(f"{address}/api/v1/services", Host="evil.example")

    assert status == 403
    assert json.loads(body)["title"] == "Forbidden"


def test_with_a_token_nobody_else_may_ask(drained_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "sesame")
    app = app_of(drained_folder, api=Api(token_env=VARIABLE))
    with serving(app) as address:
        url = f"{address}/api/v1/services?window={DAYS}"
        assert got(url)[0] == 401
        assert got(url, Authorization="Bearer sesame")[0] == 200
        assert got(f"{address}/healthz")[0] == 200


@pytest.mark.parametrize(("host", "url"), [("localhost", "http://127.0.0.1:"), ("::1", "http://[::1]:")])
def test_this_machine_has_several_names(app: App, host: str, url: str) -> None:
    with serving(app, host) as address:
        assert address.startswith(url)
        assert got(f"{address}/healthz")[0] == 200


@pytest.mark.parametrize("host", [ANY, "192.0.2.1", "finops.example"])
def test_no_other_address_without_a_token(drained_folder: Path, host: str) -> None:
    ran = finops("--config", drained_folder / "config.toml", "serve", "--host", host, "--port", 0)

    assert (ran.code, ran.out) == (2, "")
    assert "api.token_env" in ran.err


def test_a_port_that_is_taken_is_one_message(drained_folder: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ran = finops("--config", drained_folder / "config.toml", "serve", "--port", port)

    assert ran.code == 2
    assert f"cannot listen on 127.0.0.1:{port}" in ran.err


@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGINT])
def test_told_to_stop_it_stops_and_leaves_the_database_closed(
    drained_folder: Path, tmp_path: Path, told: signal.Signals
) -> None:
    folder = tmp_path / "company"
    shutil.copytree(drained_folder, folder)
    words = command("--config", str(folder / "config.toml"), "serve", "--port", "0")
    with subprocess.Popen(words, cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        at = process.stderr.readline().split()[2].rstrip(",")
        assert got(f"{at}?window={DAYS}")[0] == 200
        process.send_signal(told)
        assert process.wait(30) == 0

    assert not list(folder.glob("finops.db-*"))


def test_a_token_that_is_not_set_is_found_before_anybody_may_ask(
    drained_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)

    with pytest.raises(ConfigError, match="FLAMEBILL_TOKEN is not set"):
        server.listen(app_of(drained_folder, api=Api(token_env=VARIABLE)), port=0)


def test_a_blank_token_is_found_before_anybody_may_ask(
    drained_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, "  ")

    with pytest.raises(ConfigError, match=r"api\.token_env"):
        server.listen(app_of(drained_folder, api=Api(token_env=VARIABLE)), port=0)


def test_a_database_without_a_schema_is_found_before_the_port_opens(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("")

    with pytest.raises(StorageError, match="finops db upgrade"):
        server.listen(app_of(tmp_path), port=0)
