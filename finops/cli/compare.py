"""`finops compare`: two profile files, or two windows of a service, function by function."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from finops.cli.fleet_options import FleetWords, fleet_options
from finops.cli.ledger_options import LedgerWords, refuse, two_ledger_options, two_windows
from finops.cli.profile_files import PROFILE_FILE, read, terminal_width

if TYPE_CHECKING:
    from finops.engine import Grouping
    from finops.reports.compare import Comparison


@click.command(short_help="Functions before and after, with what is noise.")
@click.argument("files", nargs=-1, type=PROFILE_FILE, metavar="BEFORE AFTER")
@click.option(
    "--type", "wanted", metavar="T", help="The sample type, as cpu; by default BEFORE's own choice."
)
@two_ledger_options
@click.option(
    "--by",
    type=click.Choice(["function", "name", "file", "package"]),
    default="function",
    show_default=True,
    help="What to add up by; a function is its name and its file.",
)
@click.option(
    "--limit", type=click.IntRange(min=0), default=20, show_default=True, help="Functions to list; 0 for all."
)
@fleet_options
@click.option("--json", "as_json", is_flag=True, help="As JSON, with all nanos.")
@click.pass_context
def compare(
    ctx: click.Context,
    files: tuple[Path, ...],
    wanted: str | None,
    ledger: LedgerWords,
    by: "Grouping",
    limit: int,
    fleet: FleetWords,
    *,
    as_json: bool,
) -> None:
    """What each function takes in two captures, the largest change first.

    Where both tell their durations, what is compared is CPU time by second of capture. Two single
    captures say nothing about how much days differ: a change whose sampling intervals overlap is
    marked, and one whose intervals do not is still no proof.

    With --machine, the same fleet stands behind both; --utilisation is of BEFORE.

    With --service, what each function of a service cost in two windows of the ledger, of one length.

    An example: finops compare --service checkout --before 2026-W46 --after 2026-W47
    """
    from finops.cli.shown import echo_json
    from finops.reports import compare_text

    if ledger.service is not None:
        of_files = ["files", "wanted", "by", "machine", "count", "region", "utilisation", "cost"]
        refuse(ctx, of_files, "a service")
        _of_service(ctx, ledger, limit, as_json=as_json)
        return
    refuse(ctx, ["before", "after", "resource", "metric"], "files")
    made = _of_files(files, wanted, by, limit, fleet)
    if as_json:
        echo_json(compare_text.as_document(made))
    else:
        click.echo(compare_text.text(made, terminal_width()), nl=False)


def _of_files(
    files: tuple[Path, ...], wanted: str | None, by: "Grouping", limit: int, fleet: FleetWords
) -> "Comparison":
    from finops.reports import compare as data
    from finops.reports.files import read_files, read_like

    try:
        before, after = files
    except ValueError:
        raise click.UsageError(
            "give two files, BEFORE and AFTER, or a service of the ledger with --service"
        ) from None
    month = fleet.month()
    was = read_files([read(before)], wanted)
    became = read_like(*read(after), was)
    return data.build(was, became, by=by, limit=limit, month=month, utilisation=fleet.measured())


def _of_service(ctx: click.Context, ledger: LedgerWords, limit: int, *, as_json: bool) -> None:
    from finops.cli.main import configured
    from finops.cli.shown import echo_json
    from finops.domain.charge import CostMetric
    from finops.domain.resource import Resource
    from finops.reports import service_compare as data
    from finops.reports import service_compare_text

    if ledger.before is None or ledger.after is None:
        raise click.UsageError("--service needs two windows: give --before and --after")
    app = configured(ctx)
    before, after = two_windows(ledger.before, ledger.after, app.clock.now())
    with app.readers() as session:
        made = data.build(
            session,
            str(ledger.service),
            before,
            after,
            currency=app.settings.ledger.currency,
            resource=Resource(ledger.resource),
            metric=CostMetric(ledger.metric),
            limit=limit,
        )
    if as_json:
        echo_json(service_compare_text.as_document(made))
    else:
        click.echo(service_compare_text.text(made, terminal_width()), nl=False)
