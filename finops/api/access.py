"""Who may ask: whoever knows the token; without one, only this machine, under a name of its own."""

import hmac
from http import HTTPStatus
from ipaddress import ip_address

from flask import Flask, Response, request

from finops.api.problems import problem
from finops.errors import ConfigError

OPEN = frozenset({"/healthz", "/readyz"})


def is_loopback(host: str) -> bool:
    """Whether an address or a host name is this machine's own."""
    if host == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def install(app: Flask, token: str | None) -> None:
    """Check every request but those for health.

    Raises ConfigError if the token is one that no header can carry.
    """
    if token is not None and token.split() != [token]:
        what = "holds a blank" if token.strip() else "is blank"
        raise ConfigError(f"api.token_env: the token {what}, so that no caller could show it")

    @app.before_request
    def _check() -> Response | None:
        if request.path in OPEN:
            return None
        if token is not None:
            if hmac.compare_digest(_given().encode(), token.encode()):
                return None
            denied = problem(HTTPStatus.UNAUTHORIZED, "Give the token: Authorization: Bearer …")
            denied.headers["WWW-Authenticate"] = "Bearer"
            return denied
        # A page of another site may make a browser here ask; it cannot make it ask under our own name.
        name = request.host.rsplit(":", 1)[0] if not request.host.endswith("]") else request.host
        if is_loopback(name):
            return None
        return problem(
            HTTPStatus.FORBIDDEN, f"Without a token only this machine may ask, not {request.host!r}."
        )


def _given() -> str:
    """The token of a request, "" without one. A scheme is written in any case (RFC 9110, 11.1)."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""
