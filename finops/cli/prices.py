"""`finops prices`: what machines cost."""

from typing import TYPE_CHECKING

import click

from finops.cli.fleet_options import DEFAULT_REGION
from finops.errors import NotFound

if TYPE_CHECKING:
    from datetime import datetime

    from finops.domain.price import Price
    from pricing.catalogue import Catalogue


@click.group(short_help="What machines cost an hour: show.")
def prices() -> None:
    """Prices: show."""


@prices.command()
@click.argument("machine", required=False)
@click.option(
    "--region", metavar="R", default=DEFAULT_REGION, show_default=True, help="Where the machine runs."
)
@click.option(
    "--at", "moment", metavar="T", help="The price of a date or time, as 2024-06-01; else the last known."
)
@click.option("--family", metavar="F", help="Without MACHINE: types of one family, as c5.")
@click.option(
    "--limit",
    type=click.IntRange(min=0),
    default=50,
    show_default=True,
    help="Without MACHINE: types to list; 0 for all.",
)
@click.option("--json", "as_json", is_flag=True, help="As JSON, with all decimals.")
def show(
    machine: str | None, region: str, moment: str | None, family: str | None, limit: int, *, as_json: bool
) -> None:
    """The list price of MACHINE, as c5.2xlarge, and how it divides; without it, what is known.

    From the bundled catalogue: it needs neither a configuration nor a network.
    """
    from pricing.catalogue import Catalogue

    if machine and family:
        raise click.UsageError("--family is for a list of types: give it or a MACHINE")
    catalogue, at = Catalogue(), _moment(moment)
    if machine:
        _show_one(catalogue, machine, region, at, as_json=as_json)
    else:
        _show_many(catalogue, region, at, family, limit, as_json=as_json)


def _show_one(
    catalogue: "Catalogue", machine: str, region: str, at: "datetime | None", *, as_json: bool
) -> None:
    from finops.cli.shown import echo_json
    from finops.costs.split import split_price
    from finops.reports import price_sheet

    last = catalogue.machine(machine, region)
    price = last if at is None else catalogue.find(last.kind, at)
    if price is None:
        raise NotFound(f"{machine}: no price at {at:%Y-%m-%d} in the bundled catalogue ({catalogue.title})")
    split = split_price(price)
    note = catalogue.note(machine) if price == last else ""
    if as_json:
        echo_json({**price_sheet.document(price, split), "note": note, "origin": catalogue.origin})
    else:
        click.echo(price_sheet.text(price, split, catalogue.title, note), nl=False)


def _show_many(
    catalogue: "Catalogue",
    region: str,
    at: "datetime | None",
    family: str | None,
    limit: int,
    *,
    as_json: bool,
) -> None:
    from finops.cli.shown import echo_json
    from finops.costs.split import split_price
    from finops.reports import price_sheet

    found = _found(catalogue, region, at, family)
    listed = found[:limit] if limit else found
    if as_json:
        sheets = [price_sheet.document(price, split_price(price)) for price in listed]
        echo_json({"title": catalogue.title, "found": len(found), "prices": sheets})
    else:
        click.echo(price_sheet.listing(listed, catalogue.title, len(found)), nl=False)


def _found(catalogue: "Catalogue", region: str, at: "datetime | None", family: str | None) -> list["Price"]:
    """The prices asked for, by family and then from the cheapest on."""
    last = catalogue.prices([region])
    if not last:
        raise NotFound(
            f"{region}: no prices: the bundled catalogue holds {catalogue.title}, and no other region"
        )
    known = last if at is None else [price for each in last if (price := catalogue.find(each.kind, at))]
    found = [price for price in known if family in (None, _family(price))]
    if not found:
        what = f"of the family {family} " if family else ""
        raise NotFound(f"no price {what}in the bundled catalogue ({catalogue.title})")
    return sorted(found, key=lambda price: (_family(price), price.hourly, price.kind.machine_type))


def _family(price: "Price") -> str:
    return price.kind.machine_type.partition(".")[0]


def _moment(text: str | None) -> "datetime | None":
    from finops.domain.window import parse_moment

    try:
        return parse_moment(text) if text is not None else None
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="'--at'") from error
