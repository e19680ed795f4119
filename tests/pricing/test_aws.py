import subprocess
import sys
from decimal import Decimal

import boto3
import pytest
from botocore.stub import Stubber

from finops.domain.machine import Shape
from finops.domain.price import Price
from finops.errors import BrokenInput, GateRefused, Incomplete, PricesUnavailable
from pricing.aws import AwsPriceList, PricingClient
from pricing.aws_product import BARE_METAL, VIRTUAL, Reason
from pricing.catalogue import Catalogue
from pricing.fetched import Fetched, Fetcher
from pricing.gate import gate
from tests.fakes.aws_pricing import Serve, clean, document, messy
from tests.fakes.prices import NOW, price


def fetch(region: str = "us-east-1") -> Fetched:
    return AwsPriceList(lambda: NOW).fetch(region)


def figures(prices: list[Price] | tuple[Price, ...]) -> dict[str, tuple[Decimal, Shape]]:
    return {each.kind.machine_type: (each.hourly, each.shape) for each in prices}


def some(count: int) -> list[Price]:
    return [price(str(number), f"c5.{number}xlarge") for number in range(1, count + 1)]


def on_request(number: int, error: str) -> dict[str, object]:
    return {"error": lambda request: error if request == number else None}


def always(error: str) -> dict[str, object]:
    return {"error": lambda _: error}


def test_a_list_without_a_flaw_says_what_the_catalogue_says(serve: Serve) -> None:
    known = Catalogue().current()
    serve(clean(known), heeds_filters=True)

    fetched = fetch()

    assert figures(fetched.prices) == figures(known)
    assert fetched.rejected == ()


def test_a_list_that_ignores_every_filter_says_the_same(serve: Serve) -> None:
    known = Catalogue().current()[::4]
    serve(messy(known), **on_request(2, "ThrottlingException"))

    from_messy = fetch()

    assert figures(from_messy.prices) == figures(known)
    counts = {each.reason: each.count for each in from_messy.rejected}
    assert counts[Reason.NOT_LINUX] == 2 * len(known)
    assert counts[Reason.RESERVED_CAPACITY] == 2 * len(known)
    assert counts[Reason.NOT_SHARED] == counts[Reason.NOT_ON_DEMAND] == len(known)
    assert counts[Reason.OTHER_FAMILY] == 7 * len(known)
    assert gate((), from_messy.prices).admitted().new == from_messy.prices


def test_every_page_is_read(serve: Serve) -> None:
    server = serve(clean(some(250)), heeds_filters=True)

    assert len(fetch().prices) == 250
    assert [request.get("NextToken") for request in server.requests] == [None, "after-100", "after-200", None]


def test_both_families_are_asked_for_running_shared_linux_machines(serve: Serve) -> None:
    server = serve(clean(some(1)), heeds_filters=True)

    fetch()

    asked = [{each["Field"]: each["Value"] for each in request["Filters"]} for request in server.requests]
    assert [each["productFamily"] for each in asked] == [VIRTUAL, BARE_METAL]
    assert asked[0] == {
        "productFamily": VIRTUAL,
        "regionCode": "us-east-1",
        "operatingSystem": "Linux",
        "preInstalledSw": "NA",
        "licenseModel": "No License required",
        "tenancy": "Shared",
        "capacitystatus": "Used",
        "marketoption": "OnDemand",
    }


def test_prices_are_observed_now_and_keep_what_the_list_says_of_itself(serve: Serve) -> None:
    serve(clean(some(1)))

    fetched = fetch()

    assert fetched.prices[0].valid_from == NOW
    assert fetched.effective[fetched.prices[0].kind] < NOW
    assert fetched.published == fetched.prices[0].as_of
    assert fetched.version == "20261120191027"


def test_it_is_a_price_source(serve: Serve) -> None:
    serve(clean(some(2)))

    assert figures(AwsPriceList(lambda: NOW).prices(["us-east-1"])) == figures(some(2))


def test_it_is_looked_at_and_so_passes_the_gate() -> None:
    assert isinstance(AwsPriceList(lambda: NOW), Fetcher)
    assert not isinstance(Catalogue(), Fetcher)


def test_no_region_is_not_all_regions() -> None:
    with pytest.raises(Incomplete, match="name those that machines run in"):
        AwsPriceList(lambda: NOW).prices([])


def test_a_throttled_request_is_asked_again(serve: Serve) -> None:
    server = serve(clean(some(150)), heeds_filters=True, **on_request(2, "ThrottlingException"))

    assert len(fetch().prices) == 150
    assert len(server.requests) == 4


def test_a_list_published_anew_while_it_was_read_is_read_from_the_start(serve: Serve) -> None:
    server = serve(clean(some(150)), heeds_filters=True, **on_request(2, "ExpiredNextTokenException"))

    assert len(fetch().prices) == 150
    assert [request.get("NextToken") for request in server.requests] == [
        None,
        "after-100",
        None,
        "after-100",
        None,
    ]


def test_a_list_that_expires_again_and_again_is_unavailable(serve: Serve) -> None:
    serve(
        clean(some(150)),
        error=lambda request: None if request % 2 else "ExpiredNextTokenException",
    )

    with pytest.raises(PricesUnavailable, match="ExpiredNextTokenException"):
        fetch()


def test_pages_that_go_in_a_circle_are_broken(serve: Serve) -> None:
    server = serve(clean(some(150)), goes_in_circles=True)

    with pytest.raises(BrokenInput, match="leads back"):
        fetch()
    assert len(server.requests) == 2


def test_pages_without_an_end_are_broken() -> None:
    with pytest.raises(BrokenInput, match="more than 2000 pages"):
        AwsPriceList(lambda: NOW, Telling(Endless())).fetch("us-east-1")


def test_a_malformed_document_is_counted_and_the_rest_is_read(serve: Serve) -> None:
    serve(["{not json", document(price())], heeds_filters=False)

    fetched = fetch()

    assert figures(fetched.prices) == figures([price()])
    assert (Reason.MALFORMED, 2) in {(each.reason, each.count) for each in fetched.rejected}


def test_a_product_listed_twice_is_one_price(serve: Serve) -> None:
    serve([document(price()), document(price())])

    fetched = fetch()

    assert len(fetched.prices) == 1
    assert fetched.repeated == 1


def test_two_prices_of_one_machine_both_reach_the_gate(serve: Serve) -> None:
    serve([document(price()), document(price(), hourly="0.36")])

    fetched = fetch()

    assert len(fetched.prices) == 2
    with pytest.raises(GateRefused, match=r"two prices: 0\.34\d* USD .* and 0\.36\d* USD"):
        gate((), fetched.prices).admitted()


def test_an_empty_list_has_no_prices_and_the_gate_refuses_it(serve: Serve) -> None:
    serve([])

    assert fetch().prices == ()


def test_without_leave_the_message_names_the_action(serve: Serve) -> None:
    serve(
        [], **always("AccessDeniedException: User: arn:aws:iam::123456789012:user/finops is not authorized")
    )

    with pytest.raises(PricesUnavailable, match=r"user/finops .* pricing:GetProducts"):
        fetch()


@pytest.mark.usefixtures("no_credentials")
def test_without_credentials_the_message_names_the_ways_to_give_them() -> None:
    with pytest.raises(PricesUnavailable, match=r"AWS_PROFILE.*pricing:GetProducts"):
        fetch()


@pytest.mark.usefixtures("no_credentials")
def test_a_profile_that_does_not_exist_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")

    with pytest.raises(PricesUnavailable, match=r"nobody.*AWS_PROFILE"):
        fetch()


def test_nobody_at_the_address_is_unavailable(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_PRICING", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")

    with pytest.raises(PricesUnavailable, match="was not reached"):
        fetch()


@pytest.mark.parametrize("error", ["ThrottlingException", "InternalErrorException"])
def test_a_list_that_stays_silent_is_unavailable(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, error: str
) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    serve([], **always(error))

    with pytest.raises(PricesUnavailable, match=error):
        fetch()


def test_a_request_that_aws_does_not_take_is_broken(serve: Serve) -> None:
    serve([], **always("InvalidParameterException: no such field"))

    with pytest.raises(BrokenInput, match="no such field"):
        fetch()


def test_a_page_of_html_is_broken(serve: Serve) -> None:
    serve([], answers_html=True)

    with pytest.raises(BrokenInput, match="no price list"):
        fetch()


class Telling:
    """A session that remembers the region it was asked for a client of."""

    def __init__(self, client: PricingClient) -> None:
        self.regions: list[str] = []
        self._client = client

    def client(self, service_name: str, *, region_name: str, config: object) -> PricingClient:
        self.regions.append(region_name)
        return self._client


class Endless:
    """A client whose pages never end."""

    def __init__(self) -> None:
        self.pages = 0

    def get_products(self, **request: object) -> dict[str, object]:
        self.pages += 1
        return {"PriceList": [], "NextToken": str(self.pages)}

    def close(self) -> None:
        """It holds nothing."""


@pytest.mark.usefixtures("credentials")
def test_the_request_is_what_the_model_of_the_service_allows() -> None:
    client = boto3.client("pricing", region_name="us-east-1")
    page = {"FormatVersion": "aws_v1", "PriceList": []}
    with Stubber(client) as stubber:
        for _ in (VIRTUAL, BARE_METAL):
            stubber.add_response("get_products", page)
        fetched = AwsPriceList(lambda: NOW, Telling(client)).fetch("us-east-1")

    stubber.assert_no_pending_responses()
    assert fetched.prices == ()


@pytest.mark.parametrize(
    ("region", "answers"),
    [
        ("us-east-1", "us-east-1"),
        ("us-west-2", "us-east-1"),
        ("sa-east-1", "us-east-1"),
        ("us-gov-west-1", "us-east-1"),
        ("eu-central-2", "eu-central-1"),
        ("me-south-1", "eu-central-1"),
        ("af-south-1", "eu-central-1"),
        ("ap-northeast-1", "ap-south-1"),
        ("cn-north-1", "cn-northwest-1"),
        ("eusc-de-east-1", "eusc-de-east-1"),
    ],
)
@pytest.mark.usefixtures("credentials")
def test_the_region_asked_is_one_that_has_a_price_list(region: str, answers: str) -> None:
    client = boto3.client("pricing", region_name="us-east-1")
    session = Telling(client)
    with Stubber(client) as stubber:
        for _ in (VIRTUAL, BARE_METAL):
            stubber.add_response("get_products", {"PriceList": []})
        AwsPriceList(lambda: NOW, session).fetch(region)

    assert session.regions == [answers]


def test_the_fake_refuses_what_the_model_refuses(serve: Serve) -> None:
    server = serve([])
    client = boto3.client("pricing", region_name="us-east-1", endpoint_url=server.url)
    wanted = {"Type": "TERM_MATCH", "Field": "colour", "Value": "red"}

    with pytest.raises(client.exceptions.InvalidParameterException):
        client.get_products(ServiceCode="AmazonEC2", Filters=[wanted])
    with pytest.raises(client.exceptions.InvalidNextTokenException):
        client.get_products(ServiceCode="AmazonEC2", NextToken="invented")
    client.close()


def test_boto3_is_not_loaded_before_a_list_is_asked() -> None:
    code = "import sys, pricing.aws, pricing.catalogue, pricing.gate; sys.exit('boto3' in sys.modules)"

    subprocess.run([sys.executable, "-c", code], check=True)
