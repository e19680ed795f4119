"""`finops demo`: the whole road over three weeks of real captures."""

from pathlib import Path

import click


@click.command(short_help="The whole road over three weeks of real captures.")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), default=Path("demo-output"))
def demo(folder: Path) -> None:
    """Lay real captures over three weeks in FOLDER, and run the scheduler, every job and the API on them.

    Running it again changes nothing.
    """
    from finops import logs
    from finops.demo.drive import drive

    logs.configure()
    for line in drive(folder):
        click.echo(line)
