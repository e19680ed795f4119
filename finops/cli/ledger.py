"""`finops ledger`: the ledger itself."""

import click


@click.group(short_help="The ledger: dump.")
def ledger() -> None:
    """The ledger: dump."""


@ledger.command()
@click.option(
    "--canonical",
    is_flag=True,
    required=True,
    help="In an order free of ids and clocks: the same history prints the same bytes.",
)
@click.pass_context
def dump(ctx: click.Context, *, canonical: bool) -> None:  # noqa: ARG001 (the one order there is, by name)
    """Print the whole ledger, one JSON document a line."""
    from finops.cli.main import configured
    from finops.storage import dump as dumping

    with configured(ctx).readers() as session:
        for line in dumping.canonical(session):
            click.echo(line)
