"""Pools: the machines of a service-hour, and the usage that ran on them, as far as both sides know.

The rule that must not be broken: machines and usage meet on dimensions that every row of both knows.
A dimension that one row does not know tells nothing apart, and idle exists at the machines' grain only.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from finops.domain.machine import MachineHours, Shape
from finops.domain.money import rounded
from finops.domain.price import Price, PriceSplit
from finops.domain.profile import ProfileKind, Usage
from finops.domain.resource import Resource

NANOS_PER_SECOND = 10**9


@dataclass(frozen=True, slots=True)
class PricedMachine:
    """Machines of one kind, with the price in force and its split; both None where no price is known."""

    hours: MachineHours
    price: Price | None = None
    split: PriceSplit | None = None

    def __post_init__(self) -> None:
        if (self.price is None) != (self.split is None):
            raise ValueError(f"a price and its split belong together: {self.hours.kind} has only one")
        if self.price and self.split and self.split.price_id != self.price.id:
            raise ValueError(f"the split of {self.hours.kind} is of another price")

    @property
    def shape(self) -> Shape | None:
        """The shape that the fleet itself knows, else the price's."""
        return self.hours.shape or (self.price.shape if self.price else None)

    def paid(self, resource: Resource) -> int:
        """What was there to be used, in the resource's stored unit; zero where the shape is unknown."""
        shape = self.shape
        if shape is None:
            return 0
        if resource is Resource.MEMORY:
            return rounded(shape.memory_mib * self.hours.machine_nanos, NANOS_PER_SECOND)
        count = Fraction(shape.vcpu if resource is Resource.CPU else shape.gpu)
        return rounded(count.numerator * self.hours.machine_nanos, count.denominator)

    def measured(self, resource: Resource) -> int | None:
        """What was measured in use: busy core-nanoseconds, resident MiB-seconds; None where not measured."""
        if self.shape is None:
            return None
        if resource is Resource.CPU and self.hours.utilisation is not None:
            mean = Fraction(self.hours.utilisation) * Fraction(self.shape.vcpu)
        elif resource is Resource.MEMORY and self.hours.resident_mib is not None:
            mean = Fraction(self.hours.resident_mib) / NANOS_PER_SECOND
        else:
            return None
        return rounded(mean.numerator * self.hours.machine_nanos, mean.denominator)


class Dimensions(NamedTuple):
    """What tells pools apart; "" where a dimension is not shared."""

    version: str
    environment: str
    region: str

    def __str__(self) -> str:
        return "".join(f", {name} {value}" for name, value in zip(self._fields, self, strict=True) if value)


DIMENSIONS = Dimensions._fields


@dataclass(frozen=True, slots=True)
class Pool:
    """The machines and the usage of one service-hour that agree on the shared dimensions."""

    at: Dimensions
    machines: tuple[PricedMachine, ...]
    usage: tuple[Usage, ...]

    @property
    def shaped(self) -> tuple[PricedMachine, ...]:
        """The machines of known shape, on which usage can be laid."""
        return tuple(machine for machine in self.machines if machine.shape)

    def of(self, kind: ProfileKind) -> tuple[Usage, ...]:
        """The usage of one kind."""
        return tuple(usage for usage in self.usage if usage.key.kind is kind)


def pools(machines: Sequence[PricedMachine], usage: Sequence[Usage]) -> list[Pool]:
    """Machines and usage grouped by the dimensions that every row of both knows.

    Pools, machines and usage come in one order whatever order they are given in. A pool may lack
    machines or usage.
    """
    shared = [
        name
        for name in DIMENSIONS
        if all(_machine_dimension(machine, name) for machine in machines)
        and all(getattr(each.key, name) for each in usage)
    ]
    rows: dict[Dimensions, list[PricedMachine]] = {}
    said: dict[Dimensions, list[Usage]] = {}
    for machine in sorted(machines, key=_machine_order):
        at = Dimensions(*(_machine_dimension(machine, name) if name in shared else "" for name in DIMENSIONS))
        rows.setdefault(at, []).append(machine)
    for each in sorted(usage, key=usage_order):
        at = Dimensions(*(getattr(each.key, name) if name in shared else "" for name in DIMENSIONS))
        said.setdefault(at, []).append(each)
    return [Pool(at, tuple(rows.get(at, ())), tuple(said.get(at, ()))) for at in sorted({*rows, *said})]


def _machine_dimension(machine: PricedMachine, name: str) -> str:
    hours = machine.hours
    value: str = hours.kind.region if name == "region" else getattr(hours, name)
    return value


def _machine_order(machine: PricedMachine) -> tuple[object, ...]:
    """By kind, version and environment; then by all the rest, so that the order given never shows."""
    hours = machine.hours
    rest = (hours.utilisation, hours.resident_mib, hours.shape, machine.split, hours.window)
    return (
        *(hours.kind, hours.version, hours.environment, hours.source, hours.service),
        *(hours.machine_nanos, hours.instance_nanos, machine.price.id if machine.price else ""),
        *(repr(each) for each in rest),
    )


def usage_order(usage: Usage) -> tuple[str, ...]:
    """The key of the order that usage always stands in."""
    key = usage.key
    return key.kind.value, key.source, key.version, key.environment, key.region, usage.fingerprint
