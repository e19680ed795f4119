"""The command line as a process: quick to answer, and honest about how it ended."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from finops.cli.main import COMMANDS
from finops.demo import layout
from tests.small_ledger import ROOT, SmallLedger, finops

CAPTURE = Path(layout.__file__).with_name("captures") / "checkout-v1-night.cpu.pb.gz"

HEAVY = (
    *("numpy", "google.protobuf", "zstandard"),
    *("sqlalchemy", "alembic", "apscheduler"),
    *("flask", "spectree", "waitress", "pydantic", "boto3", "botocore", "rich", "structlog"),
)


def imported(*words: str) -> set[str]:
    """What of the heavy libraries a command imports."""
    script = (
        "import sys\nfrom finops.cli.main import main\n"
        f"try:\n    main({list(words)!r})\nexcept SystemExit:\n    pass\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return set(json.loads(done.stderr.splitlines()[-1].replace("'", '"')))


def test_help_imports_nothing_heavy() -> None:
    assert imported("--help") == set()


@pytest.mark.parametrize("name", COMMANDS)
def test_help_of_a_command_imports_nothing_heavy(name: str) -> None:
    assert imported(name, "--help") == set()


def test_a_price_is_shown_without_numpy_or_a_database() -> None:
    assert imported("prices", "show", "c5.2xlarge") == set()


def test_a_profile_is_shown_without_a_database_or_a_server() -> None:
    assert imported("top", str(CAPTURE)) <= {"numpy", "google.protobuf", "zstandard"}


def test_help_names_every_command() -> None:
    done = finops("--help")

    assert (done.returncode, done.stderr) == (0, "")
    listed = [line.split()[0] for line in done.stdout.partition("Commands:")[2].splitlines() if line.strip()]
    assert listed == list(COMMANDS)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--version",), 0),
        (("top", str(CAPTURE)), 0),
        (("top", "none.pb.gz"), 2),
        (("prices", "show", "m99.large"), 1),
        (("prices", "--what"), 2),
        (("no-such-command",), 2),
        (("--config", "none.toml", "jobs", "list"), 2),
    ],
)
def test_the_exit_code_says_how_it_ended(words: tuple[str, ...], code: int) -> None:
    done = finops(*words)

    assert done.returncode == code, done.stderr
    assert (done.stdout == "") == (code != 0)
    assert "Traceback" not in done.stderr


def test_a_reader_of_a_pipe_that_had_enough_is_no_failure() -> None:
    piped = f"{sys.executable} -m finops.cli.main top --limit 0 {CAPTURE}; echo $? >&2"
    done = subprocess.run(
        ["bash", "-c", f"({piped}) | head -n 1"], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert done.stderr.splitlines()[-1] == "0"
    assert "Traceback" not in done.stderr


def test_jobs_are_run_by_hand_and_listed(small_ledger: SmallLedger) -> None:
    ran = small_ledger.finops("jobs", "run", "collect_fleet", "--window", "2026-11-02")
    assert (ran.returncode, ran.stdout) == (0, "collect_fleet: 24 due, 24 ok, 0 failed, 0 skipped\n")

    listed = small_ledger.finops("jobs", "list", "--limit", "1")
    assert listed.returncode == 0
    assert "collect_fleet  2026-11-02T23:00:00Z/2026-11-03T00:00:00Z  fleet" in listed.stdout


def test_a_job_that_nobody_knows_is_answered_with_those_there_are(small_ledger: SmallLedger) -> None:
    done = small_ledger.finops("jobs", "run", "collect_profile")

    assert done.returncode == 1
    assert "'collect_profile' is no job; there are refresh_prices, collect_fleet" in done.stderr


def test_a_span_of_the_past_is_filled(small_ledger: SmallLedger) -> None:
    done = small_ledger.finops("jobs", "backfill", "--window", "2026-11-02T08:00:00Z/2026-11-02T11:00:00Z")

    assert done.returncode == 0, done.stderr
    assert "attribute_costs: 2 due, 2 ok, 0 failed, 0 skipped" in done.stdout
    assert small_ledger.lines("charges", kind="used")


def test_a_run_that_failed_is_a_failure_and_says_where_to_look(small_ledger: SmallLedger) -> None:
    (small_ledger.folder / "fleet.csv").unlink()

    done = small_ledger.finops("jobs", "run", "collect_fleet", "--window", "2026-11-02")

    assert done.returncode == 1
    assert done.stderr.endswith(
        "finops: collect_fleet: 1 runs failed; see `finops jobs list --outcome failed`\n"
    )
