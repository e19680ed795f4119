"""`finops db`: bring the database to the schema of this release, and say where it stands."""

import click


@click.group(short_help="The database's schema: upgrade, current, check.")
def db() -> None:
    """The database's schema: upgrade, current, check."""


@db.command()
@click.pass_context
def upgrade(ctx: click.Context) -> None:
    """Bring the database to the schema of this release; safe to run again."""
    engine, migrate = _opened(ctx)
    before = migrate.current(engine)
    migrate.upgrade(engine)
    after = migrate.current(engine)
    click.echo(f"schema {after}" if before == after else f"schema {before or 'none'} → {after}")


@db.command()
@click.pass_context
def current(ctx: click.Context) -> None:
    """Print the schema that the database stands at, and the one this release needs."""
    engine, migrate = _opened(ctx)
    click.echo(f"{migrate.current(engine) or 'none'} (this release: {migrate.head()})")


@db.command()
@click.pass_context
def check(ctx: click.Context) -> None:
    """Fail unless the database is exactly what this release expects."""
    engine, migrate = _opened(ctx)
    migrate.check(engine)
    click.echo("the database is as this release expects")


def _opened(ctx: click.Context):  # type: ignore[no-untyped-def]  # noqa: ANN202 (types that --help must not load)
    from finops.cli.main import configured
    from finops.storage import database, migrate

    return database.connect(configured(ctx).settings.database.url), migrate
