"""The documents of the API. Amounts are decimal strings with all nanos; null is unknown, never zero."""

from typing import Annotated, Literal

from pydantic import Field

from finops.api.spec import Schema


class Health(Schema):
    """That the process answers."""

    status: Literal["ok"]


class Span(Schema):
    """A half-open window in UTC."""

    start: str
    end: str


Accounted = Annotated[Span | None, Field(description="The part of the window that the ledger reaches.")]


class Between(Schema):
    """A confidence interval of an amount."""

    low: str
    high: str
    level: str


class ChargeSum(Schema):
    """What one resource of a service cost for one reason."""

    resource: str
    kind: str
    quantity: str | None
    unit: str
    amount: str | None


class FunctionCost(Schema):
    """What one function cost. Observations and interval are of self, the others of the total.

    Intervals are the sampling error alone. `[other]` stands for all that are not listed; it has no total.
    """

    name: str
    file: str
    resource: str
    self: str
    total: str | None
    observations: int | None
    total_observations: int | None
    interval: Between | None
    total_interval: Between | None


class ServiceCost(Schema):
    """One service of a report. `functions_self` sums all functions as stored, listed or not."""

    service: str
    team: str
    cost_centre: str
    total: str | None
    charges: list[ChargeSum]
    functions: list[FunctionCost]
    functions_self: dict[str, str]


class UnclaimedCost(Schema):
    """A name of the fleet that no service claims."""

    name: str
    amount: str | None
    charges: list[ChargeSum]


class SharedCost(Schema):
    """What is used by no single service."""

    name: str
    amount: str


class HeldHour(Schema):
    """An hour that a person should look at."""

    service: str
    window: Span
    message: str


class UnpricedMachines(Schema):
    """Machines that ran and are in no amount, because no price of them is known."""

    service: str
    cloud: str
    region: str
    machine_type: str
    purchase_option: str


class RefusedProfiles(Schema):
    """A service-hour of which a source had profiles that nobody could use, by the source's name of it."""

    service: str
    window: Span
    type: str
    source: str
    why: str


class PriceUsed(Schema):
    """A price that amounts rest on."""

    cloud: str
    region: str
    machine_type: str
    purchase_option: str
    hourly: str
    currency: str
    source: str
    as_of: str
    valid_from: str
    split: str
    split_basis: str
    is_estimate: bool
    price_id: str


class RestatedHours(Schema):
    """How many hours stand otherwise than they first became final, and why the newest of them do."""

    hours: int
    reason: str


class RewrittenSince(Schema):
    """How much was provisional at the moment asked for, and is given as it was last written."""

    as_of: str
    hours: int
    days: int


class WeeklyReport(Schema):
    """The weekly report."""

    window: Span
    currency: str
    cost_metric: str
    cost_basis: str
    total: str | None
    services: list[ServiceCost]
    shared: list[SharedCost]
    unclaimed: list[UnclaimedCost]
    provisional_hours: int
    accounted: Accounted
    restated: Annotated[RestatedHours | None, Field(description="Only where something was.")] = None
    rewritten: Annotated[RewrittenSince | None, Field(description="Only where something was.")] = None
    held: list[HeldHour]
    unpriced: list[UnpricedMachines]
    without_machines: list[str]
    refused: list[RefusedProfiles]
    prices: list[PriceUsed]


class ServiceTotal(Schema):
    """A service and what it cost."""

    service: str
    team: str
    cost_centre: str
    is_claimed: bool
    total: str | None
    used: dict[str, str | None]


class Services(Schema):
    """All services of a window."""

    window: Span
    currency: str
    cost_metric: str
    total: str | None
    services: list[ServiceTotal]
    unpriced: list[UnpricedMachines]
    provisional_hours: int
    accounted: Accounted


class Functions(Schema):
    """The functions of a service; the self costs of a resource add up to its `functions_self`."""

    service: str
    window: Span
    currency: str
    cost_metric: str
    functions: list[FunctionCost]
    functions_self: dict[str, str]
    provisional_hours: int
    accounted: Accounted


class Saving(Schema):
    """Money a month of 730 hours, at list; `gpu` only where GPUs leave with the machines."""

    total: str
    cpu: str
    memory: str
    gpu: str | None = None


class Instances(Schema):
    """What the number of instances lies between."""

    low: int
    high: int


class Amounts(Schema):
    """What an amount lies between."""

    low: str
    high: str


class SavingInterval(Schema):
    """What instances and saving lie between, and what makes them uncertain."""

    instances: Instances
    saving: Amounts
    basis: str


class SplitRates(Schema):
    """How a price divides."""

    method: str
    basis: str
    is_estimate: bool
    vcpu_hour: str
    gib_hour: str
    gpu_hour: str | None


class MachinePrice(Schema):
    """The list price of a machine, and what it has."""

    machine: str
    cloud: str
    region: str
    purchase_option: str
    hourly: str
    currency: str
    vcpu: float
    memory_gib: float
    gpu: float
    source: str
    as_of: str
    valid_from: str
    valid_to: str | None
    is_estimate: bool
    split: SplitRates


class PeakHour(Schema):
    """The hour with the most machines, and the instances that the work left of it needs."""

    window: Span
    machines: str
    utilisation: str
    instances: int
    target: str


class MeasuredMachines(Schema):
    """What ran for a service in a window: the mean number of machines, and how busy they were.

    The mean is over the part of the window that the ledger reaches, `accounted`.
    """

    service: str
    window: Span
    accounted: Span
    machines: str
    utilisation: str
    peak: PeakHour


class Rightsizing(Schema):
    """How many machines would do, and what that saves a month. `measured` where a service was asked for."""

    instances: int
    count: int
    present: str
    saving: Saving
    currency: str
    cost_metric: str
    interval: SavingInterval
    assumptions: list[str]
    price: MachinePrice
    measured: MeasuredMachines | None = None
