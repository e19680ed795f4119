"""A proposed number of instances as a document, the same for the command line and the API.

The rules that must not be broken: no saving leaves without its interval and what it takes for granted;
and of a service only what was measured counts, whatever profiles say.
"""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from math import ceil
from typing import Any

from finops.costs.rightsize import Rightsizing, RightsizingInterval, rightsize
from finops.costs.split import split_price
from finops.domain.money import NANOS_PER_HOUR, Money, rounded
from finops.domain.price import Price, PriceSplit
from finops.domain.service import Registry
from finops.domain.window import HOURS_PER_MONTH, Window, moment_text
from finops.errors import Incomplete
from finops.reports import document as documents
from finops.reports import price_sheet
from finops.reports.measured_fleet import Fleet, measured, shown_name
from finops.reports.shown import dollars
from finops.storage.database import Session
from pricing.catalogue import Catalogue

# A mean over days is known no finer, and rounding it up never flatters.
_SHARE_DECIMALS = 4


def from_list(
    *,
    machine: str,
    region: str,
    count: int,
    utilisation: Decimal | None,
    remove: Decimal,
    target: Decimal | None = None,
    catalogue: Catalogue | None = None,
) -> dict[str, Any]:
    """The proposal for machines of one type at the list price now in force; arguments as `costs.rightsize`.

    Raises:
        NotFound: the bundled catalogue has no price of the machine; the message names close ones.
        Incomplete: there is no utilisation.
        ValueError: a value is out of its bounds, which the message names.
    """
    price = (catalogue or Catalogue()).machine(machine, region)
    split = split_price(price)
    return document(rightsize(count, utilisation, remove, price, split, target), price, split)


def of_service(
    session: Session,
    registry: Registry,
    service: str,
    window: Window,
    *,
    remove: Decimal,
    target: Decimal | None = None,
) -> dict[str, Any]:
    """The proposal for the machines that ran for a service in a window, at the price that it was charged.

    They count as their mean number, rounded down, and as busy as was measured, rounded up: neither
    flatters the saving. `remove` and `target` are as in `costs.rightsize`.

    Raises:
        NotFound: the ledger holds no machines of the service in the window.
        Incomplete: they are not of one kind at one price, or not all measured; the message names all
            that is missing.
        ValueError: a value is out of its bounds, which the message names.
    """
    fleet = measured(session, registry, service, window)
    count, utilisation = int(fleet.machines), _rounded_up(fleet.utilisation)
    if not count or not 0 < utilisation <= 1:
        said = f"{float(fleet.machines):.2f} machines at a utilisation of {float(fleet.utilisation):.2%}"
        raise Incomplete(f"in the mean {shown_name(service)} had {said}: there is nothing to right-size")
    result = rightsize(count, utilisation, remove, fleet.price, fleet.split, target)
    at_peak = _at_peak(fleet, remove, target or utilisation)
    hourly = fleet.by_hour(Fraction(remove), Fraction(target or utilisation))
    assumptions = (*result.assumptions, *_assumptions(fleet, count, utilisation, at_peak, hourly))
    result = replace(result, assumptions=assumptions, interval=_widened(result, fleet, hourly))
    return {
        **document(result, fleet.price, fleet.split),
        "measured": {
            "service": service,
            "window": documents.window(window),
            "accounted": documents.window(fleet.accounted),
            "machines": _decimals(fleet.machines),
            "utilisation": format(utilisation, "f"),
            "peak": {
                "window": documents.window(fleet.peak.window),
                "machines": _decimals(fleet.peak.machines),
                "utilisation": _decimals(fleet.peak.utilisation),
                "instances": at_peak,
                "target": format(target or utilisation, "f"),
            },
        },
    }


def document(result: Rightsizing, price: Price, split: PriceSplit) -> dict[str, Any]:
    """A proposal for a program: `present` and `saving` of a month of 730 hours, as decimal strings."""
    saving = {"total": _exact(result.saving), "cpu": _exact(result.cpu), "memory": _exact(result.memory)}
    if result.gpu.nanos:
        saving["gpu"] = _exact(result.gpu)
    interval = result.interval
    return {
        "instances": result.instances,
        "count": result.count,
        "present": _exact(result.present),
        "saving": saving,
        "currency": result.saving.currency,
        "cost_metric": "list",
        "interval": {
            "instances": {"low": interval.instances_low, "high": interval.instances_high},
            "saving": {"low": _exact(interval.saving_low), "high": _exact(interval.saving_high)},
            "basis": interval.basis,
        },
        "assumptions": list(result.assumptions),
        "price": price_sheet.document(price, split),
    }


def _rounded_up(share: Fraction) -> Decimal:
    return Decimal(ceil(share * 10**_SHARE_DECIMALS)).scaleb(-_SHARE_DECIMALS)


def _at_peak(fleet: Fleet, remove: Decimal, target: Decimal) -> int:
    """The instances that would do the work left of the peak hour at the target."""
    busy = fleet.peak.machines * fleet.peak.utilisation
    return max(1, ceil(busy * (1 - Fraction(remove)) / Fraction(target)))


def _widened(result: Rightsizing, fleet: Fleet, hourly: Fraction) -> RightsizingInterval:
    """The interval with what whole machines in each hour would save: nobody runs a part of one."""
    saved = _saved(fleet, hourly)
    between = result.interval
    return replace(
        between,
        instances_low=min(between.instances_low, int(hourly)),
        instances_high=max(between.instances_high, ceil(hourly)),
        saving_low=min(between.saving_low, saved),
        saving_high=max(between.saving_high, saved),
        basis=f"{between.basis}, and whole machines in each hour",
    )


def _saved(fleet: Fleet, hourly: Fraction) -> Money:
    """What a month of the hours' whole machines saves, against the mean that ran."""
    machine_nanos = (fleet.machines - hourly) * HOURS_PER_MONTH * NANOS_PER_HOUR
    return fleet.price.rate.cost_of(rounded(machine_nanos.numerator, machine_nanos.denominator))


def _assumptions(fleet: Fleet, count: int, utilisation: Decimal, at_peak: int, hourly: Fraction) -> list[str]:
    """What stands beside the figures because they are means of measurements."""
    peak, whole = fleet.peak, fleet.accounted.nanoseconds // NANOS_PER_HOUR
    count_said = (
        f"The count is the mean of {fleet.accounted}, {float(fleet.machines):.2f}, rounded down to {count}"
    )
    share_said = "the utilisation is all that was measured busy over all that was paid for, rounded up to"
    peak_said = f"{_decimals(peak.machines)} machines ran, {float(peak.utilisation):.2%} busy"
    need_said = f"at the same target the work left of it needs {at_peak}"
    saved = _saved(fleet, hourly)
    saved_said = (
        f"save {dollars(saved.amount, saved.currency)} a month of what {float(fleet.machines):.2f} cost"
    )
    hourly_said = f"Whole machines in each hour, at the same target, are {float(hourly):.2f} in the mean"
    sentences = [
        f"{count_said}; {share_said} {utilisation}.",
        f"{hourly_said}, and {saved_said}.",
        f"The mean hides peaks: in the hour from {moment_text(peak.window.start)} {peak_said}; {need_said}.",
    ]
    if fleet.accounted != fleet.window:
        asked = fleet.window.nanoseconds // NANOS_PER_HOUR
        sentences.append(
            f"The ledger holds {whole} of the {asked} hours asked for; what ran in the others is not known."
        )
    if fleet.hours < whole:
        sentences.append(f"In {whole - fleet.hours} of {whole} hours none ran, which count as none.")
    return sentences


def _decimals(number: Fraction) -> str:
    """A number to at most four decimals, as text.

    >>> _decimals(Fraction(14)), _decimals(Fraction(2, 3))
    ('14', '0.6667')
    """
    nearest = Decimal(rounded(number.numerator * 10**_SHARE_DECIMALS, number.denominator))
    return format(nearest.scaleb(-_SHARE_DECIMALS).normalize(), "f")


def _exact(amount: Money) -> str:
    return format(amount.amount, "f")
