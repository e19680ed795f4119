"""Reports as JSON documents: amounts are decimal strings with all nanos, moments RFC 3339 in UTC."""

from typing import Any

from finops.costs.interval import Interval
from finops.domain.function import OTHER
from finops.domain.money import Money
from finops.domain.profile import RefusedProfile
from finops.domain.resource import UNITS, Resource, shown_quantity
from finops.domain.window import Window, moment_text
from finops.reports.charge_lines import ChargeLine, UnpricedLine
from finops.reports.function_lines import FunctionLine
from finops.reports.weekly import HeldLine, PriceLine, ServiceLine, Weekly

Document = dict[str, Any]


def weekly(report: Weekly) -> Document:
    """The weekly report.

    Of a function, `observations` and `interval` are of its self cost, `total_observations` and
    `total_interval` of its total; both intervals are the sampling error alone. `functions_self` sums all
    functions as stored, listed or not. What is in `unpriced` is in no amount.

    `restated` and `rewritten` are there only where something was: a report of what never changed says
    today what it said then, byte for byte.
    """
    return {
        "window": window(report.window),
        "currency": report.currency,
        "cost_metric": report.metric.value,
        "cost_basis": "used",
        "total": amount(report.total),
        "services": [service(line) for line in report.services],
        "shared": [],
        "unclaimed": [
            {
                "name": line.service.name,
                "amount": amount(line.total),
                "charges": [charge(each) for each in line.charges],
            }
            for line in report.unclaimed
        ],
        "provisional_hours": report.provisional_hours,
        "accounted": maybe_window(report.accounted),
        **_past(report),
        "held": [held(line) for line in report.held],
        "unpriced": [unpriced(line) for line in report.unpriced],
        "without_machines": list(report.without_machines),
        "refused": [refused(each) for each in report.refused],
        "prices": [price(line) for line in report.prices],
    }


def _past(report: Weekly) -> Document:
    """What a reader of an earlier report of this window has to know."""
    said: Document = {}
    if report.restated is not None:
        said["restated"] = {"hours": report.restated.hours, "reason": report.restated.reason}
    if report.rewritten is not None:
        said["rewritten"] = {
            "as_of": moment_text(report.rewritten.as_of),
            "hours": report.rewritten.hours,
            "days": report.rewritten.days,
        }
    return said


def service(line: ServiceLine) -> Document:
    """One service of a report."""
    return {
        "service": line.service.name,
        "team": line.service.team,
        "cost_centre": line.service.cost_centre,
        "total": amount(line.total),
        "charges": [charge(each) for each in line.charges],
        "functions": [function(each) for each in line.functions],
        "functions_self": {
            resource.value: amount(line.functions_self[resource])
            for resource in (Resource.CPU, Resource.MEMORY)
        },
    }


def charge(line: ChargeLine) -> Document:
    """One reason for money; null is the amount without a price, and the quantity without a shape."""
    is_known = line.quantity or line.amount is not None
    return {
        "resource": line.resource.value,
        "kind": line.kind.value,
        "quantity": format(shown_quantity(line.resource, line.quantity), "f") if is_known else None,
        "unit": UNITS[line.resource].shown,
        "amount": amount(line.amount),
    }


def function(line: FunctionLine) -> Document:
    """One function of a service; `[other]` is all that are not listed, and has no total."""
    name, file = line.function or (OTHER, "")
    return {
        "name": name,
        "file": file,
        "resource": line.resource.value,
        "self": amount(line.self_cost),
        "total": amount(line.total_cost),
        "observations": line.self_observations,
        "total_observations": line.total_observations,
        "interval": interval(line.interval),
        "total_interval": interval(line.total_interval),
    }


def price(line: PriceLine) -> Document:
    """A price with where it came from and how it was split."""
    listed = line.price
    return {
        "cloud": listed.kind.cloud,
        "region": listed.kind.region,
        "machine_type": listed.kind.machine_type,
        "purchase_option": listed.kind.purchase_option,
        "hourly": format(listed.hourly, "f"),
        "currency": listed.currency,
        "source": listed.source,
        "as_of": moment_text(listed.as_of),
        "valid_from": moment_text(listed.valid_from),
        "split": line.split,
        "split_basis": line.basis,
        "is_estimate": line.is_estimate,
        "price_id": listed.id,
    }


def held(line: HeldLine) -> Document:
    """An hour that a person should look at."""
    return {"service": line.service, "window": window(line.window), "message": line.message}


def unpriced(line: UnpricedLine) -> Document:
    """Machines of a service whose price nobody knows."""
    return {
        "service": line.service,
        "cloud": line.kind.cloud,
        "region": line.kind.region,
        "machine_type": line.kind.machine_type,
        "purchase_option": line.kind.purchase_option,
    }


def refused(each: RefusedProfile) -> Document:
    """A service-hour, by the source's name, of which it had profiles that nobody could use."""
    return {
        "service": each.service,
        "window": window(each.window),
        "type": each.kind.value,
        "source": each.source,
        "why": each.why,
    }


def window(span: Window) -> Document:
    """A window."""
    return {"start": moment_text(span.start), "end": moment_text(span.end)}


def maybe_window(span: Window | None) -> Document | None:
    """A window; null where there is none."""
    return None if span is None else window(span)


def amount(money: Money | None) -> str | None:
    """An amount with all nine decimals; null where it is unknown, never zero."""
    return None if money is None else format(money.amount, "f")


def interval(between: Interval | None) -> Document | None:
    """A confidence interval of an amount."""
    if between is None:
        return None
    return {
        "low": amount(between.low),
        "high": amount(between.high),
        "level": format(between.level, "f"),
    }
