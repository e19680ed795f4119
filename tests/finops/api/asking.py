"""The API as a caller sees it: a small ledger behind Flask's client or behind a real server."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Thread
from typing import Any

from flask.testing import FlaskClient
from waitress.wasyncore import close_all
from werkzeug.test import TestResponse

from finops import app as building
from finops.api import server
from finops.app import App

# The days of tests.small_ledger; all hours of the first have machines.
DAYS = "2026-11-02/2026-11-04"
MONDAY = "2026-11-02"
PROBLEM = "application/problem+json"


def app_of(folder: Path, **settings: Any) -> App:  # noqa: ANN401 - whatever a table holds
    """The App of a folder with a config.toml, some of whose tables are changed."""
    app = building.build(folder / "config.toml", {})
    return replace(app, settings=app.settings.model_copy(update=settings))


def client_of(app: App, token: str | None = None) -> FlaskClient:
    """A caller on this machine."""
    return server.application(app, token).test_client()


def problem(reply: TestResponse, status: int) -> dict[str, Any]:
    """The problem document of a reply that must be one."""
    assert (reply.status_code, reply.mimetype) == (status, PROBLEM), reply.text
    document: dict[str, Any] = reply.json or {}
    assert document["status"] == status
    assert document["title"]
    return document


@contextmanager
def serving(app: App, host: str | None = None) -> Iterator[str]:
    """The server on a free port, in a thread; gives its address."""
    listening = server.listen(app, host, 0)
    thread = Thread(target=listening.run, daemon=True)
    thread.start()
    try:
        yield server.address(listening)
    finally:
        # In the thread of the server itself, which then has nothing left to wait for.
        listening.trigger.pull_trigger(lambda: close_all(listening._map, ignore_all=True))
        thread.join(10)
        listening.task_dispatcher.shutdown()
