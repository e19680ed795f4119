"""Ready is who could answer a question now: the database is asked each time."""

from contextlib import closing
from sqlite3 import connect

import pytest
from flask.testing import FlaskClient

from tests.finops.api.asking import client_of, problem
from tests.small_ledger import HOUR, NOW, SmallLedger


def asked(client: FlaskClient, query: str = "") -> int:
    return client.get(f"/readyz{query}").status_code


def test_a_service_whose_database_can_be_used_is_ready(client: FlaskClient) -> None:
    reply = client.get("/readyz")

    assert (reply.status_code, reply.json) == (200, {"status": "ok"})


def test_it_needs_no_token_and_no_name(drained_ledger: SmallLedger) -> None:
    client = client_of(drained_ledger.app(), "sesame")

    assert client.get("/readyz", headers={"Host": "finops.example"}).status_code == 200


@pytest.mark.parametrize("revision", ["9999", None])
def test_a_database_of_another_schema_is_found_while_the_server_runs(
    drained_ledger: SmallLedger, revision: str | None
) -> None:
    client = client_of(drained_ledger.app())
    assert asked(client) == 200
    with closing(connect(drained_ledger.folder / "finops.db")) as other, other:
        other.execute("DELETE FROM alembic_version")
        if revision is not None:
            other.execute("INSERT INTO alembic_version VALUES (?)", (revision,))

    detail = problem(client.get("/readyz"), 503)["detail"]

    assert detail == "The database cannot be used; the log says why."


def test_a_database_that_is_gone_is_not_ready_and_not_named(small_ledger: SmallLedger) -> None:
    client = client_of(small_ledger.app())
    (small_ledger.folder / "finops.db").unlink()

    assert str(small_ledger.folder) not in str(problem(client.get("/readyz"), 503))


def test_only_who_asks_for_a_recent_ledger_is_told_of_an_old_one(drained_ledger: SmallLedger) -> None:
    client = client_of(drained_ledger.app())
    assert (asked(client), asked(client, "?max_lag_hours=1")) == (200, 200)

    drained_ledger.clock.moment = NOW + 3 * HOUR
    late = client_of(drained_ledger.app())

    assert (asked(late), asked(late, "?max_lag_hours=3"), asked(late, "?max_lag_hours=2")) == (200, 200, 503)


def test_an_empty_ledger_is_not_recent(small_ledger: SmallLedger) -> None:
    client = client_of(small_ledger.app())

    assert (asked(client), asked(client, "?max_lag_hours=1000")) == (200, 503)


@pytest.mark.parametrize("query", ["?max_lag_hours=0", "?max_lag_hours=x", "?other=1"])
def test_a_question_that_does_not_fit_is_refused(client: FlaskClient, query: str) -> None:
    problem(client.get(f"/readyz{query}"), 422)
