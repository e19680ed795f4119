"""What Prometheus reads is what the ledger says, by labels that are bounded."""

from collections.abc import Mapping
from decimal import Decimal

from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families

from finops.domain.charge import ChargeKind
from finops.storage.runs import Outcome
from jobs.registry import JOBS
from tests.finops.api.asking import MONDAY, client_of, problem
from tests.small_ledger import HOUR, NOW, REAL, SmallLedger, captures, machines

Sample = tuple[tuple[str, str], ...]


def scraped(client: FlaskClient) -> dict[str, dict[Sample, float]]:
    reply = client.get("/metrics")
    assert reply.status_code == 200
    assert reply.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    return {
        family.name.removeprefix("flamebill_"): {
            tuple(sorted(sample.labels.items())): sample.value for sample in family.samples
        }
        for family in text_string_to_metric_families(reply.text)
    }


def only(values: Mapping[Sample, float]) -> float:
    (value,) = values.values()
    return value


def test_runs_are_counted_by_how_they_ended(drained_ledger: SmallLedger) -> None:
    found = scraped(client_of(drained_ledger.app()))
    runs = drained_ledger.runs()

    assert sum(found["runs"].values()) == len(runs)
    fleet = (("job", "collect_fleet"), ("outcome", "ok"))
    assert found["runs"][fleet] == len([run for run in runs if run.job == "collect_fleet"])
    assert set(found["last_ok_timestamp_seconds"].values()) == {REAL.timestamp()}


def test_the_ledger_says_how_far_it_is(drained_ledger: SmallLedger) -> None:
    drained_ledger.clock.moment = NOW + 3 * HOUR
    found = scraped(client_of(drained_ledger.app()))

    assert only(found["ledger_lag_seconds"]) == 3 * 3600
    assert only(found["provisional_hours"]) == 2
    key = (("job", "collect_fleet"), ("source", "fleet"))
    assert found["collected_until_timestamp_seconds"][key] == NOW.timestamp()


def test_what_was_charged_yesterday_is_what_the_services_cost(drained_ledger: SmallLedger) -> None:
    client = client_of(drained_ledger.app())
    found, answer = scraped(client), client.get(f"/api/v1/services?window={MONDAY}").json or {}

    assert round(Decimal(sum(found["charged_amount"].values())), 9) == Decimal(answer["total"])
    assert only(found["unclaimed_names"]) == 0
    assert only(found["unpriced_charges"]) == 0


def test_what_somebody_has_to_look_at_is_counted(small_ledger: SmallLedger) -> None:
    small_ledger.fleet += [machines("rogue", "m5.xlarge", 1), machines("search", "rack-7", 1)]
    small_ledger.index.append({**captures(10)[0], "path": "broken.pb.gz"})
    small_ledger.put("broken.pb.gz", b"no profile")
    small_ledger.write()
    small_ledger.drain()
    found = scraped(client_of(small_ledger.app()))

    assert only(found["unclaimed_names"]) == 1
    assert round(only(found["unclaimed_amount"]), 9) == round(24 * 0.192, 9)
    assert only(found["refused_profiles"]) == 1
    assert only(found["unpriced_charges"]) == 24


def test_no_label_is_a_name_of_the_world(drained_ledger: SmallLedger) -> None:
    closed: dict[str, set[str]] = {
        "job": set(JOBS),
        "outcome": set(Outcome),
        "kind": set(ChargeKind),
        "resource": {"cpu", "memory", "gpu"},
        "currency": {"USD"},
        "source": {"fleet", "profiles", "fixed"},
    }
    found = scraped(client_of(drained_ledger.app()))
    labels = [label for family in found.values() for sample in family for label in sample]

    assert {name for name, _ in labels} == {*closed, "version"}
    assert [(name, value) for name, value in labels if value not in closed.get(name, {value})] == []


def test_an_empty_ledger_has_metrics(small_ledger: SmallLedger) -> None:
    found = scraped(client_of(small_ledger.app()))

    assert "ledger_lag_seconds" not in found
    assert found["runs"] == {}
    assert only(found["provisional_hours"]) == 0


def test_it_needs_the_token(drained_ledger: SmallLedger) -> None:
    client = client_of(drained_ledger.app(), "sesame")

    problem(client.get("/metrics"), 401)
    assert client.get("/metrics", headers={"Authorization": "Bearer sesame"}).status_code == 200
