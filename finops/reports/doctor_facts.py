"""What the doctor looks at: read once, from the configuration and from the database.

The rule that must not be broken: nothing here judges. What a fact means is for `doctor`.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from finops.config import Mistake, Settings
from finops.domain.charge import ChargeKind, CostMetric
from finops.domain.function import Function
from finops.domain.profile import ProfileKind
from finops.domain.resource import Resource
from finops.domain.service import Registry
from finops.domain.window import DAY, Window, day_of
from finops.storage import (
    charge_sums,
    function_costs,
    ledger,
    machine_hours,
    runs,
    usage,
    vitals,
)
from finops.storage import services as stored_services
from finops.storage.charge_sums import ChargeSum
from finops.storage.database import Session
from finops.storage.runs import Run

# What is looked at: long enough for a weekend, short enough to be about now.
LOOKED_AT = 7 * DAY
# The work of the last weekly report begins there.
_WEEK_BEFORE = 14 * DAY


@dataclass(frozen=True, slots=True)
class Configured:
    """What the configuration names, and what is wrong with it."""

    mistakes: Sequence[Mistake] = ()
    services: Sequence[str] = ()
    fleets: Sequence[str] = ()
    sources: Sequence[str] = ()
    price_lists: Sequence[str] = ()
    settle: timedelta = timedelta(hours=2)
    is_pinned: bool = False


@dataclass(frozen=True, slots=True)
class Stored:
    """What the database says: of all time where it is about how far things are, else of a window."""

    window: Window
    last_ok: Mapping[str, datetime] = field(default_factory=dict)
    done_until: Mapping[tuple[str, str], datetime] = field(default_factory=dict)
    failures: Sequence[Run] = ()
    refused_profiles: int = 0
    reached: vitals.Reached = vitals.Reached(None, 0, None)  # noqa: RUF009 (it is frozen)
    machines_until: Mapping[str, datetime] = field(default_factory=dict)
    profiles_until: Mapping[str, datetime] = field(default_factory=dict)
    prices_as_of: Mapping[str, datetime] = field(default_factory=dict)
    charges: Sequence[ChargeSum] = ()
    """By service, resource and kind."""
    unclaimed: Sequence[str] = ()
    unpriced: Sequence[tuple[str, str]] = ()
    """Machine types that have no price, with the region."""
    held: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Why hours of a service are held, each reason once."""
    without_machines: Sequence[str] = ()
    """Names of which there are profiles and no machines."""
    coverage: Mapping[str, Decimal] = field(default_factory=dict)
    """Of a service with CPU profiles: instance-time under the profiler over instance-time that ran."""
    unsymbolised: Mapping[str, Decimal] = field(default_factory=dict)
    """Of a service: the share of its function costs in frames that have no name but their binary's."""


@dataclass(frozen=True, slots=True)
class Facts:
    """All that the doctor looks at; of a database that cannot be read, why in place of what it says."""

    now: datetime
    real: datetime
    configured: Configured
    stored: Stored | None
    unreadable: str = ""


def configured(
    settings: Settings,
    mistakes: Sequence[Mistake],
    fleets: Sequence[str],
    sources: Sequence[str],
    price_lists: Sequence[str],
) -> Configured:
    """What a configuration names."""
    return Configured(
        mistakes=mistakes,
        services=[service.name for service in settings.services],
        fleets=fleets,
        sources=sources,
        price_lists=price_lists,
        settle=timedelta(hours=settings.ledger.settle_hours),
        is_pinned=settings.now is not None,
    )


def stored(session: Session, registry: Registry, now: datetime, jobs: Sequence[str]) -> Stored:
    """What the database says of the seven days up to today, and of how far it is."""
    window = Window(day_of(now).start - LOOKED_AT, day_of(now).end)
    ran, covered = _instances(session, registry, window)
    return Stored(
        window=window,
        last_ok=vitals.last_ok(session),
        done_until=vitals.done_until(session),
        failures=_failures(session, jobs, window),
        refused_profiles=vitals.refused_profiles(session, window),
        reached=vitals.reached(session),
        machines_until=vitals.machines_until(session),
        profiles_until=vitals.profiles_until(session),
        prices_as_of=vitals.prices_as_of(session),
        charges=charge_sums.sums(session, window, by=("service", "resource", "kind"), metric=CostMetric.LIST),
        unclaimed=[service.name for service in stored_services.every(session) if not service.is_claimed],
        unpriced=_unpriced(session, window),
        held=_held(session, window),
        without_machines=sorted(covered.keys() - ran.keys()),
        coverage={
            name: Decimal(covered[name]) / ran[name]
            for name in sorted(covered.keys() & ran.keys())
            if ran[name]
        },
        unsymbolised=_unsymbolised(session, window),
    )


def _failures(session: Session, jobs: Sequence[str], window: Window) -> list[Run]:
    """The latest runs that did not succeed, the latest first; work of windows long past is left out."""
    within = Window(window.start - _WEEK_BEFORE, window.end + DAY)
    found = [run for job in jobs for run in runs.failures(session, job, within).values()]
    return sorted(found, key=lambda run: run.started_at, reverse=True)


def _unpriced(session: Session, window: Window) -> list[tuple[str, str]]:
    rows = charge_sums.sums(
        session,
        window,
        by=("machine_type", "region"),
        metric=CostMetric.LIST,
        filters={"kind": [ChargeKind.NO_PRICE]},
    )
    return [(str(machine), str(region)) for machine, region in (row.group for row in rows)]


def _held(session: Session, window: Window) -> dict[str, list[str]]:
    found: dict[str, dict[str, None]] = defaultdict(dict)
    for (service, _), state in sorted(ledger.states(session, window).items()):
        if state.is_held and state.message:
            found[service][state.message] = None
    return {service: list(messages) for service, messages in found.items()}


def _instances(session: Session, registry: Registry, window: Window) -> tuple[dict[str, int], dict[str, int]]:
    """Nanoseconds that instances ran, and that CPU profiles covered of them, by service.

    Only hours that have profiles; where a profile does not say what it covers, it is believed to cover all.
    """
    seen: dict[tuple[str, Window], int | None] = {}
    for header in usage.headers(session, window):
        if header.key.kind is ProfileKind.CPU:
            key = (registry.claim(header.key.service).name, header.key.window)
            before = seen.get(key, 0)
            is_known = header.observed_nanos is not None and before is not None
            seen[key] = (before or 0) + (header.observed_nanos or 0) if is_known else None
    ran: dict[str, int] = defaultdict(int)
    of_hour: dict[tuple[str, Window], int] = defaultdict(int)
    for row in machine_hours.within(session, window):
        name = registry.claim(row.service).name
        ran[name] += row.instance_nanos if (name, row.window) in seen else 0
        of_hour[name, row.window] += row.instance_nanos
    covered: dict[str, int] = defaultdict(int)
    for (name, hour), observed in seen.items():
        running = of_hour.get((name, hour), 0)
        covered[name] += running if observed is None else min(observed, running)
    return dict(ran), dict(covered)


def _unsymbolised(session: Session, window: Window) -> dict[str, Decimal]:
    whole: dict[str, int] = defaultdict(int)
    part: dict[str, int] = defaultdict(int)
    for cost in function_costs.within(session, window, metric=CostMetric.LIST):
        if cost.resource is Resource.CPU:
            whole[cost.service] += cost.self_cost.nanos
            if cost.function is not None and is_unsymbolised(cost.function):
                part[cost.service] += cost.self_cost.nanos
    return {name: Decimal(part[name]) / nanos for name, nanos in sorted(whole.items()) if nanos}


def is_unsymbolised(function: Function) -> bool:
    """Whether a frame has no name of its own: it is called by its binary, or by its address.

    >>> is_unsymbolised(Function("[libc.so.6]", "")), is_unsymbolised(Function("main.main", "main.go"))
    (True, False)
    """
    name = function.name
    is_binary = name == "<unknown>" or (name.startswith("[") and name.endswith("]") and not function.file)
    return is_binary or name.startswith("0x")
