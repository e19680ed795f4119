"""Google Cloud: prices of machines from the Cloud Billing Catalog's prices of their vCPUs and memory.

Both component prices stand with each machine's, so that its split is Google's own.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from itertools import product
from typing import Any
from urllib.parse import urlencode

from finops.domain.machine import MachineKind, Shape
from finops.domain.money import rounded
from finops.domain.price import Price
from finops.errors import BrokenInput, Incomplete
from pricing.fetched import Fetched, Rejection, tally
from pricing.gcp_sku import Rate, read
from pricing.shapes import bundled
from pricing.web import ask_json

URL = "https://cloudbilling.googleapis.com"
SOURCE, SPOT_SOURCE = "gcp-billing-catalog", "gcp-spot"
_COMPUTE_ENGINE = "6F81-5844-456A"
_PAGE = 5000
_MOST_PAGES = 200
_DECIMALS = 12


class GcpBillingCatalog:
    """Prices of Google's machines, a region at a time: on demand and committed, or spot.

    Args:
        observed_at: gives the moment of asking.
        key: an API key; Google tells public prices only to a caller that it knows.
        is_spot: spot prices, which move by themselves, and so are a list of their own.
        url: where to ask.
    """

    def __init__(
        self, observed_at: Callable[[], datetime], key: str, *, is_spot: bool = False, url: str = URL
    ) -> None:
        self.name = SPOT_SOURCE if is_spot else SOURCE
        self._observed_at, self._key, self._is_spot, self._url = observed_at, key, is_spot, url

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
        found = [read(sku, region, observed_at) for sku in self._skus(region)]
        rates = [
            each for each in found if isinstance(each, Rate) and (each.option == "spot") == self._is_spot
        ]
        prices = list(machine_prices(rates, region, self.name, observed_at))
        effective = {
            price.kind: since for price in prices if (since := _since(rates, price.kind)) is not None
        }
        return Fetched(
            "gcp",
            region,
            tuple({price.id: price for price in prices}.values()),
            rejected=tally(each for each in found if isinstance(each, Rejection)),
            effective=effective,
        )

    def _skus(self, region: str) -> Iterator[object]:
        what = f"{self.name} in {region}"
        words = {"currencyCode": "USD", "pageSize": str(_PAGE)}
        seen: set[str] = set()
        for _ in range(_MOST_PAGES):
            address = f"{self._url}/v1/services/{_COMPUTE_ENGINE}/skus?{urlencode(words)}"
            # The key goes in a header: an address is logged on the way.
            page: dict[str, Any] = ask_json(address, what, {"X-Goog-Api-Key": self._key})
            skus = page.get("skus")
            if not isinstance(skus, list):
                raise BrokenInput(f"{what} gave an answer that is no price list")
            yield from skus
            token = page.get("nextPageToken")
            if not token:
                return
            if token in seen or not isinstance(token, str):
                raise BrokenInput(f"{what}: a page leads back to a page before it")
            seen.add(token)
            words["pageToken"] = token
        raise BrokenInput(f"{what} has more than {_MOST_PAGES} pages")


def machine_prices(rates: Sequence[Rate], region: str, source: str, observed_at: datetime) -> Iterator[Price]:
    """Each machine type of the families whose vCPU and GiB are priced; two rates for one give two prices."""
    known: dict[tuple[str, str, str], set[Decimal]] = {}
    for rate in rates:
        known.setdefault((rate.family, rate.option, rate.part), set()).add(rate.hourly)
    for machine_type, shape in bundled("gcp").items():
        family = machine_type.partition("-")[0]
        for option in {option for of, option, _ in known if of == family}:
            vcpus, gibs = (sorted(known.get((family, option, part), ())) for part in ("vcpu", "gib"))
            for vcpu, gib in product(vcpus, gibs):
                yield Price(
                    kind=MachineKind("gcp", region, machine_type, option),
                    currency="USD",
                    hourly=_hourly(shape, vcpu, gib),
                    shape=shape,
                    valid_from=observed_at,
                    source=source,
                    as_of=observed_at,
                    vcpu_hourly=vcpu,
                    gib_hourly=gib,
                )


def _hourly(shape: Shape, vcpu: Decimal, gib: Decimal) -> Decimal:
    exact = Fraction(vcpu) * Fraction(shape.vcpu) + Fraction(gib) * Fraction(shape.memory_mib, 1024)
    return Decimal(rounded(exact.numerator * 10**_DECIMALS, exact.denominator)).scaleb(-_DECIMALS)


def _since(rates: Sequence[Rate], kind: MachineKind) -> datetime | None:
    """From when both of a machine's rates hold, if both say so."""
    family = kind.machine_type.partition("-")[0]
    said = [rate.effective for rate in rates if (rate.family, rate.option) == (family, kind.purchase_option)]
    return max(moment for moment in said if moment) if said and None not in said else None
