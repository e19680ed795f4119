"""What a change did to the cost of a service or of one function: days before against days after.

The rules that must not be broken: a day on which part of the cost is unknown is unknown, never cheap;
and without all days there is no verdict. What is found is adjusted for nothing and confirms nothing.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from finops.costs.change import LEVEL, DayCost, MoneyChange, RelativeChange, Verdict, verify
from finops.domain.charge import ChargeKind, CostMetric
from finops.domain.function import Function
from finops.domain.function_cost import FunctionCost
from finops.domain.money import Money, rounded, total
from finops.domain.resource import Resource
from finops.domain.window import Window
from finops.errors import Incomplete, NotFound
from finops.reports.service_functions import of_service, refuse_unknown
from finops.reports.shown import counted, cut, harmless
from finops.storage import charge_sums, ledger
from finops.storage.database import Session

# Where a charge of one of these stands, what was used is not known: it may have been any part of it.
UNKNOWN = frozenset(
    {ChargeKind.NO_PROFILE, ChargeKind.BEYOND_RETENTION, ChargeKind.OVER_CAPACITY, ChargeKind.NO_PRICE}
)
# A potential saving, less work and a realised dollar are three things; this is the second.
NOTES = {
    Resource.CPU: "What was used is not what was paid: money is saved once machines go, as `finops rightsize`"
    " proposes; until then it is idle.",
    Resource.MEMORY: "No saving follows from a live heap: memory is paid for with its machines, and leaves"
    " with them.",
}
_LISTED = 5
_NAME = 60


@dataclass(frozen=True, slots=True)
class Day:
    """What one day cost; None where that is not known, and then why."""

    day: Window
    cost: Money | None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Period:
    """One side: its days, and what they cost together and each in the mean, where all are known."""

    window: Window
    days: tuple[Day, ...]

    @property
    def unknown(self) -> list[Day]:
        """The days whose cost is not known."""
        return [each for each in self.days if each.cost is None]

    @property
    def known(self) -> list[DayCost]:
        """The days whose cost is known."""
        return [DayCost(each.day, each.cost) for each in self.days if each.cost is not None]

    @property
    def sum(self) -> Money | None:
        """What all days cost; None where one is not known."""
        return None if self.unknown else total(each.cost for each in self.known)

    @property
    def mean(self) -> Money | None:
        """What a day cost; None where one is not known."""
        whole = self.sum
        return None if whole is None else Money(rounded(whole.nanos, len(self.days)), whole.currency)


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose cost is compared: all that a service used, or one function with all that it calls."""

    service: str
    function: Function | None
    resource: Resource
    metric: CostMetric
    currency: str


@dataclass(frozen=True, slots=True)
class Change:
    """Days before and after, and what can be said of them; adjusted for nothing.

    Attributes:
        reason: one sentence on why it says so, or what it lacks.
        relative, daily, monthly: with their intervals; None where there are none. Negative is less.
        provisional_hours: how many hours of both sides may still change.
    """

    subject: Subject
    before: Period
    after: Period
    verdict: Verdict
    reason: str
    provisional_hours: int
    relative: RelativeChange | None = None
    daily: MoneyChange | None = None
    monthly: MoneyChange | None = None
    level: Decimal = LEVEL

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences that must stand beside the figures."""
        if not self.relative:
            return (NOTES[self.subject.resource],)
        ratios = "The change is the mean of the ratios of the days, weekday by weekday: it need not be the"
        between = "The interval is of the differences between days, not of the sampling."
        return f"{ratios} difference of the two means{self._plain()}.", between, NOTES[self.subject.resource]

    def _plain(self) -> str:
        """The difference of the two means, in words."""
        before, after = self.before.mean, self.after.mean
        return "" if before is None or after is None else f", which is {after - before} a day"


def build(
    session: Session,
    service: str,
    before: Window,
    after: Window,
    *,
    currency: str,
    name: str | None = None,
    file: str | None = None,
    resource: Resource = Resource.CPU,
    metric: CostMetric = CostMetric.LIST,
) -> Change:
    """Compare what a service used, or what one function cost with all that it calls, day by day.

    Args:
        session: reads the ledger.
        service: its name in the ledger.
        before: whole days.
        after: as many whole days, later.
        currency: costs in another are not among these.
        name: the function's raw name; without it, all that the service used.
        file: the function's file, where its name is not enough.
        resource: of which resource.
        metric: which of the four costs.

    Raises:
        NotFound: the ledger holds no such service or function in either window.
        Incomplete: the name stands for functions of several files.
        ValueError: the windows are not of one length, or overlap.
    """
    sides: list[Period] = []
    for window in (before, after):
        refuse_unknown(session, service, window)
        sides.append(used(session, service, window, currency, resource, metric))
    function = None
    if name is not None:
        costs = [
            cost
            for window in (before, after)
            for cost in of_service(session, service, window, currency=currency, metric=metric)
            if cost.resource is resource
        ]
        function = _function(costs, name, file, service)
        sides = [_of_function(side, costs, function, currency) for side in sides]
    subject = Subject(service, function, resource, metric, currency)
    hours = sum(ledger.provisional_hours(session, window, service) for window in (before, after))
    return compared(subject, sides[0], sides[1], hours)


def compared(subject: Subject, before: Period, after: Period, provisional_hours: int = 0) -> Change:
    """What can be said of two periods: nothing, where the cost of a day is not known."""
    if why := lacking(before, after):
        return Change(subject, before, after, Verdict.INCONCLUSIVE, why, provisional_hours)
    found = verify(before.known, after.known)
    return Change(
        subject=subject,
        before=before,
        after=after,
        verdict=found.verdict,
        reason=found.reason,
        provisional_hours=provisional_hours,
        relative=found.relative,
        daily=found.daily,
        monthly=found.monthly,
        level=found.level,
    )


def lacking(before: Period, after: Period) -> str:
    """The days whose cost is not known, and why, in one sentence; "" where there are none."""
    unknown = [*before.unknown, *after.unknown]
    if not unknown:
        return ""
    said = "; ".join(f"{each.day.start:%Y-%m-%d}: {each.why}" for each in unknown[:_LISTED])
    more = f"; and {len(unknown) - _LISTED} more" if len(unknown) > _LISTED else ""
    return f"the cost of {counted(len(unknown), 'day')} is not known: {said}{more}"


def used(
    session: Session, service: str, window: Window, currency: str, resource: Resource, metric: CostMetric
) -> Period:
    """What a service used of a resource on each day of a window."""
    rows = charge_sums.sums(
        session,
        window,
        by=("day", "kind"),
        metric=metric,
        filters={"service": [service], "resource": [resource.value]},
    )
    days: dict[Window, dict[ChargeKind, charge_sums.ChargeSum]] = defaultdict(dict)
    for row in rows:
        day, kind = row.group
        if isinstance(day, Window) and row.currency in (currency, ""):
            days[day][ChargeKind(str(kind))] = row
    gaps = _gaps(session, service, window, resource, metric)
    accounted = ledger.accounted(session, window)
    return Period(
        window,
        tuple(
            _day(day, days.get(day, {}), gaps.get(day, 0))
            if accounted is not None and accounted.covers(day)
            else Day(day, None, "not all of its hours are in the ledger")
            for day in window.days()
        ),
    )


def _day(day: Window, kinds: Mapping[ChargeKind, charge_sums.ChargeSum], gaps: int) -> Day:
    """The day's used cost, if nothing of it may hide under another name."""
    used = kinds.get(ChargeKind.USED)
    hidden = [str(kind) for kind in ChargeKind if kind in kinds and kind in UNKNOWN]
    if not kinds:
        return Day(day, None, "the ledger holds no charge")
    if hidden:
        return Day(day, None, f"part of it is {' and '.join(hidden)}")
    if used is None or used.amount is None or used.unpriced_charges:
        return Day(day, None, "the ledger holds no used charge with this cost")
    if gaps:
        return Day(day, None, f"{counted(gaps, 'hour has', 'hours have')} no used charge")
    return Day(day, used.amount)


def _gaps(
    session: Session, service: str, window: Window, resource: Resource, metric: CostMetric
) -> dict[Window, int]:
    """How many hours of each day have charges, and none that is used: their profile is missing.

    Days of which only the sum is left cannot say; there, only what is called by its kind shows.
    """
    filters: dict[charge_sums.Dimension, list[str]] = {"service": [service], "resource": [resource.value]}
    gaps: dict[Window, int] = {}
    for day in window.days():
        try:
            rows = charge_sums.sums(session, day, by=("hour", "kind"), metric=metric, filters=filters)
        except Incomplete:
            continue
        hours: dict[object, set[str]] = defaultdict(set)
        for row in rows:
            hours[row.group[0]].add(str(row.group[1]))
        gaps[day] = sum(ChargeKind.USED not in kinds for kinds in hours.values())
    return gaps


def _function(costs: Sequence[FunctionCost], name: str, file: str | None, service: str) -> Function:
    every = {cost.function for cost in costs if cost.function is not None}
    found = sorted(each for each in every if each.name == name and file in (None, each.file))
    asked = cut(harmless(name), _NAME)
    if len(found) > 1:
        files = ", ".join(cut(harmless(each.file), _NAME) or "no file" for each in found[:_LISTED])
        raise Incomplete(f"{asked!r} is a function of {len(found)} files; name one with --file: {files}")
    if not found:
        near = sorted({each.name for each in every if name.lower() in each.name.lower()})[:_LISTED]
        hint = f"; there is {', '.join(cut(harmless(each), _NAME) for each in near)}" if near else ""
        raise NotFound(f"no function {asked!r} of {service!r} is kept by name in either window{hint}")
    return found[0]


def _of_function(side: Period, costs: Sequence[FunctionCost], function: Function, currency: str) -> Period:
    """What one function cost on each day; unknown where it may be in the row of the small ones."""
    wholes = {cost.window: cost.total_cost for cost in costs if cost.function == function}
    smalls = {cost.window for cost in costs if cost.function is None}

    def of(day: Day) -> Day:
        if day.cost is None:
            return day
        if day.day in wholes:
            return Day(day.day, wholes[day.day])
        if day.day in smalls:
            return Day(day.day, None, "too small to be kept by name, so it may be in [other]")
        return Day(day.day, Money(0, currency))

    return Period(side.window, tuple(of(day) for day in side.days))
