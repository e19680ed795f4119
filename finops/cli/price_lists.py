"""`finops prices refresh`, `status` and `accept`: the lists that prices come from."""

from typing import TYPE_CHECKING

import click

from finops.errors import GateRefused, NotFound, Unavailable

if TYPE_CHECKING:
    from finops.app import PriceScope


@click.command()
@click.option("--cloud", metavar="C", help="Only lists of this cloud.")
@click.option("--region", metavar="R", help="Only lists of this region.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_context
def refresh(ctx: click.Context, cloud: str | None, region: str | None, *, as_json: bool) -> None:
    """Ask the configured price lists now, whether or not they are due."""
    from rich.console import Console
    from rich.progress import MofNCompleteColumn, Progress

    from finops.cli.main import configured
    from finops.cli.shown import echo_json, harmless
    from finops.storage import runs
    from jobs import runner
    from jobs.refresh_prices import RefreshPrices, by_hand

    app, job = configured(ctx), RefreshPrices()
    scopes = [scope for scope in app.price_scopes if _is_meant(scope, cloud, region)]
    if not scopes:
        raise NotFound("no configured price list is meant; see [prices] in the configuration")
    ended: dict[str, tuple[str, str]] = {}
    with Progress(
        *Progress.get_default_columns()[:2], MofNCompleteColumn(), console=Console(stderr=True)
    ) as bar:
        task = bar.add_task("prices", total=len(scopes))
        for scope in scopes:
            bar.update(task, description=harmless(scope.name))
            outcome = runner.run_now(app, job, by_hand(app, scope)).outcome
            with app.readers() as session:
                last = next(
                    (run for run in runs.recent(session, 200, job=job.name) if run.scope == scope.name), None
                )
            counts = " ".join(f"{name}={count}" for name, count in (last.counts if last else {}).items())
            said = (last.error if last else "") if outcome != "ok" else counts
            ended[scope.name] = (outcome or "taken by another worker", said)
            bar.advance(task)
    if as_json:
        echo_json([{"list": name, "outcome": how, "said": said} for name, (how, said) in ended.items()])
    else:
        for name, (how, said) in ended.items():
            click.echo(f"{harmless(name)}: {how}{f', {harmless(said)}' if said else ''}")
    failed = [name for name, (how, _) in ended.items() if how == "failed"]
    if failed:
        raise Unavailable(f"{len(failed)} of {len(scopes)} lists were not let in; see `finops prices status`")


@click.command()
@click.option("--metrics", is_flag=True, help="In the text format of Prometheus.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_context
def status(ctx: click.Context, *, metrics: bool, as_json: bool) -> None:
    """Every price list: when it was last let in, what is held, and why one was not let in."""
    from finops.cli.main import configured
    from finops.cli.shown import echo_json
    from finops.reports import price_status

    app = configured(ctx)
    with app.readers() as session:
        found = price_status.build(session, app.clock.now())
    if metrics:
        click.echo(price_status.metrics(found), nl=False)
    elif as_json:
        echo_json([each.document() for each in found])
    else:
        click.echo(price_status.text(found), nl=False)


@click.command()
@click.argument("numbers", metavar="IMPORT...", nargs=-1, type=click.IntRange(min=1))
@click.option("--all", "is_all", is_flag=True, help="Every list that is held, oldest first.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_context
def accept(ctx: click.Context, numbers: tuple[int, ...], *, is_all: bool, as_json: bool) -> None:
    """Let in lists that were held because they were unlikely, by the numbers that `status` shows."""
    from finops.cli.main import configured
    from finops.cli.shown import echo_json, harmless
    from finops.storage import price_imports
    from jobs.price_imports import accept as let_in

    if bool(numbers) == is_all:
        raise click.UsageError("give the numbers of held lists, or --all")
    app = configured(ctx)
    if is_all:
        with app.readers() as session:
            numbers = tuple(made.id for made in price_imports.held(session))
    ended = [let_in(app, number) for number in numbers]
    if as_json:
        echo_json(
            [
                {
                    "import": each.made.id,
                    "status": each.made.status,
                    "reasons": each.made.reasons,
                    **each.counts,
                }
                for each in ended
            ]
        )
    else:
        for each in ended:
            counts = " ".join(f"{name}={count}" for name, count in each.counts.items())
            click.echo(f"{each.made.id}: {each.made.status} {counts}".rstrip())
    refused = [each.made for each in ended if not each.is_in]
    if refused:
        raise GateRefused("; ".join(f"import {made.id}: {harmless(made.reasons)}" for made in refused))


def _is_meant(scope: "PriceScope", cloud: str | None, region: str | None) -> bool:
    return cloud in (None, scope.cloud) and (region is None or region in scope.regions)
