"""The `finops` command: its groups, and the one place where errors become exit codes.

Exit codes: 0 fine, 1 failed, 2 wrong usage or configuration, 3 a gate's "no", 4 inconclusive. A name that
nothing known has (of a machine, a service, a job …) is a failure: well asked, and without an answer.
"""

import io
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from finops.errors import ConfigError, FinopsError, GateRefused

EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_REFUSED = 3
EXIT_INCONCLUSIVE = 4

# Of a message: whatever a caller quotes at us, its reader scrolls no further than this.
_LONGEST_LINE = 2000

# Each command, what it is for, and where it lives. A module is imported when its command is named, so
# that `finops --help` imports none of them; a test holds each sentence to the module's own.
COMMANDS = {
    "top": ("finops.cli.top:top", "Functions of profiles, or of a service, with what they cost."),
    "compare": ("finops.cli.compare:compare", "Functions before and after, with what is noise."),
    "rightsize": ("finops.cli.rightsize:rightsize", "How many machines would do if demand went."),
    "change": ("finops.cli.change:change", "Before/after checks of an optimisation."),
    "explain": ("finops.cli.explain:explain", "Every step from the captures to one function's dollar."),
    "report": ("finops.cli.report:report", "Reports: weekly."),
    "prices": ("finops.cli.prices:prices", "What machines cost an hour, and the lists that say so."),
    "ledger": ("finops.cli.ledger:ledger", "The ledger: dump, history, restate."),
    "jobs": ("finops.cli.jobs:jobs", "The jobs: list, run, backfill."),
    "scheduler": ("finops.cli.scheduler:scheduler", "Run the jobs by their crons, until stopped."),
    "worker": ("finops.cli.worker:worker", "Do what the scheduler has queued, until stopped."),
    "serve": ("finops.cli.serve:serve", "Serve the API until stopped."),
    "config": ("finops.cli.config:config", "The configuration: check."),
    "db": ("finops.cli.db:db", "The database: upgrade, current, check, size."),
    "doctor": ("finops.cli.doctor:doctor", "What needs doing, and why a number is small."),
    "backup": (
        "finops.cli.backup:backup",
        "Back up the ledger into one file, also while jobs run.",
    ),
    "restore": ("finops.cli.backup:restore", "Put a backup back."),
    "demo": ("finops.cli.demo:demo", "The whole road over three weeks of real captures."),
}


class Commands(click.Group):
    """The groups and commands, in the order a person meets them."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Their names."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The command of a name, imported now."""
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(import_module(module), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Their names and sentences, importing none of them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, sentence) for name, (_, sentence) in COMMANDS.items()])


def _version(ctx: click.Context, option: click.Parameter, wanted: bool) -> None:  # noqa: ARG001, FBT001
    if not wanted:
        return
    from importlib.metadata import version

    from finops import engine

    click.echo(f"flamebill {version('flamebill')}, engine: {engine.name()}")
    ctx.exit()


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--config",
    "path",
    type=click.Path(path_type=Path),
    default=Path("config.toml"),
    show_default=True,
    metavar="FILE",
    help="The configuration; what needs only files or the catalogue needs none.",
)
@click.option(
    "--version",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_version,
    help="Show the version and which engine runs, and exit.",
)
@click.pass_context
def finops(ctx: click.Context, path: Path) -> None:
    """What every function of your software costs."""
    ctx.obj = path


def configured(ctx: click.Context) -> Any:  # noqa: ANN401 (an App; naming its type here would import it)
    """The App of the configuration that the caller named.

    Raises ConfigError with every mistake of the file.
    """
    from finops import app, logs

    path = named(ctx)
    logs.configure()
    return app.build(path, os.environ)


def named(ctx: click.Context) -> Path:
    """The configuration that the caller named.

    Raises ConfigError, with how to name or begin one, if there is none.
    """
    path: Path = ctx.find_root().obj
    if not path.exists():
        raise ConfigError(
            f"{path}: no such file; name the configuration with --config FILE,"
            " or copy config.example.toml to begin one"
        )
    return path


def exit_code(error: FinopsError) -> int:
    """What a shell sees of an error."""
    if isinstance(error, ConfigError):
        return EXIT_USAGE
    return EXIT_REFUSED if isinstance(error, GateRefused) else EXIT_FAILED


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; every error raised on purpose is one message and an exit code."""
    try:
        # What a command gave to `ctx.exit` comes back here; any other command gives nothing.
        code = finops.main(args=arguments, prog_name="finops", standalone_mode=False)
        sys.exit(code or 0)
    except click.ClickException as error:
        shown = io.StringIO()
        error.show(shown)
        _say(shown.getvalue().rstrip("\n"))
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("finops: stopped", err=True)
        sys.exit(EXIT_FAILED)
    except FinopsError as error:
        _say(f"finops: {error}")
        sys.exit(exit_code(error))
    except BrokenPipeError:
        # The reader of a pipe had enough, as `finops top … | head` does; nothing failed.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except OSError as error:
        # A path that no file can have, a disk that is full: what the system says of it is all there is.
        _say(f"finops: {error.filename or 'input and output'}: {error.strerror or error}")
        sys.exit(EXIT_FAILED)


def _say(message: str) -> None:
    """A message on standard error; what it quotes from outside cannot act on the terminal, nor flood it."""
    from finops.reports.shown import cut, harmless

    click.echo("\n".join(cut(harmless(line), _LONGEST_LINE) for line in message.split("\n")), err=True)


if __name__ == "__main__":
    main()
