"""Prices: what a machine of a kind lists at, when that held, and when we knew."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from hashlib import sha256

from finops.domain.machine import MachineKind, Shape
from finops.domain.money import Money, Rate
from finops.domain.window import moment_text


@dataclass(frozen=True, slots=True)
class Price:
    """The hourly price of one kind of machine while it held: [valid_from, valid_to).

    `hourly` is the list price; `contracted` and `effective` are null where unknown, as are the
    component prices, which only some clouds publish. Zero is never a price.

    Attributes:
        source: where it came from, as "catalogue", "fixed" or "aws-price-list".
        as_of: when the source says it looked, shown beside every amount.
        is_estimate: it was derived, not listed.
    """

    kind: MachineKind
    currency: str
    hourly: Decimal
    shape: Shape
    valid_from: datetime
    source: str
    as_of: datetime
    valid_to: datetime | None = None
    contracted: Decimal | None = None
    effective: Decimal | None = None
    vcpu_hourly: Decimal | None = None
    gib_hourly: Decimal | None = None
    gpu_hourly: Decimal | None = None
    sku: str = ""
    is_estimate: bool = False

    def __post_init__(self) -> None:
        if not (self.hourly.is_finite() and self.hourly > 0):
            raise ValueError(f"{self.hourly} is not a price of {self.kind}")
        for rate in (self.contracted, self.effective):
            if rate is not None and not (rate.is_finite() and rate >= 0):
                raise ValueError(f"{rate} is not a price of {self.kind}")

    @property
    def rate(self) -> Rate:
        """The list price as a rate."""
        return Rate(self.hourly, self.currency)

    @property
    def id(self) -> str:
        """The same in every database that holds this price: a digest of what it says."""
        kind = self.kind
        parts = (
            *(kind.cloud, kind.region, kind.zone, kind.account, kind.machine_type, kind.purchase_option),
            *(self.currency, _plain(self.hourly), moment_text(self.valid_from), self.source),
            *(str(self.shape.vcpu.normalize()), str(self.shape.memory_mib), str(self.shape.gpu.normalize())),
            *(_plain(part) for part in (self.contracted, self.effective)),
            *(_plain(part) for part in (self.vcpu_hourly, self.gib_hourly, self.gpu_hourly)),
        )
        return sha256("\x1f".join(parts).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class PriceSplit:
    """How one price divides into CPU, memory and GPU, as exact whole weights.

    Attributes:
        method: the policy's name, as "aws-9to1", "native", "ratio:7.46".
        cpu, memory, gpu: weights of the machine's vCPUs, memory and GPUs together.
        basis: one sentence on where the weights come from.
        is_estimate: the division rests on something not published for this machine.
        residual: where the weights were fitted to prices, the greatest share by which one is off.

    >>> split = PriceSplit("p", "aws-9to1", 8 * 9, 16, 0, "9 : 1 per vCPU : GiB")
    >>> [str(part) for part in split.parts(Money.of("0.34"))]
    ['0.278181818 USD', '0.061818182 USD', '0.000000000 USD']
    """

    price_id: str
    method: str
    cpu: int
    memory: int
    gpu: int
    basis: str
    is_estimate: bool = False
    residual: Decimal | None = None

    def __post_init__(self) -> None:
        if min(self.cpu, self.memory, self.gpu) < 0 or self.cpu + self.memory + self.gpu == 0:
            raise ValueError(f"{self.cpu} : {self.memory} : {self.gpu} divides nothing")

    @property
    def id(self) -> str:
        """A digest of what it says."""
        parts = (self.price_id, self.method, *(str(part) for part in (self.cpu, self.memory, self.gpu)))
        return sha256("\x1f".join(parts).encode()).hexdigest()[:16]

    def parts(self, cost: Money) -> tuple[Money, Money, Money]:
        """A machine's cost as CPU, memory and GPU; they add up to it, to the nano."""
        cpu, memory, gpu = cost.split([self.cpu, self.memory, self.gpu])
        return cpu, memory, gpu


def _plain(rate: Decimal | None) -> str:
    """A rate in one spelling, however it was written."""
    return "None" if rate is None else format(rate.normalize(), "f")
