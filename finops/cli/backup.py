"""`finops backup` and `finops restore`: the whole ledger in one file, and back."""

from pathlib import Path

import click


@click.command(short_help="Back up the ledger into one file, also while jobs run.")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.pass_context
def backup(ctx: click.Context, file: Path) -> None:
    """Back up the ledger into one file, also while jobs run.

    FILE must not be there yet. It holds the ledger as it stood at one moment, and the raw profiles that it
    refers to. The configuration is not in it. For SQLite; PostgreSQL has pg_dump.

    An example: finops backup ledger-$(date +%F).tar.zst
    """
    from finops.cli.main import configured
    from finops.cli.shown import counted, harmless, sized
    from finops.storage import backup as backups

    app = configured(ctx)
    made = backups.write(app.settings.database.url, app.blobs, file, app.clock.real())
    for digest, why in made.missing.items():
        click.echo(f"left out: the raw profile {digest}: {harmless(why)}", err=True)
    click.echo(
        f"{harmless(str(file))}: a database of {sized(made.database_bytes)} at schema {made.schema_revision},"
        f" {counted(len(made.blobs), 'raw profile')}, in {sized(file.stat().st_size)}"
    )


@click.command(short_help="Put a backup back.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--to",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Into finops.db and blobs/ of this folder; by default where the configuration keeps them.",
)
@click.option("--force", is_flag=True, help="In place of a database that is there already.")
@click.pass_context
def restore(ctx: click.Context, file: Path, folder: Path | None, *, force: bool) -> None:
    """Put a backup back.

    All of FILE is read and checked before anything is replaced, and the database appears as a whole or not
    at all. A database that is there already is only replaced with --force, and only while no process has
    it open.

    An example: finops restore ledger-2026-11-30.tar.zst --to /tmp/look
    """
    from finops.cli.main import configured
    from finops.cli.shown import counted, harmless
    from finops.domain.window import moment_text
    from finops.storage import backup as backups
    from finops.storage import migrate
    from finops.storage.blobs import BlobStore

    if folder is None:
        app = configured(ctx)
        url, blobs = app.settings.database.url, app.blobs
    else:
        url, blobs = f"sqlite:///{folder.absolute() / backups.DATABASE}", BlobStore(folder / "blobs")
    made = backups.restore(file, url, blobs, force=force)
    click.echo(
        f"{harmless(str(backups.sqlite_file(url)))}: the ledger as of {moment_text(made.made_at)},"
        f" {counted(len(made.blobs), 'raw profile')}"
    )
    if made.schema_revision != migrate.head():
        click.echo(f"it is at schema {made.schema_revision}: run `finops db upgrade`", err=True)
