from dataclasses import replace

import pytest
from flask.testing import FlaskClient
from structlog.testing import capture_logs

from finops.api.problems import STATUS
from finops.app import App
from finops.errors import DatabaseUnavailable, FinopsError, StorageError, Unavailable
from tests.finops.api.asking import client_of, problem


class BrokenClock:
    """A clock that fails as nobody foresaw, or as a test says."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def now(self) -> None:
        """Fail."""
        raise self._error

    real = now


def failing(app: App, error: Exception) -> FlaskClient:
    return client_of(replace(app, clock=BrokenClock(error)))  # type: ignore[arg-type]


def test_what_nobody_foresaw_is_logged_and_told_without_the_inside(app: App) -> None:
    with capture_logs() as logs:
        reply = failing(app, RuntimeError("the password is hunter2")).get("/api/v1/services")

    document = problem(reply, 500)
    assert document["errors"] == []
    assert not any(word in reply.text for word in ("hunter2", "Traceback", "RuntimeError", ".py"))
    (entry,) = logs
    assert (entry["event"], entry["path"]) == ("request broke", "/api/v1/services")
    assert str(entry["exc_info"]) == "the password is hunter2"


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (StorageError("the blob store is full"), 500),
        (Unavailable("it did not answer"), 503),
        (DatabaseUnavailable("the database is locked"), 503),
    ],
)
def test_what_is_raised_on_purpose_says_what_it_is(app: App, error: FinopsError, status: int) -> None:
    with capture_logs() as logs:
        reply = failing(app, error).get("/api/v1/services")

    assert problem(reply, status)["detail"] == str(error)
    assert [entry["why"] for entry in logs] == [str(error)]


def test_every_error_has_a_status() -> None:
    assert FinopsError in STATUS


def test_a_route_that_is_not_there_is_a_problem_document(client: FlaskClient) -> None:
    for path in (
        "/",
        "/api/v1",
        "/api/v1/services/",
        "/api/v1//services",
        "/api/v2/services",
        "/openapi/v2.json",
    ):
        problem(client.get(path), 404)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_another_method_is_refused_and_the_right_ones_are_named(client: FlaskClient, method: str) -> None:
    reply = client.open("/api/v1/services", method=method)

    problem(reply, 405)
    assert "GET" in reply.headers["Allow"]
    assert reply.headers.getlist("Content-Type") == ["application/problem+json"]


def test_what_was_asked_is_repeated_only_so_far(client: FlaskClient) -> None:
    reply = client.get("/api/v1/services", query_string={"cost_metric": "x" * 100_000})

    problem(reply, 422)
    assert len(reply.data) < 1000


def test_every_reply_may_be_shown_by_nobody_and_kept_by_nobody(client: FlaskClient) -> None:
    for path in ("/healthz", "/nowhere"):
        headers = client.get(path).headers
        assert headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert (headers["X-Content-Type-Options"], headers["Cache-Control"]) == ("nosniff", "no-store")
