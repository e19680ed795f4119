"""What the tests of prices share."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.fakes.aws_pricing import FakePriceList, Serve


@pytest.fixture
def no_credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    """No credentials from anywhere on this machine, nor from the cloud it may stand in."""
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", f"{tmp_path}/none")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", f"{tmp_path}/none")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
def credentials(no_credentials: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials that no cloud would take."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")


@pytest.fixture
def serve(credentials: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """Serves a price list to the clients of this test: `serve(documents, error=…)`."""
    with ExitStack() as stack:

        def start(*documents: object, **how: object) -> FakePriceList:
            server = stack.enter_context(FakePriceList(*documents, **how))  # type: ignore[arg-type]
            monkeypatch.setenv("AWS_ENDPOINT_URL_PRICING", server.url)
            return server

        yield start
