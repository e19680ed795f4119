"""Machines from a CSV file, which anything that knows a fleet can write.

Rows add up, two alike too. A file with a mistake in it is refused whole: a fleet that was half read
would make every function look cheaper than it is.
"""

from collections.abc import Iterator
from pathlib import Path

from pydantic import Field

from finops.config import MachineRow, Mistake
from finops.config.rows import RowsFile
from finops.config.values import Moment
from finops.domain.machine import MachineHours
from finops.domain.window import Window
from finops.errors import Unavailable
from finops.fleet.hours import Timeline


class CsvRow(MachineRow):
    """A row of the file. It says from when, as a file without times would be true of every past hour."""

    start: Moment = Field(alias="from")


class CsvFile:
    """A CSV of machines as a fleet source; it is read again when it has changed."""

    def __init__(self, name: str, path: Path) -> None:
        self.name = name
        self._file = RowsFile(path, CsvRow)
        self._rows: dict[int, CsvRow] = {}
        self._timeline = Timeline(())

    def machine_hours(self, window: Window) -> Iterator[MachineHours]:
        """The machines of every hour that overlaps a window.

        Raises:
            Unavailable: the file cannot be read; whoever writes it may not have done so yet.
            BrokenInput: it is no table of machines; up to twenty mistakes are named by line and column.
        """
        try:
            rows = self._file.rows()
        except OSError as error:
            raise Unavailable(f"{self.name}: {self._file.path}: {error.strerror}") from error
        if rows is not self._rows:
            self._rows, self._timeline = rows, Timeline(rows.values())
        return self._timeline.hourly(window, self.name)

    def mistakes(self) -> list[Mistake]:
        """What keeps the file from being read, each with its line and column."""
        return [mistake.within(self.name) for mistake in self._file.mistakes()]
