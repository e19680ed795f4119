"""The command line as a whole: what it knows, what it says, what it imports."""

import re
import subprocess
import sys
from collections.abc import Iterator

import click
import pytest

from finops.cli.main import COMMANDS, Commands
from finops.cli.main import finops as group
from tests.finops.cli.running import finops

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


def commands(group: click.Group, *path: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """All commands below a group, by their words."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield (*path, name), command
        if isinstance(command, click.Group):
            yield from commands(command, *path, name)


EVERY = dict(commands(group))


@pytest.mark.parametrize("words", EVERY, ids=" ".join)
def test_every_command_says_what_it_is_for(words: tuple[str, ...]) -> None:
    ran = finops(*words, "--help")

    assert ran.code == 0
    assert (EVERY[words].help or "").strip().partition("\n")[0][-1] in ".:;,abcdefghijklmnopqrstuvwxyz"
    for param in EVERY[words].params:
        assert not isinstance(param, click.Option) or param.help, param.name


def test_commands_with_many_words_show_an_example() -> None:
    examples = [words for words, command in EVERY.items() if "An example: finops " in (command.help or "")]

    assert {words[0] for words in examples} >= {"top", "compare", "rightsize", "change", "explain", "report"}


def test_version_says_which_engine_runs() -> None:
    ran = finops("--version")

    assert ran.code == 0
    assert re.fullmatch(r"flamebill \d+\.\d+\.\d+\S*, engine: (native|plain)\n", ran.out)


def test_a_word_that_is_no_command_is_wrong_usage() -> None:
    assert finops("dance").code == 2
    assert finops("report", "daily").code == 2


def test_what_an_error_quotes_cannot_act_on_the_terminal() -> None:
    ran = finops("--config", "/nowhere/\x1b[31m\u202ered.toml", "report", "weekly")

    assert ran.code == 2
    assert "\x1b" not in ran.err
    assert "\u202e" not in ran.err
