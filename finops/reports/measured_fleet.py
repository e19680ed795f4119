"""The machines that ran for a service in a window, where they are what right-sizing can rest on.

The rule that must not be broken: only what was measured counts. Where something was not, the refusal
names all that is missing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import groupby
from math import ceil

from finops.costs.pools import PricedMachine
from finops.domain.charge import CostMetric
from finops.domain.machine import MachineHours, MachineKind
from finops.domain.money import NANOS_PER_HOUR
from finops.domain.price import Price, PriceSplit
from finops.domain.resource import Resource
from finops.domain.service import Registry
from finops.domain.window import Window, hour_of
from finops.errors import Incomplete, NotFound
from finops.reports.shown import counted, cut, harmless
from finops.storage import charge_sums, charges, ledger, machine_hours, prices
from finops.storage.database import Session

_LISTED = 5
_NAME = 60


@dataclass(frozen=True, slots=True)
class Hour:
    """What ran in one hour: how many machines, and how busy they were."""

    window: Window
    machines: Fraction
    utilisation: Fraction


@dataclass(frozen=True, slots=True)
class Fleet:
    """What ran for a service in a window, as measured: machines of one kind at one price.

    Attributes:
        accounted: the part of the window that the ledger reaches; beyond it nobody knows what ran.
        machines: the mean number of them over that.
        utilisation: Σ busy ÷ Σ paid, over all of them.
        hours: in how many hours of it some ran.
        busy: of each hour in which some ran, the machines' worth of work that was measured.
    """

    service: str
    window: Window
    accounted: Window
    price: Price
    split: PriceSplit
    machines: Fraction
    utilisation: Fraction
    peak: Hour
    hours: int
    busy: Sequence[Fraction]

    def by_hour(self, remove: Fraction, target: Fraction) -> Fraction:
        """The mean number of whole machines that what is left of each hour's work needs at a target."""
        return Fraction(
            sum(max(1, ceil(work * (1 - remove) / target)) for work in self.busy) * NANOS_PER_HOUR,
            self.accounted.nanoseconds,
        )


def measured(session: Session, registry: Registry, service: str, window: Window) -> Fleet:
    """What ran for a service in a window, if it is what a proposal can rest on.

    Raises:
        NotFound: no machines of the service are known in the window.
        Incomplete: they are not of one kind at one price, or not all measured; the message names all
            that is missing.
    """
    accounted = ledger.accounted(session, window)
    rows = _rows(session, registry, service, accounted) if accounted else []
    if not rows or accounted is None:
        raise NotFound(f"no machines of {shown_name(service)} are known in {window}")
    if missing := [*_kinds(rows), *_unmeasured(rows)]:
        raise Incomplete(f"{shown_name(service)} cannot be right-sized: {'; '.join(missing)}")
    price, split = _price(session, service, window)
    busy, paid = _busy(rows, price, split)
    hourly = _hourly(rows, price, split)
    return Fleet(
        service=service,
        window=window,
        accounted=accounted,
        price=price,
        split=split,
        machines=Fraction(sum(row.machine_nanos for row in rows), accounted.nanoseconds),
        utilisation=Fraction(busy, paid),
        peak=max(hourly, key=lambda peak: (peak.machines * peak.utilisation, peak.machines)),
        hours=len(hourly),
        busy=tuple(each.machines * each.utilisation for each in hourly),
    )


def shown_name(service: str) -> str:
    """A service's name in a message."""
    return repr(cut(harmless(service), _NAME))


def _rows(session: Session, registry: Registry, service: str, window: Window) -> list[MachineHours]:
    rows = [row for row in machine_hours.within(session, window) if row.machine_nanos]
    names = {name for name in {row.service for row in rows} if registry.claim(name).name == service}
    return [row for row in rows if row.service in names]


def _kinds(rows: Sequence[MachineHours]) -> list[str]:
    """Why the machines cannot be counted together; nothing where they can, whatever zones they stand in."""
    kinds = sorted({_kind(row) for row in rows})
    if len(kinds) == 1:
        return []
    named = ", ".join(cut(harmless(str(kind)), _NAME) for kind in kinds[:_LISTED])
    return [f"it ran on {counted(len(kinds), 'kind')} of machine, and one is needed: {named}"]


def _kind(row: MachineHours) -> MachineKind:
    return replace(row.kind, zone="", account="")


def _unmeasured(rows: Sequence[MachineHours]) -> list[str]:
    lacking = [row for row in rows if row.utilisation is None]
    if not lacking:
        return []
    hours = counted(len({hour_of(row.window.start) for row in lacking}), "hour")
    kinds = sorted({_kind(row) for row in lacking})
    named = ", ".join(cut(harmless(str(kind)), _NAME) for kind in kinds[:_LISTED])
    why = "machines are never recommended away on what profiles saw alone"
    return [f"the utilisation of {named} is not measured in {hours} of the window, and {why}"]


def _price(session: Session, service: str, window: Window) -> tuple[Price, PriceSplit]:
    """The price and split that the ledger charged last in a window.

    Raises:
        Incomplete: it has none there, or several at once.
    """
    days = charge_sums.sums(
        session,
        window,
        by=("day", "price_id"),
        metric=CostMetric.LIST,
        filters={"service": [service]},
    )
    priced = [day for day, price in (row.group for row in days) if price and isinstance(day, Window)]
    if not priced:
        raise Incomplete(f"the ledger charged no price for {shown_name(service)} in {window}")
    last = max(priced).overlap(window) or window
    held = [charge for charge in charges.within(session, last, service=service) if charge.price_id]
    latest = max(charge.window for charge in held)
    pairs = {(charge.price_id, charge.split_id) for charge in held if charge.window == latest}
    if len(pairs) > 1:
        raise Incomplete(f"{shown_name(service)} was charged {len(pairs)} prices in {latest}: one is needed")
    ((price, split),) = pairs
    return prices.by_id(session, [price])[price], prices.splits_by_id(session, [split])[split]


def _busy(rows: Sequence[MachineHours], price: Price, split: PriceSplit) -> tuple[int, int]:
    """The core-nanoseconds that were measured busy, and those that were paid for."""
    machines = [PricedMachine(row, price, split) for row in rows]
    busy = sum(machine.measured(Resource.CPU) or 0 for machine in machines)
    return busy, sum(machine.paid(Resource.CPU) for machine in machines)


def _hourly(rows: Sequence[MachineHours], price: Price, split: PriceSplit) -> list[Hour]:
    """What ran in each hour in which something did, and how busy it was."""

    def hour(row: MachineHours) -> Window:
        return hour_of(row.window.start)

    hours = [(at, list(group)) for at, group in groupby(sorted(rows, key=hour), key=hour)]
    return [
        Hour(
            window=at,
            machines=Fraction(sum(row.machine_nanos for row in group), NANOS_PER_HOUR),
            utilisation=Fraction(*_busy(group, price, split)),
        )
        for at, group in hours
    ]
