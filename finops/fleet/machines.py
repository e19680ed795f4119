"""Machines that the configuration itself states: a table each."""

from collections.abc import Iterable, Iterator

from finops.config import MachineRow
from finops.domain.machine import MachineHours
from finops.domain.window import Window
from finops.fleet.hours import Timeline


class DeclaredMachines:
    """The `[[fleet]]` tables of kind "machines", as one fleet source."""

    def __init__(self, name: str, rows: Iterable[MachineRow]) -> None:
        self.name = name
        self._timeline = Timeline(rows)

    def machine_hours(self, window: Window) -> Iterator[MachineHours]:
        """The machines of every hour that overlaps a window."""
        return self._timeline.hourly(window, self.name)
