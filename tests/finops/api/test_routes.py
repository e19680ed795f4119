import json
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient

from finops.storage import function_costs
from tests.finops.api.asking import DAYS, MONDAY, problem
from tests.finops.cli.running import finops

ROW_A = {
    "machine": "c5.2xlarge",
    "region": "us-east-1",
    "count": "100",
    "utilisation": "0.70",
    "remove": "0.40",
}
RIGHTSIZE = "/api/v1/savings/rightsize"


def asked(client: FlaskClient, path: str, **query: str) -> Any:  # noqa: ANN401 - whatever JSON holds
    reply = client.get(path, query_string=query)
    assert (reply.status_code, reply.mimetype) == (200, "application/json"), reply.text
    return reply.json


def texts(document: Any) -> list[str]:  # noqa: ANN401
    """All numbers of a document that should be text, by their keys."""
    if isinstance(document, list):
        return [text for each in document for text in texts(each)]
    if not isinstance(document, dict):
        return []
    amounts = {"total", "self", "amount", "low", "high", "cpu", "memory", "hourly", "present"}
    own = [value for key, value in document.items() if key in amounts and not isinstance(value, (dict, list))]
    return own + texts(list(document.values()))


def test_health_answers(client: FlaskClient) -> None:
    assert asked(client, "/healthz") == {"status": "ok"}


def test_services_add_up_to_the_total(client: FlaskClient) -> None:
    document = asked(client, "/api/v1/services", window=DAYS)

    assert document["window"] == {"start": "2026-11-02T00:00:00Z", "end": "2026-11-04T00:00:00Z"}
    assert [each["service"] for each in document["services"]] == ["search", "checkout"]
    assert sum(Decimal(each["total"]) for each in document["services"]) == Decimal(document["total"])
    assert document["provisional_hours"] == 2


def test_services_are_those_of_the_report(client: FlaskClient) -> None:
    listed = asked(client, "/api/v1/services", window=DAYS)
    report = asked(client, "/api/v1/reports/weekly", window=DAYS)

    assert [(each["service"], each["total"]) for each in listed["services"]] == [
        (each["service"], each["total"]) for each in report["services"]
    ]
    for name in ("window", "currency", "cost_metric", "total", "unpriced", "provisional_hours"):
        assert listed[name] == report[name]


def test_what_a_service_used_is_what_its_functions_come_to_and_null_where_no_charge_says_it(
    client: FlaskClient,
) -> None:
    listed = asked(client, "/api/v1/services", window=DAYS)["services"]
    report = asked(client, "/api/v1/reports/weekly", window=DAYS)["services"]

    known = 0
    for short, whole in zip(listed, report, strict=True):
        charged = {each["resource"] for each in whole["charges"] if each["kind"] == "used"}
        for resource, used in short["used"].items():
            assert used == (whole["functions_self"][resource] if resource in charged else None)
            known += used is not None
    assert 0 < known < 2 * len(listed)


def test_beyond_the_ledger_nobody_knows_what_services_cost(client: FlaskClient) -> None:
    listed = asked(client, "/api/v1/services", window="2020-01-01")

    assert (listed["total"], listed["services"], listed["accounted"]) == (None, [], None)


def test_services_are_listed_without_reading_a_function(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(*_: object, **__: object) -> None:
        raise AssertionError("function costs were read")

    monkeypatch.setattr(function_costs, "within", read)

    assert asked(client, "/api/v1/services", window=DAYS)["services"]


def test_services_by_a_metric_that_nobody_knows_are_refused(client: FlaskClient) -> None:
    reply = client.get("/api/v1/services", query_string={"window": DAYS, "cost_metric": "billed"})

    assert "no billed cost is known" in problem(reply, 422)["detail"]


def test_the_weekly_report_is_what_the_command_line_prints(client: FlaskClient, drained_folder: Path) -> None:
    over_http = asked(client, "/api/v1/reports/weekly", window=DAYS)
    config = drained_folder / "config.toml"
    printed = finops("--config", config, "report", "weekly", "--window", DAYS, "--json").document

    assert json.dumps(over_http) == json.dumps(printed)


def test_the_functions_are_what_the_command_line_prints(client: FlaskClient, drained_folder: Path) -> None:
    over_http = asked(client, "/api/v1/services/checkout/functions", window=DAYS, resource="cpu", limit="3")
    config = drained_folder / "config.toml"
    words = ("top", "--service", "checkout", "--window", DAYS, "--limit", 3, "--json")
    printed = finops("--config", config, *words).document

    assert {"resource": "cpu"} | over_http == printed


def test_functions_of_a_service_add_up(client: FlaskClient) -> None:
    document = asked(client, "/api/v1/services/checkout/functions", window=DAYS, limit="5")

    for resource, whole in document["functions_self"].items():
        rows = [each for each in document["functions"] if each["resource"] == resource]
        assert len(rows) == 6
        assert (rows[-1]["name"], rows[-1]["total"]) == ("[other]", None)
        assert sum(Decimal(each["self"]) for each in rows) == Decimal(whole) > 0


def test_functions_can_be_sorted_by_total(client: FlaskClient) -> None:
    rows = asked(client, "/api/v1/services/checkout/functions", window=DAYS, resource="cpu", sort="total")
    totals = [Decimal(each["total"]) for each in rows["functions"][:-1]]

    assert totals == sorted(totals, reverse=True)


def test_a_service_without_profiles_has_no_functions(client: FlaskClient) -> None:
    document = asked(client, "/api/v1/services/search/functions", window=DAYS)

    assert document["functions"] == []
    assert document["functions_self"] == {"cpu": "0.000000000", "memory": "0.000000000"}


@pytest.mark.parametrize("path", ["services", "services/checkout/functions", "reports/weekly"])
def test_amounts_are_decimal_strings_with_all_nanos(client: FlaskClient, path: str) -> None:
    found = texts(asked(client, f"/api/v1/{path}", window=DAYS))

    assert len(found) > 3
    for text in found:
        assert text is None or isinstance(text, str)
        assert text is None or len(text.partition(".")[2]) in (2, 3, 9)


@pytest.mark.parametrize(
    "name",
    [
        "nobody",
        "../../etc/passwd",
        "<script>",
        "a/b",
        "x" * 5000,
        "'; drop table charges; --",
        "%00",
        "\x1b[31m",
    ],
)
def test_a_name_in_the_path_is_only_data(client: FlaskClient, name: str) -> None:
    reply = client.get(f"/api/v1/services/{quote(name, safe='')}/functions", query_string={"window": DAYS})

    assert "no service" in problem(reply, 404)["detail"]
    assert len(reply.text) < 500
    assert reply.headers["X-Content-Type-Options"] == "nosniff"


def test_row_a_of_the_reference_case(client: FlaskClient) -> None:
    document = asked(client, RIGHTSIZE, **ROW_A)

    assert document["instances"] == 60
    assert document["saving"] == {
        "total": "9928.000000000",
        "cpu": "8122.909090909",
        "memory": "1805.090909091",
    }
    assert document["interval"]["instances"] == {"low": 60, "high": 61}
    assert any("730" in sentence for sentence in document["assumptions"])


def test_a_target_is_taken_at_its_word(client: FlaskClient) -> None:
    assert asked(client, RIGHTSIZE, **ROW_A, target="0.60")["instances"] == 70


def test_a_gpu_is_part_of_the_saving(client: FlaskClient) -> None:
    saving = asked(client, RIGHTSIZE, **ROW_A | {"machine": "p3.2xlarge"})["saving"]

    assert saving.keys() == {"total", "cpu", "memory", "gpu"}


@pytest.mark.parametrize("missing", ["machine", "count", "utilisation", "remove"])
def test_what_is_missing_is_named(client: FlaskClient, missing: str) -> None:
    query = {name: value for name, value in ROW_A.items() if name != missing}
    document = problem(client.get(RIGHTSIZE, query_string=query), 422)

    assert [each["where"] for each in document["errors"]] == [missing]


def test_all_that_is_missing_is_named_at_once(client: FlaskClient) -> None:
    document = problem(client.get(RIGHTSIZE), 422)

    assert [each["where"] for each in document["errors"]] == ["remove", "machine", "count", "utilisation"]
    assert "a measured utilisation is required" in document["detail"]


def test_an_unknown_machine_is_not_found_and_its_neighbours_are_named(client: FlaskClient) -> None:
    reply = client.get(RIGHTSIZE, query_string=ROW_A | {"machine": "c52xlarge"})

    assert "did you mean c5.2xlarge" in problem(reply, 404)["detail"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("utilisation", "70"),
        ("utilisation", "0"),
        ("utilisation", "nan"),
        ("utilisation", "1e-999999999"),
        ("utilisation", "0.1234567890123"),
        ("remove", "1"),
        ("remove", "-0.1"),
        ("remove", "Infinity"),
        ("target", "0"),
        ("target", "1.01"),
        ("count", "0"),
        ("count", "1.5"),
        ("count", "9" * 30),
        ("machine", ""),
    ],
)
def test_values_out_of_bounds_are_named_with_what_was_given(
    client: FlaskClient, name: str, value: str
) -> None:
    document = problem(client.get(RIGHTSIZE, query_string=ROW_A | {name: value}), 422)

    (mistake,) = document["errors"]
    assert mistake["where"] == name
    assert repr(value) in mistake["what"]


def test_a_service_is_sized_by_what_was_measured(client: FlaskClient) -> None:
    document = asked(client, RIGHTSIZE, service="checkout", window=MONDAY, remove="0.5", target="0.6")

    assert (document["count"], document["instances"]) == (2, 1)
    assert document["measured"]["utilisation"] == "0.3000"
    assert document["saving"]["total"] == "62.050000000"
    assert any("The mean hides peaks" in sentence for sentence in document["assumptions"])


def test_a_service_that_is_not_measured_is_refused(client: FlaskClient) -> None:
    reply = client.get(RIGHTSIZE, query_string={"service": "search", "window": MONDAY, "remove": "0.5"})

    assert "is not measured in 24 hours" in problem(reply, 422)["detail"]


def test_words_that_do_not_go_together_are_refused(client: FlaskClient) -> None:
    both = problem(client.get(RIGHTSIZE, query_string=ROW_A | {"service": "checkout"}), 422)
    window = problem(client.get(RIGHTSIZE, query_string=ROW_A | {"window": DAYS}), 422)

    assert [each["where"] for each in both["errors"]] == ["machine", "region", "count", "utilisation"]
    assert [each["where"] for each in window["errors"]] == ["window"]


@pytest.mark.parametrize(
    "window",
    [
        *("whenever", "2026-11-04/2026-11-02", "2026-11-02T00:30:00Z/2026-11-03", "2026-W99", "", "7x"),
        *("9999-12-31", "0001-01-01T00:00:00+14:00/2026-11-02", "x" * 101, "2026-11-02/2026-11-02"),
    ],
)
@pytest.mark.parametrize("path", ["services", "services/checkout/functions", "reports/weekly"])
def test_a_window_that_is_none_is_refused(client: FlaskClient, path: str, window: str) -> None:
    reply = client.get(f"/api/v1/{path}", query_string={"window": window})

    assert "window" in problem(reply, 422)["detail"]


@pytest.mark.parametrize(
    "path", ["services", "services/checkout/functions", "reports/weekly", "savings/rightsize"]
)
def test_an_unknown_parameter_is_an_error(client: FlaskClient, path: str) -> None:
    document = problem(client.get(f"/api/v1/{path}", query_string={"windwo": DAYS}), 422)

    assert "windwo" in [each["where"] for each in document["errors"]]


def test_every_mistake_of_a_request_is_named(client: FlaskClient) -> None:
    query = {"limit": "-1", "resource": "disk", "sort": "size", "cost_metric": "free"}
    document = problem(client.get("/api/v1/services/checkout/functions", query_string=query), 422)

    assert {each["where"] for each in document["errors"]} == query.keys()


def test_a_metric_that_nobody_knows_is_refused(client: FlaskClient) -> None:
    reply = client.get("/api/v1/reports/weekly", query_string={"window": DAYS, "cost_metric": "billed"})

    assert "no billed cost is known" in problem(reply, 422)["detail"]
