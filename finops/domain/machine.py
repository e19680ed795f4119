"""Machines: what ran for whom and for how long, and what shape each type has."""

from dataclasses import dataclass
from decimal import Decimal

from finops.domain.window import Window


@dataclass(frozen=True, slots=True)
class Shape:
    """What one machine of a type has. GPUs may be fractions."""

    vcpu: Decimal
    memory_mib: int
    gpu: Decimal = Decimal(0)

    def __post_init__(self) -> None:
        if self.vcpu <= 0 or self.memory_mib <= 0 or self.gpu < 0:
            raise ValueError(f"{self.vcpu} vCPU, {self.memory_mib} MiB, {self.gpu} GPU is no machine")


@dataclass(frozen=True, slots=True, order=True)
class MachineKind:
    """What decides a machine's price: where it runs and how it was bought."""

    cloud: str
    region: str
    machine_type: str
    purchase_option: str = "on_demand"
    zone: str = ""
    account: str = ""

    def __str__(self) -> str:
        where = self.zone or self.region
        return f"{self.machine_type} {self.purchase_option.replace('_', '-')} in {self.cloud} {where}"


@dataclass(frozen=True, slots=True)
class MachineHours:
    """Machines of one kind that ran for one service within one hour.

    Attributes:
        service: the name that the fleet knows the service by.
        machine_nanos: Σ machines × time, in nanoseconds of machine time.
        instance_nanos: Σ running instances (profiled processes) × time.
        utilisation: measured mean busy share of all their vCPUs, 0 to 1; None where not measured.
        resident_mib: measured mean resident memory per machine, in MiB; None where not measured.
        shape: where the fleet itself knows it; else the price's shape counts.
        source: which fleet source said so.
    """

    service: str
    window: Window
    kind: MachineKind
    machine_nanos: int
    instance_nanos: int
    utilisation: Decimal | None = None
    resident_mib: Decimal | None = None
    version: str = ""
    environment: str = ""
    shape: Shape | None = None
    source: str = ""

    def __post_init__(self) -> None:
        if self.machine_nanos < 0 or self.instance_nanos < 0:
            raise ValueError(f"{self.kind} cannot have run for less than no time")
        for measured in (self.utilisation, self.resident_mib):
            if measured is not None and not (measured.is_finite() and measured >= 0):
                raise ValueError(f"{measured} is no measurement of {self.kind}")
