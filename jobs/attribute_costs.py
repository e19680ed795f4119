"""Machine-hours, usage and prices → charges by hour and function costs by day.

One piece of work is one day of one service, so that its function costs and its charges are always
written together and always add up. Hours that are final keep their charges as they are.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from finops.app import App
from finops.costs.allocate import Allocation, allocate
from finops.costs.attribute import Attribution, attribute
from finops.costs.function_costs import day_costs
from finops.costs.pools import PricedMachine
from finops.costs.priced import priced
from finops.costs.tree import merged
from finops.costs.used import used_charges
from finops.domain.charge import Charge, ChargeState, CostMetric
from finops.domain.function_cost import FunctionCost
from finops.domain.machine import MachineHours
from finops.domain.price import Price, PriceSplit
from finops.domain.profile import RefusedProfile, Usage
from finops.domain.resource import Resource
from finops.domain.service import Service
from finops.domain.window import HOUR, Window, day_of
from finops.errors import StorageError
from finops.storage import (
    charges,
    function_costs,
    ledger,
    machine_hours,
    prices,
    refused_profiles,
    services,
    usage,
)
from finops.storage.database import Session
from finops.storage.ledger import LedgerState
from jobs.runner import Done, Moved
from jobs.settled import reopened_days, settled_hours, span
from jobs.windows import Due, Key, fingerprint, stretches
from pricing.ladder import Ladder
from pricing.rungs import is_derived

Attributions = dict[tuple[Resource, CostMetric, str], list[Attribution]]
"""The hours of a day that are divided, by resource, metric and currency: what can be added up."""


@dataclass(slots=True)
class Inputs:
    """All that decides what the hours of some days cost, as the database holds it at one moment."""

    machines: dict[tuple[str, Window], list[MachineHours]]
    usage_marks: dict[tuple[str, Window], list[str]]
    refused: dict[tuple[str, Window], list[RefusedProfile]]
    states: Mapping[tuple[str, Window], LedgerState]
    final: Mapping[Window, Mapping[str, LedgerState]]
    summed: set[tuple[str, Window]]
    settled: set[Window]
    book: Ladder


@dataclass(slots=True)
class Prepared:
    """What is about to be written for one service-day."""

    service: Service
    allocations: dict[Window, Allocation] = field(default_factory=dict)
    marks: dict[Window, str] = field(default_factory=dict)
    final: set[Window] = field(default_factory=set)
    splits: dict[str, PriceSplit] = field(default_factory=dict)
    derived: dict[str, Price] = field(default_factory=dict)
    costs: list[FunctionCost] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class AttributeCosts:
    """One piece of work is one day of one service."""

    name: str = "attribute_costs"

    def inputs(self, app: App, within: Window | None = None) -> Mapping[Key, str]:
        """Every service-day with machines or profiles, or charged and not final; restated ones too."""
        window = span(app, within)
        keys: dict[Key, str] = {}
        with app.readers() as session:
            days = reopened_days(session, within)
            days |= {day_of(part.start) for part in window.days()} if window else set()
            for stretch in stretches(days):
                known = _inputs(app, session, Window(stretch[0].start, stretch[-1].end))
                keys.update(_keys(app, known, stretch))
        return keys

    def prepare(self, app: App, work: Due) -> Prepared:
        """Allocate every hour that is not final, then attribute the whole day."""
        day = work.key.window
        service = _service(app, work.key.scope)
        prepared = Prepared(service)
        with app.readers() as session:
            known = _inputs(app, session, day)
            used = _usage(app, session, service, day)
            kept = charges.within(session, day, service=service.name)
        attributions: Attributions = defaultdict(list)
        for hour in _unmoved_hours(app, known, work):
            if _is_final(known, service.name, hour):
                hourly = [charge for charge in kept if charge.window == hour]
            elif _is_open(known, service.name, hour):
                hourly = _allocate(app, prepared, known, hour, used[hour])
            else:
                continue
            _attribute(hourly, used[hour], attributions)
        least = app.settings.ledger.smallest_share
        for (resource, metric, currency), parts in attributions.items():
            prepared.costs += day_costs(
                service.name, work.key.window, resource, metric, currency, parts, least
            )
        return prepared

    def write(self, app: App, session: Session, work: Due, prepared: Prepared) -> Done:
        """The day's charges and function costs, in place of those of its hours that are not final."""
        day, name = work.key.window, work.key.scope
        known = _inputs(app, session, day)
        _unmoved_hours(app, known, work)
        if _is_closed(known, name, day):
            raise Moved(f"{day} became final meanwhile: it changes only by a restatement")
        _refuse_displaced(known, name, prepared.allocations)
        now = app.clock.real()
        if prepared.service == app.registry.claim(work.key.scope):
            services.replace(session, [prepared.service], now)
        # What the ladder made of others is kept too, so that every charge can name its price.
        prices.record(session, prepared.derived.values(), [], now)
        prices.record_splits(session, prepared.splits.values())
        for hour, allocation in prepared.allocations.items():
            is_final = hour in prepared.final
            version = ledger.record(
                session,
                work.key.scope,
                hour,
                state=ChargeState.FINAL if is_final else ChargeState.PROVISIONAL,
                is_held=allocation.is_held,
                fingerprint=prepared.marks[hour],
                message="; ".join(allocation.messages),
                now=now,
            )
            charges.replace(session, work.key.scope, hour, allocation.charges, version)
        version = _record_day(app, session, work, now)
        function_costs.replace(session, work.key.scope, work.key.window, prepared.costs, version)
        return Done(
            {
                "hours": len(prepared.allocations),
                "final": len(prepared.final),
                "held": sum(allocation.is_held for allocation in prepared.allocations.values()),
                "charges": sum(len(allocation.charges) for allocation in prepared.allocations.values()),
                "function_costs": len(prepared.costs),
            }
        )


def _keys(app: App, known: Inputs, days: Sequence[Window]) -> Iterator[tuple[Key, str]]:
    names = {name for names in (known.machines, known.usage_marks, known.states) for name, _ in names}
    for name in sorted(names):
        for day in days:
            hours = _hours(app, known, name, day)
            if not _is_closed(known, name, day) and any(
                _is_open(known, name, hour) or (name, hour) in known.states for hour in hours
            ):
                yield Key(day, name), _mark(app, known, name, hours)


def _inputs(app: App, session: Session, window: Window) -> Inputs:
    machines: dict[tuple[str, Window], list[MachineHours]] = defaultdict(list)
    for row in machine_hours.within(session, window):
        machines[app.registry.claim(row.service).name, row.window].append(row)
    marks: dict[tuple[str, Window], list[str]] = defaultdict(list)
    for hour, said in usage.fingerprints(session, window).items():
        for raw, mark in said.items():
            marks[app.registry.claim(raw).name, hour].append(f"{raw} {mark}")
    refused: dict[tuple[str, Window], list[RefusedProfile]] = defaultdict(list)
    for each in refused_profiles.within(session, window):
        refused[app.registry.claim(each.service).name, each.window].append(each)
    states = ledger.states(session, window)
    final: dict[Window, dict[str, LedgerState]] = defaultdict(dict)
    for (name, hour), state in states.items():
        if state.state == ChargeState.FINAL:
            final[hour][name] = state
    return Inputs(
        machines=machines,
        usage_marks=marks,
        refused=refused,
        states=states,
        final=final,
        summed=ledger.summed_days(session, window),
        settled=settled_hours(app, session, window),
        book=app.price_book(session, {row.kind.machine_type for rows in machines.values() for row in rows}),
    )


def _service(app: App, name: str) -> Service:
    """The service of a name; one whose machines go by another name by now keeps but what it was charged."""
    claimed = app.registry.claim(name)
    return claimed if claimed.name == name else Service(name)


def _hours(app: App, known: Inputs, name: str, day: Window) -> list[Window]:
    """The hours of a day that count for a service: those that have ended, and all that were ever charged.

    A clock that stands earlier than it did, or a ledger that is told to begin later, takes none away.
    """
    ended = span(app, day)
    return [
        hour
        for hour in day.hours()
        if (name, hour) in known.states or (ended is not None and ended.covers(hour))
    ]


def _unmoved_hours(app: App, known: Inputs, work: Due) -> list[Window]:
    """The hours of a piece of work, which are the very ones, with the very inputs, that it is due for.

    Else a clock that was set back for a moment would leave an hour out that counts as done.
    """
    hours = _hours(app, known, work.key.scope, work.key.window)
    if _mark(app, known, work.key.scope, hours) != work.fingerprint:
        raise Moved("its inputs changed meanwhile")
    return hours


def _is_final(known: Inputs, name: str, window: Window) -> bool:
    return name in known.final.get(window, {})


def _is_closed(known: Inputs, name: str, day: Window) -> bool:
    """Whether a service's day stands for good: it is final, or its hours have left for a daily sum."""
    return _is_final(known, name, day) or (name, day) in known.summed


def _is_open(known: Inputs, name: str, hour: Window) -> bool:
    """Whether a service may be charged for an hour.

    It may not for one that has been charged to the end: once machines go by another name, they would be
    paid for twice.
    """
    if (name, hour) in known.states:
        return not _is_final(known, name, hour)
    if (name, hour) not in known.machines and hour not in known.settled:
        return False
    return all(
        state.fingerprint.startswith(_machines_mark(known, other, hour))
        for other, state in known.final.get(hour, {}).items()
    )


def _refuse_displaced(known: Inputs, name: str, hours: Iterable[Window]) -> None:
    """Raise StorageError if a restated hour would be charged for machines that a final one was charged for.

    While the registry gives the machines of somebody who is final in that hour to another name, nobody
    can tell which of them were paid for.
    """
    for hour in hours:
        state = known.states.get((name, hour))
        if state is None or state.version == 1:
            continue
        for other, final in known.final.get(hour, {}).items():
            if not final.fingerprint.startswith(_machines_mark(known, other, hour)):
                raise StorageError(
                    f"{hour}: the machines that {other} was charged for go by another name now,"
                    f" so {name} might be charged for them too: restate {other} as well"
                )


def _mark(app: App, known: Inputs, name: str, hours: Iterable[Window]) -> str:
    """The fingerprint of all that decides what a service costs in some hours."""
    service = app.registry.find(name)
    return fingerprint(
        service, app.settings.ledger.smallest_share, *(_hour_mark(app, known, name, hour) for hour in hours)
    )


def _hour_mark(app: App, known: Inputs, name: str, hour: Window) -> str:
    """That of an hour is kept with it, so that a day is not due again because an hour of it became final."""
    state = known.states.get((name, hour))
    if state is not None and state.state == ChargeState.FINAL:
        return state.fingerprint
    prices = [
        price
        for row in known.machines.get((name, hour), [])
        for _, price in known.book.during(row.kind, row.window, row.shape)
    ]
    return _machines_mark(known, name, hour) + fingerprint(
        *(price.id if price else "no price" for price in prices),
        *sorted(known.usage_marks.get((name, hour), [])),
        *known.refused.get((name, hour), []),
        app.settings.prices.split,
        state.version if state else 1,
        hour in known.settled,
    )


def _machines_mark(known: Inputs, name: str, hour: Window) -> str:
    """The part of an hour's fingerprint that says which machines it was charged for."""
    return fingerprint(*known.machines.get((name, hour), []))


def _usage(app: App, session: Session, service: Service, window: Window) -> dict[Window, list[Usage]]:
    """What the profiles of a service said, hour by hour, under whichever of its names."""
    raw = {header.key.service for header in usage.headers(session, window)}
    names = {name for name in raw if app.registry.claim(name).name == service.name}
    used: dict[Window, list[Usage]] = defaultdict(list)
    for each in usage.within(session, window, names):
        used[each.key.window].append(each)
    return used


def _allocate(
    app: App, prepared: Prepared, known: Inputs, hour: Window, used: Sequence[Usage]
) -> list[Charge]:
    """The charges of one hour, and in `prepared` what is to be written for it."""
    name = prepared.service.name
    machines: list[PricedMachine] = []
    for row in known.machines.get((name, hour), []):
        for machine in priced(row, known.book, app.settings.prices.split, known.book.fits):
            if machine.price is not None and machine.split is not None:
                prepared.splits[machine.split.id] = machine.split
                if is_derived(machine.price):
                    prepared.derived[machine.price.id] = machine.price
            machines.append(machine)
    allocation = allocate(prepared.service, hour, machines, used, known.refused.get((name, hour), []))
    if hour in known.settled:
        prepared.final.add(hour)
        allocation = replace(allocation, charges=tuple(_final(charge) for charge in allocation.charges))
    prepared.allocations[hour] = allocation
    prepared.marks[hour] = _hour_mark(app, known, name, hour)
    return list(allocation.charges)


def _final(charge: Charge) -> Charge:
    """The charge as it stands for good; what is held stays held."""
    return charge if charge.state is ChargeState.HELD else replace(charge, state=ChargeState.FINAL)


def _attribute(
    hourly: Sequence[Charge],
    used: Sequence[Usage],
    attributions: Attributions,
) -> None:
    """Divide an hour's used charges over functions, by every metric that is known."""
    for pool in used_charges(hourly, used):
        trie, interval = merged(pool.usage)
        for metric in CostMetric:
            amount = pool.amounts.of(metric)
            if amount is not None:
                attributions[pool.resource, metric, pool.currency].append(attribute(amount, trie, interval))


def _record_day(app: App, session: Session, work: Due, now: datetime) -> int:
    """The day's own line in the ledger: final once all its hours are, from the ledger's start on."""
    day, name = work.key.window, work.key.scope
    start = app.settings.ledger.start or day.start
    hours = ledger.states(session, day, name, grain=HOUR)
    is_final = all((name, hour) in hours for hour in day.hours() if hour.start >= start) and all(
        state.state == ChargeState.FINAL for state in hours.values()
    )
    return ledger.record(
        session,
        name,
        day,
        state=ChargeState.FINAL if is_final else ChargeState.PROVISIONAL,
        is_held=any(state.is_held for state in hours.values()),
        fingerprint=fingerprint(*(state.fingerprint for _, state in sorted(hours.items()))),
        message="",
        now=now,
    )
