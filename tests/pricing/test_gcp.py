"""Google's Cloud Billing Catalog over a real socket, in its true wire shape."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from finops.costs.split import split_price
from finops.domain.money import Money
from finops.errors import BrokenInput
from pricing.fetched import Fetched
from pricing.gate import gate
from pricing.gcp import GcpBillingCatalog
from tests.fakes.prices import NOW
from tests.fakes.web import Answer, FakeWeb

Sku = dict[str, Any]


def sku(
    description: str,
    units: str | None = None,
    nanos: int | None = None,
    *,
    usage: str = "OnDemand",
    group: str = "CPU",
    unit: str = "h",
    regions: tuple[str, ...] = ("us-central1",),
    **changed: object,
) -> Sku:
    """A SKU as the API writes it: a field that is zero is not there."""
    price = {"currencyCode": "USD", "units": units, "nanos": nanos}
    expression = {
        "usageUnit": unit,
        "displayQuantity": 1,
        "tieredRates": [
            {"startUsageAmount": 0, "unitPrice": {k: v for k, v in price.items() if v is not None}}
        ],
        "usageUnitDescription": "hour",
        "baseUnit": "s",
        "baseUnitConversionFactor": 3600,
    }
    made: Sku = {
        "name": "services/6F81-5844-456A/skus/0048-21CE-74C3",
        "skuId": "0048-21CE-74C3",
        "description": description,
        "category": {
            "serviceDisplayName": "Compute Engine",
            "resourceFamily": "Compute",
            "resourceGroup": group,
            "usageType": usage,
        },
        "serviceRegions": list(regions),
        "pricingInfo": [
            {
                "summary": "",
                "pricingExpression": expression,
                "currencyConversionRate": 1,
                "effectiveTime": "2026-11-19T22:26:26.000Z",
            }
        ],
        "serviceProviderName": "Google",
        "geoTaxonomy": {"type": "REGIONAL", "regions": list(regions)},
    }
    return {**made, **changed}


CORE = sku("N2 Instance Core running in Americas", nanos=31611000)
RAM = sku("N2 Instance Ram running in Americas", nanos=4237000, unit="GiBy.h", group="RAM")

Serve = Callable[..., FakeWeb]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Serves SKUs, so many a page, to whoever shows the key."""
    with ExitStack() as stack:

        def start(*skus: object, size: int = 5000, circle: bool = False) -> FakeWeb:
            def answer(path: str, headers: Mapping[str, str]) -> Answer:
                address = urlsplit(path)
                asked = parse_qs(address.query)
                if address.path != "/v1/services/6F81-5844-456A/skus" or headers.get("x-goog-api-key") != "k":
                    return 403, "application/json", b'{"error": {"code": 403, "status": "PERMISSION_DENIED"}}'
                assert set(asked) <= {"currencyCode", "pageSize", "pageToken"}
                start_at = int(asked.get("pageToken", ["0"])[0])
                body: dict[str, object] = {"skus": skus[start_at : start_at + size], "nextPageToken": ""}
                if start_at + size < len(skus) or circle:
                    body["nextPageToken"] = str(start_at if circle and start_at else start_at + size)
                return 200, "application/json", json.dumps(body).encode()

            return stack.enter_context(FakeWeb(answer))

        yield start


def fetch(web: FakeWeb, *, is_spot: bool = False, key: str = "k") -> Fetched:
    return GcpBillingCatalog(lambda: NOW, key, is_spot=is_spot, url=web.url).fetch("us-central1")


def prices(fetched: Fetched) -> dict[tuple[str, str], Decimal]:
    return {(each.kind.machine_type, each.kind.purchase_option): each.hourly for each in fetched.prices}


def test_a_machine_costs_its_cores_and_its_memory(serve: Serve) -> None:
    fetched = fetch(serve(CORE, RAM, size=1))

    found = prices(fetched)
    assert found["n2-standard-4", "on_demand"] == Decimal("0.194236")
    assert found["n2-highmem-8", "on_demand"] == Decimal("0.524056")
    assert {machine.partition("-")[0] for machine, _ in found} == {"n2"}
    assert gate((), fetched.prices).admitted().new == fetched.prices


def test_the_split_is_googles_own(serve: Serve) -> None:
    price = next(each for each in fetch(serve(CORE, RAM)).prices if each.kind.machine_type == "n2-standard-4")

    split = split_price(price)

    assert split.method == "native"
    assert split.parts(Money.of("0.194236"))[0] == Money.of("0.126444")


def test_units_and_nanos_are_added_exactly(serve: Serve) -> None:
    """An A100 at 2.93 becomes 0.93 where only the nanos are read."""
    dear = sku("N2 Instance Core running in Americas", units="2", nanos=933908000)
    whole = sku("N2 Instance Ram running in Americas", units="1", unit="GiBy.h")

    assert prices(fetch(serve(dear, whole)))["n2-standard-2", "on_demand"] == Decimal("13.867816")


def test_shared_cores_are_billed_by_their_part(serve: Serve) -> None:
    found = prices(
        fetch(
            serve(
                sku("E2 Instance Core running in Americas", nanos=21811590),
                sku("E2 Instance Ram running in Americas", nanos=2923530, unit="GiBy.h"),
            )
        )
    )

    assert found["e2-micro", "on_demand"] == Decimal("0.25") * Decimal("0.02181159") + Decimal("0.00292353")


def test_commitments_and_families_by_other_names(serve: Serve) -> None:
    found = prices(
        fetch(
            serve(
                sku("Compute optimized Core running in Americas", nanos=33982000),
                sku("Compute optimized Ram running in Americas", nanos=4555000, unit="GiBy.h"),
                sku("N2D AMD Instance Core running in Americas", nanos=27502000),
                sku("N2D AMD Instance Ram running in Americas", nanos=3686000, unit="GiBy.h"),
                sku("N1 Predefined Instance Core running in Americas", nanos=31611000),
                sku("N1 Predefined Instance Ram running in Americas", nanos=4237000, unit="GiBy.h"),
                sku("Commitment v1: N2 Cpu in Americas for 1 Year", nanos=19915000, usage="Commit1Yr"),
                sku(
                    "Commitment v1: N2 Ram in Americas for 1 Year",
                    nanos=2669000,
                    usage="Commit1Yr",
                    unit="GiBy.h",
                ),
            )
        )
    )

    assert found["c2-standard-4", "on_demand"] == Decimal("0.208808")
    assert found["n2d-standard-2", "on_demand"] == Decimal("0.084492")
    assert ("n1-standard-1", "on_demand") in found
    assert found["n2-standard-2", "commitment-1yr"] == Decimal("0.061182")


def test_spot_is_a_list_of_its_own(serve: Serve) -> None:
    spot = (
        sku("Spot Preemptible N2 Instance Core running in Americas", nanos=7650000, usage="Preemptible"),
        sku(
            "Spot Preemptible N2 Instance Ram running in Americas",
            nanos=1020000,
            usage="Preemptible",
            unit="GiBy.h",
        ),
    )
    web = serve(CORE, RAM, *spot)

    assert {option for _, option in prices(fetch(web))} == {"on_demand"}
    assert prices(fetch(web, is_spot=True))["n2-standard-2", "spot"] == Decimal("0.02346")


def tiers(*starts: int) -> list[dict[str, object]]:
    rates = [
        {"startUsageAmount": start, "unitPrice": {"currencyCode": "USD", "nanos": 9}} for start in starts
    ]
    return [{"pricingExpression": {"usageUnit": "h", "tieredRates": rates}}]


@pytest.mark.parametrize(
    "other",
    [
        sku("N2 Instance Core running in Americas"),
        sku("N2 Instance Core running in Americas", nanos=-31611000),
        sku("N2 Instance Core running in Americas", units="-1"),
        sku("N2 Instance Core running in Americas", nanos=9_000_000_000),
        sku("N2 Instance Core running in Americas", units="1e3"),
        sku("N2 Instance Core running in Americas", nanos=9, pricingInfo=[]),
        sku("N2 Instance Core running in Americas", nanos=9, pricingInfo=tiers(0, 100)),
        sku("N2 Instance Core running in Americas", nanos=9, pricingInfo=tiers(100)),
        sku("N2 Instance Core running in Americas", nanos=9, pricingInfo=tiers()),
        sku("N2 Instance Core running in Americas", nanos=9, unit="mo"),
        sku("N2 Instance Core running in Americas", nanos=9, regions=("global",)),
        sku("N2 Instance Core running in Americas", nanos=9, usage="Preemptible"),
        sku("N2 Custom Instance Core running in Americas", nanos=9),
        sku("N2 Sole Tenancy Instance Core running in Americas", nanos=9),
        sku("Reserved Nvidia Tesla T4 GPU running in Americas", nanos=9, group="GPU"),
        sku("N2 Instance Core running in Americas", nanos=9, category={"resourceFamily": "Storage"}),
        sku("N2 Instance Core running in Americas", nanos=9, category=None),
        "text",
        None,
    ],
    ids=range(19),
)
def test_what_prices_no_machine_is_left_out_and_counted(serve: Serve, other: object) -> None:
    fetched = fetch(serve(other, CORE, RAM))

    assert prices(fetched)["n2-standard-4", "on_demand"] == Decimal("0.194236")
    assert [each.count for each in fetched.rejected] == [1]


def test_two_prices_of_a_core_both_reach_the_gate(serve: Serve) -> None:
    fetched = fetch(serve(CORE, RAM, sku("N2 Instance Core running in Americas", nanos=32000000)))

    assert "has two prices" in gate((), fetched.prices).reasons[0]


def test_a_family_without_a_price_of_its_memory_has_none(serve: Serve) -> None:
    assert fetch(serve(CORE)).prices == ()


def test_a_key_that_google_does_not_know_is_broken_and_not_shown(serve: Serve) -> None:
    with pytest.raises(BrokenInput, match="gcp-billing-catalog in us-central1 answered 403") as refused:
        fetch(serve(CORE), key="secret")
    assert "secret" not in str(refused.value)


def test_pages_that_go_in_a_circle_are_broken(serve: Serve) -> None:
    with pytest.raises(BrokenInput, match="leads back"):
        fetch(serve(CORE, RAM, size=1, circle=True))
