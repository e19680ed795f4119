"""`finops prices history` and `diff`: what a machine cost when, and what changed between two days."""

import click

from finops.cli.price_words import MachineWords, machine_options, moment
from finops.errors import NotFound


@click.command()
@click.argument("machine")
@machine_options
@click.option("--known-at", metavar="T", help="As it was known then, before later corrections.")
@click.option("--corrections", is_flag=True, help="With what was known once and is no more.")
@click.option("--json", "as_json", is_flag=True, help="As JSON, with all decimals.")
@click.pass_context
def history(
    ctx: click.Context,
    machine: str,
    words: MachineWords,
    known_at: str | None,
    *,
    corrections: bool,
    as_json: bool,
) -> None:
    """Every stored price of MACHINE in a region: when it held, and where it comes from."""
    from finops.cli.main import configured
    from finops.cli.shown import echo_json
    from finops.reports import price_history
    from finops.storage import prices

    with configured(ctx).readers() as session:
        found = prices.known_of(
            session, words.kind(machine), known_at=moment(known_at, "--known-at"), every=corrections
        )
    if not found:
        raise NotFound(f"nothing is stored of {machine} in {words.region}; see `finops prices status`")
    if as_json:
        echo_json([price_history.document(each) for each in found])
    else:
        click.echo(price_history.text(found))


@click.command()
@click.argument("start", metavar="FROM")
@click.argument("end", metavar="TO")
@click.option("--region", metavar="R", help="Only this region.")
@click.option("--cloud", metavar="C", help="Only this cloud.")
@click.option("--json", "as_json", is_flag=True, help="As JSON, with all decimals.")
@click.pass_context
def diff(
    ctx: click.Context, start: str, end: str, region: str | None, cloud: str | None, *, as_json: bool
) -> None:
    """What list prices changed, came and went between two moments, FROM and TO."""
    from finops.cli.main import configured
    from finops.cli.shown import echo_json
    from finops.reports import price_history
    from finops.storage import prices

    before, after = moment(start, "FROM"), moment(end, "TO")
    assert before is not None and after is not None  # noqa: S101, PT018 (both were given)
    if before >= after:
        raise click.UsageError(f"{start} is not before {end}")
    with configured(ctx).readers() as session:
        found = price_history.differences(prices.current(session, region=region, cloud=cloud), before, after)
    if as_json:
        echo_json([each.document() for each in found])
    else:
        click.echo(price_history.differences_text(found))
