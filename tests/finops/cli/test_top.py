from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.finops.cli.running import finops
from tests.finops.engine import wire
from tests.finops.reports.notation import CAPTURES, CASE, GO_HEAP, pprof_of

FLEET = ("--machine", "c5.2xlarge", "--count", 100)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "case.pb.gz"
    path.write_bytes(pprof_of(CASE))
    return path


def assert_adds_up(document: dict[str, Any], total: str) -> None:
    rest = document["rest"]
    loaded = sum(Decimal(row["self_cost"]["loaded"]) for row in document["functions"])
    used = sum(Decimal(row["self_cost"]["used"]) for row in document["functions"])
    assert loaded + sum(Decimal(each["cost"]) for each in rest if each["resource"] == "memory") == Decimal(
        total
    )
    assert used + sum(Decimal(each["cost"]) for each in rest) == Decimal(total)


def test_a_file_needs_no_configuration_and_no_fleet(file: Path) -> None:
    ran = finops("--config", "/nowhere/config.toml", "top", file)

    assert ran.code == 0
    assert "json.Marshal" in ran.out
    assert "$" not in ran.out


def test_json_is_the_contract(file: Path) -> None:
    document = finops("top", file, "--json").document

    assert {"type", "unit", "total", "functions", "rest"} <= document.keys()
    assert document["functions"][1] == {
        "name": "json.Marshal",
        "file": "",
        "self": 320_000_000,
        "total": 320_000_000,
        "observations": 32,
    }


def test_a_fleet_adds_up_in_both_columns(file: Path) -> None:
    document = finops("top", file, *FLEET, "--utilisation", "0.70", "--limit", 1, "--json").document

    assert_adds_up(document, "24820")
    assert [row["name"] for row in document["functions"]] == ["serve", "[other]"]


@pytest.mark.parametrize("path", CAPTURES, ids=lambda path: path.name)
def test_real_captures_add_up_in_json(path: Path) -> None:
    assert_adds_up(finops("top", path, *FLEET, "--json").document, "24820")


def test_text_says_what_was_priced_where_and_of_when(file: Path) -> None:
    out = finops("top", file, *FLEET, "--utilisation", "0.70").out

    for words in (
        "100 × c5.2xlarge on-demand in aws us-east-1",
        "as of 20",
        "$6,498.33",
        "$4,548.83",
        "$24,820.00",
    ):
        assert words in out


def test_one_machine_is_meant_unless_said_otherwise(file: Path) -> None:
    assert (
        finops("top", file, "--machine", "c5.2xlarge", "--json").document["cost"]["total"] == "248.200000000"
    )


def test_a_cost_can_be_stated(file: Path) -> None:
    document = finops("top", file, "--cost", "20307.27/month", "--utilisation", "0.70", "--json").document

    assert_adds_up(document, "20307.27")
    assert document["cost"]["cost_metric"] == "stated"


def test_several_files_are_added_up(file: Path) -> None:
    assert finops("top", file, file, "--json").document["total"] == 2 * 10**9


@pytest.mark.parametrize(("by", "name"), [("name", "serve"), ("file", "<unknown>"), ("package", "<unknown>")])
def test_it_adds_up_by_other_things(file: Path, by: str, name: str) -> None:
    assert finops("top", file, "--by", by, "--json").document["functions"][0]["name"] == name


def test_text_calls_what_it_added_up_by_its_name(file: Path) -> None:
    for by, many in (("function", "functions"), ("name", "names")):
        assert f"; 1 of 4 {many} with " in finops("top", file, "--by", by, "--limit", 1).out


def test_text_of_files_and_packages_does_not_speak_of_functions() -> None:
    for by, many in (("file", "files"), ("package", "packages")):
        out = finops("top", CAPTURES[0], "--by", by, "--limit", 1).out
        assert f" {many} with " in out
        assert "functions" not in out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((*FLEET, "--cost", "1/h"), "--machine and --cost are two ways"),
        (("--count", 3), "--count is about machines"),
        (("--region", "us-east-1"), "--region is about machines"),
        (("--utilisation", "0.7"), "--utilisation is about a fleet"),
        ((*FLEET, "--utilisation", "70"), "70 is no share"),
        ((*FLEET, "--utilisation", "0"), "0 is no share"),
        ((*FLEET, "--utilisation", "nan"), "decimals"),
        ((*FLEET, "--utilisation", "1e-999999999"), "decimals"),
        ((*FLEET, "--utilisation", "much"), "'much' is not a number"),
        (("--machine", "c5.2xlarge", "--count", 0), "0 is not in the range"),
        (("--cost", "12"), "'12' is not a cost"),
        (("--cost", "1000000000000/h"), "below a trillion"),
        (("--limit", -1), "-1 is not in the range"),
        (("--by", "line"), "'line' is not one of"),
    ],
)
def test_words_that_do_not_go_together_are_wrong_usage(
    file: Path, words: tuple[object, ...], message: str
) -> None:
    ran = finops("top", file, *words)

    assert (ran.code, ran.out) == (2, "")
    assert message in ran.err


def test_no_file_and_a_missing_file_are_wrong_usage(tmp_path: Path) -> None:
    assert finops("top").code == 2
    ran = finops("top", tmp_path / "missing.pb.gz")
    assert ran.code == 2
    assert "missing.pb.gz' does not exist" in ran.err


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"<!doctype html><title>502</title>", "this is an HTML page"),
        (pprof_of(CASE)[:40], "cut short"),
        (b"\x00\x01garbage\xff" * 9, "not a pprof profile"),
        (b"heap profile: 1: 2 [3: 4] @ heap/1\n", "legacy pprof text profile"),
    ],
)
def test_a_broken_file_is_one_message_with_its_name_and_the_reason(
    tmp_path: Path, content: bytes, reason: str
) -> None:
    path = tmp_path / "broken.pb.gz"
    path.write_bytes(content)
    ran = finops("top", path)

    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith(f"finops: {path}: ")
    assert reason in ran.err
    assert ran.err.count("\n") == 1


def test_stacks_that_cannot_be_walked_are_named_by_their_file(tmp_path: Path, file: Path) -> None:
    path = tmp_path / "wide.pb.gz"
    wide = wire.location(1, *[1] * 1000) + wire.location(2, 2)
    path.write_bytes(wire.profile(samples=wire.sample([1] * 65, [1]) * 2000, locations=wide))

    for words in (("top", file, path), ("compare", file, path)):
        ran = finops(*words)
        assert (ran.code, ran.out) == (1, "")
        assert f"{path}: the 130000 entries of its stacks make 130000000 frames" in ran.err


def test_an_unknown_machine_or_region_fails_with_what_is_close(file: Path) -> None:
    ran = finops("top", file, "--machine", "c52xlarge")
    assert (ran.code, ran.out) == (1, "")
    assert "did you mean c5.2xlarge" in ran.err

    ran = finops("top", file, "--machine", "c5.2xlarge", "--region", "mars-1")
    assert ran.code == 1
    assert "mars-1" in ran.err


def test_what_is_no_cpu_time_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "mixed.pb.gz"
    path.write_bytes(pprof_of(CASE, {**GO_HEAP, "cpu/nanoseconds": 5, "lock/nanoseconds": 7}))
    ran = finops("top", path, *FLEET)

    assert ran.code == 1
    assert "lock/nanoseconds is no CPU time" in ran.err
    assert "cpu/nanoseconds would do" in ran.err


def test_a_type_that_a_file_does_not_have_is_refused(file: Path) -> None:
    ran = finops("top", file, "--type", "wall")

    assert ran.code == 1
    assert "no type 'wall'; it has samples/count, cpu/nanoseconds" in ran.err


def test_a_name_cannot_steer_the_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    path = tmp_path / "evil\x07.pb.gz"
    path.write_bytes(pprof_of(f"\x1b]0;title\x07 60\n{'y' * 10_000} 40\n", {"cpu\x07/nanoseconds": 5}))
    shown = finops("top", path)
    refused = finops("top", path, *FLEET)
    missed = finops("top", path, "--type", "wall")

    for text in (shown.out, refused.err, missed.err):
        assert text
        assert "\x1b" not in text  # click takes some of these out itself, where nobody is at a terminal
        assert "\x07" not in text
    assert max(len(line) for line in shown.out.splitlines() if "evil" not in line) <= 80
