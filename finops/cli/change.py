"""`finops change`: whether a change made a service, or one of its functions, cheaper."""

import click

from finops.cli.ledger_options import DAYS, metric_option, resource_option, two_windows
from finops.errors import ConfigError


@click.group(short_help="Before/after checks of an optimisation.")
def change() -> None:
    """Before/after checks of an optimisation: verify."""


@change.command(short_help="Days before against days after, with an interval.")
@click.argument("service")
@click.option("--function", "name", metavar="NAME", help="Only this function, with all that it calls.")
@click.option("--file", metavar="F", help="The function's file, where its name is not enough.")
@click.option("--before", required=True, metavar="W", help=f"{DAYS}.")
@click.option("--after", required=True, metavar="W", help="As many days, later.")
@resource_option
@metric_option
@click.option("--json", "as_json", is_flag=True, help="As JSON, with all nanos and every day.")
@click.pass_context
def verify(
    ctx: click.Context,
    service: str,
    name: str | None,
    file: str | None,
    before: str,
    after: str,
    resource: str,
    metric: str,
    *,
    as_json: bool,
) -> None:
    """What SERVICE used, or one function of it cost, by day: before a change against after it.

    The verdict is lower, higher or inconclusive, and always unadjusted: there is no control and no
    traffic in it, so that it confirms nothing. Exit code 4 where it is inconclusive.

    An example: finops change verify checkout --before 2026-W46 --after 2026-W47
    """
    from finops.cli.main import EXIT_INCONCLUSIVE, configured
    from finops.cli.shown import echo_json
    from finops.costs.change import Verdict
    from finops.domain.charge import CostMetric
    from finops.domain.resource import Resource
    from finops.reports import change as data
    from finops.reports import change_text

    if file is not None and name is None:
        raise ConfigError("--file is of a function: give --function too")
    app = configured(ctx)
    one, other = two_windows(before, after, app.clock.now())
    with app.readers() as session:
        made = data.build(
            session,
            service,
            one,
            other,
            currency=app.settings.ledger.currency,
            name=name,
            file=file,
            resource=Resource(resource),
            metric=CostMetric(metric),
        )
    if as_json:
        echo_json(change_text.as_document(made))
    else:
        click.echo(change_text.text(made), nl=False)
    if made.verdict is Verdict.INCONCLUSIVE:
        ctx.exit(EXIT_INCONCLUSIVE)
