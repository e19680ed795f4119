"""`finops config`: whether the configuration can be used."""

import click


@click.group(short_help="The configuration: check.")
def config() -> None:
    """The configuration: check."""


@config.command()
@click.pass_context
def check(ctx: click.Context) -> None:
    """Name every mistake of the configuration, each with its place; exit code 2 if there is one."""
    from finops.cli.main import configured
    from finops.reports.shown import counted

    app = configured(ctx)
    found = [
        counted(len(app.registry.services), "service"),
        counted(len(app.fleets), "fleet source"),
        counted(len(app.sources), "profile source"),
        counted(len(app.price_scopes), "price list"),
    ]
    click.echo(f"{ctx.find_root().obj}: {', '.join(found)}: fine")
