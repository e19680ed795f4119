"""Whatever comes in by a door: one answer that names it, and nothing half-written.

Every option and argument of every command, and every parameter of every route, is tried with every
value of a list that no test wrote with them in mind.
"""

import json
import shutil
import tomllib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import click
import pytest
from flask.testing import FlaskClient

from finops.cli.main import finops as root
from finops.domain.window import moment_text
from finops.storage import database, dump
from finops.storage.runs import Outcome
from jobs import runner
from jobs.registry import JOBS
from tests.finops.api.asking import app_of, client_of
from tests.finops.cli.running import Ran, finops
from tests.finops.reports.test_shown import HOSTILE
from tests.small_ledger import HOUR, TUESDAY, SmallLedger

VALUES = {
    **HOSTILE,
    "formula": "=cmd|'/c calc'!A0",
    "sql": "'; DROP TABLE charges; --",
    "a megabyte": "x" * 1_000_000,
    "a megabyte of digits": "9" * 1_000_000,
    "not utf-8": "a\udcff\udcfeb",
    "empty": "",
    "space": " ",
    "dash": "-",
    "minus one": "-1",
    "not a number": "NaN",
    "infinite": "-Infinity",
    "huge": "1e400",
    "tiny": "1e-400",
    "negative zero": "-0.0",
    "other digits": "\u0663\u0660",
    "underscored": "1_000",
    "first day": "0001-01-01",
    "all time": "0001-01-01T00:00:00+14:00/9999-12-31T23:59:59-14:00",
    "a long time": "1970-01-01/2200-01-01",
    "backwards": "2026-11-09/2026-11-02",
    "path": "../../../../etc/passwd",
    "device": "/dev/full",
    "folder": "/",
}

# The words of a command line end at a NUL, and Python makes half a pair of no bytes.
WORDS = {kind: value for kind, value in VALUES.items() if kind not in ("nul", "half a pair")}

# They run until they are stopped, or for minutes; or they only draw what completes a word.
ENDLESS = {"serve", "scheduler", "worker", "demo"}

# What they are asked to write may be written; of all others the ledger is as it was.
WRITERS = {("ledger", "restate"), ("jobs", "backfill")}


@pytest.fixture(scope="module")
def ledger(drained_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small company, for commands that may write."""
    folder = tmp_path_factory.mktemp("doors") / "company"
    shutil.copytree(drained_folder, folder)
    return folder


def _commands(command: click.Command, words: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    if not isinstance(command, click.Group):
        yield words
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        if name not in ENDLESS:
            found = command.get_command(context, name)
            assert found is not None
            yield from _commands(found, (*words, name))


def _found(words: tuple[str, ...]) -> click.Command:
    command: click.Command = root
    for word in words:
        assert isinstance(command, click.Group)
        found = command.get_command(click.Context(command), word)
        assert found is not None
        command = found
    return command


# What a command must be given besides, so that the one value under trial is what it stumbles over.
USUAL = {
    "window": "2026-11-03",
    "service": "checkout",
    "function": "main.main",
    "machine": "c5.large",
    "machine_type": "c5.large",
    "count": "3",
    "utilisation": "0.5",
    "remove": "0.2",
    "reason": "a trial",
    "region": "us-east-1",
    "before": "2026-11-02",
    "after": "2026-11-03",
    "name": "expire",
}


def _words(command: click.Command, tried: click.Parameter, value: str) -> list[str]:
    options: list[str] = []
    arguments: list[str] = []
    for parameter in command.params:
        given = value if parameter is tried else USUAL.get(str(parameter.name), "no-such-thing")
        if not isinstance(parameter, click.Option):
            if parameter is tried or parameter.required:
                arguments += [given] * max(1, parameter.nargs)
        elif not parameter.is_flag and (parameter is tried or parameter.required):
            options.append(f"{parameter.opts[-1]}={given}")
    return [*options, "--", *arguments]


def _is_harmless(text: str) -> bool:
    """Whether no terminal does anything but show it."""
    return all(char.isprintable() or char == "\n" for char in text)


def _is_one_answer(ran: Ran, name: str) -> None:
    assert ran.code in (0, 1, 2), (name, ran.code)
    assert "Traceback" not in ran.err, (name, ran.err[-500:])
    assert _is_harmless(ran.out), (name, ran.out[-500:])
    assert _is_harmless(ran.err), (name, ran.err[-500:])
    assert len(ran.err) < 5_000, (name, len(ran.err))
    if ran.code:
        assert ran.err.strip(), name


def _dumped(folder: Path) -> list[str]:
    engine = database.connect(f"sqlite:///{folder}/finops.db")
    try:
        with database.sessions(engine, is_reading=True)() as session:
            return list(dump.canonical(session))
    finally:
        engine.dispose()


@pytest.mark.parametrize("words", list(_commands(root)), ids=" ".join)
def test_every_option_of_every_command_answers_whatever_it_is_given(
    words: tuple[str, ...], ledger: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    before = _dumped(ledger)
    command = _found(words)
    tried = [each for each in command.params if not (isinstance(each, click.Option) and each.is_flag)]

    for parameter in tried:
        for kind, value in WORDS.items():
            given = _words(command, parameter, value)
            ran = finops("--config", ledger / "config.toml", *words, *given)
            _is_one_answer(ran, f"{' '.join(words)} {parameter.opts[-1]}: {kind}")

    assert words in WRITERS or _dumped(ledger) == before
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and not path.stat().st_size]


@pytest.mark.parametrize("kind", WORDS)
def test_a_configuration_that_is_nowhere_is_named(kind: str) -> None:
    _is_one_answer(finops("--config", VALUES[kind], "report", "weekly"), kind)


@pytest.fixture(scope="module")
def client(drained_folder: Path) -> Iterator[FlaskClient]:
    """The API over the small company's ledger."""
    app = app_of(drained_folder)
    yield client_of(app)
    app.readers.kw["bind"].dispose()


def _parameters(client: FlaskClient) -> Iterator[tuple[str, str, dict[str, Any]]]:
    document = client.get("/openapi/v1.json").get_json()
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            for parameter in operation.get("parameters", []):
                yield method, path, parameter


def test_every_parameter_of_every_route_answers_whatever_it_is_given(client: FlaskClient) -> None:
    tried = list(_parameters(client))
    assert len(tried) > 10

    for method, path, parameter in tried:
        for kind, value in VALUES.items():
            text = value.encode("utf-8", "surrogatepass")
            at = path.replace("{" + parameter["name"] + "}", quote(text, safe="")).replace(
                "{service}", "checkout"
            )
            query = {"window": "2026-11-03"} if parameter["in"] != "query" else {}
            url = at + (f"?{parameter['name']}={quote(text, safe='')}" if parameter["in"] == "query" else "")
            reply = client.open(url, method=method.upper(), query_string=query or None)

            where = f"{method} {path} {parameter['name']}: {kind}: {reply.status_code} {reply.text[:300]}"
            assert reply.status_code < 500, where
            assert reply.data.isascii(), where
            assert len(reply.data) < 5_000 or reply.status_code == 200, where
            if reply.status_code >= 400:
                assert reply.mimetype == "application/problem+json", where
                assert json.loads(reply.data)["status"] == reply.status_code, where


def _tables(config: dict[str, Any]) -> Iterator[tuple[list[str | int], Any]]:
    """Every key of a configuration, with the way to it."""
    for key, value in config.items():
        if isinstance(value, dict):
            yield from (([key, *way], leaf) for way, leaf in _tables(value))
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            yield from (
                ([key, at, *way], leaf) for at, each in enumerate(value) for way, leaf in _tables(each)
            )
        else:
            yield [key], value


def _toml(config: dict[str, Any]) -> str:
    """A configuration of tables as a file, by inline tables alone."""
    return "".join(f"{json.dumps(key)} = {_inline(value)}\n" for key, value in config.items())


def _inline(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {_inline(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_inline, value)) + "]"
    if isinstance(value, datetime):
        return moment_text(value)
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def test_every_key_of_a_configuration_answers_whatever_it_is_given(
    ledger: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copy(ledger / "fleet.csv", tmp_path)
    shutil.copytree(ledger / "profiles", tmp_path / "profiles")
    text = (ledger / "config.toml").read_text()
    ways = [way for way, _ in _tables(tomllib.loads(text))]
    assert len(ways) > 20

    refused = 0
    for way in ways:
        for kind, value in VALUES.items():
            config = tomllib.loads(text)
            place: Any = config
            for step in way[:-1]:
                place = place[step]
            place[way[-1]] = value
            data = _toml(config).encode("utf-8", "surrogatepass")
            (tmp_path / "config.toml").write_bytes(data)
            ran = finops("--config", tmp_path / "config.toml", "config", "check")
            _is_one_answer(ran, f"{way}: {kind}")
            refused += ran.code == 2
            if ran.code and kind != "half a pair" and "not TOML" not in ran.err:
                # A path that leads nowhere is named by itself.
                assert str(way[0]) in ran.err or way[-1] in ("path", "index"), (way, kind, ran.err[:500])
    assert refused > len(ways) * len(VALUES) / 2


@pytest.mark.parametrize("name", ["FINOPS__DATABASE__URL", "FINOPS__LEDGER__START", "FINOPS__NO_SUCH__KEY"])
def test_a_variable_answers_whatever_it_is_given(
    name: str, ledger: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for kind, value in WORDS.items():
        monkeypatch.setenv(name, value)
        ran = finops("--config", ledger / "config.toml", "config", "check")
        _is_one_answer(ran, f"{name}: {kind}")
        if ran.code:
            assert name in ran.err, (kind, ran.err[:500])


@pytest.mark.parametrize(("door", "job"), [("fleet.csv", "collect_fleet"), ("index.csv", "collect_profiles")])
def test_every_cell_of_a_table_answers_whatever_it_is_given(
    door: str, job: str, small_ledger: SmallLedger
) -> None:
    small_ledger.start = TUESDAY + 4 * HOUR
    small_ledger.write()
    small_ledger.look("refresh_prices", job)
    (path,) = small_ledger.folder.rglob(door)
    head, *rows = path.read_text().splitlines()
    columns = head.split(",")
    app = small_ledger.app()

    for column in range(len(columns)):
        for kind, value in VALUES.items():
            cells = rows[0].split(",")
            cells[column] = '"' + value.replace('"', '""') + '"'
            text = "\n".join([head, ",".join(cells), *rows[1:], ""])
            path.write_bytes(text.encode("utf-8", "surrogatepass"))
            where = f"{door} {columns[column]}: {kind}"
            small_ledger.clock.reals += 24 * HOUR  # what failed has rested
            summary = runner.look(app, JOBS[job])
            if summary.failed:
                (failed, *_) = small_ledger.runs(Outcome.FAILED)
                assert door in failed.error, (where, failed.error[:500])
                assert len(failed.error) < 5_000, (where, len(failed.error))
    for words in (["jobs", "list"], ["report", "weekly", "--window", "2026-11-03"]):
        _is_one_answer(finops("--config", small_ledger.folder / "config.toml", *words), words[0])

    path.write_text("\n".join([head, *rows, ""]))
    small_ledger.clock.reals += 24 * HOUR
    small_ledger.drain()
    assert runner.look(small_ledger.app(), JOBS[job]).failed == 0
