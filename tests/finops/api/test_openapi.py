from typing import Any

import pytest
from flask.testing import FlaskClient
from openapi_spec_validator import OpenAPIV31SpecValidator

from finops.api import server
from finops.app import App

ROUTES = {
    "/healthz",
    "/readyz",
    "/metrics",
    "/api/v1/services",
    "/api/v1/services/{service}/functions",
    "/api/v1/savings/rightsize",
    "/api/v1/reports/weekly",
}


@pytest.fixture
def document(client: FlaskClient) -> dict[str, Any]:
    return client.get("/openapi/v1.json").json or {}


def test_it_is_a_valid_document_of_openapi_3_1(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    assert list(OpenAPIV31SpecValidator(document).iter_errors()) == []


def test_it_lists_every_route_and_no_other(document: dict[str, Any], app: App) -> None:
    rules = {str(rule) for rule in server.application(app).url_map.iter_rules()} - {"/openapi/v1.json"}

    assert document["paths"].keys() == ROUTES
    assert {rule.replace("<path:service>", "{service}") for rule in rules} == ROUTES


def test_every_route_says_what_it_is_for(document: dict[str, Any]) -> None:
    operations = [operation for path in document["paths"].values() for operation in path.values()]

    assert all(each["summary"] and each["tags"] for each in operations)
    assert len({each["operationId"] for each in operations}) == len(ROUTES)


def test_every_refusal_is_in_it(document: dict[str, Any]) -> None:
    rightsize = document["paths"]["/api/v1/savings/rightsize"]["get"]

    assert {"200", "404", "422"} <= rightsize["responses"].keys()
    names = {each["name"] for each in rightsize["parameters"]}
    assert names == {"machine", "region", "count", "utilisation", "remove", "target", "service", "window"}


def test_its_schemas_keep_their_names(document: dict[str, Any]) -> None:
    assert {"Functions", "Problem", "Rightsizing", "Services", "WeeklyReport"} <= document["components"][
        "schemas"
    ].keys()
