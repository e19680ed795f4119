"""Who ran on what, and how busy: machine-hours from the configuration and from CSV files."""

from finops.config import DECLARED_MACHINES, CsvFleet, Machines, Mistake, Settings
from finops.domain.ports import FleetSource
from finops.fleet.csv_file import CsvFile
from finops.fleet.machines import DeclaredMachines

__all__ = ["CsvFile", "DeclaredMachines", "fleet_sources", "mistakes"]


def fleet_sources(settings: Settings) -> list[FleetSource]:
    """The sources that the configuration names: its own machines first, as one source, then each file."""
    declared = [table for table in settings.fleet if isinstance(table, Machines)]
    sources: list[FleetSource] = [DeclaredMachines(DECLARED_MACHINES, declared)] if declared else []
    return [*sources, *_files(settings)]


def mistakes(settings: Settings) -> list[Mistake]:
    """What is wrong with the files that the configuration names."""
    return [mistake for file in _files(settings) for mistake in file.mistakes()]


def _files(settings: Settings) -> list[CsvFile]:
    tables = [table for table in settings.fleet if isinstance(table, CsvFleet)]
    return [CsvFile(table.name, table.path) for table in tables]
