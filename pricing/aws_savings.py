"""Rates of AWS's Savings Plans: what an hour of a machine comes to under each plan, term and payment."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from datetime import datetime
from decimal import Decimal
from typing import Any

from finops.domain.machine import MachineKind, Shape
from finops.domain.price import Price
from finops.errors import Incomplete
from pricing.aws_machines import pages, shapes
from pricing.aws_sdk import Session, asked, client
from pricing.fetched import Fetched, Rejection, tally
from pricing.regions import currency_of

SOURCE = "aws-savings-plans"
_PLANS = {"Compute": "compute", "EC2Instance": "ec2"}
_PAYMENTS = {"No Upfront": "no-upfront", "Partial Upfront": "partial-upfront", "All Upfront": "all-upfront"}
_SECONDS_PER_YEAR = 365 * 24 * 3600
_TERMS = {_SECONDS_PER_YEAR: "1yr", 3 * _SECONDS_PER_YEAR: "3yr"}
_PAGE = 1000


class AwsSavingsPlans:
    """Savings Plans rates of Linux machines, a region at a time."""

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
        """The rates of one region.

        Raises PricesUnavailable when asking again later may help, and BrokenInput when it will not.
        """
        observed_at = self._observed_at()
        actions = "savingsplans:DescribeSavingsPlansOfferingRates and ec2:DescribeInstanceTypes"
        # One endpoint answers for all regions of its partition.
        asked_in = "cn-northwest-1" if region.startswith("cn-") else "us-east-1"
        with asked(f"{self.name} in {region}", actions):
            with closing(client("savingsplans", asked_in, self._session)) as plans:
                ask = plans.describe_savings_plans_offering_rates
                results = [
                    rate
                    for page in pages(ask, _request(region), "nextToken", f"{self.name} in {region}")
                    for rate in page.get("searchResults", ())
                ]
            with closing(client("ec2", region, self._session)) as ec2:
                known = shapes(
                    ec2, {name for rate in results if (name := _properties(rate).get("instanceType"))}
                )
        found = [_read(rate, region, known, observed_at) for rate in results]
        prices = {price.id: price for price in found if isinstance(price, Price)}
        rejected = tally(item for item in found if isinstance(item, Rejection))
        return Fetched("aws", region, tuple(prices.values()), rejected=rejected)


def _request(region: str) -> dict[str, Any]:
    filters = {"region": region, "productDescription": "Linux/UNIX", "tenancy": "shared"}
    return {
        "savingsPlanTypes": list(_PLANS),
        "products": ["EC2"],
        "serviceCodes": ["AmazonEC2"],
        "filters": [{"name": name, "values": [value]} for name, value in filters.items()],
        "maxResults": _PAGE,
    }


def _properties(rate: Mapping[str, Any]) -> dict[str, str]:
    return {each.get("name", ""): each.get("value", "") for each in rate.get("properties", ())}


def _read(
    rate: Mapping[str, Any], region: str, known: Mapping[str, Shape], observed_at: datetime
) -> Price | Rejection:
    """A rate that is of a running Linux machine of the region, or why it is none: filters may be ignored."""
    said, offering = _properties(rate), rate.get("savingsPlanOffering", {})
    what = f"{said.get('instanceType', '')} {rate.get('usageType', '')}"[:80]
    plan, payment = _PLANS.get(offering.get("planType")), _PAYMENTS.get(offering.get("paymentOption"))
    term = _TERMS.get(offering.get("durationSeconds"))
    if plan is None or payment is None or term is None:
        return Rejection("of an unknown plan, term or payment", what)
    is_running = "BoxUsage" in str(rate.get("usageType", "")) and rate.get("unit") == "Hrs"
    is_plain = said.get("productDescription") == "Linux/UNIX" and said.get("tenancy") == "shared"
    if not is_running or not is_plain or said.get("region") != region:
        return Rejection("of another system, tenancy, region or usage", what)
    if offering.get("currency") != currency_of("aws", region):
        return Rejection("in another currency", what)
    shape, text = known.get(said.get("instanceType", "")), rate.get("rate")
    if shape is None:
        return Rejection("without vCPU and memory", what)
    if not isinstance(text, str) or not text.replace(".", "", 1).isdigit() or not Decimal(text):
        return Rejection("with a price that is no number above zero", what)
    return Price(
        kind=MachineKind("aws", region, said["instanceType"], f"savings_plan-{plan}-{term}-{payment}"),
        currency=currency_of("aws", region),
        hourly=Decimal(text),
        effective=Decimal(text),
        shape=shape,
        valid_from=observed_at,
        source=SOURCE,
        as_of=observed_at,
    )
