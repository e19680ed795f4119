"""What stands around the GPUs of AWS's machines: the generation of their host, and local disks.

Figures of November 2026: hosts by their processors, disks as AWS lists them; a disk's GB-hour is what
m5d costs above m5 (0.034 an hour for 150 GB).
"""

from fractions import Fraction

from finops.domain.machine import MachineKind

DISK_GB_HOURLY = Fraction("0.000227")

_HOSTS = {
    "g4dn": "5",
    "g5": "5a",
    "g6": "6a",
    "p3": "4",
    "p4d": "5",
    "p5": "6a",
    "p5en": "7i",
    "p6-b200": "7i",
}
_DISKS_GB = {
    "g4dn.xlarge": 125,
    "g5.xlarge": 250,
    "g5.48xlarge": 7600,
    "g6.xlarge": 250,
    "p4d.24xlarge": 8000,
    "p5.48xlarge": 30400,
    "p5en.48xlarge": 30400,
    "p6-b200.48xlarge": 30400,
}


def host_type(kind: MachineKind) -> str:
    """A plain machine type with the same host; "" where it is not known.

    >>> host_type(MachineKind("aws", "us-east-1", "p5.48xlarge"))
    'm6a.large'
    """
    generation = _HOSTS.get(kind.machine_type.partition(".")[0], "") if kind.cloud == "aws" else ""
    return f"m{generation}.large" if generation else ""


def disk_hourly(kind: MachineKind) -> Fraction | None:
    """What the disks of a machine with GPUs come to an hour; None where they are not known."""
    size = _DISKS_GB.get(kind.machine_type) if kind.cloud == "aws" else None
    return DISK_GB_HOURLY * size if size is not None else None
