"""`finops config`: whether the configuration can be used."""

from typing import TYPE_CHECKING

import click

from finops.errors import ConfigError

if TYPE_CHECKING:
    from finops.app import App


@click.group(short_help="The configuration: check.")
def config() -> None:
    """The configuration: check."""


@config.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON: what there is, and the mistakes.")
@click.pass_context
def check(ctx: click.Context, *, as_json: bool) -> None:
    """Name every mistake of the configuration and of what it names; exit code 2 if there is one.

    It reads the rows of the fleet's files and of the indexes, looks whether folders, captures and the
    places of the database and of the blobs are there and may be used, and opens no profile, database
    or connection.
    """
    from finops import app as building
    from finops.cli.main import EXIT_USAGE, named
    from finops.cli.shown import counted, echo_json
    from finops.config import refusal

    path = named(ctx)
    app, mistakes = building.examine(path)
    if as_json:
        listed = [{"place": mistake.place, "message": mistake.message} for mistake in mistakes]
        echo_json({"configuration": str(path), **_counts(app), "mistakes": listed})
        ctx.exit(EXIT_USAGE if mistakes else 0)
    if mistakes:
        raise ConfigError(refusal(path, mistakes))
    found = [counted(count, name.removesuffix("s").replace("_", " ")) for name, count in _counts(app).items()]
    click.echo(f"{path}: {', '.join(found)}: fine")


def _counts(app: "App") -> dict[str, int]:
    """How many of each kind of thing the configuration names."""
    return {
        "services": len(app.registry.services),
        "fleet_sources": len(app.fleets),
        "profile_sources": len(app.sources),
        "price_lists": len(app.price_scopes),
    }
