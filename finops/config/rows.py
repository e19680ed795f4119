"""Tables that live in a CSV of their own: the rows are sections, and their mistakes read the same.

Nothing is half read: a file is taken whole, or refused with its mistakes.
"""

import csv
import errno
import os
import stat
from io import StringIO
from pathlib import Path
from typing import BinaryIO, Generic, TypeVar

from pydantic import ValidationError

from finops.config.mistakes import Mistake, listed, mistakes
from finops.config.section import Section
from finops.errors import BrokenInput

# Three weeks of hourly rows of a thousand services are 40 MB.
MAX_BYTES = 64 << 20

# Enough to see what is wrong with a file; a column that is wrong in every row fills it at once.
MOST_MISTAKES = 20

Row = TypeVar("Row", bound=Section)


class RowsFile(Generic[Row]):
    """A CSV of rows, read again only when it has changed."""

    def __init__(self, path: Path, model: type[Row]) -> None:
        self.path = path
        self._model = model
        self._stamp: tuple[int, ...] = ()
        self._rows: dict[int, Row] = {}

    def rows(self) -> dict[int, Row]:
        """The rows by the number of their line, in the order of the file.

        Raises:
            OSError: the file cannot be read.
            BrokenInput: it is not such a table; up to twenty mistakes are named.
        """
        with _opened(self.path) as file:
            status = os.fstat(file.fileno())
            stamp = (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
            if stamp != self._stamp:
                self._rows = read_rows(file.read(MAX_BYTES + 1), str(self.path), self._model)
                self._stamp = stamp
        return self._rows

    def examine(self) -> tuple[dict[int, Row], list[Mistake]]:
        """The rows that are fine, and what is wrong with the file, each with its line and column."""
        try:
            with _opened(self.path) as file:
                return _rows(file.read(MAX_BYTES + 1), self._model)
        except OSError as error:
            return {}, [Mistake("", error.strerror or str(error))]
        except (ValueError, csv.Error) as error:
            return {}, [Mistake("", str(error))]

    def mistakes(self) -> list[Mistake]:
        """What is wrong with the file, up to twenty of it, with the file's path."""
        return self.named(self.examine()[1])

    def named(self, found: list[Mistake]) -> list[Mistake]:
        """Mistakes of this file, up to twenty of them, with its path."""
        return [mistake.within(self.path) for mistake in bounded(found)]


def read_rows(data: bytes, name: str, model: type[Row]) -> dict[int, Row]:
    """The rows of a CSV by the number of their line. An empty cell is as good as an absent one.

    Raises:
        BrokenInput: it is not such a table; up to twenty mistakes are named.
    """
    try:
        rows, found = _rows(data, model)
    except (ValueError, csv.Error) as error:
        raise BrokenInput(f"{name}: {error}") from error
    if found:
        raise BrokenInput(f"{name} cannot be used:\n{listed(bounded(found))}")
    return rows


def bounded(found: list[Mistake]) -> list[Mistake]:
    """No more mistakes than help."""
    return (
        found if len(found) < MOST_MISTAKES else [*found[:MOST_MISTAKES], Mistake("", "… and perhaps more")]
    )


def _opened(path: Path) -> BinaryIO:
    """A file that will end, open; OSError where it is none: a named pipe would be waited for."""
    file: BinaryIO = os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb")
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError(errno.EINVAL, "it is no file", str(path))
    return file


def _rows(data: bytes, model: type[Row]) -> tuple[dict[int, Row], list[Mistake]]:
    """The rows that are fine, and what is wrong with the others; ValueError if it is no table at all."""
    rows: dict[int, Row] = {}
    found: list[Mistake] = []
    records = csv.reader(StringIO(_text(data), newline=""), strict=True)
    columns = _columns(next(records, []), model)
    for cells in records:
        if cells and len(found) < MOST_MISTAKES:
            _read(cells, records.line_num, columns, model, rows, found)
    if not rows and not found:
        raise ValueError("there is no row below the header")
    return rows, found


def _text(data: bytes) -> str:
    if len(data) > MAX_BYTES:
        raise ValueError(f"the file is larger than {MAX_BYTES} bytes")
    text = data.decode("utf-8-sig")
    if not text.strip():
        raise ValueError("the file is empty; its first line names the columns")
    return text


def _columns(header: list[str], model: type[Section]) -> list[str]:
    """The names of the columns, in any order: all of them known, none twice, what is required among them."""
    columns = [name.strip() for name in header]
    fields = {field.alias or name: field for name, field in model.model_fields.items()}
    known = f"the columns are {', '.join(fields)}"
    if unknown := [name for name in columns if name not in fields]:
        raise ValueError(f"there is no column {', '.join(map(repr, unknown[:MOST_MISTAKES]))}; {known}")
    if len(set(columns)) < len(columns):
        raise ValueError(f"a column stands there twice; {known}")
    if missing := [name for name, field in fields.items() if field.is_required() and name not in columns]:
        raise ValueError(f"the column {', '.join(map(repr, missing))} is missing; {known}")
    return columns


def _read(
    cells: list[str],
    line: int,
    columns: list[str],
    model: type[Row],
    rows: dict[int, Row],
    found: list[Mistake],
) -> None:
    """Add a row, or what is wrong with it."""
    if len(cells) != len(columns):
        found.append(Mistake(f"line {line}", f"{len(cells)} cells stand under {len(columns)} columns"))
        return
    given = {name: cell.strip() for name, cell in zip(columns, cells, strict=True)}
    try:
        rows[line] = model.model_validate({name: cell for name, cell in given.items() if cell})
    except ValidationError as error:
        found += [mistake.within(f"line {line}") for mistake in mistakes(error)]
