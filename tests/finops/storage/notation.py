"""The notation of these tests: hours by number, and one line for each machine, price, charge or cost."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from finops.domain.charge import Amounts, Charge, ChargeKind, ChargeState, CostMetric
from finops.domain.function_cost import FunctionCost
from finops.domain.machine import MachineHours, MachineKind, Shape
from finops.domain.money import NANOS_PER_HOUR, Money
from finops.domain.price import Price
from finops.domain.profile import ProfileKind, Usage, UsageKey
from finops.domain.resource import Resource
from finops.domain.window import DAY, HOUR, Window, day_of, hour_of
from finops.storage import charges, function_costs, ledger, restatement
from finops.storage.tables import ChargeRow
from tests.finops.costs.notation import function, trie

MONDAY = datetime(2026, 11, 2, tzinfo=UTC)
NOW = datetime(2026, 11, 10, 12, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
FLEET = MachineKind("aws", "us-east-1", "c5.2xlarge")


def hour(number: int) -> Window:
    """The hour that begins so many hours after the Monday of these tests does."""
    return hour_of(MONDAY + timedelta(hours=number))


def hours(first: int, end: int) -> Window:
    """The hours from one up to another."""
    return Window(hour(first).start, hour(end).start)


def day(number: int = 0) -> Window:
    """The Monday of these tests, or a day after it."""
    return day_of(MONDAY + number * DAY)


def machines(service: str = "shop", at: int = 0, count: int = 1, **words: object) -> MachineHours:
    """Machines that ran through one hour."""
    row = MachineHours(service, hour(at), FLEET, count * NANOS_PER_HOUR, count * NANOS_PER_HOUR)
    return replace(row, **words)  # type: ignore[arg-type]


def usage(folded: str = "main;serve 30", at: int = 0, **words: object) -> Usage:
    """What the profiles of an hour said, in folded stacks; words of the key are taken too."""
    of_key = {
        name: words.pop(name) for name in ("service", "version", "environment", "region") if name in words
    }
    key = UsageKey("shop", hour(at), ProfileKind.CPU, "pyroscope")
    stacks = trie(folded)
    total = int(stacks.selfs.sum()) + stacks.no_stack
    made = Usage(
        key=replace(key, **of_key),  # type: ignore[arg-type]
        trie=stacks,
        total=total,
        observed_nanos=NANOS_PER_HOUR,
        snapshots=None,
        sampling_interval=10_000_000,
        profiles=1,
        fingerprint="as first pulled",
    )
    return replace(made, **words)  # type: ignore[arg-type]


def price(hourly: str = "0.34", machine_type: str = "c5.2xlarge", **words: object) -> Price:
    """An open price since the Monday of these tests."""
    made = Price(
        kind=replace(FLEET, machine_type=machine_type),
        currency="USD",
        hourly=Decimal(hourly),
        shape=Shape(Decimal(8), 16384),
        valid_from=MONDAY,
        source="aws",
        as_of=MONDAY,
    )
    return replace(made, **words)  # type: ignore[arg-type]


def charge(amount: str | None = "1", at: int = 0, **words: object) -> Charge:
    """A charge of one service in one hour, with its list amount; None for a cost that is not known."""
    made = Charge(
        service="shop",
        window=hour(at),
        machine=FLEET,
        resource=Resource.CPU,
        kind=ChargeKind.NO_PRICE if amount is None else ChargeKind.USED,
        quantity=NANOS_PER_HOUR,
        amounts=Amounts(list=None if amount is None else Money.of(amount)),
        currency="USD",
    )
    return replace(made, **words)  # type: ignore[arg-type]


def cost(name: str | None, self_cost: str, total_cost: str | None = None, on: int = 0) -> FunctionCost:
    """What a function cost on a day, with an observation for each dollar; None for the small ones."""
    total = None if name is None else Money.of(total_cost or self_cost)
    return FunctionCost(
        service="shop",
        window=day(on),
        resource=Resource.CPU,
        metric=CostMetric.LIST,
        function=None if name is None else function(name),
        self_cost=Money.of(self_cost),
        total_cost=total,
        self_observations=int(Decimal(self_cost)),
        total_observations=None if total is None else int(total.amount),
    )


def record(
    session: Session,
    window: Window,
    state: ChargeState = ChargeState.PROVISIONAL,
    service: str = "shop",
    fingerprint: str = "inputs",
    now: datetime = NOW,
) -> int:
    """Say that a version of a window stands."""
    return ledger.record(
        session, service, window, state=state, is_held=False, fingerprint=fingerprint, message="", now=now
    )


def close_days(session: Session) -> None:
    """Say of each day with charges that it is final, as who charges its last hour does."""
    rows = session.execute(select(ChargeRow.service, ChargeRow.window_start).distinct()).all()
    for service, of_day in sorted({(service, day_of(start)) for service, start in rows}):
        if (service, of_day) not in ledger.states(session, of_day, service, grain=DAY):
            record(session, of_day, ChargeState.FINAL, service=service)


def restate(session: Session, window: Window, now: datetime, service: str = "shop") -> int:
    """Restate what is final of a window, and give the version that stands of its first hour."""
    restatement.restate(session, window, "the bill came", now, service=service, by="ann")
    return next(iter(ledger.states(session, window, service, grain=HOUR).values())).version


def book(
    session: Session, *lines: Charge, state: ChargeState = ChargeState.PROVISIONAL, now: datetime = NOW
) -> None:
    """Write charges into the standing version of their hours, and say that it stands."""
    for service, window in sorted({(line.service, line.window) for line in lines}):
        version = record(session, window, service=service, now=now)
        of_it = [line for line in lines if (line.service, line.window) == (service, window)]
        charges.replace(session, service, window, of_it, version)
        record(session, window, state, service=service, now=now)


def book_costs(session: Session, *costs: FunctionCost, now: datetime = NOW) -> None:
    """Write function costs into the standing version of their days."""
    for service, window in sorted({(one.service, one.window) for one in costs}):
        version = record(session, window, service=service, now=now)
        of_it = [one for one in costs if (one.service, one.window) == (service, window)]
        function_costs.replace(session, service, window, of_it, version)
