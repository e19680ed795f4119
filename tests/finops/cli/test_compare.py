from decimal import Decimal
from pathlib import Path

import pytest

from tests.finops.cli.running import finops
from tests.finops.reports.notation import CASE, GO_HEAP, pprof_of

AFTER = "main;serve;json.Marshal 8\nmain;serve 50\nmain;gc 18\n"


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    before, after = tmp_path / "before.pb.gz", tmp_path / "after.pb.gz"
    before.write_bytes(pprof_of(CASE))
    after.write_bytes(pprof_of(AFTER))
    return before, after


def test_two_files_need_no_configuration(files: tuple[Path, Path]) -> None:
    ran = finops("--config", "/nowhere/config.toml", "compare", *files)

    assert ran.code == 0
    assert "how much days differ" in ran.out
    assert "saving" not in ran.out


def test_json_has_both_sides_and_the_change(files: tuple[Path, Path]) -> None:
    document = finops("compare", *files, "--json").document

    assert document["scale"] == {"unit": "cpu-nanoseconds", "per_second": True}
    row = document["functions"][0]
    assert (row["name"], row["before"]["self"], row["after"]["self"]) == (
        "json.Marshal",
        320_000_000,
        80_000_000,
    )
    assert row["change"]["value"] == -8_000_000
    assert row["could_be_noise"] is False


def test_with_a_fleet_there_are_dollars_on_both_sides(files: tuple[Path, Path]) -> None:
    words = ("--machine", "c5.2xlarge", "--count", 100, "--utilisation", "0.70")
    document = finops("compare", *files, *words, "--json").document

    row = document["functions"][0]
    assert row["before"]["self_cost"]["used"] == "4548.829090909"
    assert row["after"]["self_cost"]["used"] == "1137.207272727"
    assert row["cost_change"]["value"] == "-3411.621818182"
    low, high = (Decimal(row["cost_change"]["interval"][end]) for end in ("low", "high"))
    assert low < Decimal("-3411.621818182") < high < 0
    assert "$24,820.00" in finops("compare", *files, *words).out


def test_two_types_fail_with_the_name_of_the_file(files: tuple[Path, Path], tmp_path: Path) -> None:
    heap = tmp_path / "heap.pb.gz"
    heap.write_bytes(pprof_of(CASE, GO_HEAP))
    ran = finops("compare", files[0], heap)

    assert (ran.code, ran.out) == (1, "")
    assert f"{heap} has no cpu/nanoseconds" in ran.err


def test_a_missing_file_and_bad_words_are_wrong_usage(files: tuple[Path, Path]) -> None:
    assert finops("compare", files[0]).code == 2
    assert finops("compare", files[0], "/nowhere.pb.gz").code == 2
    assert finops("compare", *files, "--count", 3).code == 2
