"""Profile files as the command line names them: of each at most as much is read as a profile may have."""

from pathlib import Path

import click

PROFILE_FILE = click.Path(exists=True, dir_okay=False, readable=True, path_type=Path)


def read(path: Path) -> tuple[str, bytes]:
    """A file's name, safe to print, and its bytes; one byte too many is enough to be refused."""
    from finops.cli.shown import harmless
    from finops.engine import MAX_PROFILE_BYTES

    name = harmless(str(path))
    try:
        with path.open("rb") as file:
            return name, file.read(MAX_PROFILE_BYTES + 1)
    except OSError as error:
        raise click.FileError(name, error.strerror) from error


def terminal_width() -> int:
    """How wide lines may be: the terminal, COLUMNS, or 120."""
    from shutil import get_terminal_size

    return get_terminal_size((120, 24)).columns
