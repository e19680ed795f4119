"""What each service was charged, by resource and kind, as the ledger has it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from finops.domain.charge import ChargeKind, CostMetric
from finops.domain.machine import MachineKind
from finops.domain.money import Money, total
from finops.domain.resource import Resource
from finops.domain.window import Window
from finops.errors import Incomplete
from finops.storage import charge_sums
from finops.storage.database import Session


@dataclass(frozen=True, slots=True)
class ChargeLine:
    """What one resource of a service cost for one reason; the amount is None where there is no price."""

    resource: Resource
    kind: ChargeKind
    quantity: int
    amount: Money | None


@dataclass(frozen=True, slots=True)
class UnpricedLine:
    """Machines that ran for a service and stand beside the totals, because no price of them is known."""

    service: str
    kind: MachineKind


def by_service(
    session: Session, window: Window, metric: CostMetric, currency: str, as_of: datetime | None = None
) -> dict[str, list[ChargeLine]]:
    """The charges of every service in a window, in the order of resources and kinds.

    Raises:
        Incomplete: there are prices, and no charge has a cost by this metric: that is not zero.
    """
    lines: dict[str, list[ChargeLine]] = defaultdict(list)
    for row in charge_sums.sums(
        session, window, by=("service", "resource", "kind"), metric=metric, as_of=as_of
    ):
        if row.amount is not None and row.amount.currency != currency:
            continue
        service, resource, kind = map(str, row.group)
        lines[service].append(ChargeLine(Resource(resource), ChargeKind(kind), row.quantity or 0, row.amount))
    order = {each: i for i, each in enumerate((*Resource, *ChargeKind))}
    for each in lines.values():
        each.sort(key=lambda line: (order[line.resource], order[line.kind]))
    _refuse_unknown(lines, window, metric)
    return dict(lines)


def unpriced(session: Session, window: Window, as_of: datetime | None = None) -> list[UnpricedLine]:
    """The machines that ran and whose price nobody knows, by service."""
    rows = charge_sums.sums(
        session,
        window,
        by=("service", "cloud", "region", "machine_type", "purchase_option"),
        metric=CostMetric.LIST,
        filters={"kind": [ChargeKind.NO_PRICE]},
        as_of=as_of,
    )
    found = (map(str, row.group) for row in rows)
    return [UnpricedLine(service, MachineKind(*kind)) for service, *kind in found]


def paid(lines: Sequence[ChargeLine], currency: str) -> Money:
    """What some charges come to; those without a price stand beside it."""
    return total((line.amount for line in lines if line.amount is not None), currency)


def cost(lines: Sequence[ChargeLine], currency: str) -> Money | None:
    """What some charges come to; None where there are some, and no price of any is known: not zero."""
    if lines and all(line.amount is None for line in lines):
        return None
    return paid(lines, currency)


def known_total(costs: Sequence[Money | None], currency: str) -> Money | None:
    """The sum of the costs that are known; None where there are some and none is."""
    known = [each for each in costs if each is not None]
    return total(known, currency) if known or not costs else None


def dearest_first(cost: Money | None) -> int:
    """What costs are sorted by; the unknown ones last."""
    return 1 if cost is None else -cost.nanos


def _refuse_unknown(lines: Mapping[str, Sequence[ChargeLine]], window: Window, metric: CostMetric) -> None:
    priced = [line for each in lines.values() for line in each if line.kind is not ChargeKind.NO_PRICE]
    if priced and all(line.amount is None for line in priced):
        raise Incomplete(f"no {metric} cost is known of {window}: it is in no price list and no bill so far")
