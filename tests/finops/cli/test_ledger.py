"""`finops ledger history` and `restate`, and `report weekly --as-of`, as a person types them."""

import json
from decimal import Decimal
from pathlib import Path

import pytest

from tests.finops.api.asking import app_of, client_of, problem
from tests.finops.cli.running import Ran, finops
from tests.small_ledger import PRICES, SmallLedger

MONDAY = "2026-11-02"
HOURS = "2026-11-02T09:00Z/2026-11-02T12:00Z"
REPORT = ("report", "weekly", "--window", MONDAY)
WHY = "the price was a typing error"


def typed(ledger: SmallLedger, *words: object) -> Ran:
    return finops("--config", ledger.folder / "config.toml", *words)


def restate(ledger: SmallLedger, *words: object, window: str = HOURS) -> Ran:
    return typed(ledger, "ledger", "restate", "--window", window, "--reason", WHY, *words)


@pytest.fixture
def mistaken(drained_ledger: SmallLedger) -> SmallLedger:
    """A final ledger of which it turns out that checkout's machines cost $0.10 an hour and not $0.085."""
    drained_ledger.prices = PRICES.replace("0.085", "0.1")
    drained_ledger.write()
    return drained_ledger


def test_what_would_be_restated_is_shown_and_nothing_is_changed(mistaken: SmallLedger) -> None:
    before = mistaken.dump()

    shown = restate(mistaken, "--dry-run")
    document = restate(mistaken, "--dry-run", "--service", "checkout", "--json").document

    assert shown.out.startswith("Would be restated, 2026-11-02T09:00:00Z/2026-11-02T12:00:00Z")
    assert [line.split() for line in shown.out.splitlines()[-3:]] == [
        ["3", "0.510000000", "checkout"],
        ["3", "0.576000000", "search"],
        ["6", "1.086000000", "together"],
    ]
    assert (document["hours"], document["amount"], document["restated_at"]) == (3, "0.510000000", None)
    assert mistaken.dump() == before


def test_a_restatement_that_is_run_at_once_shows_what_changed(mistaken: SmallLedger) -> None:
    ran = restate(mistaken, "--service", "checkout", "--run")

    assert ran.code == 0, ran.err
    assert [line.split() for line in ran.out.splitlines()[-2:]] == [
        ["hours", "now", "difference", "service"],
        ["3", "final", "+0.090000000", "checkout"],
    ]
    assert "attribute_costs: 1 due, 1 ok" in ran.err
    assert json.dumps(restate(mistaken, "--json", "--run").document).isascii()


def test_a_restatement_says_how_to_go_on_and_how_to_read_what_stood(mistaken: SmallLedger) -> None:
    before = typed(mistaken, *REPORT).out
    ran = restate(mistaken)

    assert "`finops jobs backfill --window W`" in ran.out
    [line] = [line for line in ran.out.splitlines() if line.startswith("What stood before")]
    assert typed(mistaken, *REPORT, "--as-of", line.split()[-1]).out == before


def test_the_report_of_before_is_printed_byte_for_byte_on_every_face(mistaken: SmallLedger) -> None:
    faces = [(), ("--json",), ("--limit", 0, "--json")]
    before = [typed(mistaken, *REPORT, *face).out for face in faces]
    moment = restate(mistaken, "--run", "--json").document["before"]
    after = [typed(mistaken, *REPORT, *face).out for face in faces]

    assert [typed(mistaken, *REPORT, *face, "--as-of", moment).out for face in faces] == before
    old, new = (Decimal(json.loads(each[1])["total"]) for each in (before, after))
    assert new - old == Decimal("0.090000000"), "two machines, three hours, $0.015"
    client = client_of(app_of(mistaken.folder))
    path = "/api/v1/reports/weekly"
    assert client.get(path, query_string={"window": MONDAY, "as_of": moment}).json == json.loads(before[1])
    assert client.get(path, query_string={"window": MONDAY}).json == json.loads(after[1])


@pytest.mark.parametrize("word", ["then", "2999-01-01", "2026-13-01"])
def test_a_moment_that_is_none_or_has_not_come_is_wrong_usage(mistaken: SmallLedger, word: str) -> None:
    ran = typed(mistaken, *REPORT, "--as-of", word)

    assert (ran.code, ran.out) == (2, "")
    assert "--as-of: " in ran.err
    reply = client_of(app_of(mistaken.folder)).get("/api/v1/reports/weekly", query_string={"as_of": word})
    assert problem(reply, 422)["detail"].startswith("as_of: ")


def test_the_history_of_an_hour_a_day_and_a_week_has_each_difference(mistaken: SmallLedger) -> None:
    restate(mistaken, "--run")
    mistaken.prices = PRICES.replace("0.085", "0.05")
    mistaken.write()
    restate(mistaken, "--run", "--service", "checkout", window="2026-11-02T11:00Z/2026-11-02T13:00Z")

    found = {
        window: typed(
            mistaken, "ledger", "history", "--service", "checkout", "--window", window, "--json"
        ).document["versions"]
        for window in ("2026-11-02T11:00Z/2026-11-02T12:00Z", MONDAY, "2026-W45")
    }

    def said(versions: list[dict[str, object]]) -> list[tuple[object, ...]]:
        names = ("version", "hours", "state", "total", "difference", "reason")
        return [tuple(each[name] for name in names) for each in versions]

    hour, day, week = (said(versions) for versions in found.values())
    assert hour == [
        (1, 1, "final", "0.170000000", None, ""),
        (2, 1, "final", "0.200000000", "0.030000000", WHY),
        (3, 1, "final", "0.100000000", "-0.100000000", WHY),
    ]
    assert day == [
        (1, 24, "final", "4.080000000", None, ""),
        (2, 3, "final", "4.170000000", "0.090000000", WHY),
        (3, 2, "final", "4.000000000", "-0.170000000", WHY),
    ]
    assert [each[4] for each in week] == [each[4] for each in day]
    assert all("@" in each["restated_by"] for each in found[MONDAY][1:])
    report = typed(mistaken, *REPORT, "--json").document
    [service] = [each for each in report["services"] if each["service"] == "checkout"]
    assert service["total"] == day[-1][3], "the last version is what stands"
    shown = typed(mistaken, "ledger", "history", "--service", "checkout", "--window", MONDAY).out
    assert f"-0.170000000  {WHY} (" in shown
    assert max(map(len, shown.splitlines())) <= 110


def test_the_history_of_a_day_whose_hours_have_left_says_so(mistaken: SmallLedger) -> None:
    restate(mistaken, "--run")
    mistaken.keep = "hourly_days = 14"
    mistaken.clock.moment = mistaken.clock.moment.replace(day=30)
    mistaken.write()
    mistaken.look("expire")
    words = ("ledger", "history", "--service", "checkout", "--window", MONDAY)

    assert "have left the ledger for daily sums" in typed(mistaken, *words).out
    versions = typed(mistaken, *words, "--json").document["versions"]
    assert [(each["reason"], each["total"]) for each in versions] == [("", None), (WHY, None)]
    refused = restate(mistaken)
    assert (refused.code, refused.out) == (1, "")
    assert "the hours of checkout on 2026-11-02, search on 2026-11-02 have left the ledger" in refused.err


def test_what_cannot_be_restated_is_refused(mistaken: SmallLedger) -> None:
    before = mistaken.dump()

    def refused(code: int, what: str, ran: Ran) -> None:
        assert (ran.code, ran.out) == (code, "")
        assert what in ran.err

    refused(1, "nothing final of nobody", restate(mistaken, "--service", "nobody"))
    refused(1, "what is provisional follows", restate(mistaken, window="2026-11-03T06:00Z/2026-11-03T08:00Z"))
    refused(2, "not of whole hours", restate(mistaken, window="2026-11-02T09:30Z/2026-11-02T12:00Z"))
    refused(2, "--run", restate(mistaken, "--dry-run", "--run"))
    for reason in ("", " \n "):
        words = ("ledger", "restate", "--window", MONDAY, "--reason", reason)
        refused(2, "--reason: say why", typed(mistaken, *words))
    refused(2, "501 characters", typed(mistaken, *words[:-1], "x" * 501))
    refused(2, "--reason", typed(mistaken, *words[:-2]))
    assert mistaken.dump() == before


def test_a_reason_cannot_act_on_a_terminal(mistaken: SmallLedger) -> None:
    words = ("ledger", "restate", "--window", HOURS, "--reason", "a\x1b[31mb\u202ec\nd")
    assert typed(mistaken, *words).code == 0

    history = typed(mistaken, "ledger", "history", "--service", "checkout", "--window", MONDAY)
    for shown in (history.out, typed(mistaken, *REPORT).out):
        assert "a\\x1b[31mb\\u202ec d" in shown


def test_a_missing_configuration_is_said(tmp_path: Path) -> None:
    ran = finops(
        "--config", tmp_path / "none.toml", "ledger", "history", "--service", "a", "--window", MONDAY
    )

    assert (ran.code, ran.out) == (2, "")
