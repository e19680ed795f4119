"""`finops report`: reports for people and programs."""

from functools import partial
from pathlib import Path

import click

from finops.cli.ledger_options import DAYS, metric_option, past_moment, whole_days


@click.group(short_help="Reports: weekly.")
def report() -> None:
    """Reports: weekly."""


@report.command(short_help="What each service cost, why, and which of its functions.")
@click.option("--window", "text", default="lastweek", show_default=True, help=f"{DAYS}.")
@metric_option
@click.option(
    "--limit",
    type=click.IntRange(min=0),
    default=20,
    show_default=True,
    help="Functions to list by service and resource, the dearest by self and those by total; 0 for all.",
)
@click.option(
    "--as-of",
    "then",
    metavar="MOMENT",
    help="As it was printed then, as 2026-11-30T12:00:00Z: restatements made since are left out.",
)
@click.option("--json", "as_json", is_flag=True, help="As JSON, with all nanos.")
@click.option(
    "--html",
    "page",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="Into one HTML file that needs nothing else, compared with the week before.",
)
@click.pass_context
def weekly(
    ctx: click.Context,
    text: str,
    metric: str,
    limit: int,
    then: str | None,
    page: Path | None,
    *,
    as_json: bool,
) -> None:
    """What each service cost, why, and which of its functions; all of it adds up to the fleet.

    As text it is for people, with ten functions a table; as JSON it is what /api/v1/reports/weekly
    gives. With --as-of, what was provisional then has been written over since; the report says so where
    it holds any. An example: finops report weekly --window 2026-W45 --html week.html
    """
    from finops.cli.main import configured
    from finops.cli.shown import echo_json, harmless
    from finops.domain.charge import CostMetric
    from finops.reports import document
    from finops.reports import text as rendering
    from finops.reports import weekly as data

    app = configured(ctx)
    window = whole_days(text, app.clock.now())
    with app.readers() as session:
        build = partial(
            data.build,
            session,
            currency=app.settings.ledger.currency,
            metric=CostMetric(metric),
            limit=limit,
            as_of=None if then is None else past_moment(then, app.clock.real()),
        )
        made = build(window)
        if page is not None:
            from finops.reports import weekly_page

            page.write_text(weekly_page.render(made, build(window.before())), encoding="utf-8")
            click.echo(f"{harmless(str(page))}: the report of {window}", err=True)
    if as_json:
        echo_json(document.weekly(made))
    elif page is None:
        click.echo(rendering.weekly(made), nl=False)
