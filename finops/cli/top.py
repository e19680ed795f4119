"""`finops top`: the functions of profile files, or of a service of the ledger, and what they cost."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from finops.cli.fleet_options import FleetWords, fleet_options
from finops.cli.ledger_options import LedgerWords, ledger_options, refuse, whole_days
from finops.cli.profile_files import PROFILE_FILE, read, terminal_width

if TYPE_CHECKING:
    from finops.engine import Grouping
    from finops.reports.function_lines import Measure
    from finops.reports.service_functions import ServiceFunctions
    from finops.reports.top import Top


@click.command(short_help="Functions of profiles, or of a service, with what they cost.")
@click.argument("files", nargs=-1, type=PROFILE_FILE, metavar="FILE…")
@click.option(
    "--type", "wanted", metavar="T", help="The sample type, as cpu; by default the file's own choice."
)
@ledger_options
@click.option(
    "--by",
    type=click.Choice(["function", "name", "file", "package"]),
    default="function",
    show_default=True,
    help="What to add up by; a function is its name and its file.",
)
@click.option(
    "--sort",
    type=click.Choice(["self", "total"]),
    default="self",
    show_default=True,
    help="Largest by which first.",
)
@click.option(
    "--limit", type=click.IntRange(min=0), default=20, show_default=True, help="Functions to list; 0 for all."
)
@fleet_options
@click.option("--json", "as_json", is_flag=True, help="As JSON, with all nanos.")
@click.pass_context
def top(
    ctx: click.Context,
    files: tuple[Path, ...],
    wanted: str | None,
    ledger: LedgerWords,
    by: "Grouping",
    sort: "Measure",
    limit: int,
    fleet: FleetWords,
    *,
    as_json: bool,
) -> None:
    """The functions of profiles (pprof or collapsed stacks), largest first; several FILEs are added up.

    With --machine, what each costs of so many machines in a month of 730 hours, at list: loaded is its
    share of all their CPU dollars, used is its share of those that were in use. With memory and GPU
    below, the loaded column adds up to what the machines cost; with all that is below, the used one.

    An example: finops top cpu.pb.gz --machine c5.2xlarge --count 100 --utilisation 0.70

    With --service, what each function of a service cost in some days of the ledger.

    An example: finops top --service checkout --window 2026-W45 --sort total
    """
    from finops.cli.shown import echo_json
    from finops.reports import top_text

    if ledger.service is not None:
        refuse(ctx, ["files", "wanted", "machine", "count", "region", "utilisation", "cost"], "a service")
        _show(_of_service(ctx, ledger, by, sort, limit), ledger.resource, as_json=as_json)
        return
    refuse(ctx, ["days", "resource", "metric"], "files")
    if not files:
        raise click.UsageError("give a FILE, or a service of the ledger with --service")
    made = _of_files(files, wanted, by, sort, limit, fleet)
    if as_json:
        echo_json(top_text.as_document(made))
    else:
        click.echo(top_text.text(made, terminal_width()), nl=False)


def _show(found: "ServiceFunctions", resource: str, *, as_json: bool) -> None:
    from finops.cli.shown import echo_json
    from finops.reports import service_functions, service_functions_text

    if as_json:
        echo_json({"resource": resource} | service_functions.as_document(found))
    else:
        click.echo(service_functions_text.text(found, terminal_width()), nl=False)


def _of_files(
    files: tuple[Path, ...],
    wanted: str | None,
    by: "Grouping",
    sort: "Measure",
    limit: int,
    fleet: FleetWords,
) -> "Top":
    from finops.reports import top as data
    from finops.reports.files import read_files

    month = fleet.month()
    capture = read_files([read(path) for path in files], wanted)
    return data.build(capture, by=by, sort=sort, limit=limit, month=month, utilisation=fleet.measured())


def _of_service(
    ctx: click.Context,
    ledger: LedgerWords,
    by: "Grouping",
    sort: "Measure",
    limit: int,
) -> "ServiceFunctions":
    from finops.cli.main import configured
    from finops.domain.charge import CostMetric
    from finops.domain.resource import Resource
    from finops.reports import service_functions

    if by not in service_functions.GROUPINGS:
        raise click.UsageError(f"--by {by} is for files: the ledger adds up by function, name or file")
    if by != "function" and sort == "total":
        raise click.UsageError(f"totals overlap, so that they cannot be added up by {by}: --sort self")
    app = configured(ctx)
    with app.readers() as session:
        return service_functions.build(
            session,
            str(ledger.service),
            whole_days(ledger.days or "lastweek", app.clock.now()),
            currency=app.settings.ledger.currency,
            metric=CostMetric(ledger.metric),
            resources=[Resource(ledger.resource)],
            by=by,
            sort=sort,
            limit=limit,
        )
