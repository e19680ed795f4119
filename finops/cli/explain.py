"""`finops explain`: how one function's dollar came about."""

import click

from finops.cli.ledger_options import metric_option, resource_option, whole_hours


@click.command(short_help="Every step from the captures to one function's dollar.")
@click.argument("service")
@click.argument("function")
@click.option(
    "--window",
    "hours",
    required=True,
    metavar="W",
    help="Whole hours, as 2026-11-10T12:00Z/2026-11-10T13:00Z or a date.",
)
@click.option("--file", metavar="F", help="The function's file, where its name is not enough.")
@resource_option
@metric_option
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_context
def explain(
    ctx: click.Context,
    service: str,
    function: str,
    hours: str,
    file: str | None,
    resource: str,
    metric: str,
    *,
    as_json: bool,
) -> None:
    """Show every step from the captures to the dollar of one FUNCTION of a SERVICE, each with its source.

    An example: finops explain checkout encoding/json.Marshal --window 2026-11-10T12:00Z/2026-11-10T13:00Z
    """
    from finops.cli.main import configured
    from finops.cli.shown import echo_json
    from finops.domain.charge import CostMetric
    from finops.domain.resource import Resource
    from finops.reports import explain as data
    from finops.reports import explain_text

    app = configured(ctx)
    with app.readers() as session:
        made = data.build(
            session,
            app.registry,
            service,
            function,
            whole_hours(hours, app.clock.now()),
            file=file,
            resource=Resource(resource),
            metric=CostMetric(metric),
        )
    if as_json:
        echo_json(explain_text.as_document(made))
    else:
        click.echo(explain_text.text(made), nl=False)
