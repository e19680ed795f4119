"""Who ran on what, and how busy: machine-hours from the configuration and from CSV files."""

from finops.config import DECLARED_MACHINES, CsvFleet, Machines, Settings
from finops.domain.ports import FleetSource
from finops.fleet.csv_file import CsvFile
from finops.fleet.machines import DeclaredMachines

__all__ = ["CsvFile", "DeclaredMachines", "fleet_sources"]


def fleet_sources(settings: Settings) -> list[FleetSource]:
    """The sources that the configuration names: its own machines first, as one source, then each file."""
    declared = [table for table in settings.fleet if isinstance(table, Machines)]
    sources: list[FleetSource] = [DeclaredMachines(DECLARED_MACHINES, declared)] if declared else []
    files = [table for table in settings.fleet if isinstance(table, CsvFleet)]
    return [*sources, *(CsvFile(table.name, table.path) for table in files)]
