"""One SKU of Google's Cloud Billing Catalog → what a vCPU or a GiB of a family costs, or why it is none.

The rule that must not be broken: a price is its units and its nanos, either of which may be missing,
and exact. What a SKU is of is said in words only, so words that are not known are left out, counted.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from finops.domain.window import parse_moment
from pricing.fetched import Rejection

_RUNNING = re.compile(
    r"(?P<spot>Spot Preemptible )?(?:(?P<family>[A-Z][0-9][A-Z]?)(?: Predefined)?(?: AMD| Arm)? Instance"
    r"|(?P<c2>Compute optimized)) (?P<part>Core|Ram) running in .+"
)
_COMMITTED = re.compile(
    r"Commitment v1: (?:(?P<family>[A-Z][0-9][A-Z]?)(?: AMD| Arm)?|(?P<c2>Compute optimized)) "
    r"(?P<part>Cpu|Core|Ram) in .+ for (?P<years>[13]) [Yy]ears?"
)
_OPTIONS = {
    "OnDemand": "on_demand",
    "Preemptible": "spot",
    "Commit1Yr": "commitment-1yr",
    "Commit3Yr": "commitment-3yr",
}
_UNITS = {"vcpu": "h", "gib": "GiBy.h"}
_WHOLE = re.compile(r"-?[0-9]{1,12}")
_NANOS_BELOW = 10**9


@dataclass(frozen=True, slots=True)
class Rate:
    """What a vCPU-hour or a GiB-hour of a family costs, as it was bought."""

    family: str
    part: str
    option: str
    hourly: Decimal
    effective: datetime | None
    sku: str


def read(sku: object, region: str, now: datetime) -> Rate | Rejection:  # noqa: PLR0911 - a reason a line
    """The rate that a SKU states for a region, or why it states none."""
    if not isinstance(sku, dict):
        return Rejection("malformed SKUs", repr(sku)[:40])
    what = str(sku.get("description", sku.get("skuId", "")))[:80]
    category, regions = sku.get("category"), sku.get("serviceRegions")
    if not isinstance(category, dict) or not isinstance(regions, list):
        return Rejection("malformed SKUs", what)
    if category.get("resourceFamily") != "Compute":
        return Rejection("of no machine", what)
    if region not in regions:
        return Rejection("of another region", what)
    option = _OPTIONS.get(str(category.get("usageType")), "")
    match = (_COMMITTED if option.startswith("commitment") else _RUNNING).fullmatch(what)
    if not option or match is None:
        return Rejection("of other machines, parts or uses", what)
    if "spot" in match.groupdict() and bool(match["spot"]) != (option == "spot"):
        return Rejection("whose words and use do not agree", what)
    part = "gib" if match["part"] == "Ram" else "vcpu"
    return _priced(sku, "c2" if match["c2"] else match["family"].lower(), part, option, what, now)


def amount(price: Mapping[str, Any]) -> Decimal | None:
    """Units and nanos together, exactly; None where they are no amount.

    >>> amount({"currencyCode": "USD", "units": "2", "nanos": 933908000})
    Decimal('2.933908000')
    >>> amount({"currencyCode": "USD", "nanos": 31611000})
    Decimal('0.031611000')
    """
    units, nanos = price.get("units", "0"), price.get("nanos", 0)
    if not isinstance(units, str) or not _WHOLE.fullmatch(units) or type(nanos) is not int:
        return None
    if not -_NANOS_BELOW < nanos < _NANOS_BELOW:
        return None
    return Decimal(int(units)) + Decimal(nanos).scaleb(-9)


def _priced(  # noqa: PLR0911 - a reason a line
    sku: Mapping[str, Any], family: str, part: str, option: str, what: str, now: datetime
) -> Rate | Rejection:
    infos = sku.get("pricingInfo")
    if not isinstance(infos, list) or len(infos) != 1 or not isinstance(infos[0], dict):
        return Rejection("without one pricing", what)
    expression = infos[0].get("pricingExpression")
    tiers = expression.get("tieredRates") if isinstance(expression, dict) else None
    if not isinstance(expression, dict) or not isinstance(tiers, list) or len(tiers) != 1:
        return Rejection("without one tier", what)
    if expression.get("usageUnit") != _UNITS[part]:
        return Rejection("by another unit", what)
    price = tiers[0].get("unitPrice") if isinstance(tiers[0], dict) else None
    if not isinstance(price, dict) or tiers[0].get("startUsageAmount", 0) != 0:
        return Rejection("without one tier", what)
    if price.get("currencyCode") != "USD":
        return Rejection("in another currency", what)
    hourly = amount(price)
    if hourly is None or hourly <= 0:
        return Rejection("with a price of zero or less, or none", what)
    try:
        effective = parse_moment(infos[0]["effectiveTime"]) if "effectiveTime" in infos[0] else None
    except (TypeError, ValueError, OverflowError):
        return Rejection("malformed SKUs", what)
    if effective is not None and effective > now:
        return Rejection("not in force yet", what)
    return Rate(family, part, option, hourly, effective, str(sku.get("skuId", ""))[:40])
