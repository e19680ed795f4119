"""Azure: prices of Linux machines from its Retail Prices, which need no account."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from urllib.parse import quote

from finops.domain.machine import MachineKind
from finops.domain.price import Price
from finops.errors import BrokenInput, Incomplete
from pricing.azure_item import SOURCE, SPOT_SOURCE, is_spot, read
from pricing.fetched import Fetched, Rejection, tally
from pricing.shapes import bundled
from pricing.web import ask_json, same_host

URL = "https://prices.azure.com"
_VERSION = "2023-01-01-preview"
_MOST_PAGES = 500


class AzureRetailPrices:
    """Prices of Azure's Linux machines, a region at a time: on demand and committed, or spot.

    Args:
        observed_at: gives the moment of asking.
        is_spot: spot and low priority, which move by themselves, and so are a list of their own.
        url: where to ask.
    """

    def __init__(self, observed_at: Callable[[], datetime], *, is_spot: bool = False, url: str = URL) -> None:
        self.name = SPOT_SOURCE if is_spot else SOURCE
        self._observed_at, self._is_spot, self._url = observed_at, is_spot, url

    def prices(self, regions: Sequence[str]) -> list[Price]:
        """The prices of some regions."""
        if not regions:
            raise Incomplete(f"{self.name} is asked by region: name those that machines run in")
        return [price for region in regions for price in self.fetch(region).prices]

    def fetch(self, region: str) -> Fetched:
        """The prices of one region.

        Raises PricesUnavailable when asking again later may help, and BrokenInput when it will not.
        """
        observed_at = self._observed_at()
        known = {name.lower(): (name, shape) for name, shape in bundled("azure").items()}
        found = [each for item in self._items(region) for each in read(item, region, known, observed_at)]
        priced = [each for each in found if not isinstance(each, Rejection)]
        ours = [
            (price, since) for price, since in priced if is_spot(price.kind.purchase_option) == self._is_spot
        ]
        effective: dict[MachineKind, datetime] = {}
        for price, since in ours:
            if since is not None:
                effective.setdefault(price.kind, since)
        prices = {price.id: price for price, _ in ours}
        return Fetched(
            "azure",
            region,
            tuple(prices.values()),
            rejected=tally(each for each in found if isinstance(each, Rejection)),
            repeated=len(ours) - len(prices),
            effective=effective,
        )

    def _items(self, region: str) -> Iterator[object]:
        what = f"{self.name} in {region}"
        if not region.isalnum():
            raise BrokenInput(f"{region!r} is no region of Azure, as westeurope")
        wanted = f"serviceName eq 'Virtual Machines' and armRegionName eq '{region}'"
        address = (
            f"{self._url}/api/retail/prices?api-version={_VERSION}&currencyCode='USD'"
            f"&meterRegion='primary'&$filter={quote(wanted)}"
        )
        seen = {address}
        for _ in range(_MOST_PAGES):
            page = ask_json(address, what)
            items = page.get("Items")
            if not isinstance(items, list):
                raise BrokenInput(f"{what} gave an answer that is no price list")
            yield from items
            following = page.get("NextPageLink")
            if not following:
                return
            if not isinstance(following, str) or not same_host(following, self._url):
                raise BrokenInput(f"{what}: its next page is on another host")
            if following in seen:
                raise BrokenInput(f"{what}: a page leads back to a page before it")
            seen.add(following)
            address = following.replace(" ", "%20")
        raise BrokenInput(f"{what} has more than {_MOST_PAGES} pages")
