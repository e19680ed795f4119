"""The resources a machine is paid for, and the unit each is counted in."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum


class Resource(StrEnum):
    """What money is paid for: cpu, memory or gpu."""

    CPU = "cpu"
    MEMORY = "memory"
    GPU = "gpu"


@dataclass(frozen=True, slots=True)
class Unit:
    """How a resource is counted in the ledger, and how it is shown."""

    stored: str
    shown: str
    stored_per_shown: int


# The ledger counts in whole small units, so that quantities add up as exactly as the money does.
UNITS = {
    Resource.CPU: Unit("core_nanoseconds", "core_hours", 3600 * 10**9),
    Resource.MEMORY: Unit("mib_seconds", "gib_hours", 3600 * 1024),
    Resource.GPU: Unit("gpu_nanoseconds", "gpu_hours", 3600 * 10**9),
}


def shown_quantity(resource: Resource, quantity: int) -> Decimal:
    """A stored quantity in core-hours, GiB-hours or GPU-hours, to nine decimals.

    >>> shown_quantity(Resource.CPU, 5_400_000_000_000)
    Decimal('1.500000000')
    """
    return (Decimal(quantity) / UNITS[resource].stored_per_shown).quantize(Decimal("1e-9"))
