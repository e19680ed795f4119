"""The words that say what of the ledger is meant, shared by the commands that read it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from finops.errors import ConfigError

if TYPE_CHECKING:
    from datetime import datetime

    from finops.domain.window import Window

Command = Callable[..., Any]

DAYS = "Whole days, as 2026-W45, lastweek or 2026-11-02/2026-11-09"


@dataclass(frozen=True, slots=True)
class LedgerWords:
    """What was typed about the ledger: of what service, of which days, whose dollars, which cost."""

    resource: str
    metric: str
    service: str | None = None
    days: str | None = None
    before: str | None = None
    after: str | None = None


def ledger_options(command: Command) -> Command:
    """Give a command `--service` and its `--window`, as its argument `ledger`."""
    days = click.option("--window", "days", help=f"With --service: {DAYS}.  [default: lastweek]")
    return _service_option(days(resource_option(metric_option(_as_words(command)))))


def two_ledger_options(command: Command) -> Command:
    """Give a command `--service`, `--before` and `--after`, as its argument `ledger`."""
    before = click.option("--before", metavar="W", help=f"With --service: {DAYS}.")
    after = click.option("--after", metavar="W", help="With --service: as many days, later.")
    return _service_option(before(after(resource_option(metric_option(_as_words(command))))))


def _as_words(command: Command) -> Command:
    @wraps(command)
    def with_words(**given: Any) -> None:  # noqa: ANN401 - whatever the command takes
        of_ledger = {field.name for field in fields(LedgerWords)} & given.keys()
        words = LedgerWords(**{name: given.pop(name) for name in of_ledger})
        command(ledger=words, **given)

    return with_words


def _service_option(command: Command) -> Command:
    return click.option("--service", metavar="S", help="In place of files: a service of the ledger.")(command)


def metric_option(command: Command) -> Command:
    """Give a command `--metric`, as its argument `metric`."""
    return click.option(
        "--metric",
        type=click.Choice(["list", "contracted", "effective", "billed"]),
        default="list",
        show_default=True,
        help="Which of FOCUS's four costs.",
    )(command)


def resource_option(command: Command) -> Command:
    """Give a command `--resource`, as its argument `resource`."""
    return click.option(
        "--resource",
        type=click.Choice(["cpu", "memory"]),
        default="cpu",
        show_default=True,
        help="Whose dollars of the ledger.",
    )(command)


def refuse(ctx: click.Context, names: Sequence[str], what: str) -> None:
    """Raise a usage error if a word was given that is not about what was asked for."""
    params = {param.name: param for param in ctx.command.params}
    for name in names:
        if ctx.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE:
            raise click.UsageError(f"{params[name].get_error_hint(ctx)} is not about {what}", ctx)


def whole_days(text: str, now: "datetime", option: str = "--window") -> "Window":
    """A window of whole days from words; raises ConfigError if it is none."""
    from finops.domain.window import day_of

    window = _window(text, now, option)
    if any(moment != day_of(moment).start for moment in (window.start, window.end)):
        raise ConfigError(f"{option}: {window} is not of whole days, and function costs are kept by day")
    return window


def whole_hours(text: str, now: "datetime", option: str = "--window") -> "Window":
    """A window of whole hours from words; raises ConfigError if it is none."""
    window = _window(text, now, option)
    if not window.is_whole_hours():
        raise ConfigError(f"{option}: {window} is not of whole hours")
    return window


def past_moment(text: str, now: "datetime", option: str = "--as-of") -> "datetime":
    """A moment that has come, from words; raises ConfigError if it is none."""
    from finops.domain.window import moment_text, parse_moment

    try:
        moment = parse_moment(text)
    except (ValueError, OverflowError) as error:
        raise ConfigError(f"{option}: {error}") from error
    if moment > now:
        raise ConfigError(f"{option}: {moment_text(moment)} has not come yet: it is {moment_text(now)}")
    return moment


def two_windows(before: str, after: str, now: "datetime") -> "tuple[Window, Window]":
    """Two windows of whole days that may be compared; raises ConfigError if they may not.

    They must be of one length, because a ratio of different lengths says nothing, and in order.
    """
    one, other = whole_days(before, now, "--before"), whole_days(after, now, "--after")
    lengths = [each.end - each.start for each in (one, other)]
    if lengths[0] != lengths[1]:
        raise ConfigError(
            f"--before has {lengths[0].days} days and --after {lengths[1].days}:"
            " periods must be of the same length to be compared"
        )
    if one.end > other.start:
        raise ConfigError(f"--before {one} must end before --after {other} begins")
    return one, other


def _window(text: str, now: "datetime", option: str) -> "Window":
    from finops.domain.window import parse_window

    try:
        return parse_window(text, now)
    except (ValueError, OverflowError) as error:
        raise ConfigError(f"{option}: {error}") from error
