"""`finops db`: the schema of the database, where it stands, and how large the ledger is."""

import click


@click.group(short_help="The database: upgrade, current, check, size.")
def db() -> None:
    """The database: upgrade, current, check, size."""


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


@db.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON, in bytes.")
@click.pass_context
def size(ctx: click.Context, *, as_json: bool) -> None:
    """How many rows and bytes each table has, and what the raw profiles take.

    The bytes of a table are with its indexes. On SQLite the whole file is read for them.
    """
    from finops.cli.main import configured
    from finops.cli.shown import echo_json, sized, table
    from finops.storage import sizes

    app = configured(ctx)
    with app.readers() as session:
        found = sizes.measure(session, app.blobs)
    if as_json:
        echo_json(
            {
                "database_bytes": found.database,
                "blobs": {"count": found.blobs, "bytes": found.blob_bytes},
                "tables": [
                    {"table": each.table, "rows": each.rows, "bytes": each.size} for each in found.tables
                ],
            }
        )
        return
    rows = [[each.table, f"{each.rows:,}", sized(each.size)] for each in found.tables]
    click.echo(table(["table", "rows", "size"], rows, left=[0]))
    click.echo(f"database: {sized(found.database)}")
    click.echo(f"raw profiles: {found.blobs:,} in {sized(found.blob_bytes)}")


def _opened(ctx: click.Context):  # type: ignore[no-untyped-def]  # noqa: ANN202 (types that --help must not load)
    from finops.cli.main import configured
    from finops.storage import database, migrate

    return database.connect(configured(ctx).settings.database.url), migrate
