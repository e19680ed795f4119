import pytest
from flask.testing import FlaskClient

from finops.api.access import is_loopback
from finops.app import App
from finops.errors import ConfigError
from tests.finops.api.asking import client_of, problem

ANY = "0.0.0.0"  # noqa: S104 - to be refused
PATHS = ["/api/v1/services", "/openapi/v1.json", "/nowhere"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8080", "127.0.0.1.evil.example", "10.0.0.1", ANY, "[::2]:80"]
)
def test_without_a_token_nobody_asks_under_another_name(client: FlaskClient, path: str, host: str) -> None:
    detail = problem(client.get(path, headers={"Host": host}), 403)["detail"]

    assert host.removesuffix(":80") in detail


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:8080", "127.0.0.1:1", "127.8.8.8", "[::1]", "[::1]:80"]
)
def test_without_a_token_this_machine_asks_under_its_own_names(client: FlaskClient, host: str) -> None:
    assert client.get("/openapi/v1.json", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "given",
    [
        *("", "Bearer", "Bearer ", "bearer wrong", "Bearer sesame sesame", "sesame", "Basic sesame"),
        "Bearersesame",
    ],
)
def test_with_a_token_every_request_must_carry_it(app: App, path: str, given: str) -> None:
    reply = client_of(app, "sesame").get(path, headers={"Authorization": given} if given else {})

    assert "sesame" not in problem(reply, 401)["detail"]
    assert reply.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "Bearer  "])
def test_with_the_token_any_name_may_ask(app: App, scheme: str) -> None:
    headers = {"Authorization": f"{scheme} sesame", "Host": "finops.example"}

    assert client_of(app, "sesame").get("/openapi/v1.json", headers=headers).status_code == 200


def test_a_token_that_is_no_ascii_is_only_wrong(app: App) -> None:
    problem(client_of(app, "sesame").get("/openapi/v1.json", headers={"Authorization": "Bearer sésame"}), 401)


@pytest.mark.parametrize("token", ["", " ", "\t\n", "open sesame", "sesame\n"])
def test_a_token_that_no_header_can_carry_is_refused(app: App, token: str) -> None:
    with pytest.raises(ConfigError, match=r"api\.token_env"):
        client_of(app, token)


def test_health_needs_no_token(app: App) -> None:
    assert client_of(app, "sesame").get("/healthz", headers={"Host": "finops.example"}).status_code == 200


def test_what_loopback_is() -> None:
    assert all(map(is_loopback, ("localhost", "127.0.0.1", "127.1.2.3", "::1", "[::1]")))
    assert not any(map(is_loopback, ("", ANY, "::", "localhost.evil.example", "192.168.0.1")))
