"""`finops ledger`: the ledger itself, its versions, and how what is final is changed."""

from typing import TYPE_CHECKING

import click

from finops.cli.ledger_options import metric_option, whole_hours
from finops.errors import ConfigError

if TYPE_CHECKING:
    from datetime import datetime

    from finops.app import App
    from finops.domain.window import Window
    from finops.reports.restating import Plan

HOURS = "Whole hours, as 2026-11-02T09:00Z/2026-11-02T12:00Z, 2026-11-02 or 2026-W45"
_LONGEST_REASON = 500


@click.group(short_help="The ledger: dump, history, restate.")
def ledger() -> None:
    """The ledger: dump, history, restate."""


@ledger.command()
@click.option(
    "--canonical",
    is_flag=True,
    required=True,
    help="In an order free of ids and clocks: the same history prints the same bytes.",
)
@click.pass_context
def dump(ctx: click.Context, *, canonical: bool) -> None:  # noqa: ARG001 (the one order there is, by name)
    """Print the whole ledger, one JSON document a line."""
    from finops.cli.main import configured
    from finops.storage import dump as dumping

    with configured(ctx).readers() as session:
        for line in dumping.canonical(session):
            click.echo(line)


@ledger.command()
@click.option("--service", required=True, metavar="S", help="A service of the ledger.")
@click.option("--window", "text", required=True, metavar="W", help=f"{HOURS}.")
@metric_option
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_context
def history(ctx: click.Context, service: str, text: str, metric: str, *, as_json: bool) -> None:
    """Print every version of what a service cost: when, why, by whom, and the difference to the one before.

    An example: finops ledger history --service checkout --window 2026-W45
    """
    from finops.cli.main import configured
    from finops.cli.shown import echo_json
    from finops.domain.charge import CostMetric
    from finops.reports import ledger_history

    app = configured(ctx)
    window = whole_hours(text, app.clock.now())
    with app.readers() as session:
        found = ledger_history.build(
            session, service, window, currency=app.settings.ledger.currency, metric=CostMetric(metric)
        )
    if as_json:
        echo_json(ledger_history.as_document(found))
    else:
        click.echo(ledger_history.as_text(found), nl=False)


@ledger.command(short_help="Make a new version of what is final; the old one is kept.")
@click.option("--window", "text", required=True, metavar="W", help=f"{HOURS}.")
@click.option("--service", metavar="S", help="Only this service; without it, every service.")
@click.option("--reason", required=True, help="Why; it stands beside the new version for ever.")
@click.option("--dry-run", is_flag=True, help="Say what would be restated, and change nothing.")
@click.option(
    "--run", "is_run", is_flag=True, help="Do the jobs of the window at once, and show what changed."
)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_context
def restate(
    ctx: click.Context,
    text: str,
    service: str | None,
    reason: str,
    *,
    dry_run: bool,
    is_run: bool,
    as_json: bool,
) -> None:
    """Make a new version of every final hour of a window, and of its days; the old version is kept.

    The new version is computed from what is known now: profiles and machines are asked for again, and
    prices are those known by now. It is due at the next ticks of the scheduler, and final once every
    source was asked again. Of other services nothing changes. All of it is one transaction. An example:
    finops ledger restate --window 2026-11-02 --service checkout --reason "its price was a typing error"
    """
    from finops.cli.main import configured
    from finops.cli.shown import echo_json
    from finops.reports import restating
    from finops.storage import restatement

    if dry_run and is_run:
        raise click.UsageError("--run does what --dry-run is there not to do", ctx)
    app = configured(ctx)
    window, why = whole_hours(text, app.clock.now()), _reason(reason)
    currency = app.settings.ledger.currency
    if dry_run:
        with app.readers() as session:
            made, moment = restating.plan(session, window, service, currency), None
    else:
        with app.sessions.begin() as session:
            made = restating.plan(session, window, service, currency)
            moment = restatement.restate(session, window, why, app.clock.real(), service=service, by=_who())
    if is_run:
        _run(app, window)
    said = _Said(app, made, moment, is_run=is_run)
    if as_json:
        echo_json(said.document())
    else:
        click.echo("\n".join(said.lines()))


class _Said:
    """What the command says it did."""

    def __init__(self, app: "App", made: "Plan", moment: "datetime | None", *, is_run: bool) -> None:
        from datetime import timedelta

        from finops.domain.window import moment_text
        from finops.reports import restating

        self.made = made
        self.moment = moment
        # The last moment at which the versions stood that this restatement took the place of.
        self.before = None if moment is None else moment_text(moment - timedelta(microseconds=1))
        self.changes = None
        if is_run and moment is not None:
            with app.readers() as session:
                self.changes = restating.changes(session, made, moment, app.settings.ledger.currency)

    def document(self) -> dict[str, object]:
        from finops.domain.window import moment_text
        from finops.reports import restating

        return {
            **restating.as_document(self.made),
            "restated_at": None if self.moment is None else moment_text(self.moment),
            "before": self.before,
            "changes": None if self.changes is None else restating.changes_document(self.changes),
        }

    def lines(self) -> list[str]:
        from finops.reports import restating

        head = "Would be restated" if self.moment is None else "Restated"
        lines = [f"{head}, {self.made.window}, list cost as it stands", ""]
        lines += restating.as_text(self.made)
        if self.moment is None:
            return lines
        lines += ["", f"What stood before: finops report weekly --window W --as-of {self.before}"]
        if self.changes is None:
            lines.append("It is due: the scheduler computes it anew, or `finops jobs backfill --window W`.")
            lines.append("What changed, once it has: finops ledger history --service S --window W")
        else:
            lines += ["", "What changed", "", *restating.changes_text(self.changes)]
        return lines


def _reason(text: str) -> str:
    """A reason that says something, on one line."""
    words = " ".join(text.split())
    if not words:
        raise ConfigError("--reason: say why; whoever reads the new version will ask")
    if len(words) > _LONGEST_REASON:
        raise ConfigError(f"--reason: {len(words):,} characters; {_LONGEST_REASON} are enough to say why")
    return words


def _who() -> str:
    """Who asks, as this machine knows them."""
    import getpass
    import socket

    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # a container may run as a number without a name
        name = "somebody"
    return f"{name}@{socket.gethostname()}"


def _run(app: "App", window: "Window") -> None:
    """Every job that a restated window is due in, in the order of one dollar's road."""
    from jobs import runner
    from jobs.registry import JOBS

    for name, job in JOBS.items():
        if name != "expire":
            click.echo(f"{name}: {runner.look(app, job, window)}", err=True)
