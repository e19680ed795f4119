"""The API as a WSGI application, and the server that listens for it."""

import os
from collections.abc import Callable
from typing import Any

import waitress
from flask import Flask, Response
from waitress.server import BaseWSGIServer, MultiSocketServer

from finops.api import access, problems, routes
from finops.api.spec import spec
from finops.app import App
from finops.errors import ConfigError

# Enough for dashboards; the work of a request is a few indexed reads.
THREADS = 8


def application(app: App, token: str | None = None) -> Flask:
    """The WSGI application. With a token, every request but /healthz must carry it."""
    made = Flask("flamebill", static_folder=None)
    made.extensions["flamebill"] = app
    made.json.sort_keys = False  # type: ignore[attr-defined]
    made.url_map.merge_slashes = False  # a path is data: nobody is sent to another service's
    access.install(made, token)
    problems.install(made)
    made.after_request(_headers)
    made.register_blueprint(routes.health)
    made.register_blueprint(routes.api)
    spec.register(made)
    return made


def listen(app: App, host: str | None = None, port: int | None = None) -> BaseWSGIServer | MultiSocketServer:
    """A server bound to an address, ready to run.

    Raises:
        ConfigError: the address is not loopback and the configuration gives no token.
    """
    wanted = app.settings.api
    host = host or wanted.host
    token = wanted.token(os.environ)
    if token is None and not access.is_loopback(host):
        raise ConfigError(f"api.host: {host} is not loopback, so api.token_env must name a token's variable")
    app.readers  # noqa: B018 (a database that cannot be used is found before the port opens)
    create: Callable[..., Any] = waitress.create_server
    try:
        return create(
            application(app, token), host=host, port=wanted.port if port is None else port, threads=THREADS
        )
    except OSError as error:
        raise ConfigError(
            f"cannot listen on {host}:{wanted.port if port is None else port}: {error}"
        ) from error


def addresses(server: BaseWSGIServer | MultiSocketServer) -> list[str]:
    """Where a server listens, as URLs; a name as localhost may stand for two addresses."""
    found = getattr(server, "effective_listen", None) or [(server.effective_host, server.effective_port)]
    return [f"http://{f'[{host}]' if ':' in host else host}:{port}" for host, port in found]


def _headers(response: Response) -> Response:
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "default-src 'none'; frame-ancestors 'none'"
    response.headers["Cache-Control"] = "no-store"
    return response
