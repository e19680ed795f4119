"""The API as a WSGI application, and the server that listens for it."""

import os
import socket
from collections.abc import Callable

import waitress
from flask import Flask, Response
from waitress.server import BaseWSGIServer

from finops.api import access, health, metrics, problems, routes
from finops.api.spec import spec
from finops.app import App
from finops.errors import ConfigError

# Enough for dashboards; the work of a request is a few indexed reads.
THREADS = 8


def application(app: App, token: str | None = None) -> Flask:
    """The WSGI application. With a token, every request but those for health must carry it.

    Raises ConfigError if the token is one that no request can carry.
    """
    made = Flask("flamebill", static_folder=None)
    made.extensions["flamebill"] = app
    made.json.sort_keys = False  # type: ignore[attr-defined]
    made.url_map.merge_slashes = False  # a path is data: nobody is sent to another service's
    access.install(made, token)
    problems.install(made)
    made.after_request(_headers)
    made.register_blueprint(health.health)
    made.register_blueprint(metrics.metrics)
    made.register_blueprint(routes.api)
    spec.register(made)
    return made


def listen(app: App, host: str | None = None, port: int | None = None) -> BaseWSGIServer:
    """A server bound to an address, ready to run.

    Raises:
        ConfigError: the address is not loopback and the configuration gives no token, the token is blank, or
            the address is not to be had.
        StorageError: the database cannot be used, which is found before the port opens.
    """
    wanted = app.settings.api
    at = (host or wanted.host, wanted.port if port is None else port)
    token = wanted.token(os.environ)
    if token is None and not access.is_loopback(at[0]):
        raise ConfigError(f"api.host: {at[0]} is not loopback, so api.token_env must name a token's variable")
    made = application(app, token)
    app.readers  # noqa: B018 (made here, before anybody asks)
    create: Callable[..., BaseWSGIServer] = waitress.create_server
    return create(made, sockets=[_bound(*at)], threads=THREADS)


def address(server: BaseWSGIServer) -> str:
    """Where a server listens, as a URL."""
    host, port = server.socket.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host.strip("[]"), port), family=family)
    except OSError as error:
        raise ConfigError(f"cannot listen on {host}:{port}: {error}") from error


def _headers(response: Response) -> Response:
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "default-src 'none'; frame-ancestors 'none'"
    response.headers["Cache-Control"] = "no-store"
    return response
