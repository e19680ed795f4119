from pathlib import Path

import pytest

from tests.finops.cli.running import Ran, finops

WEEKS = ("--before", "2026-W45", "--after", "2026-W46")


def verify(shop: Path, *words: object) -> Ran:
    return finops("--config", shop, "change", "verify", *words)


def test_a_verdict_is_unadjusted_and_exits_with_0(shop: Path) -> None:
    ran = verify(shop, "shop", *WEEKS)

    assert (ran.code, ran.err) == (0, "")
    assert "lower, unadjusted: 7 days a side, paired by weekday" in ran.out
    assert "a month of 730 h" in ran.out
    assert "confirm" not in ran.out


def test_json_says_all_of_it(shop: Path) -> None:
    document = verify(shop, "shop", *WEEKS, "--json").document

    assert (document["verdict"], document["before"]["total"]) == ("lower_unadjusted", "70.000000000")
    assert len(document["before"]["days"]) == len(document["after"]["days"]) == 7
    assert float(document["relative"]["low"]) < float(document["relative"]["point"]) < -0.4


def test_of_one_function(shop: Path) -> None:
    document = verify(shop, "shop", *WEEKS, "--function", "main", "--json").document

    assert document["function"] == {"name": "main", "file": ""}
    assert document["before"]["total"] == "70.000000000"


def test_inconclusive_exits_with_4_and_says_why(shop: Path) -> None:
    ran = verify(shop, "shop", "--before", "2026-11-02", "--after", "2026-11-09")

    assert (ran.code, ran.err) == (4, "")
    assert "inconclusive (unadjusted): 1 days a side are too few" in ran.out
    assert verify(shop, "shop", "--before", "2026-11-02", "--after", "2026-11-09", "--json").code == 4


def test_days_that_are_not_known_are_not_free(shop: Path) -> None:
    ran = verify(shop, "shop", "--before", "2026-11-08/2026-11-15", "--after", "2026-11-15/2026-11-22")

    assert ran.code == 4
    assert "the cost of 6 days is not known" in ran.out
    assert "not all of its hours are in the ledger" in ran.out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--before", "2026-W45", "--after", "2026-11-09"), "--before has 7 days and --after 1"),
        (("--before", "2026-W46", "--after", "2026-W45"), "must end before"),
        (("--before", "2026-W45", "--after", "2026-W45"), "must end before"),
        (("--before", "whenever", "--after", "2026-W46"), "--before: 'whenever'"),
        (("--before", "2026-W45", "--after", "9999-12-31"), "--after: "),
        (("--before", "2026-W45"), "--after"),
        ((*WEEKS, "--file", "a.go"), "--file is of a function"),
        ((*WEEKS, "--resource", "gpu"), "'gpu' is not one of"),
    ],
)
def test_windows_that_cannot_be_compared_are_wrong_usage(
    shop: Path, words: tuple[str, ...], message: str
) -> None:
    ran = verify(shop, "shop", *words)

    assert (ran.code, ran.out) == (2, "")
    assert message in ran.err


def test_an_unknown_service_or_function_fails_with_what_there_is(shop: Path) -> None:
    service = verify(shop, "shopp", *WEEKS)
    function = verify(shop, "shop", *WEEKS, "--function", "ser")

    assert (service.code, service.out) == (1, "")
    assert "no service 'shopp'" in service.err
    assert "there is shop" in service.err
    assert function.code == 1
    assert "there is serve" in function.err
