"""AWS's price list, asked over the Price List Query API. boto3 is imported when it is first asked.

Everything is configured the way boto3 is: credentials from its usual chain, another address by
AWS_ENDPOINT_URL_PRICING.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import datetime
from typing import Any, Protocol

from finops.domain.price import Price
from finops.errors import BrokenInput, Incomplete
from pricing.aws_product import ATTRIBUTES, BARE_METAL, SOURCE, VIRTUAL, Product, gathered, read
from pricing.aws_sdk import Session, asked, client
from pricing.fetched import Fetched, Rejection
from pricing.regions import price_list_region

# The most that one answer may hold; a region has about 1,400 types, so 15 answers.
_PAGE = 100
# A list that ignores every filter has about 106,000 machines a region: twice that, and it has no end.
_MOST_PAGES = 2_000


class PricingClient(Protocol):
    """What is used of boto3's client of the service `pricing`."""

    def get_products(self, **request: object) -> dict[str, Any]:
        """One page of a price list."""

    def close(self) -> None:
        """Give its connections back."""


class AwsPriceList:
    """On-demand Linux prices of AWS, a region at a time.

    Args:
        observed_at: gives the moment of asking, from which a price counts as known to hold.
        session: a boto3 session; without one, boto3's usual chain decides.
    """

    name = SOURCE

    def __init__(self, observed_at: Callable[[], datetime], session: Session | None = None) -> None:
        self._observed_at = observed_at
        self._session = session

    def prices(self, regions: Sequence[str]) -> list[Price]:
        """The prices now in force in some regions.

        Raises:
            PricesUnavailable: AWS did not answer, or not us.
            BrokenInput: the answer is not a price list.
            Incomplete: no region is named; all of them would be 500 requests, most for nothing.
        """
        if not regions:
            raise Incomplete(f"{self.name} is asked by region: name those that machines run in")
        return [price for region in regions for price in self.fetch(region).prices]

    def fetch(self, region: str) -> Fetched:
        """The prices of one region with all that was said and left out; raises what `prices` does."""
        observed_at = self._observed_at()
        with (
            asked(f"{self.name} in {region}", "pricing:GetProducts"),
            closing(client("pricing", price_list_region(region), self._session)) as pricing,
        ):
            found = [
                item
                for family in (VIRTUAL, BARE_METAL)
                for item in _products(pricing, family, region, observed_at)
            ]
        return gathered(region, found)


def _products(
    client: PricingClient, family: str, region: str, observed_at: datetime
) -> list[Product | Rejection]:
    """What a region's list holds of one product family.

    A list that was published anew while it was read is read from its first page again, once.
    """
    from botocore.exceptions import ClientError  # noqa: PLC0415

    def whole_list() -> list[Product | Rejection]:
        documents = pages_of(client, family, region)
        return [read(each, family=family, region=region, observed_at=observed_at) for each in documents]

    try:
        return whole_list()
    except ClientError as error:
        if error.response["Error"]["Code"] != "ExpiredNextTokenException":
            raise
        return whole_list()


def pages_of(client: PricingClient, family: str, region: str) -> Iterator[object]:
    """The documents of every page.

    Raises:
        BrokenInput: the pages are none, go in a circle, or have no end.
    """
    request = _request(family, region)
    tokens: set[str] = set()
    for _ in range(_MOST_PAGES):
        page = client.get_products(**request)
        if "PriceList" not in page:
            raise BrokenInput(f"{SOURCE} in {region} gave an answer that is no price list")
        yield from page["PriceList"]
        token = page.get("NextToken")
        if not token:
            return
        if token in tokens:
            raise BrokenInput(f"{SOURCE} in {region}: page {len(tokens) + 1} leads back to a page before it")
        tokens.add(token)
        request["NextToken"] = token
    raise BrokenInput(f"{SOURCE} in {region} has more than {_MOST_PAGES} pages")


def _request(family: str, region: str) -> dict[str, object]:
    wanted = {"productFamily": family, "regionCode": region}
    wanted |= {name: value for name, (value, _) in ATTRIBUTES.items()}
    filters = [{"Type": "TERM_MATCH", "Field": field, "Value": value} for field, value in wanted.items()]
    return {"ServiceCode": "AmazonEC2", "Filters": filters, "FormatVersion": "aws_v1", "MaxResults": _PAGE}
