"""What a ledger holds of names from outside is data in a reply, whatever characters are in it."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient

from finops.domain.function import Function
from finops.storage import database
from tests.finops.api.asking import app_of, client_of
from tests.finops.reports.test_shown import HOSTILE
from tests.finops.storage.notation import book, book_costs, charge, cost

WINDOW = {"window": "2026-11-02"}
SERVICES = ["team/checkout", "a b?c=d&e#f", "<script>", "ünïcode", *(name[:100] for name in HOSTILE.values())]


@pytest.fixture
def client(tmp_path: Path, empty_database: Path) -> Iterator[FlaskClient]:
    """A ledger of services and functions with hostile names."""
    shutil.copy(empty_database, tmp_path / "finops.db")
    (tmp_path / "config.toml").write_text("now = 2026-11-09T00:00:00Z\n")
    engine = database.connect(f"sqlite:///{tmp_path}/finops.db")
    with database.sessions(engine).begin() as session:
        for service in dict.fromkeys(SERVICES):
            book(session, charge(str(len(HOSTILE)), service=service))
            costs = [
                replace(cost("f", "1"), service=service, function=Function(name, name[:900]))
                for name in HOSTILE.values()
            ]
            book_costs(session, *costs)
    engine.dispose()
    app = app_of(tmp_path)
    yield client_of(app)
    app.readers.kw["bind"].dispose()


def test_all_replies_are_ascii_and_say_the_names_as_they_are(client: FlaskClient) -> None:
    for path in ("services", "reports/weekly"):
        reply = client.get(f"/api/v1/{path}", query_string=WINDOW)
        assert reply.status_code == 200, reply.text
        assert reply.data.isascii()
        assert {each["service"] for each in (reply.json or {})["services"]} == set(SERVICES)


# A line break stands in no path, and half a pair in no URL; both are in the lists above.
@pytest.mark.parametrize("service", [name for name in SERVICES if not {"\n", "\ud800"} & set(name)])
def test_a_service_of_any_name_can_be_asked_for(client: FlaskClient, service: str) -> None:
    reply = client.get(f"/api/v1/services/{quote(service, safe='')}/functions", query_string=WINDOW)

    assert reply.status_code == 200, reply.text
    document = reply.json or {}
    assert document["service"] == service
    assert {each["name"] for each in document["functions"]} == set(HOSTILE.values())
