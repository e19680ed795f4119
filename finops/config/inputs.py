"""The tables that say where facts come from: which machines ran, and where the profiles are.

Each becomes a source of its package, `finops.fleet` or `finops.sources`.
"""

from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from finops.config.section import Section
from finops.config.shapes import MIB_PER_GIB, machine_shape
from finops.config.values import (
    Cloud,
    Instances,
    LocalPath,
    MachineCount,
    MaybeName,
    MaybeWord,
    MemoryGib,
    Moment,
    Name,
    PathPattern,
    Share,
    Size,
    SizeOrZero,
    Word,
    after,
)
from finops.domain.machine import MachineKind, Shape

# The name of the one fleet source that all [[fleet]] tables of kind "machines" make together.
DECLARED_MACHINES = "machines"


class MachineRow(Section):
    """Machines of one kind that ran for one service: a table of the file, or a row of a CSV."""

    service: Name
    cloud: Cloud = "aws"
    region: Word
    zone: MaybeWord = ""
    account: MaybeWord = ""
    machine_type: Word
    # What most machines are bought as; a wrong guess shows as a price that is too high, not too low.
    purchase_option: Word = "on_demand"
    count: MachineCount
    # Unset, one to a machine: the usual process per machine.
    instances: Instances | None = None
    # Unset, since ever and until further notice.
    start: Moment | None = Field(None, alias="from")
    end: Moment | None = Field(None, alias="to")
    # Unset, not measured: the unused rest is then `unprofiled_or_idle` and `memory_not_measured`.
    utilisation: Share | None = None
    resident_gib: SizeOrZero | None = None
    version: MaybeName = ""
    environment: MaybeWord = ""
    # Unset, the shape is the price's.
    vcpu: Size | None = None
    memory_gib: MemoryGib | None = None
    gpu: SizeOrZero | None = None

    _order = field_validator("end")(after)

    @model_validator(mode="after")
    def _whole_shape(self) -> Self:
        if (self.vcpu is None) != (self.memory_gib is None) or (self.gpu is not None and self.vcpu is None):
            raise ValueError("a machine's shape is vcpu and memory_gib together, with gpu where it has one")
        return self

    def machine_kind(self) -> MachineKind:
        """What decides the machines' price."""
        return MachineKind(
            self.cloud, self.region, self.machine_type, self.purchase_option, self.zone, self.account
        )

    def shape(self) -> Shape | None:
        """What one machine has, where the row says so."""
        if self.vcpu is None or self.memory_gib is None:
            return None
        return machine_shape(self.vcpu, self.memory_gib, self.gpu or Decimal(0))

    def resident_mib(self) -> Decimal | None:
        """The measured resident memory of one machine."""
        return None if self.resident_gib is None else self.resident_gib * MIB_PER_GIB


class Machines(MachineRow):
    """Machines that the configuration itself states."""

    kind: Literal["machines"]


class CsvFleet(Section):
    """A CSV of machines: a row for each kind, service and span."""

    kind: Literal["csv"]
    name: Word
    path: LocalPath


Fleet = Annotated[Machines | CsvFleet, Field(discriminator="kind")]


class ProfileDirectory(Section):
    """A folder of pprof and folded files; a path pattern or an index says whose each is, and of when."""

    kind: Literal["directory"]
    name: Word
    path: LocalPath
    pattern: PathPattern | None = None
    # Relative to `path`, so that a folder of captures can be moved with its index.
    index: Path | None = None
    # Captures of one process are the rule; a merged file's own duration and period are not to be believed.
    merged: bool = False
    # Unset, counts of samples are no time, and a file that has nothing else is left out.
    sampling_hz: Size | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.pattern is None) == (self.index is None):
            raise ValueError("give either pattern or index: one of them says whose each file is")
        return self
