"""Reserved terms in AWS's price list: what an hour comes to, with the fee spread over the term.

The rule that must not be broken: a fee is told by its unit, never by its key or its description, and a
term of so many years has that many times 8,760 hours.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from decimal import Decimal, localcontext

from finops.domain.machine import MachineKind
from finops.domain.price import Price
from finops.errors import Incomplete
from pricing.aws import pages_of
from pricing.aws_product import (
    BARE_METAL,
    VIRTUAL,
    Reason,
    Refused,
    amount_of,
    machine,
    mapping,
    parsed,
    text,
)
from pricing.aws_sdk import Session, asked, client
from pricing.fetched import Fetched, Rejection, tally
from pricing.regions import currency_of, price_list_region

SOURCE = "aws-reserved"
HOURS_PER_YEAR = 8760
_YEARS = {"1yr": 1, "3yr": 3}
_CLASSES = {"standard", "convertible"}
# AWS spells some of them without the space.
_PAYMENTS = {"NoUpfront": "no-upfront", "PartialUpfront": "partial-upfront", "AllUpfront": "all-upfront"}
_RATE_DECIMALS = Decimal("1e-10")


class AwsReserved:
    """Reserved rates of AWS, a region at a time; each term, class and payment is a way to buy a machine."""

    name = SOURCE

    def __init__(self, observed_at: Callable[[], datetime], session: Session | None = None) -> None:
        self._observed_at = observed_at
        self._session = session

    def prices(self, regions: Sequence[str]) -> list[Price]:
        """The rates of some regions."""
        if not regions:
            raise Incomplete(f"{self.name} is asked by region: name those that machines run in")
        return [price for region in regions for price in self.fetch(region).prices]

    def fetch(self, region: str) -> Fetched:
        """The rates of one region; raises as AwsPriceList does."""
        observed_at = self._observed_at()
        with (
            asked(f"{self.name} in {region}", "pricing:GetProducts"),
            closing(client("pricing", price_list_region(region), self._session)) as pricing,
        ):
            found = [
                item
                for family in (VIRTUAL, BARE_METAL)
                for document in pages_of(pricing, family, region)
                for item in read_reserved(document, family=family, region=region, observed_at=observed_at)
            ]
        prices = {price.id: price for price in found if isinstance(price, Price)}
        rejected = tally(item for item in found if isinstance(item, Rejection))
        return Fetched("aws", region, tuple(prices.values()), rejected=rejected)


def read_reserved(
    document: object, *, family: str, region: str, observed_at: datetime
) -> Iterator[Price | Rejection]:
    """The reserved rates in one document of the list, and what of it is none."""
    try:
        listed = parsed(document)
        kind, shape = machine(listed, family=family, region=region)
        terms = mapping(mapping(listed, "terms", Reason.NO_TERM), "Reserved", Reason.NO_TERM)
    except Refused as refused:
        yield Rejection(refused.reason, repr(document)[:40])
        return
    for name in terms:
        try:
            option, hourly = _term(mapping(terms, name), currency_of("aws", region))
        except Refused as refused:
            yield Rejection(refused.reason, f"{kind.machine_type} {name}"[:80])
            continue
        yield Price(
            kind=_bought(kind, option),
            currency=currency_of("aws", region),
            hourly=hourly,
            effective=hourly,
            shape=shape,
            valid_from=observed_at,
            source=SOURCE,
            as_of=observed_at,
        )


def effective_hourly(hourly: Decimal, fee: Decimal, years: int) -> Decimal:
    """What an hour comes to with the fee spread over the term, to ten decimals.

    >>> effective_hourly(Decimal("0"), Decimal("1063"), 1)
    Decimal('0.1213470320')
    """
    with localcontext(prec=60):
        return (hourly + fee / (years * HOURS_PER_YEAR)).quantize(_RATE_DECIMALS)


def _term(term: Mapping[str, object], currency: str) -> tuple[str, Decimal]:
    said = mapping(term, "termAttributes")
    years = _YEARS.get(text(said, "LeaseContractLength"))
    offered = text(said, "OfferingClass").lower()
    payment = _PAYMENTS.get(text(said, "PurchaseOption").replace(" ", ""))
    if years is None or offered not in _CLASSES or payment is None:
        raise Refused(Reason.UNKNOWN_TERM)
    hourly, fee = _dimensions(term, currency)
    whole = effective_hourly(hourly, fee, years)
    if whole <= 0:
        raise Refused(Reason.NOT_POSITIVE)
    return f"reserved-{years}yr-{offered}-{payment}", whole


def _dimensions(term: Mapping[str, object], currency: str) -> tuple[Decimal, Decimal]:
    """The hourly part and the fee; all of it up front has a fee and, mostly, no hourly part."""
    dimensions = mapping(term, "priceDimensions", Reason.NO_DIMENSION)
    parts = {"Hrs": Decimal(0), "Quantity": Decimal(0)}
    seen: set[str] = set()
    for name in dimensions:
        dimension = mapping(dimensions, name)
        unit = text(dimension, "unit")
        if unit not in parts or unit in seen:
            raise Refused(Reason.MANY_DIMENSIONS if unit in seen else Reason.NOT_HOURLY)
        seen.add(unit)
        parts[unit] = amount_of(dimension, currency)
    if not seen:
        raise Refused(Reason.NO_DIMENSION)
    return parts["Hrs"], parts["Quantity"]


def _bought(kind: MachineKind, option: str) -> MachineKind:
    return replace(kind, purchase_option=option)
