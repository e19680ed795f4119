"""Allocation: what the machines of a service-hour cost, as charges with a kind.

The rule that must not be broken: for each machine row, each resource and each metric the charges add
up to what the row cost, to the nano, and their quantities to what was paid for. What reached no
function says why.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from finops.costs.amounts import by_resource, cost, is_nothing, split_amounts
from finops.costs.cpu import divide_cpu
from finops.costs.division import Division
from finops.costs.memory import divide_memory
from finops.costs.pools import Pool, PricedMachine, pools
from finops.costs.used import UsedCharge, used_charges
from finops.domain.charge import Amounts, Charge, ChargeKind, ChargeState
from finops.domain.profile import ProfileKind, RefusedProfile, Usage
from finops.domain.resource import Resource
from finops.domain.service import Service
from finops.domain.window import Window

CLAIMED = frozenset({ChargeKind.USED, ChargeKind.NO_STACK, ChargeKind.SOURCE_UNATTRIBUTED})
UNSEEN = frozenset({ChargeKind.NO_PROFILE, ChargeKind.NO_HEAP_PROFILE, ChargeKind.MEMORY_NOT_MEASURED})


@dataclass(frozen=True, slots=True)
class Allocation:
    """The charges of one service-hour, what attribution divides of them, and what a person should know."""

    charges: tuple[Charge, ...]
    used: tuple[UsedCharge, ...]
    is_held: bool
    messages: tuple[str, ...]


def allocate(
    service: Service,
    hour: Window,
    machines: Sequence[PricedMachine],
    usage: Sequence[Usage],
    refused: Sequence[RefusedProfile] = (),
) -> Allocation:
    """Turn the machines of a service-hour into charges, by what its profiles and measurements say.

    Machines and usage may come in any order. Machines without a price take part in laying the usage,
    so that the others are not charged for them, and become charges without amounts. Where profiles of a
    kind were refused and none is left, the charges of its resource say so.

    Raises:
        ValueError: a machine or a usage is not of this hour.
    """
    for each in (*(machine.hours.window for machine in machines), *(said.key.window for said in usage)):
        if not hour.covers(each):
            raise ValueError(f"{each} is not within {hour}")
    # Machines that ran for no time cost nothing and know nothing.
    ran = [machine for machine in machines if machine.hours.machine_nanos]
    found = [_allocate_pool(service, hour, pool, refused) for pool in pools(ran, usage)]
    charges = tuple(charge for part in found for charge in part.charges)
    return Allocation(
        charges=charges,
        used=tuple(used_charges(charges, usage)),
        is_held=any(part.is_held for part in found),
        messages=tuple(message for part in found for message in part.messages),
    )


@dataclass(frozen=True, slots=True)
class _Part:
    """What one pool adds to an allocation."""

    charges: tuple[Charge, ...]
    is_held: bool
    messages: tuple[str, ...]


def _allocate_pool(service: Service, hour: Window, pool: Pool, refused: Sequence[RefusedProfile]) -> _Part:
    if not pool.machines:
        message = f"{service.name}{pool.at}: there are profiles but no machines, so they divide no money"
        return _Part((), is_held=False, messages=(message,))
    cpu, memory = divide_cpu(service, pool), divide_memory(service, pool)
    lacking = {kind.resource: _lacking(pool, kind, refused) for kind in ProfileKind}
    charges: list[Charge] = []
    for machine, cpu_kinds, memory_kinds in zip(pool.shaped, cpu.rows, memory.rows, strict=True):
        line = _line(service, hour, pool, machine)
        if machine.price is None or machine.split is None:
            charges += _unpriced(line, machine)
            continue
        parts = by_resource(cost(machine.price, machine.hours.machine_nanos), machine.split)
        gpu = _gpu(machine)
        for resource, kinds, division in (
            (Resource.CPU, cpu_kinds, cpu),
            (Resource.MEMORY, memory_kinds, memory),
            (Resource.GPU, gpu.rows[0], gpu),
        ):
            said = replace(line, resource=resource, note=lacking.get(resource, ""))
            charges += _priced(said, parts[resource], kinds, division)
    for machine in pool.machines:
        if machine.shape is None:
            note = f"neither the price nor the shape of {machine.hours.kind} is known"
            charges.append(replace(_line(service, hour, pool, machine), note=note))
    messages = dict.fromkeys(f"{service.name}{pool.at}: {each}" for each in (*cpu.messages, *memory.messages))
    return _Part(tuple(charges), cpu.is_held or memory.is_held, tuple(messages))


def _lacking(pool: Pool, kind: ProfileKind, refused: Sequence[RefusedProfile]) -> str:
    """Why there is no profile of a kind, where there were some and all were refused."""
    whys = [each.why for each in refused if each.kind is kind]
    if not whys or pool.of(kind):
        return ""
    more = f" (and {len(whys) - 1} more)" if len(whys) > 1 else ""
    return f"the {kind} profile was refused: {min(whys)}{more}"


def _line(service: Service, hour: Window, pool: Pool, machine: PricedMachine) -> Charge:
    """What all charges of a machine row have in common; as it stands, a row of which nothing is known."""
    price, split = machine.price, machine.split
    return Charge(
        service=service.name,
        window=hour,
        machine=machine.hours.kind,
        resource=Resource.CPU,
        kind=ChargeKind.NO_PRICE,
        quantity=0,
        amounts=Amounts(),
        currency=price.currency if price else "",
        version=pool.at.version,
        environment=machine.hours.environment,
        price_id=price.id if price else "",
        split_id=split.id if split else "",
        is_estimate=bool(price and split and (price.is_estimate or split.is_estimate)),
    )


def _unpriced(line: Charge, machine: PricedMachine) -> Iterator[Charge]:
    """A machine of known shape without a price: quantities, and no amounts, which is not zero."""
    note = f"no price of {machine.hours.kind} is known"
    for resource in Resource:
        if quantity := machine.paid(resource):
            yield replace(line, resource=resource, quantity=quantity, note=note)


def _gpu(machine: PricedMachine) -> Division:
    """No profile says which function used a GPU."""
    quantity = machine.paid(Resource.GPU)
    is_apart = machine.split is None or machine.split.gpu > 0
    note = "" if is_apart or not quantity else "the price does not tell the GPU apart from CPU and memory"
    return Division(({ChargeKind.NO_PROFILE: quantity},), note=note)


def _priced(
    line: Charge, amounts: Amounts, kinds: dict[ChargeKind, int], division: Division
) -> Iterator[Charge]:
    """The amounts of one machine row and resource, divided by the quantities of their kinds."""
    weights = list(kinds.values())
    if not any(weights):
        weights[-1] = 1  # less than one whole unit may still cost a nano; it goes to the last kind, the rest
    for (kind, quantity), part in zip(kinds.items(), split_amounts(amounts, weights), strict=True):
        if not quantity and is_nothing(part):
            continue
        is_claimed = kind in CLAIMED
        is_said = is_claimed or division.is_held or kind is ChargeKind.NO_PROFILE
        yield replace(
            line,
            kind=kind,
            quantity=quantity,
            amounts=part,
            method=division.method if is_claimed else "",
            claim_ratio=division.claim_ratio if is_claimed or division.is_held else "",
            note=(division.note if is_said else "") or (line.note if kind in UNSEEN else ""),
            state=ChargeState.HELD if division.is_held else line.state,
        )
