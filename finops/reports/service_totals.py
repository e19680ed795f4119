"""Services with what they cost and used in a window: data, and the document of it.

It reads charges alone: what reached functions is what was used, and need not be read function by function.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from finops.domain.charge import ChargeKind, CostMetric
from finops.domain.money import Money
from finops.domain.resource import Resource
from finops.domain.service import Service
from finops.domain.window import Window
from finops.reports import charge_lines, document
from finops.reports.charge_lines import ChargeLine, UnpricedLine
from finops.storage import ledger, services
from finops.storage.database import Session


@dataclass(frozen=True, slots=True)
class ServiceTotal:
    """A service, what it cost, and what of that reached its functions; None where no price is known."""

    service: Service
    total: Money | None
    used: Mapping[Resource, Money | None]


@dataclass(frozen=True, slots=True)
class ServiceTotals:
    """The services of a window, dearest first, the unclaimed names last; they add up to the total."""

    window: Window
    accounted: Window | None
    currency: str
    metric: CostMetric
    total: Money | None
    services: tuple[ServiceTotal, ...]
    unpriced: tuple[UnpricedLine, ...]
    provisional_hours: int


def build(
    session: Session, window: Window, *, currency: str, metric: CostMetric = CostMetric.LIST
) -> ServiceTotals:
    """What each service cost in a window.

    Args:
        session: reads the ledger.
        window: whole days.
        currency: amounts in another are not among these.
        metric: which of the four costs.

    Raises:
        Incomplete: there are prices, and no charge has a cost by this metric: that is not zero.
    """
    known = {service.name: service for service in services.every(session)}
    lines = charge_lines.by_service(session, window, metric, currency)
    made = [_total(known.get(name, Service(name)), each, currency) for name, each in lines.items()]
    made.sort(key=_order)
    accounted = ledger.accounted(session, window)
    whole = charge_lines.known_total([each.total for each in made], currency)
    return ServiceTotals(
        window=window,
        accounted=accounted,
        currency=currency,
        metric=metric,
        total=whole if accounted else None,
        services=tuple(made),
        unpriced=tuple(charge_lines.unpriced(session, window)),
        provisional_hours=ledger.provisional_hours(session, window),
    )


def as_document(found: ServiceTotals) -> document.Document:
    """The services for a program."""
    return {
        "window": document.window(found.window),
        "currency": found.currency,
        "cost_metric": found.metric.value,
        "total": document.amount(found.total),
        "services": [
            {
                "service": each.service.name,
                "team": each.service.team,
                "cost_centre": each.service.cost_centre,
                "is_claimed": each.service.is_claimed,
                "total": document.amount(each.total),
                "used": {resource.value: document.amount(money) for resource, money in each.used.items()},
            }
            for each in found.services
        ],
        "unpriced": [document.unpriced(each) for each in found.unpriced],
        "provisional_hours": found.provisional_hours,
        "accounted": document.maybe_window(found.accounted),
    }


def _order(each: ServiceTotal) -> tuple[bool, int, str]:
    return not each.service.is_claimed, charge_lines.dearest_first(each.total), each.service.name


def _total(service: Service, lines: Sequence[ChargeLine], currency: str) -> ServiceTotal:
    used = [line for line in lines if line.kind is ChargeKind.USED]
    return ServiceTotal(
        service=service,
        total=charge_lines.cost(lines, currency),
        used={
            resource: _used([line for line in used if line.resource is resource], currency)
            for resource in (Resource.CPU, Resource.MEMORY)
        },
    )


def _used(used: Sequence[ChargeLine], currency: str) -> Money | None:
    """What was used; None where no charge says so: what was not profiled may have been used all the same."""
    return charge_lines.paid(used, currency) if used else None
