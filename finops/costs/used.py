"""What attribution divides: the used charges of a pool together, and the usage that divides them.

The rule that must not be broken: this reads charges as they stand in the ledger, so that what is shown
of an hour long final is divided exactly as it was when it was written.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from finops.costs.amounts import sum_amounts
from finops.costs.pools import DIMENSIONS, Dimensions, usage_order
from finops.domain.charge import Amounts, Charge, ChargeKind
from finops.domain.profile import ProfileKind, Usage
from finops.domain.resource import Resource

USAGE_OF = {Resource.CPU: ProfileKind.CPU, Resource.MEMORY: ProfileKind.HEAP}


@dataclass(frozen=True, slots=True)
class UsedCharge:
    """The used charges of one pool and resource together, and the usage that divides them.

    A metric is None where it is unknown of any machine with a price. Two currencies give two of these.
    """

    resource: Resource
    amounts: Amounts
    quantity: int
    usage: tuple[Usage, ...]
    currency: str


def used_charges(charges: Sequence[Charge], usage: Sequence[Usage]) -> list[UsedCharge]:
    """The used charges of one service-hour, with the usage of the same pool.

    Charges and usage meet on the dimensions that all of both know, as machines and usage did when the
    hour was allocated: each machine row left a charge that carries what the fleet knows of it.

    Args:
        charges: all charges of one service-hour, of every resource and kind: a machine without a price
            or a shape counts for what all know.
        usage: all usage of that service-hour.
    """
    shared = [
        name
        for name in DIMENSIONS
        if all(_of_charge(charge, name) for charge in charges)
        and all(_of_usage(each, name) for each in usage)
    ]
    said: dict[tuple[Dimensions, ProfileKind], list[Usage]] = defaultdict(list)
    for each in sorted(usage, key=usage_order):
        at = Dimensions(*(_of_usage(each, name) if name in shared else "" for name in DIMENSIONS))
        said[at, each.key.kind].append(each)
    groups: dict[tuple[Dimensions, Resource, str], list[Charge]] = defaultdict(list)
    for charge in charges:
        if charge.kind is ChargeKind.USED:
            at = Dimensions(*(_of_charge(charge, name) if name in shared else "" for name in DIMENSIONS))
            groups[at, charge.resource, charge.currency].append(charge)
    return [
        UsedCharge(
            resource=resource,
            amounts=sum_amounts([charge.amounts for charge in group]),
            quantity=sum(charge.quantity for charge in group),
            usage=tuple(said[at, USAGE_OF[resource]]),
            currency=currency,
        )
        for (at, resource, currency), group in sorted(groups.items(), key=lambda item: item[0])
    ]


def _of_charge(charge: Charge, name: str) -> str:
    value: str = charge.machine.region if name == "region" else getattr(charge, name)
    return value


def _of_usage(usage: Usage, name: str) -> str:
    value: str = getattr(usage.key, name)
    return value
