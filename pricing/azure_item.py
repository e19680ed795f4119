"""One item of Azure's Retail Prices → prices of a Linux machine, or why it is none.

The rule that must not be broken: a reservation's price is of its whole term, whatever its unit says; and
the system, spot and low priority are told apart by names alone.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal, localcontext
from typing import Any

from finops.domain.machine import MachineKind, Shape
from finops.domain.price import Price
from finops.domain.window import parse_moment
from pricing.fetched import Rejection

SOURCE, SPOT_SOURCE = "azure-retail-prices", "azure-spot"
_NOT_LINUX = re.compile(r"\bWin(dows)?\b|Cloud ?Services", re.IGNORECASE)
_TERM_HOURS = {"1 Year": 8760, "3 Years": 3 * 8760, "5 Years": 5 * 8760}
_TERMS = {"1 Year": "1yr", "3 Years": "3yr", "5 Years": "5yr"}
_RATE_DECIMALS = Decimal("1e-10")
_GREATEST = Decimal(10**9)

Read = tuple[Price, datetime | None]


def read(
    item: object, region: str, known: Mapping[str, tuple[str, Shape]], observed_at: datetime
) -> Iterator[Read | Rejection]:
    """The prices in one item, each with since when it holds.

    Args:
        item: one of Items.
        region: the region that was asked for.
        known: sizes in small letters, as spelt, with their shapes: Azure spells them now this way, now that.
        observed_at: the moment of asking.
    """
    if not isinstance(item, dict):
        yield Rejection("malformed items", repr(item)[:40])
        return
    what = f"{item.get('armSkuName')} {item.get('meterName')}"[:80]
    reason = _unlike(item, region)
    named = known.get(str(item.get("armSkuName", "")).lower())
    if reason or named is None:
        yield Rejection(reason or "without vCPU and memory", what)
        return
    try:
        since = parse_moment(item["effectiveStartDate"]) if item.get("effectiveStartDate") else None
    except (TypeError, ValueError, OverflowError):
        yield Rejection("malformed items", what)
        return
    if since is not None and since > observed_at:
        yield Rejection("not in force yet", what)
        return
    for option, hourly in _rates(item):
        if hourly is None or not 0 < hourly < _GREATEST:
            yield Rejection("with a price of zero or less, or none", what)
            continue
        yield _price(named, region, option, hourly, observed_at, str(item.get("skuId", ""))[:40]), since


def is_spot(option: str) -> bool:
    """Whether a way to buy is one whose prices move by themselves."""
    return option in ("spot", "low_priority")


def _unlike(item: Mapping[str, Any], region: str) -> str:  # noqa: PLR0911 - a reason a line
    """Why an item is none of ours: what was asked by a filter is checked again."""
    if item.get("serviceName") != "Virtual Machines":
        return "of another service"
    if item.get("armRegionName") != region:
        return "of another region"
    if item.get("isPrimaryMeterRegion") is not True:
        return "of a meter that is another region's"
    if _NOT_LINUX.search(str(item.get("productName", ""))):
        return "not Linux machines"
    if item.get("type") not in ("Consumption", "Reservation"):
        return "for development and testing, or of another type"
    if item.get("unitOfMeasure") != "1 Hour" or item.get("tierMinimumUnits", 0) != 0:
        return "not by the hour, or by tiers"
    if item.get("currencyCode") != "USD":
        return "in another currency"
    return ""


def _rates(item: Mapping[str, Any]) -> Sequence[tuple[str, Decimal | None]]:
    """Every way to buy that an item prices, with its price for an hour."""
    amount, term = _amount(item.get("unitPrice")), item.get("reservationTerm")
    if item["type"] == "Reservation":
        if term not in _TERM_HOURS or amount is None:
            return [("reserved", None)]
        with localcontext(prec=60):
            hourly = (amount / _TERM_HOURS[term]).quantize(_RATE_DECIMALS)
        return [(f"reserved-{_TERMS[term]}", hourly)]
    names = f"{item.get('skuName', '')}|{item.get('meterName', '')}"
    if "Spot" in names:
        return [("spot", amount)]
    if "Low Priority" in names:
        return [("low_priority", amount)]
    plans = item.get("savingsPlan")
    found: list[tuple[str, Decimal | None]] = [("on_demand", amount)]
    found += [
        (f"savings_plan-{_TERMS[plan['term']]}", _amount(plan.get("unitPrice")))
        for plan in (plans if isinstance(plans, list) else ())
        if isinstance(plan, dict) and plan.get("term") in _TERMS
    ]
    return found


def _amount(value: object) -> Decimal | None:
    if isinstance(value, Decimal):
        return value if value.is_finite() else None
    return Decimal(value) if type(value) is int else None


def _price(
    named: tuple[str, Shape], region: str, option: str, hourly: Decimal, observed_at: datetime, sku: str
) -> Price:
    name, shape = named
    is_commitment = option.startswith(("reserved", "savings_plan"))
    return Price(
        kind=MachineKind("azure", region, name, option),
        currency="USD",
        hourly=hourly,
        effective=hourly if is_commitment else None,
        shape=shape,
        valid_from=observed_at,
        source=SPOT_SOURCE if is_spot(option) else SOURCE,
        as_of=observed_at,
        sku=sku,
    )
