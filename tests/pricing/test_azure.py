"""Azure's Retail Prices over a real socket, in their true wire shape and no better behaved."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from decimal import Decimal
from typing import Any

import pytest

from finops.errors import BrokenInput, PricesUnavailable
from pricing.azure import AzureRetailPrices
from pricing.fetched import Fetched
from pricing.gate import gate
from tests.fakes.prices import NOW
from tests.fakes.web import Answer, FakeWeb

Item = dict[str, Any]


def item(hourly: float = 0.192, **changed: object) -> Item:
    """An item with the fields that Azure gives, as D4s_v5 in westeurope."""
    made: Item = {
        "currencyCode": "USD",
        "tierMinimumUnits": 0.0,
        "retailPrice": hourly,
        "unitPrice": hourly,
        "armRegionName": "westeurope",
        "location": "EU West",
        "effectiveStartDate": "2021-11-01T00:00:00Z",
        "meterId": "000a794b-bdb0-58be-a0cd-0c3a0f222923",
        "meterName": "D4s v5",
        "productId": "DZH318Z08NRP",
        "skuId": "DZH318Z08NRP/001W",
        "availabilityId": None,
        "productName": "Virtual Machines Dsv5 Series",
        "skuName": "D4s v5",
        "serviceName": "Virtual Machines",
        "serviceId": "DZH313Z7MMC8",
        "serviceFamily": "Compute",
        "unitOfMeasure": "1 Hour",
        "type": "Consumption",
        "isPrimaryMeterRegion": True,
        "armSkuName": "Standard_D4s_v5",
    }
    return {**made, **changed}


def page(items: Sequence[object], following: str | None = None) -> bytes:
    return json.dumps(
        {
            "BillingCurrency": "USD",
            "CustomerEntityId": "Default",
            "CustomerEntityType": "Retail",
            "Items": list(items),
            "NextPageLink": following,
            "Count": len(items),
        }
    ).encode()


Serve = Callable[..., FakeWeb]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Serves items, so many a page."""
    with ExitStack() as stack:

        def start(*items: object, size: int = 1000, answers: Sequence[Answer] = ()) -> FakeWeb:
            others = list(answers)

            def answer(path: str, headers: Mapping[str, str]) -> Answer:
                if others:
                    return others.pop(0)
                skip = int(path.partition("skip=")[2] or 0)
                more = f"{web.url}/api/retail/prices?skip={skip + size}" if skip + size < len(items) else None
                return 200, "application/json", page(items[skip : skip + size], more)

            web = stack.enter_context(FakeWeb(answer))
            return web

        yield start


def fetch(web: FakeWeb, *, is_spot: bool = False) -> Fetched:
    return AzureRetailPrices(lambda: NOW, is_spot=is_spot, url=web.url).fetch("westeurope")


def told(fetched: Fetched) -> dict[str, str]:
    return {each.kind.purchase_option: str(each.hourly) for each in fetched.prices}


def test_every_page_is_read_and_prices_are_exact(serve: Serve) -> None:
    web = serve(
        item(), item(3.456, armSkuName="Standard_D96s_v5"), item(0.1, armSkuName="Standard_D2s_v5"), size=1
    )

    fetched = fetch(web)

    assert {each.kind.machine_type: each.hourly for each in fetched.prices} == {
        "Standard_D4s_v5": Decimal("0.192"),
        "Standard_D96s_v5": Decimal("3.456"),
        "Standard_D2s_v5": Decimal("0.1"),
    }
    assert len(web.asked) == 3
    assert "meterRegion='primary'" in web.asked[0]
    assert "api-version=2023-01-01-preview" in web.asked[0]
    assert gate((), fetched.prices).admitted().new == fetched.prices


def test_a_reservation_is_divided_by_its_term_although_its_unit_says_an_hour(serve: Serve) -> None:
    web = serve(
        item(991.0, type="Reservation", reservationTerm="1 Year"),
        item(1911.0, type="Reservation", reservationTerm="3 Years"),
    )

    assert told(fetch(web)) == {"reserved-1yr": "0.1131278539", "reserved-3yr": "0.0727168950"}


def test_savings_plans_stand_beside_the_price(serve: Serve) -> None:
    plans = [
        {"unitPrice": 0.0955, "retailPrice": 0.0955, "term": "3 Years"},
        {"unitPrice": 0.1393, "retailPrice": 0.1393, "term": "1 Year"},
    ]

    assert told(fetch(serve(item(savingsPlan=plans)))) == {
        "on_demand": "0.192",
        "savings_plan-3yr": "0.0955",
        "savings_plan-1yr": "0.1393",
    }


def test_spot_and_low_priority_are_a_list_of_their_own(serve: Serve) -> None:
    web = serve(
        item(),
        item(0.04, skuName="D4s v5 Spot", meterName="D4s v5 Spot"),
        item(0.0384, skuName="D4s v5 Low Priority", meterName="D4s v5 Low Priority"),
    )

    assert told(fetch(web)) == {"on_demand": "0.192"}
    assert told(fetch(web, is_spot=True)) == {"spot": "0.04", "low_priority": "0.0384"}


@pytest.mark.parametrize(
    "other",
    [
        {"productName": "Virtual Machines Dsv5 Series Windows"},
        {"productName": "Virtual Machines NDsr H100 v5 Series Win"},
        {"productName": "Dsv5 Series Cloud Services"},
        {"productName": "Dsv5 Series CloudServices"},
        {"type": "DevTestConsumption"},
        {"currencyCode": "EUR"},
        {"unitPrice": 0.0},
        {"unitPrice": -0.1},
        {"unitPrice": "0.1"},
        {"unitPrice": None},
        {"isPrimaryMeterRegion": False},
        {"armRegionName": "eastus"},
        {"serviceName": "Storage"},
        {"unitOfMeasure": "1 Month"},
        {"tierMinimumUnits": 100.0},
        {"armSkuName": "Standard_X99"},
        {"armSkuName": None},
        {"effectiveStartDate": "2036-01-01T00:00:00Z"},
        {"effectiveStartDate": "soon"},
        {"type": "Reservation", "reservationTerm": "2 Years"},
    ],
    ids=str,
)
def test_what_is_no_price_of_a_linux_machine_is_left_out_and_counted(
    serve: Serve, other: dict[str, object]
) -> None:
    fetched = fetch(serve(item(9.99, **other), item()))

    assert told(fetched) == {"on_demand": "0.192"}
    assert [each.count for each in fetched.rejected] == [1]


def test_a_series_called_linux_is_linux(serve: Serve) -> None:
    assert told(fetch(serve(item(productName="Virtual Machines Dsv5-series Linux")))) == {
        "on_demand": "0.192"
    }


def test_a_size_spelt_otherwise_is_the_same_size(serve: Serve) -> None:
    fetched = fetch(serve(item(armSkuName="standard_d4S_V5"), item()))

    assert [each.kind.machine_type for each in fetched.prices] == ["Standard_D4s_v5"]
    assert fetched.repeated == 1


def test_two_prices_of_one_machine_both_reach_the_gate(serve: Serve) -> None:
    fetched = fetch(serve(item(), item(0.2)))

    assert "two prices" in gate((), fetched.prices).reasons[0]


@pytest.mark.parametrize("junk", [None, 7, "text", [], {}])
def test_items_that_are_none_are_counted(serve: Serve, junk: object) -> None:
    fetched = fetch(serve(junk, item()))

    assert len(fetched.prices) == 1
    assert [each.count for each in fetched.rejected] == [1]


@pytest.mark.parametrize(
    "link", ["https://evil.example/api", "http://127.0.0.1:1/api", "file:///etc/passwd", 7]
)
def test_a_next_page_on_another_host_is_not_asked(serve: Serve, link: object) -> None:
    web = serve(answers=[(200, "application/json", page([item()], link))])  # type: ignore[arg-type]

    with pytest.raises(BrokenInput, match="next page is on another host"):
        fetch(web)
    assert len(web.asked) == 1


def test_pages_that_go_in_a_circle_are_broken(serve: Serve) -> None:
    web = serve(item())
    again = f"{web.url}/again"
    web.answer = lambda path, headers: (200, "application/json", page([item()], again))

    with pytest.raises(BrokenInput, match="leads back"):
        fetch(web)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_server_is_asked_again_and_then_unavailable(serve: Serve, status: int) -> None:
    busy: Answer = (status, "text/plain", b"later")
    assert told(fetch(serve(item(), answers=[busy, busy]))) == {"on_demand": "0.192"}

    with pytest.raises(PricesUnavailable, match=f"answered {status}, 3 times"):
        fetch(serve(answers=[busy] * 3))


@pytest.mark.parametrize(
    "answer",
    [
        (200, "text/html", b"<html>Please sign in</html>"),
        (200, "application/json", b"[]"),
        (200, "application/json", b'{"Items": {}}'),
        (404, "text/plain", b""),
        (302, "https://evil.example/", b""),
    ],
    ids=["html", "array", "no-items", "404", "redirect"],
)
def test_what_is_no_price_list_is_broken(serve: Serve, answer: Answer) -> None:
    with pytest.raises(BrokenInput):
        fetch(serve(answers=[answer]))


def test_nobody_there_is_unavailable() -> None:
    with pytest.raises(PricesUnavailable, match="azure-retail-prices in westeurope was not reached"):
        AzureRetailPrices(lambda: NOW, url="http://127.0.0.1:9").fetch("westeurope")


def test_a_region_cannot_smuggle_a_filter() -> None:
    with pytest.raises(BrokenInput, match="is no region"):
        AzureRetailPrices(lambda: NOW).fetch("x' or serviceName ne 'y")
