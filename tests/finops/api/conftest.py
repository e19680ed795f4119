"""The API over the small company's ledger, which these tests only read."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from finops.app import App
from tests.finops.api.asking import app_of, client_of


@pytest.fixture
def app(drained_folder: Path) -> Iterator[App]:
    """The configured service, as the jobs left it."""
    app = app_of(drained_folder)
    yield app
    app.readers.kw["bind"].dispose()


@pytest.fixture
def client(app: App) -> FlaskClient:
    """A caller on this machine; no token is asked for."""
    return client_of(app)
