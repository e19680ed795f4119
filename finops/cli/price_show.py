"""`finops prices show`: the price of a machine at a moment, and every rung of the ladder to it."""

from typing import TYPE_CHECKING, Any

import click

from finops.cli.price_words import MachineWords, app_if_configured, ladder_of, machine_options, moment, now
from finops.errors import NotFound

if TYPE_CHECKING:
    from datetime import datetime

    from finops.domain.price import Price
    from pricing.catalogue import Catalogue


@click.command()
@click.argument("machine", required=False)
@machine_options
@click.option(
    "--at", "text", metavar="T", help="The price of a date or time, as 2024-06-01; else the last known."
)
@click.option("--known-at", metavar="T", help="As it was known then, before later corrections.")
@click.option("--why", "is_why", is_flag=True, help="Every rung of the ladder, and which of them answered.")
@click.option("--in", "currency", metavar="CUR", help="Show it in another currency too, by a stored rate.")
@click.option("--family", metavar="F", help="Without MACHINE: types of one family, as c5.")
@click.option(
    "--limit",
    type=click.IntRange(min=0),
    default=50,
    show_default=True,
    help="Without MACHINE: types to list; 0 for all.",
)
@click.option("--json", "as_json", is_flag=True, help="As JSON, with all decimals.")
@click.pass_context
def show(
    ctx: click.Context,
    *,
    machine: str | None,
    words: MachineWords,
    text: str | None,
    known_at: str | None,
    is_why: bool,
    currency: str | None,
    family: str | None,
    limit: int,
    as_json: bool,
) -> None:
    """The price of MACHINE, as c5.2xlarge, and how it divides; without it, what the catalogue knows.

    With a configuration, what is stored is asked too, by the ladder: bill, spot, what was negotiated,
    commitments, the price lists, the bundled catalogue, an estimate. Without one, the catalogue alone
    answers: it needs neither a configuration nor a network.
    """
    if machine and family:
        raise click.UsageError("--family is for a list of types: give it or a MACHINE")
    at = moment(text, "--at")
    if machine:
        known = moment(known_at, "--known-at")
        _show_one(ctx, machine, words, at, known, currency, is_why=is_why, as_json=as_json)
    else:
        _show_many(words.region, at, family, limit, as_json=as_json)


def _show_one(
    ctx: click.Context,
    machine: str,
    words: MachineWords,
    at: "datetime | None",
    known_at: "datetime | None",
    currency: str | None,
    *,
    is_why: bool,
    as_json: bool,
) -> None:
    from finops.cli.price_money import converted
    from finops.cli.shown import echo_json
    from finops.costs.split import split_price
    from finops.reports import price_sheet
    from pricing.catalogue import Catalogue

    app, catalogue = app_if_configured(ctx), Catalogue()
    ladder, unread = ladder_of(app, [machine], known_at)
    kind, then = words.kind(machine), at or now(app)
    price = ladder.find(kind, then)
    steps = ladder.why(kind, then) if is_why else []
    if price is None:
        raise NotFound(_unknown(catalogue, machine, words, at, [f"{s.rung}: {s.why}" for s in steps], unread))
    split = split_price(price, app.settings.prices.split if app else "auto", ladder.fits)
    is_bundled = price.source == catalogue.name
    title = catalogue.title if is_bundled else f"{words.cloud} {words.region}"
    note = catalogue.note(machine) if is_bundled and price.valid_to is None else ""
    other = converted(app, price, currency, then) if currency else None
    if as_json:
        why = [
            {"rung": step.rung, "price_id": step.price.id if step.price else None, "why": step.why}
            for step in steps
        ]
        document: dict[str, Any] = {**price_sheet.document(price, split), "note": note}
        document |= {"origin": catalogue.origin if is_bundled else price.source, "price_id": price.id}
        document |= {"why": why} if is_why else {}
        document |= {"shown_in": other.document()} if other else {}
        echo_json(document)
        return
    click.echo(price_sheet.text(price, split, title, note), nl=False)
    if other:
        click.echo(f"{'shown':<8} {other}")
    if is_why:
        click.echo(price_sheet.why_text(steps, price), nl=False)
    if unread:
        click.echo(f"finops: {unread}", err=True)


def _unknown(
    catalogue: "Catalogue",
    machine: str,
    words: MachineWords,
    at: "datetime | None",
    steps: list[str],
    unread: str,
) -> str:
    """Why there is no price: the catalogue's reason where it was asked, and every rung's where they are."""
    said = f"no price of {words.kind(machine)} is known"
    if at is not None:
        said = f"{machine}: no price at {at:%Y-%m-%d} in the bundled catalogue ({catalogue.title}) or stored"
    elif words.cloud == "aws":
        try:
            catalogue.machine(machine, words.region)
        except NotFound as error:
            said = str(error)
    return "\n".join([said, *(f"  {step}" for step in steps), *([unread] if unread else [])])


def _show_many(region: str, at: "datetime | None", family: str | None, limit: int, *, as_json: bool) -> None:
    from finops.cli.shown import echo_json
    from finops.costs.split import split_price
    from finops.reports import price_sheet
    from pricing.catalogue import Catalogue

    catalogue = Catalogue()
    found = _found(catalogue, region, at, family)
    listed = found[:limit] if limit else found
    if as_json:
        sheets = [price_sheet.document(price, split_price(price)) for price in listed]
        echo_json({"title": catalogue.title, "found": len(found), "prices": sheets})
    else:
        click.echo(price_sheet.listing(listed, catalogue.title, len(found)), nl=False)


def _found(catalogue: "Catalogue", region: str, at: "datetime | None", family: str | None) -> "list[Price]":
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
