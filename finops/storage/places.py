"""Whether the places that the configuration names could hold the ledger: a look that makes nothing."""

import os
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy.engine import make_url

from finops.config import Mistake
from finops.errors import ConfigError
from finops.storage import database

_HEADER = b"SQLite format 3\0"


def database_mistakes(url: str) -> list[Mistake]:
    """Why a database could not be opened; of one on a server, only whether its driver is there."""
    try:
        database.connect(url).dispose()
    except ConfigError as error:
        return [Mistake("database.url", str(error).removeprefix("database.url: "))]
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite" or parsed.database in (None, "", ":memory:"):
        return []
    return [Mistake("database.url", why) for why in _of_file(Path(str(parsed.database)).absolute())]


def blob_mistakes(root: Path) -> list[Mistake]:
    """Why no blob could be put; the folder need not be there yet."""
    there = next(path for path in (root.absolute(), *root.absolute().parents) if path.exists())
    return [Mistake("blobs.path", why) for why in _of_folder(there)]


def _of_file(path: Path) -> Iterator[str]:
    if path.exists() and not path.is_file():
        yield f"{path} is no file"
    elif path.exists() and not os.access(path, os.R_OK | os.W_OK):
        yield f"this user may not read and write {path}"
    elif path.exists() and not _is_database(path):
        yield f"{path} is no SQLite database"
    yield from _of_folder(path.parent)


def _of_folder(path: Path) -> Iterator[str]:
    if not path.is_dir():
        yield f"{path} is no folder"
    elif not os.access(path, os.W_OK | os.X_OK):
        yield f"this user may not write in the folder {path}"


def _is_database(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(_HEADER)) in (b"", _HEADER)
