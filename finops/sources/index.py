"""Captures that are described by an index: a CSV beside the files, a row for each file and hour."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path, PurePosixPath
from typing import Annotated

from pydantic import AfterValidator, Field, field_validator

from finops.config import Mistake, Section
from finops.config.rows import RowsFile
from finops.config.values import MaybeName, MaybeWord, Moment, Name, Size, Whole, after
from finops.errors import BrokenInput
from finops.sources.captures import Capture
from finops.sources.folder import Folder

NANOS_PER_SECOND = 10**9


def _inside(text: str) -> str:
    path = PurePosixPath(text)
    if path.is_absolute() or ".." in path.parts or str(path) == "." or "\0" in text:
        raise ValueError("give the path of a file within the folder")
    return str(path)


# A hundred million seconds are an hour of 27,000 processes; a hundred such rows still add up in 64 bits.
Observed = Annotated[Decimal, Field(gt=0, le=10**8, decimal_places=9)]


class IndexRow(Section):
    """A row of the index: which file stands for which service from when, and what is vouched for."""

    path: Annotated[str, AfterValidator(_inside)]
    service: Name
    start: Moment
    end: Moment | None = None
    type: MaybeWord = ""
    version: MaybeName = ""
    environment: MaybeWord = ""
    region: MaybeWord = ""
    instance: MaybeName = ""
    observed_seconds: Observed | None = None
    snapshots: Annotated[Whole, Field(gt=0, le=10**9)] | None = None
    sampling_hz: Size | None = None

    _order = field_validator("end")(after)

    def capture(self) -> Capture:
        """The capture that the row describes."""
        known = dict(self)
        observed_seconds: Decimal | None = known.pop("observed_seconds")
        observed_nanos = None if observed_seconds is None else int(observed_seconds * NANOS_PER_SECOND)
        return Capture(observed_nanos=observed_nanos, **known)


class IndexListing:
    """Lists what an index names of a folder; the index is read again when it has changed."""

    def __init__(self, folder: Folder, path: Path) -> None:
        self._folder = folder
        self._file = RowsFile(path, IndexRow)
        self._read: object = None
        self._captures: Sequence[Capture] = ()

    def captures(self) -> Sequence[Capture]:
        """A capture for each row.

        Raises:
            OSError: the index cannot be read.
            BrokenInput: it is no index, or has a row twice, which would count its profile twice.
        """
        rows = self._file.rows()
        if rows is not self._read:
            for twice in _repeated(rows):
                raise BrokenInput(str(twice.within(self._file.path)))
            self._captures = [row.capture() for row in rows.values()]
            self._read = rows
        return self._captures

    def unmatched(self) -> Sequence[str]:
        """Nothing: files that the index does not name are not meant."""
        return ()

    def mistakes(self) -> Sequence[Mistake]:
        """What is wrong with its rows, and which of them name a file that cannot be read."""
        rows, found = self._file.examine()
        return self._file.named([*found, *_repeated(rows), *self._lost(rows)])

    def _lost(self, rows: dict[int, IndexRow]) -> Iterator[Mistake]:
        lost = {path for path in {row.path for row in rows.values()} if not self._folder.has(path)}
        for line, row in rows.items():
            if row.path in lost:
                yield Mistake(f"line {line}: path", f"{row.path!r} is no file in the folder that can be read")


def _repeated(rows: dict[int, IndexRow]) -> Iterator[Mistake]:
    """The rows that would count a profile twice."""
    seen: dict[str, int] = {}
    for line, row in rows.items():
        other = seen.setdefault(row.capture().text(), line)
        if other != line:
            yield Mistake("", f"line {line} says the same as line {other}")
