"""`finops prices`: what machines cost, and what is known of the lists that say so."""

import click

from finops.cli.price_changes import diff, history
from finops.cli.price_files import export, import_
from finops.cli.price_lists import accept, refresh, status
from finops.cli.price_rates import rates
from finops.cli.price_show import show
from finops.cli.price_split import split


@click.group(short_help="What machines cost an hour, and the lists that say so.")
def prices() -> None:
    """Prices: show, split, history, diff; the lists: refresh, status, accept, import, export; rates."""


for _command in (show, split, history, diff, refresh, status, accept, import_, export, rates):
    prices.add_command(_command)
