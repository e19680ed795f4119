"""The configuration: config.toml and the environment to Settings. Nothing else reads either."""

from finops.config.inputs import DECLARED_MACHINES, CsvFleet, MachineRow, Machines, ProfileDirectory
from finops.config.loading import examine, load, refusal
from finops.config.mistakes import Mistake
from finops.config.section import Section
from finops.config.sections import (
    Api,
    AwsPrices,
    Blobs,
    Database,
    DeclaredService,
    FixedPrice,
    Ledger,
    Prices,
    Schedule,
)
from finops.config.settings import Settings

__all__ = [
    "DECLARED_MACHINES",
    "Api",
    "AwsPrices",
    "Blobs",
    "CsvFleet",
    "Database",
    "DeclaredService",
    "FixedPrice",
    "Ledger",
    "MachineRow",
    "Machines",
    "Mistake",
    "Prices",
    "ProfileDirectory",
    "Schedule",
    "Section",
    "Settings",
    "examine",
    "load",
    "refusal",
]
