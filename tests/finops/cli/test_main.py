"""The command line as a whole: what it knows, what it says, what it imports."""

import subprocess
import sys

import pytest

from finops.cli.main import COMMANDS, Commands

HEAVY = ("numpy", "sqlalchemy", "flask", "rich", "pydantic", "boto3", "google", "alembic", "apscheduler")


@pytest.mark.parametrize("name", COMMANDS)
def test_the_sentence_of_the_help_is_the_commands_own(name: str) -> None:
    command = Commands("finops").get_command(None, name)  # type: ignore[arg-type]

    assert command is not None
    assert (command.short_help or "").strip() == COMMANDS[name][1]


def test_help_imports_nothing_heavy() -> None:
    script = (
        "import sys\nfrom finops.cli.main import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )

    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert "Usage: finops" in ran.stdout
    assert ran.stderr.strip() == "[]"
