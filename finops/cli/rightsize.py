"""`finops rightsize`: how many machines are needed once part of their CPU work is gone."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import click

from finops.cli.fleet_options import DEFAULT_REGION, exact_number
from finops.cli.ledger_options import DAYS, refuse, whole_days

_WIDTH = 110


@click.command(short_help="How many machines would do if demand went.")
@click.option("--machine", metavar="M", help="The machine type, as c5.2xlarge.")
@click.option("--region", metavar="R", help=f"Where they run.  [default: {DEFAULT_REGION}]")
@click.option("--count", type=int, metavar="N", help="How many there are.")
@click.option(
    "--utilisation", callback=exact_number, metavar="U", help="Their measured mean CPU utilisation, as 0.70."
)
@click.option(
    "--service", metavar="S", help="In place of all these: a service, as its machines were measured."
)
@click.option("--window", "days", help=f"With --service: {DAYS}.  [default: lastweek]")
@click.option(
    "--remove",
    callback=exact_number,
    metavar="X",
    required=True,
    help="The part of their CPU work that goes away, as 0.40.",
)
@click.option(
    "--target",
    callback=exact_number,
    metavar="U",
    help="The utilisation to run at afterwards.  [default: as now]",
)
@click.option("--json", "as_json", is_flag=True, help="As JSON, with all nanos.")
@click.pass_context
def rightsize(
    ctx: click.Context,
    /,
    service: str | None,
    days: str | None,
    remove: Decimal,
    target: Decimal | None,
    *,
    as_json: bool,
    **machines: Any,  # noqa: ANN401 - what was said of them
) -> None:
    """How many machines do the work that is left, and what a month of 730 hours costs less, at list.

    An example: finops rightsize --machine c5.2xlarge --count 100 --utilisation 0.70 --remove 0.40

    With --service, the machines are those that ran for it, as many in the mean and as busy as measured.

    An example: finops rightsize --service checkout --window 2026-W45 --remove 0.40 --target 0.50
    """
    from finops.cli.shown import echo_json

    try:
        if service is not None:
            refuse(ctx, ["machine", "region", "count", "utilisation"], "a service")
            made = _of_service(ctx, service, days or "lastweek", remove, target)
        else:
            refuse(ctx, ["days"], "machines")
            made = _of_machines(remove=remove, target=target, **machines)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    if as_json:
        echo_json(made)
    else:
        click.echo("\n".join(_lines(made)))


def _of_machines(
    *,
    machine: str | None,
    region: str | None,
    count: int | None,
    utilisation: Decimal | None,
    remove: Decimal,
    target: Decimal | None,
) -> dict[str, Any]:
    from finops.reports.rightsize import from_list

    if machine is None or count is None:
        lacking = [word for word, given in (("--machine", machine), ("--count", count)) if given is None]
        raise click.UsageError(f"give {' and '.join(lacking)}, or a service of the ledger with --service")
    return from_list(
        machine=machine,
        region=region or DEFAULT_REGION,
        count=count,
        utilisation=utilisation,
        remove=remove,
        target=target,
    )


def _of_service(
    ctx: click.Context, service: str, days: str, remove: Decimal, target: Decimal | None
) -> dict[str, Any]:
    from finops.cli.main import configured
    from finops.reports.rightsize import of_service

    app = configured(ctx)
    window = whole_days(days, app.clock.now())
    with app.readers() as session:
        return of_service(session, app.registry, service, window, remove=remove, target=target)


def _lines(made: dict[str, Any]) -> Iterator[str]:
    from textwrap import wrap

    from finops.cli.shown import harmless

    saving, interval, price = made["saving"], made["interval"], made["price"]
    between = interval["instances"]
    where = harmless(f"{price['machine']} in {price['region']}")
    mean = made.get("measured", {}).get("machines")
    exactly = f" ({mean} in the mean)" if mean and Decimal(mean) != made["count"] else ""
    yield f"{made['instances']} × {where} in place of {made['count']}{exactly}"
    yield f"between {between['low']} and {between['high']}, by {interval['basis']}"
    yield from _at_peak(made)
    yield ""
    hourly = f"{price['hourly']} {price['currency']} an hour"
    yield f"{_money(made['present'], made)} a month of 730 h now, at list ({hourly})"
    low, high = (_money(interval["saving"][end], made) for end in ("low", "high"))
    yield f"{_money(saving['total'], made)} saved a month, between {low} and {high}"
    for resource, said in (("cpu", "CPU"), ("memory", "memory that leaves with them"), ("gpu", "GPUs")):
        if resource in saving:
            yield f"  {_money(saving[resource], made)} of it {said}"
    yield f"  split by {price['split']['method']}: {price['split']['basis']}"
    yield ""
    for sentence in (*made["assumptions"], f"Prices are of {price['source']}, as of {price['as_of'][:10]}."):
        yield from wrap(f"- {harmless(sentence)}", _WIDTH, subsequent_indent="  ")


def _at_peak(made: dict[str, Any]) -> Iterator[str]:
    """What the busiest hour would need, where the figure that is made of means would not do for it."""
    peak = made.get("measured", {}).get("peak")
    if peak and peak["instances"] > made["instances"]:
        busy = f"{peak['machines']} machines, {Decimal(peak['utilisation']):.2%} busy"
        needs = f"needs {peak['instances']} to run at {Decimal(peak['target']):.2%}"
        yield f"the busiest hour ({peak['window']['start']}: {busy}) {needs}:"
        yield "the figure above is for machines that come and go with the load, not for a fixed number"


def _money(text: str, made: dict[str, Any]) -> str:
    from finops.cli.shown import dollars

    return dollars(Decimal(text), made["currency"])
