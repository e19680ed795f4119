import json
from decimal import Decimal
from pathlib import Path

import pytest

from tests.finops.cli.running import finops

DAYS = "2026-11-02/2026-11-04"


def test_the_weekly_report_adds_up(company: Path) -> None:
    document = finops("--config", company, "report", "weekly", "--window", DAYS, "--json").document

    services = sum(Decimal(each["total"]) for each in document["services"])
    unclaimed = sum(Decimal(each["amount"]) for each in document["unclaimed"])
    assert services + unclaimed == Decimal(document["total"]) > 0
    for each in document["services"]:
        used = [line["amount"] for line in each["charges"] if line["kind"] == "used"]
        assert sum(map(Decimal, each["functions_self"].values())) == sum(map(Decimal, used))


def test_as_text_it_fits_a_page(company: Path) -> None:
    ran = finops("--config", company, "report", "weekly", "--window", DAYS)

    assert ran.code == 0
    assert ran.out.startswith("What the fleet cost")
    assert max(map(len, ran.out.splitlines())) <= 110


def test_fewer_functions_change_no_sum(company: Path) -> None:
    words = ("--config", company, "report", "weekly", "--window", DAYS, "--json")
    few, every = (finops(*words, "--limit", limit).document for limit in (1, 0))

    assert few["services"][1]["functions_self"] == every["services"][1]["functions_self"]
    assert len(few["services"][1]["functions"]) < len(every["services"][1]["functions"])


def test_the_last_ended_week_is_meant_unless_said_otherwise(shop: Path) -> None:
    document = finops("--config", shop, "report", "weekly", "--json").document

    assert document["window"] == {"start": "2026-11-09T00:00:00Z", "end": "2026-11-16T00:00:00Z"}


@pytest.mark.parametrize("window", ["2026-11-02T06:00Z/2026-11-03", "5h", "never", "2026-W99", "9999-12-31"])
def test_a_window_that_is_none_is_wrong_usage(shop: Path, window: str) -> None:
    ran = finops("--config", shop, "report", "weekly", "--window", window)

    assert (ran.code, ran.out) == (2, "")
    assert "--window" in ran.err


def test_a_metric_that_nobody_knows_fails(shop: Path) -> None:
    ran = finops("--config", shop, "report", "weekly", "--metric", "billed")

    assert (ran.code, ran.out) == (1, "")
    assert "no billed cost is known" in ran.err


def test_an_hour_is_explained_step_by_step(company: Path) -> None:
    words = ("--window", "2026-11-02T09:00Z/2026-11-02T10:00Z")
    top = finops("--config", company, "top", "--service", "checkout", "--window", DAYS, "--json").document
    name = top["functions"][0]["name"]
    ran = finops("--config", company, "explain", "checkout", name, *words)

    assert ran.code == 0
    for step in (
        "captures",
        "cpu time",
        "observed",
        "cores",
        "machines",
        "price",
        "split",
        "charge",
        "dollar",
    ):
        assert f"\n  {step} " in ran.out
    document = finops("--config", company, "explain", "checkout", name, *words, "--json").document
    assert document["self"] == document["steps"][0]["self"]
    assert json.dumps(document).isascii()


def test_what_cannot_be_explained_is_said(company: Path) -> None:
    hour = ("--window", "2026-11-02T09:00Z/2026-11-02T10:00Z")
    unknown = finops("--config", company, "explain", "checkout", "no.Such", *hour)
    half = finops(
        "--config", company, "explain", "checkout", "main", "--window", "2026-11-02T09:30Z/2026-11-03"
    )

    assert (unknown.code, unknown.out) == (1, "")
    assert "no.Such" in unknown.err
    assert (half.code, half.out) == (2, "")
    assert "not of whole hours" in half.err


def test_a_page_is_written_beside_what_is_printed(company: Path, tmp_path: Path) -> None:
    file = tmp_path / "week.html"
    ran = finops("--config", company, "report", "weekly", "--window", "2026-11-03", "--html", file)

    assert (ran.code, ran.out) == (0, "")
    assert f"{file}: the report of 2026-11-03T00:00:00Z/2026-11-04T00:00:00Z" in ran.err
    assert "<title>What the fleet cost, 2026-11-03 to 2026-11-03</title>" in file.read_text()
    document = finops(
        "--config", company, "report", "weekly", "--window", "2026-11-03", "--html", file, "--json"
    )
    assert document.document["window"]["start"] == "2026-11-03T00:00:00Z"
