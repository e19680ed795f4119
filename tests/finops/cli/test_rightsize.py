import json

import pytest

from finops.domain.window import moment_text
from tests.finops.cli.running import finops
from tests.small_ledger import SmallLedger, hour, machines

ROW_A = ("--machine", "c5.2xlarge", "--region", "us-east-1", "--count", 100, "--remove", "0.40")
BUSY = ("--utilisation", "0.70")


def test_row_a_of_the_reference_case() -> None:
    document = finops("rightsize", *ROW_A, *BUSY, "--json").document

    assert document["instances"] == 60
    assert document["saving"] == {
        "total": "9928.000000000",
        "cpu": "8122.909090909",
        "memory": "1805.090909091",
    }
    assert document["interval"]["instances"] == {"low": 60, "high": 61}
    assert document["interval"]["saving"]["high"] == "9928.000000000"
    assert any("730" in sentence for sentence in document["assumptions"])
    assert document["price"]["hourly"] == "0.34"


def test_another_target() -> None:
    assert finops("rightsize", *ROW_A, *BUSY, "--target", "0.60", "--json").document["instances"] == 70


def test_text_shows_the_saving_with_its_interval_and_assumptions() -> None:
    out = finops("rightsize", *ROW_A, *BUSY).out

    assert "60 × c5.2xlarge in us-east-1 in place of 100" in out
    assert "$9,928.00 saved a month, between $9,679.80 and $9,928.00" in out
    assert "- Prices are list prices" in out
    assert "as of 20" in out


def test_a_gpu_is_part_of_the_saving() -> None:
    words = ("--machine", "p3.2xlarge", "--count", 10, "--utilisation", "0.5", "--remove", "0.5")
    saving = finops("rightsize", *words, "--json").document["saving"]

    assert saving.keys() == {"total", "cpu", "memory", "gpu"}
    assert "GPUs" in finops("rightsize", *words).out


def test_without_utilisation_it_refuses_and_says_why() -> None:
    ran = finops("rightsize", *ROW_A)

    assert (ran.code, ran.out) == (1, "")
    assert "a measured utilisation" in ran.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((*ROW_A, "--utilisation", "70"), "utilisation is 70"),
        ((*ROW_A, *BUSY, "--target", "0"), "target is 0"),
        ((*ROW_A[:-1], "1", *BUSY), "remove is 1"),
        (("--machine", "c5.2xlarge", "--count", 0, "--remove", "0.4", *BUSY), "count is 0"),
        ((*ROW_A[:-2], *BUSY), "--remove"),
        ((*ROW_A, "--utilisation", "1e-99999999"), "decimals"),
    ],
)
def test_values_out_of_bounds_are_wrong_usage(words: tuple[object, ...], message: str) -> None:
    ran = finops("rightsize", *words)

    assert (ran.code, ran.out) == (2, "")
    assert message in ran.err


def test_an_unknown_machine_fails() -> None:
    ran = finops("rightsize", *BUSY, "--machine", "c5.3xlarge", "--count", 2, "--remove", "0.1")

    assert ran.code == 1
    assert "no price" in ran.err


def test_what_the_busiest_hour_needs_stands_beside_what_all_hours_do(small_ledger: SmallLedger) -> None:
    """Two machines for a calm day, ten that work hard for two hours of the next."""
    night, rush, later = (moment_text(hour(number).start) for number in (0, 24, 26))
    small_ledger.fleet = [
        machines("shop-checkout", "c5.large", 2, utilisation="0.3", start=night, end=rush),
        machines("shop-checkout", "c5.large", 10, utilisation="0.9", start=rush, end=later),
    ]
    small_ledger.write()
    small_ledger.drain()
    window = "2026-11-02/2026-11-04"

    words = ("rightsize", "--service", "checkout", "--window", window, "--remove", "0.4")
    made = json.loads(small_ledger.finops(*words, "--json").stdout)
    head = small_ledger.finops(*words).stdout.splitlines()[:5]

    peak = made["measured"]["peak"]
    assert (peak["machines"], peak["window"]["start"]) == ("10", rush)
    assert peak["instances"] > made["instances"]
    assert (
        head[2]
        == f"the busiest hour ({rush}: 10 machines, 90.00% busy) needs {peak['instances']} to run at 47.65%:"
    )
    assert "come and go with the load" in head[3]
