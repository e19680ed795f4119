"""`finops prices split`: how a machine's price divides, by every policy side by side."""

from typing import TYPE_CHECKING

import click

from finops.cli.price_words import MachineWords, app_if_configured, ladder_of, machine_options, moment, now
from finops.errors import FinopsError, NotFound

if TYPE_CHECKING:
    from finops.domain.price import PriceSplit


@click.command()
@click.argument("machine")
@machine_options
@click.option("--at", "text", metavar="T", help="The price of a date or time; else the last known.")
@click.option("--json", "as_json", is_flag=True, help="As JSON, with all decimals.")
@click.pass_context
def split(ctx: click.Context, machine: str, words: MachineWords, text: str | None, *, as_json: bool) -> None:
    """How the price of MACHINE divides, by every policy side by side, and why one is the default."""
    from finops.cli.shown import echo_json
    from finops.costs.split import POLICIES, fitted, reason, split_price
    from finops.reports import price_splits

    app = app_if_configured(ctx)
    ladder, _ = ladder_of(app, [machine])
    at = moment(text, "--at") or now(app)
    price = ladder.find(words.kind(machine), at)
    if price is None:
        raise NotFound(
            f"no price of {words.kind(machine)} is known; see `finops prices show {machine} --why`"
        )
    configured = app.settings.prices.split if app else "auto"
    tried: list[tuple[str, PriceSplit | str]] = []
    for policy in POLICIES[1:-1]:  # without auto, and the ratio that somebody has to give
        try:
            made = fitted(price, ladder.fits) if policy == "nnls" else split_price(price, policy)
            tried.append((policy, made))
        except FinopsError as error:
            tried.append((policy, str(error)))
    chosen = split_price(price, configured, ladder.fits)
    if as_json:
        echo_json(price_splits.document(price, chosen, configured, reason(price, configured), tried))
    else:
        click.echo(price_splits.text(price, chosen, configured, reason(price, configured), tried), nl=False)
