"""The weekly report's data: what each service cost, why, and which of its functions.

The rule that must not be broken: the charges of all services and of unclaimed names add up to the
total, and the functions to the used charges, because both are read as stored and nothing is rescaled.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from finops.domain.charge import CostMetric
from finops.domain.function_cost import FunctionCost
from finops.domain.money import Money, total
from finops.domain.price import Price
from finops.domain.profile import RefusedProfile
from finops.domain.resource import Resource
from finops.domain.service import Service
from finops.domain.window import Window
from finops.reports import charge_lines, function_lines
from finops.reports.charge_lines import ChargeLine, UnpricedLine
from finops.reports.function_lines import MEASURES, FunctionLine, dearest
from finops.storage import (
    charge_sums,
    function_costs,
    ledger,
    prices,
    refused_profiles,
    restatement,
    services,
)
from finops.storage.database import Session
from finops.storage.ledger import LedgerState

States = Mapping[tuple[str, Window], LedgerState]

# How many functions of a service and resource a report lists by self and by total; the rest are in its
# sums all the same.
LISTED = 20


@dataclass(frozen=True, slots=True)
class ServiceLine:
    """One service of a report; its total is None where no price of its machines is known."""

    service: Service
    total: Money | None
    charges: tuple[ChargeLine, ...]
    functions: tuple[FunctionLine, ...]
    functions_self: Mapping[Resource, Money]


@dataclass(frozen=True, slots=True)
class PriceLine:
    """A price that the report rests on, and how it was split."""

    price: Price
    split: str
    basis: str
    is_estimate: bool


@dataclass(frozen=True, slots=True)
class HeldLine:
    """An hour that a person should look at, and why."""

    service: str
    window: Window
    message: str


@dataclass(frozen=True, slots=True)
class Restated:
    """How many hours stand otherwise than they first became final, and why the newest of them do."""

    hours: int
    reason: str


@dataclass(frozen=True, slots=True)
class Rewritten:
    """How much of a report as of a moment was provisional then, and is shown as it was last written."""

    as_of: datetime
    hours: int
    days: int


@dataclass(frozen=True, slots=True)
class Weekly:
    """What a fleet cost in a window, by service and function.

    `reached` is from the ledger's first hour to its latest; None of an empty one.
    """

    window: Window
    reached: Window | None
    currency: str
    metric: CostMetric
    total: Money | None
    services: tuple[ServiceLine, ...]
    unclaimed: tuple[ServiceLine, ...]
    provisional_hours: int
    restated: Restated | None
    rewritten: Rewritten | None
    held: tuple[HeldLine, ...]
    unpriced: tuple[UnpricedLine, ...]
    without_machines: tuple[str, ...]
    refused: tuple[RefusedProfile, ...]
    prices: tuple[PriceLine, ...]

    @property
    def accounted(self) -> Window | None:
        """The part of the window that the ledger reaches; None where it reaches nothing of it."""
        return self.reached and self.reached.overlap(self.window)


def build(
    session: Session,
    window: Window,
    *,
    currency: str,
    metric: CostMetric = CostMetric.LIST,
    limit: int = LISTED,
    as_of: datetime | None = None,
) -> Weekly:
    """The report of a window of whole days, dearest service first.

    Args:
        session: reads the ledger.
        window: whole days.
        currency: amounts in another are not of this report.
        metric: which of the four costs.
        limit: how many functions to list by service and resource, the dearest by self and those by
            total; 0 lists all.
        as_of: read the ledger as it stood at a moment: the versions that stood then, with the owners and
            prices that were known. What was provisional then has been written over; see `Weekly.rewritten`.

    Raises:
        Incomplete: there are prices, and no charge has a cost by this metric: that is not zero.
    """
    known = {service.name: service for service in services.every(session, as_of=as_of)}
    lines = charge_lines.by_service(session, window, metric, currency, as_of)
    costs: dict[str, list[FunctionCost]] = defaultdict(list)
    for cost in function_costs.within(session, window, metric=metric, as_of=as_of):
        if cost.self_cost.currency == currency:
            costs[cost.service].append(cost)
    states = ledger.states(session, window, as_of=as_of)
    without = _without_machines(states, lines)
    made = [
        _service(known.get(name, Service(name)), lines.get(name, []), costs.get(name, []), currency, limit)
        for name in {*lines, *costs, *without}
    ]
    made.sort(key=lambda line: (charge_lines.dearest_first(line.total), line.service.name))
    return Weekly(
        window=window,
        reached=ledger.reached(session, as_of),
        currency=currency,
        metric=metric,
        total=charge_lines.known_total([line.total for line in made if line.charges], currency),
        services=tuple(line for line in made if line.service.is_claimed),
        unclaimed=tuple(line for line in made if not line.service.is_claimed),
        provisional_hours=ledger.provisional_hours(session, window, as_of=as_of),
        restated=_restated(session, window, as_of),
        rewritten=_rewritten(session, window, as_of),
        held=tuple(_held(states)),
        unpriced=tuple(charge_lines.unpriced(session, window, as_of)),
        without_machines=tuple(without),
        refused=tuple(refused_profiles.within(session, window, as_of=as_of)),
        prices=tuple(_prices(session, window, as_of)),
    )


def _service(
    service: Service,
    lines: Sequence[ChargeLine],
    costs: Sequence[FunctionCost],
    currency: str,
    limit: int,
) -> ServiceLine:
    used = [cost.resource for cost in costs]
    listed = [
        line for resource in Resource if resource in used for line in _functions(costs, resource, limit)
    ]
    return ServiceLine(
        service=service,
        total=charge_lines.cost(lines, currency),
        charges=tuple(lines),
        functions=tuple(listed),
        functions_self={
            resource: total((cost.self_cost for cost in costs if cost.resource is resource), currency)
            for resource in (Resource.CPU, Resource.MEMORY)
        },
    )


def _functions(costs: Sequence[FunctionCost], resource: Resource, limit: int) -> list[FunctionLine]:
    """The dearest functions of one resource by total, and those by self, in the order of their totals.

    The dearest by total are frames that call the rest; the dearest by self are where the work is done.
    """
    every = function_lines.lines(costs, resource)
    chosen = {id(line) for by in MEASURES for line in dearest(every, by, limit)}
    return [line for line in dearest(every, "total", 0) if id(line) in chosen]


def _restated(session: Session, window: Window, as_of: datetime | None) -> Restated | None:
    hours, reason = restatement.newest(session, window, as_of)
    return Restated(hours, reason) if hours else None


def _rewritten(session: Session, window: Window, as_of: datetime | None) -> Rewritten | None:
    hours, days = ledger.written_since(session, window, as_of) if as_of is not None else (0, 0)
    return Rewritten(as_of, hours, days) if as_of is not None and (hours or days) else None


def _held(states: States) -> list[HeldLine]:
    return [
        HeldLine(name, hour, state.message)
        for (name, hour), state in sorted(states.items())
        if state.is_held and state.message
    ]


def _without_machines(states: States, lines: Mapping[str, Sequence[ChargeLine]]) -> list[str]:
    """The names with profiles and without a machine: allocation said something, and charged nothing."""
    return sorted({name for (name, _), state in states.items() if state.message} - lines.keys())


def _prices(session: Session, window: Window, as_of: datetime | None) -> list[PriceLine]:
    rows = charge_sums.sums(session, window, by=("price_id", "split_id"), metric=CostMetric.LIST, as_of=as_of)
    used = [(str(price), str(split)) for price, split in (row.group for row in rows) if price]
    listed = prices.by_id(session, {price for price, _ in used}, known_at=as_of)
    splits = prices.splits_by_id(session, {split for _, split in used})
    lines = [
        PriceLine(
            price=listed[price],
            split=splits[split].method,
            basis=splits[split].basis,
            is_estimate=listed[price].is_estimate or splits[split].is_estimate,
        )
        for price, split in used
    ]
    return sorted(lines, key=lambda line: (line.price.kind, line.price.valid_from, line.split))


def share(part: Money, whole: Money) -> Decimal | None:
    """A part as a share of a whole; None of nothing."""
    return Decimal(part.nanos) / whole.nanos if whole.nanos else None
