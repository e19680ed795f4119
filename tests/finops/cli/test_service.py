"""`top` and `compare` over the ledger."""

import json
from decimal import Decimal
from pathlib import Path

import pytest

from tests.finops.cli.running import finops

DAYS = "2026-11-02/2026-11-04"
WEEKS = ("--before", "2026-W45", "--after", "2026-W46")
CONTRACT = [
    *("resource", "service", "window", "currency", "cost_metric", "functions", "functions_self"),
    *("provisional_hours", "accounted"),
]


def test_top_lists_what_a_service_was_charged_for(company: Path) -> None:
    document = finops(
        *("--config", company, "top", "--service", "checkout", "--window", DAYS, "--limit", 4, "--json")
    ).document

    assert list(document) == CONTRACT
    assert (document["resource"], document["service"]) == ("cpu", "checkout")
    assert len(document["functions"]) == 5
    assert sum(Decimal(each["self"]) for each in document["functions"]) == Decimal(
        document["functions_self"]["cpu"]
    )
    assert {"name", "file", "self", "total", "observations", "interval", "total_interval"} <= document[
        "functions"
    ][0].keys()


def test_top_is_the_dearest_first_by_what_was_asked(company: Path) -> None:
    for sort in ("self", "total"):
        words = ("top", "--service", "checkout", "--window", DAYS, "--sort", sort, "--json")
        rows = finops("--config", company, *words).document["functions"][:-1]
        costs = [Decimal(row[sort]) for row in rows]
        assert costs == sorted(costs, reverse=True)


@pytest.mark.parametrize("by", ["name", "file"])
def test_top_adds_up_by_other_things(company: Path, by: str) -> None:
    words = ("top", "--service", "checkout", "--window", DAYS, "--by", by, "--json")
    document = finops("--config", company, *words).document

    assert all(row["total"] is None for row in document["functions"])
    assert sum(Decimal(row["self"]) for row in document["functions"]) == Decimal(
        document["functions_self"]["cpu"]
    )


@pytest.mark.parametrize(("by", "many"), [("name", "names"), ("file", "files")])
def test_top_calls_what_it_added_up_by_its_name(company: Path, by: str, many: str) -> None:
    words = ("top", "--service", "checkout", "--window", DAYS, "--by", by, "--limit", 2)
    out = finops("--config", company, *words).out

    assert f" {many} with $" in out
    assert any(line.split()[-1:] == [by] for line in out.splitlines())
    assert "functions" not in out


def test_top_of_memory_has_no_intervals(company: Path) -> None:
    words = ("--service", "checkout", "--window", DAYS, "--resource", "memory", "--json")
    document = finops("--config", company, "top", *words).document

    assert document["functions"]
    assert all(row["interval"] is None for row in document["functions"])


def test_top_as_text(company: Path) -> None:
    out = finops("--config", company, "top", "--service", "checkout", "--window", DAYS).out

    assert out.startswith("checkout, 2026-11-02T00:00:00Z/2026-11-04T00:00:00Z, list cost")
    assert "2 hours are provisional" in out
    assert "[other]" in out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("top", "--service", "shop", "--machine", "c5.large"), "'--machine' is not about a service"),
        (("top", "--service", "shop", "--type", "cpu"), "'--type' is not about a service"),
        (("top", "--service", "shop", "--by", "package"), "--by package is for files"),
        (("top", "--service", "shop", "--by", "name", "--sort", "total"), "totals overlap"),
        (("top", "--service", "shop", "--window", "2026-11-02T06:00/2026-11-03"), "not of whole days"),
        (("top", "--service", "shop", "--window", "often"), "--window: 'often'"),
        (("top", "--window", DAYS), "'--window' is not about files"),
        (("top",), "--service"),
        (("compare", "--service", "shop", "--before", "2026-W45"), "give --before and --after"),
        (("compare", "--service", "shop", *WEEKS[:3], "2026-11-09"), "--before has 7 days and --after 1"),
        (("compare", "--service", "shop", *WEEKS, "--count", 3), "--count is about machines"),
        (("compare", "--service", "shop", *WEEKS, "--cost", "1/h"), "'--cost' is not about a service"),
        (("compare", *WEEKS), "'--before' is not about files"),
        (("compare",), "give two files"),
        (
            ("rightsize", "--service", "shop", "--remove", "0.4", "--count", 3),
            "'--count' is not about a service",
        ),
        (("rightsize", "--window", DAYS, "--remove", "0.4"), "'--window' is not about machines"),
        (("rightsize", "--remove", "0.4"), "give --machine and --count, or a service"),
    ],
)
def test_words_that_do_not_go_together_are_wrong_usage(
    shop: Path, words: tuple[object, ...], message: str
) -> None:
    ran = finops("--config", shop, *words)

    assert (ran.code, ran.out) == (2, "")
    assert message in ran.err


@pytest.mark.parametrize("words", [("top",), ("compare", *WEEKS), ("rightsize", "--remove", "0.4")])
def test_an_unknown_service_fails(shop: Path, words: tuple[str, ...]) -> None:
    window = () if "--before" in words else ("--window", "2026-W45")
    ran = finops("--config", shop, *words, "--service", "\x1b[31mshopp", *window)

    assert (ran.code, ran.out) == (1, "")
    assert "\x1b" not in ran.err
    assert "shopp" in ran.err


def test_compare_shows_both_windows_and_points_to_the_verdict(shop: Path) -> None:
    out = finops("--config", shop, "compare", "--service", "shop", *WEEKS).out

    assert "`finops change verify`" in " ".join(out.split())
    assert "-$32.14" in out
    document = finops("--config", shop, "compare", "--service", "shop", *WEEKS, "--json").document
    serve = document["functions"][0]
    assert (serve["name"], serve["before"]["self"]) == ("serve", "42.000000000")
    assert Decimal(serve["change"]["self"]) == Decimal(serve["after"]["self"]) - 42
    assert json.dumps(document).isascii()


def test_a_service_is_right_sized_by_what_was_measured(company: Path) -> None:
    words = (
        "rightsize",
        "--service",
        "checkout",
        "--window",
        "2026-11-02",
        "--remove",
        "0.5",
        "--target",
        "0.6",
    )
    document = finops("--config", company, *words, "--json").document
    out = finops("--config", company, *words).out

    assert (document["count"], document["instances"]) == (2, 1)
    assert document["measured"]["peak"]["machines"] == "2"
    assert "1 × c5.large in us-east-1 in place of 2" in out
    assert max(map(len, out.splitlines())) <= 110
    refused = finops("--config", company, *words[:2], "search", *words[3:])
    assert (refused.code, refused.out) == (1, "")
    assert "is not measured" in refused.err
