"""One document of AWS's price list → a price, or the reason it is none.

A list asked with filters may ignore them, so every document is checked as if it had not been filtered:
the same machine is also listed at zero, for other systems and tenancies, and as a reservation.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from finops.domain.machine import MachineKind, Shape
from finops.domain.price import Price
from finops.domain.window import parse_moment
from pricing.fetched import Fetched, Rejection, tally
from pricing.regions import currency_of

SOURCE = "aws-price-list"
VIRTUAL = "Compute Instance"
BARE_METAL = "Compute Instance (bare metal)"


class Reason(StrEnum):
    """Why a document is not a price of ours."""

    MALFORMED = "malformed documents"
    OTHER_FAMILY = "of another product family"
    OTHER_REGION = "of another region"
    NOT_LINUX = "not Linux"
    WITH_SOFTWARE = "with software installed"
    LICENCE = "under another licence"
    NOT_SHARED = "of another tenancy"
    RESERVED_CAPACITY = "of a capacity reservation"
    NOT_ON_DEMAND = "of another market than on-demand"
    NOT_BOX_USAGE = "of another usage than running machines"
    NO_MACHINE_TYPE = "without a machine type"
    NO_SHAPE = "without vCPU and memory"
    NO_TERM = "without an on-demand term"
    MANY_TERMS = "with more than one on-demand term"
    NO_DIMENSION = "without a price dimension"
    MANY_DIMENSIONS = "with more than one price dimension"
    NOT_HOURLY = "not priced by the hour"
    OTHER_CURRENCY = "in another currency"
    NOT_A_NUMBER = "with a price that is no number"
    NOT_POSITIVE = "with a price of zero or less"
    FUTURE = "not in force yet"
    UNKNOWN_TERM = "of an unknown term"


# Asked of the list as filters, and checked again of each answer.
ATTRIBUTES: Mapping[str, tuple[str, Reason]] = {
    "operatingSystem": ("Linux", Reason.NOT_LINUX),
    "preInstalledSw": ("NA", Reason.WITH_SOFTWARE),
    "licenseModel": ("No License required", Reason.LICENCE),
    "tenancy": ("Shared", Reason.NOT_SHARED),
    "capacitystatus": ("Used", Reason.RESERVED_CAPACITY),
    "marketoption": ("OnDemand", Reason.NOT_ON_DEMAND),
}

# A document with all its reserved terms has 9 kB; one of a megabyte is not a price.
_LARGEST_DOCUMENT = 1_000_000
_MACHINE_TYPE = re.compile(r"[a-z0-9][a-z0-9-]{0,40}\.[a-z0-9-]{1,40}")
_BOX_USAGE = re.compile(r"(?:[A-Z0-9]+-)?BoxUsage(?::.+)?")
_COUNT = re.compile(r"[0-9]{1,6}(?:\.[0-9]{1,6})?")
_GIB = re.compile(r"([0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,9})(\.[0-9]{1,12})? GiB")
_AMOUNT = re.compile(r"-?[0-9]{1,12}(?:\.[0-9]{1,18})?")


@dataclass(frozen=True, slots=True)
class Product:
    """A document that is a price, with what the list says of itself.

    `effective` is since when the list says the price holds: often the first of a month long past, and
    not when it last changed.
    """

    price: Price
    effective: datetime
    version: str


class Refused(Exception):
    """Carries the reason out of the nested checks of one document."""

    def __init__(self, reason: Reason) -> None:
        self.reason = reason


def read(document: object, *, family: str, region: str, observed_at: datetime) -> Product | Rejection:
    """The on-demand Linux price in one document, or why there is none in it.

    Args:
        document: one item of the list, which ought to be a JSON text.
        family: the product family that was asked for, VIRTUAL or BARE_METAL.
        region: the region that was asked for.
        observed_at: the moment of asking, from which the price counts as known to hold.
    """
    try:
        listed = parsed(document)
    except Refused as refused:
        return Rejection(refused.reason, repr(document)[:40])
    return read_listed(listed, family=family, region=region, observed_at=observed_at)


def read_listed(
    listed: Mapping[str, object], *, family: str, region: str, observed_at: datetime
) -> Product | Rejection:
    """As `read`, of a document that is parsed already."""
    what = ""
    try:
        product = mapping(listed, "product")
        attributes = mapping(product, "attributes")
        what = text(attributes, "instanceType")[:80] or text(product, "sku")[:80]
        kind = _kind(product, attributes, family, region)
        term = _only(mapping(mapping(listed, "terms", Reason.NO_TERM), "OnDemand", Reason.NO_TERM))
        effective = _effective(term, observed_at)
        price = Price(
            kind=kind,
            currency=currency_of("aws", region),
            hourly=_hourly(term, currency_of("aws", region)),
            shape=_shape(attributes),
            valid_from=observed_at,
            source=SOURCE,
            as_of=_moment(listed, "publicationDate", observed_at),
            sku=text(product, "sku")[:40],
        )
    except Refused as refused:
        return Rejection(refused.reason, what or repr(listed)[:40])
    return Product(price, effective, text(listed, "version")[:40])


def gathered(region: str, found: Sequence[Product | Rejection]) -> Fetched:
    """What was found, each price once; two that differ for one machine both stay, for the gate to refuse."""
    products = [item for item in found if isinstance(item, Product)]
    prices = {product.price.id: product.price for product in products}
    effective: dict[MachineKind, datetime] = {}
    for product in products:
        effective.setdefault(product.price.kind, product.effective)
    return Fetched(
        cloud="aws",
        region=region,
        prices=tuple(prices.values()),
        rejected=tally(item for item in found if isinstance(item, Rejection)),
        repeated=len(products) - len(prices),
        effective=effective,
        published=max((product.price.as_of for product in products), default=None),
        version=max((product.version for product in products), default=""),
    )


def parsed(document: object) -> Mapping[str, object]:
    """A document of the list, which is a text of JSON; raises Refused where it is none."""
    if not isinstance(document, str) or len(document) > _LARGEST_DOCUMENT:
        raise Refused(Reason.MALFORMED)
    try:
        listed = json.loads(document, parse_float=Decimal)
    except (ValueError, RecursionError):
        raise Refused(Reason.MALFORMED) from None
    if not isinstance(listed, dict):
        raise Refused(Reason.MALFORMED)
    return listed


def machine(listed: Mapping[str, object], *, family: str, region: str) -> tuple[MachineKind, Shape]:
    """The Linux machine that a document speaks of; raises Refused where it is none of ours."""
    product = mapping(listed, "product")
    attributes = mapping(product, "attributes")
    return _kind(product, attributes, family, region), _shape(attributes)


def _kind(
    product: Mapping[str, object], attributes: Mapping[str, object], family: str, region: str
) -> MachineKind:
    _check(product, attributes, family, region)
    return MachineKind("aws", region, _machine_type(attributes))


def _check(product: Mapping[str, object], attributes: Mapping[str, object], family: str, region: str) -> None:
    """Refuse whatever is not a Linux machine of the region, running, on demand, with nobody's licence."""
    if text(product, "productFamily") != family:
        raise Refused(Reason.OTHER_FAMILY)
    if text(attributes, "regionCode") != region:
        raise Refused(Reason.OTHER_REGION)
    for name, (expected, reason) in ATTRIBUTES.items():
        if text(attributes, name) != expected:
            raise Refused(reason)
    # "BoxUsage:m5.xlarge" in us-east-1, "EUC1-BoxUsage:…" elsewhere; "UnusedBox", "Reservation",
    # "DedicatedUsage" and "HostUsage" pass every other check now and then.
    if not _BOX_USAGE.fullmatch(text(attributes, "usagetype")):
        raise Refused(Reason.NOT_BOX_USAGE)


def _machine_type(attributes: Mapping[str, object]) -> str:
    machine_type = text(attributes, "instanceType")
    if not _MACHINE_TYPE.fullmatch(machine_type):  # "m5d" alone is a dedicated host
        raise Refused(Reason.NO_MACHINE_TYPE)
    return machine_type


def _shape(attributes: Mapping[str, object]) -> Shape:
    gib = _GIB.fullmatch(text(attributes, "memory"))
    gpu = text(attributes, "gpu")
    try:
        return Shape(
            vcpu=_count(text(attributes, "vcpu")),
            memory_mib=round(Decimal(gib[1].replace(",", "") + (gib[2] or "")) * 1024) if gib else 0,
            gpu=Decimal(0) if gpu in {"", "NA"} else _count(gpu),
        )
    except ValueError:
        raise Refused(Reason.NO_SHAPE) from None


def _count(text: str) -> Decimal:
    if not _COUNT.fullmatch(text):
        raise ValueError(f"{text!r} is not a count")
    return Decimal(text)


def _only(terms: Mapping[str, object]) -> Mapping[str, object]:
    """The on-demand term, which is one."""
    if len(terms) != 1:
        raise Refused(Reason.MANY_TERMS if terms else Reason.NO_TERM)
    return mapping(terms, next(iter(terms)))


def _hourly(term: Mapping[str, object], currency: str) -> Decimal:
    """The price of the term's one dimension, which is by the hour."""
    dimensions = mapping(term, "priceDimensions", Reason.NO_DIMENSION)
    if len(dimensions) != 1:
        raise Refused(Reason.MANY_DIMENSIONS if dimensions else Reason.NO_DIMENSION)
    dimension = mapping(dimensions, next(iter(dimensions)))
    if text(dimension, "unit") != "Hrs":
        raise Refused(Reason.NOT_HOURLY)
    amount = amount_of(dimension, currency)
    if amount <= 0:
        raise Refused(Reason.NOT_POSITIVE)
    return amount


def amount_of(dimension: Mapping[str, object], currency: str) -> Decimal:
    """The amount of a dimension in the currency of its region; raises Refused where it is none."""
    amounts = mapping(dimension, "pricePerUnit", Reason.NO_DIMENSION)
    if currency not in amounts:
        raise Refused(Reason.OTHER_CURRENCY)
    amount = text(amounts, currency)
    if not _AMOUNT.fullmatch(amount):
        raise Refused(Reason.NOT_A_NUMBER)
    return Decimal(amount)


def _effective(term: Mapping[str, object], observed_at: datetime) -> datetime:
    effective = _moment(term, "effectiveDate", observed_at)
    if effective > observed_at:
        raise Refused(Reason.FUTURE)
    return effective


def _moment(of: Mapping[str, object], name: str, default: datetime) -> datetime:
    """A moment that may be missing."""
    said = text(of, name)
    try:
        return parse_moment(said) if said else default
    except (ValueError, OverflowError):
        raise Refused(Reason.MALFORMED) from None


def mapping(of: Mapping[str, object], name: str, missing: Reason = Reason.MALFORMED) -> Mapping[str, object]:
    """What stands under a name; raises Refused where that is nothing, or no object."""
    value = of.get(name)
    if value is None:
        raise Refused(missing)
    if not isinstance(value, dict):
        raise Refused(Reason.MALFORMED)
    return value


def text(of: Mapping[str, object], name: str) -> str:
    """A text, or nothing: of another type it is as good as missing."""
    value = of.get(name)
    return value if isinstance(value, str) else ""
