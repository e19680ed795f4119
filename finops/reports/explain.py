"""How one function's dollar came about: every step from a capture to the amount, each with its source.

The rule that must not be broken: the amounts are computed by the functions that the ledger was
computed with, so that an explanation that does not add up cannot be printed.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from finops.costs.attribute import Attribution, attribute
from finops.costs.tree import merged
from finops.costs.used import UsedCharge, used_charges
from finops.domain.charge import Charge, ChargeKind, CostMetric
from finops.domain.function import Function
from finops.domain.money import Money, total
from finops.domain.profile import Usage
from finops.domain.resource import Resource
from finops.domain.service import Registry
from finops.domain.window import Window, hour_of
from finops.errors import Incomplete, NotFound
from finops.reports.explained_step import HourInputs, Step, explained
from finops.reports.remedies import reasons
from finops.reports.service_functions import refuse_unknown
from finops.reports.shown import counted, cut, harmless
from finops.storage import charges, ledger, machine_hours, prices, usage
from finops.storage.database import Session

_LISTED = 5
_NAME = 80


@dataclass(frozen=True, slots=True)
class Explanation:
    """One function's cost in a window, step by step; the steps add up to both costs.

    `notes` say of which hours nothing is in it, and why.
    """

    service: str
    function: Function
    resource: Resource
    metric: CostMetric
    window: Window
    self_cost: Money
    total_cost: Money
    steps: tuple[Step, ...]
    notes: tuple[str, ...] = ()


def build(
    session: Session,
    registry: Registry,
    service: str,
    name: str,
    window: Window,
    *,
    file: str | None = None,
    resource: Resource = Resource.CPU,
    metric: CostMetric = CostMetric.LIST,
) -> Explanation:
    """The explanation of a function, by its raw name and, where that is not enough, its file.

    Raises:
        NotFound: the ledger holds no such service or function in the window.
        Incomplete: nothing of the window is used, and then why and what helps; the name stands for
            functions of several files; or the hours or the profiles of the window are no longer kept.
    """
    refuse_unknown(session, service, window)
    every = charges.within(session, window, service=service)
    held = [charge for charge in every if charge.resource is resource]
    if not held:
        raise NotFound(f"the ledger holds no {resource} charge of {service!r} in {window}")
    if gone := [charge.window for charge in every if charge.window != hour_of(charge.window.start)]:
        raise Incomplete(f"the hours of {gone[0].start:%Y-%m-%d} have left the ledger: only its sum is left")
    used = _used(session, registry, service, window)
    divided = [
        (hour, pool, _divided(hour, pool, amount))
        for hour, hourly in _by_hour(every).items()
        for pool in used_charges(hourly, used[hour])
        if pool.resource is resource and (amount := pool.amounts.of(metric)) is not None
    ]
    if not divided:
        raise Incomplete(f"nothing of the {resource} of {service!r} in {window} {_why_not(held, metric)}")
    function = _function((each for _, _, each in divided), name, file, service, window)
    inputs = _inputs(session, registry, service, window, held, used)
    steps = [
        explained(inputs[hour], pool, each, function, metric)
        for hour, pool, each in divided
        if function in each.keys
    ]
    return Explanation(
        service=service,
        function=function,
        resource=resource,
        metric=metric,
        window=window,
        self_cost=total(step.self_cost for step in steps),
        total_cost=total(step.total_cost for step in steps),
        steps=tuple(steps),
        notes=tuple(_notes(held, [hour for hour, _, _ in divided])),
    )


def _why_not(held: Sequence[Charge], metric: CostMetric) -> str:
    """Why nothing of some charges reached a function."""
    if any(charge.kind is ChargeKind.USED for charge in held):
        return f"has a used {metric} cost: no {metric} cost is known of all that was used"
    return f"was used: it is {reasons(held)}"


def _notes(held: Sequence[Charge], divided: Iterable[Window]) -> Iterator[str]:
    """Hours of the window in which nothing was divided, and why."""
    shown = set(divided)
    others = {hour: hourly for hour, hourly in _by_hour(held).items() if hour not in shown}
    if others:
        why = reasons(charge for hourly in others.values() for charge in hourly)
        hours = counted(len(others), "hour of the window has", "hours of the window have")
        yield f"{hours} no part in it" + (f": {why}" if why else "")


def _divided(hour: Window, pool: UsedCharge, amount: Money) -> Attribution:
    if not pool.usage:
        raise Incomplete(f"the profiles of {hour} are no longer kept, so that nothing can be shown of it")
    return attribute(amount, *merged(pool.usage))


def _used(session: Session, registry: Registry, service: str, window: Window) -> dict[Window, list[Usage]]:
    raw = {header.key.service for header in usage.headers(session, window)}
    names = {name for name in raw if registry.claim(name).name == service}
    found: dict[Window, list[Usage]] = defaultdict(list)
    for each in usage.within(session, window, names):
        found[each.key.window].append(each)
    return found


def _inputs(
    session: Session,
    registry: Registry,
    service: str,
    window: Window,
    held: Sequence[Charge],
    used: dict[Window, list[Usage]],
) -> dict[Window, HourInputs]:
    """What the ledger holds of each hour."""
    rows = [
        row for row in machine_hours.within(session, window) if registry.claim(row.service).name == service
    ]
    listed = prices.by_id(session, {charge.price_id for charge in held if charge.price_id})
    splits = prices.splits_by_id(session, {charge.split_id for charge in held if charge.split_id})
    states = ledger.states(session, window, service)
    return {
        hour: HourInputs(
            window=hour,
            state=states[service, hour].state,
            charges=hourly,
            machines=[row for row in rows if hour.covers(row.window)],
            usage=used[hour],
            prices=listed,
            splits=splits,
        )
        for hour, hourly in _by_hour(held).items()
    }


def _by_hour(held: Sequence[Charge]) -> dict[Window, list[Charge]]:
    hours: dict[Window, list[Charge]] = defaultdict(list)
    for charge in held:
        hours[charge.window].append(charge)
    return dict(sorted(hours.items()))


def _function(
    divided: Iterable[Attribution], name: str, file: str | None, service: str, window: Window
) -> Function:
    keys = {key for each in divided for key in each.keys}
    found = sorted(key for key in keys if key.name == name and file in (None, key.file))
    asked = cut(harmless(name), _NAME)
    if len(found) > 1:
        files = ", ".join(cut(harmless(key.file), _NAME) or "no file" for key in found[:_LISTED])
        raise Incomplete(f"{asked!r} is a function of {len(found)} files; name one with --file: {files}")
    if not found:
        near = sorted({key.name for key in keys if name.lower() in key.name.lower()})[:_LISTED]
        hint = f"; there is {', '.join(cut(harmless(each), _NAME) for each in near)}" if near else ""
        raise NotFound(f"no profile of {service!r} in {window} has a function {asked!r}{hint}")
    return found[0]
