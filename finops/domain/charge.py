"""Charges: money with a kind. For every service, hour and resource they add up to what was paid."""

from dataclasses import dataclass
from enum import StrEnum

from finops.domain.machine import MachineKind
from finops.domain.money import Money
from finops.domain.resource import Resource
from finops.domain.window import Window


class ChargeKind(StrEnum):
    """Why money was charged: a closed list. Only `used` reaches functions; the rest say why they do not."""

    USED = "used"
    IDLE = "idle"
    NOT_PROFILED = "not_profiled"
    UNPROFILED_OR_IDLE = "unprofiled_or_idle"
    OVER_CAPACITY = "over_capacity"
    NO_STACK = "no_stack"
    SOURCE_UNATTRIBUTED = "source_unattributed"
    NO_HEAP_PROFILE = "no_heap_profile"
    MEMORY_NOT_MEASURED = "memory_not_measured"
    NO_PROFILE = "no_profile"
    BEYOND_RETENTION = "beyond_retention"
    NO_PRICE = "no_price"
    SHARED = "shared"
    UNUSED_COMMITMENT = "unused_commitment"
    RECONCILIATION = "reconciliation"


class ChargeState(StrEnum):
    """Whether a charge may still change: provisional, final, or held for a person to look at."""

    PROVISIONAL = "provisional"
    FINAL = "final"
    HELD = "held"


class CostMetric(StrEnum):
    """FOCUS's four costs; a metric that is not known is null, never zero."""

    LIST = "list"
    CONTRACTED = "contracted"
    EFFECTIVE = "effective"
    BILLED = "billed"


@dataclass(frozen=True, slots=True)
class Amounts:
    """What something cost by each metric; None where unknown."""

    list: Money | None = None
    contracted: Money | None = None
    effective: Money | None = None
    billed: Money | None = None

    def of(self, metric: CostMetric) -> Money | None:
        """The amount by one metric."""
        amount: Money | None = getattr(self, metric.value)
        return amount


@dataclass(frozen=True, slots=True)
class Charge:
    """One line of the ledger: what one kind of machine cost one service in one hour, for one reason.

    Attributes:
        quantity: in the resource's stored unit (domain.resource.UNITS).
        price_id, split_id: empty where there is no price.
        method: how `used` was found, as "demand", "capped_at_measured", "by_shares".
        claim_ratio: core-seconds that the profiler claimed over those counted, "" where they are the same.
        note: one sentence for a person, where something was held or capped.
    """

    service: str
    window: Window
    machine: MachineKind
    resource: Resource
    kind: ChargeKind
    quantity: int
    amounts: Amounts
    currency: str
    version: str = ""
    environment: str = ""
    price_id: str = ""
    split_id: str = ""
    method: str = ""
    claim_ratio: str = ""
    note: str = ""
    is_estimate: bool = False
    state: ChargeState = ChargeState.PROVISIONAL
    ledger_version: int = 1
