"""Reserved rates, Savings Plans and spot prices of AWS, over real sockets."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from moto.server import ThreadedMotoServer

from finops.domain.machine import Shape
from finops.domain.price import Price
from finops.errors import BrokenInput, PricesUnavailable
from pricing.aws import AwsPriceList
from pricing.aws_machines import shapes
from pricing.aws_product import VIRTUAL, Reason
from pricing.aws_reserved import AwsReserved, read_reserved
from pricing.aws_savings import AwsSavingsPlans
from pricing.aws_spot import AwsSpot
from pricing.changes import Verdict
from pricing.fetched import Rejection
from pricing.moving import merge
from tests.fakes.aws_pricing import Document, Serve, document
from tests.fakes.aws_savings import FakeSavingsPlans, rate
from tests.fakes.prices import NOW, kind, price


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    """A server of EC2 and STS with the real shapes of 1,400 machine types."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def ec2(moto: str, credentials: None, monkeypatch: pytest.MonkeyPatch) -> Any:  # noqa: ANN401
    monkeypatch.setenv("AWS_ENDPOINT_URL", moto)
    client = boto3.client("ec2", region_name="us-east-1")
    yield client
    client.close()


# machine types


def test_shapes_come_from_ec2_and_an_unknown_type_is_left_out(ec2: Any) -> None:  # noqa: ANN401
    found = shapes(ec2, ["c5.2xlarge", "p5.48xlarge", "m99.large"])

    assert found == {
        "c5.2xlarge": Shape(Decimal(8), 16384),
        "p5.48xlarge": Shape(Decimal(192), 2097152, Decimal(8)),
    }


# reserved


def reserved(*terms: tuple[str, str, str, dict[str, str]]) -> str:
    made: Document = document(price())
    made["terms"]["Reserved"] = {
        f"SKU.{number}": {
            "termAttributes": {
                "LeaseContractLength": length,
                "OfferingClass": offered,
                "PurchaseOption": paid,
            },
            "priceDimensions": {
                unit: {"unit": unit, "pricePerUnit": {"USD": amount}} for unit, amount in parts.items()
            },
        }
        for number, (length, offered, paid, parts) in enumerate(terms)
    }
    return json.dumps(made)


def read(text: str) -> list[Price | Rejection]:
    return list(read_reserved(text, family=VIRTUAL, region="us-east-1", observed_at=NOW))


def test_a_fee_is_spread_over_its_term() -> None:
    found = read(
        reserved(
            ("1yr", "standard", "No Upfront", {"Hrs": "0.2140000000"}),
            ("1yr", "standard", "Partial Upfront", {"Hrs": "0.1020000000", "Quantity": "892"}),
            ("1yr", "standard", "All Upfront", {"Hrs": "0.0000000000", "Quantity": "1751"}),
            ("3yr", "convertible", "AllUpfront", {"Quantity": "3942"}),
        )
    )

    assert [(each.kind.purchase_option, each.hourly) for each in found if isinstance(each, Price)] == [
        ("reserved-1yr-standard-no-upfront", Decimal("0.2140000000")),
        ("reserved-1yr-standard-partial-upfront", Decimal("0.2038264840")),
        ("reserved-1yr-standard-all-upfront", Decimal("0.1998858447")),
        ("reserved-3yr-convertible-all-upfront", Decimal("0.1500000000")),
    ]


@pytest.mark.parametrize(
    ("term", "reason"),
    [
        (("2yr", "standard", "No Upfront", {"Hrs": "1"}), Reason.UNKNOWN_TERM),
        (("1yr", "odd", "No Upfront", {"Hrs": "1"}), Reason.UNKNOWN_TERM),
        (("1yr", "standard", "Some Upfront", {"Hrs": "1"}), Reason.UNKNOWN_TERM),
        (("1yr", "standard", "No Upfront", {"Hrs": "0"}), Reason.NOT_POSITIVE),
        (("1yr", "standard", "No Upfront", {}), Reason.NO_DIMENSION),
        (("1yr", "standard", "No Upfront", {"Days": "1"}), Reason.NOT_HOURLY),
        (("1yr", "standard", "No Upfront", {"Hrs": "free"}), Reason.NOT_A_NUMBER),
    ],
    ids=str,
)
def test_a_term_that_is_no_rate_is_counted(
    term: tuple[str, str, str, dict[str, str]], reason: Reason
) -> None:
    (found,) = read(reserved(term))

    assert isinstance(found, Rejection)
    assert found.reason == reason


def test_reserved_rates_are_fetched_from_the_price_list(serve: Serve) -> None:
    serve([document(price())], heeds_filters=True)

    (found,) = AwsReserved(lambda: NOW).fetch("us-east-1").prices

    assert (found.kind.purchase_option, found.hourly) == (
        "reserved-1yr-standard-all-upfront",
        Decimal("0.1213470320"),
    )
    assert found.effective == found.hourly


# savings plans


@pytest.fixture
def plans(ec2: object, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    with ExitStack() as stack:

        def start(*rates: Document, **how: Any) -> FakeSavingsPlans:  # noqa: ANN401
            server = stack.enter_context(FakeSavingsPlans(rates, **how))
            monkeypatch.setenv("AWS_ENDPOINT_URL_SAVINGSPLANS", server.url)
            return server

        yield start


def test_savings_plans_rates_are_read_page_by_page(plans: Any) -> None:  # noqa: ANN401
    server = plans(
        rate(),
        rate(amount="0.084", years=3, plan="EC2Instance", payment="All Upfront"),
        rate("c5.2xlarge", "0.25", payment="Partial Upfront"),
        page=2,
    )

    fetched = AwsSavingsPlans(lambda: NOW).fetch("us-east-1")

    assert {
        (each.kind.machine_type, each.kind.purchase_option, str(each.hourly)) for each in fetched.prices
    } == {
        ("m5.xlarge", "savings_plan-compute-1yr-no-upfront", "0.126"),
        ("m5.xlarge", "savings_plan-ec2-3yr-all-upfront", "0.084"),
        ("c5.2xlarge", "savings_plan-compute-1yr-partial-upfront", "0.25"),
    }
    assert fetched.prices[0].shape == Shape(Decimal(4), 16384)
    assert [request.get("nextToken") for request in server.requests] == [None, "2"]


def test_a_service_that_ignores_filters_gives_the_same_rates(plans: Any) -> None:  # noqa: ANN401
    plans(
        rate(),
        rate(amount="9", productDescription="Windows"),
        rate(amount="9", tenancy="dedicated"),
        rate(amount="9", region="eu-west-1"),
        rate(amount="9", usage="UnusedBox"),
        rate(amount="9", unit="Request"),
        rate(amount="9", plan="SageMaker"),
        rate(amount="9", currency="EUR"),
        rate("m99.large"),
        rate("c5.large", "0"),
        rate("c5.large", "free"),
    )

    fetched = AwsSavingsPlans(lambda: NOW).fetch("us-east-1")

    assert [str(each.hourly) for each in fetched.prices] == ["0.126"]
    assert sum(each.count for each in fetched.rejected) == 10


def test_rates_that_go_in_a_circle_are_broken(plans: Any) -> None:  # noqa: ANN401
    plans(rate(), rate(), rate(), page=1, circle=True)

    with pytest.raises(BrokenInput, match="leads back"):
        AwsSavingsPlans(lambda: NOW).fetch("us-east-1")


# spot


def spot_row(hourly: str, at: datetime, zone: str = "us-east-1a", of: str = "c5.2xlarge") -> Document:
    return {
        "AvailabilityZone": zone,
        "InstanceType": of,
        "ProductDescription": "Linux/UNIX",
        "SpotPrice": hourly,
        "Timestamp": at,
    }


class OneClient:
    """A session that gives one client."""

    def __init__(self, client: Any) -> None:  # noqa: ANN401
        self._client = client

    def client(self, service_name: str, *, region_name: str, config: object) -> Any:  # noqa: ANN401
        return self._client


@pytest.mark.usefixtures("credentials")
def test_spot_prices_are_read_page_by_page_for_each_zone() -> None:
    early, late = NOW - timedelta(hours=5), NOW - timedelta(hours=1)
    client = boto3.client("ec2", region_name="us-east-1")
    since = NOW - timedelta(days=1)
    asked = {
        "InstanceTypes": ["c5.2xlarge"],
        "ProductDescriptions": ["Linux/UNIX", "Linux/UNIX (Amazon VPC)"],
        "StartTime": since,
        "EndTime": NOW,
        "MaxResults": 1000,
    }
    with Stubber(client) as stubber:
        stubber.add_response(
            "describe_instance_types",
            {
                "InstanceTypes": [
                    {
                        "InstanceType": "c5.2xlarge",
                        "VCpuInfo": {"DefaultVCpus": 8},
                        "MemoryInfo": {"SizeInMiB": 16384},
                    }
                ]
            },
        )
        first = [spot_row("0.1300", early), spot_row("0.14", late, "us-east-1b")]
        stubber.add_response(
            "describe_spot_price_history", {"SpotPriceHistory": first, "NextToken": "2"}, asked
        )
        again = {**spot_row("0.1300", early), "ProductDescription": "Linux/UNIX (Amazon VPC)"}
        last = [
            spot_row("0.1350", late),
            again,
            spot_row("0", late),
            spot_row("0.1", NOW + timedelta(hours=1)),
        ]
        stubber.add_response(
            "describe_spot_price_history", {"SpotPriceHistory": last}, {**asked, "NextToken": "2"}
        )
        fetched = AwsSpot(["c5.2xlarge", "m99.large"], OneClient(client)).changes("us-east-1", since, NOW)

    stubber.assert_no_pending_responses()
    assert {(each.kind.zone, str(each.hourly), each.valid_from) for each in fetched.prices} == {
        ("us-east-1a", "0.1300", early),
        ("us-east-1a", "0.1350", late),
        ("us-east-1b", "0.14", late),
    }
    assert sum(each.count for each in fetched.rejected) == 3


def test_spot_prices_over_a_real_socket(ec2: object) -> None:
    fetched = AwsSpot(["c5.2xlarge"]).changes("us-east-1", datetime.min.replace(tzinfo=UTC), NOW)

    assert {each.kind.purchase_option for each in fetched.prices} == {"spot"}
    assert len({each.kind.zone for each in fetched.prices}) > 2


def test_nobody_at_the_address_of_ec2_is_unavailable(
    credentials: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_EC2", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")

    with pytest.raises(PricesUnavailable, match="aws-spot in us-east-1 was not reached"):
        AwsSpot(["c5.2xlarge"]).changes("us-east-1", NOW, NOW)


SPOT = kind("c5.2xlarge", purchase_option="spot", zone="us-east-1a")


def spot(hourly: str, day: int) -> Price:
    return price(hourly, SPOT, since=f"2026-11-{day:02}", source="aws-spot")


def test_changes_that_were_seen_again_and_in_any_order_are_one_history() -> None:
    first = merge((), [spot("3", 5), spot("1", 1)]).admitted().new
    second = merge(first, [spot("2", 3), spot("1", 1), spot("1", 2)]).admitted()

    held = [each for each in first if each not in second.withdrawn and each.valid_to is None]
    told = sorted(
        {
            (str(each.hourly), each.valid_from.day, each.valid_to and each.valid_to.day)
            for each in (*held, *second.new)
        }
    )
    assert told == [("1", 1, 3), ("2", 3, 5), ("3", 5, None)]


def test_two_spot_prices_of_one_moment_are_refused() -> None:
    decision = merge((), [spot("3", 5), spot("1", 5)])

    assert decision.verdict is Verdict.REFUSED
    assert "two prices" in decision.reasons[0]


def test_no_spot_prices_at_all_are_refused() -> None:
    assert merge([spot("3", 5)], ()).verdict is Verdict.REFUSED


# credentials


def test_a_role_is_assumed_as_the_usual_chain_says(
    moto: str, serve: Serve, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    serve([document(price())], heeds_filters=True)
    config = tmp_path / "config"
    config.write_text(
        "[profile base]\naws_access_key_id = test\naws_secret_access_key = test\n"
        "[profile prices]\nrole_arn = arn:aws:iam::123456789012:role/prices\nsource_profile = base\n"
        "region = us-east-1\n"
    )
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_PROFILE", "prices")
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", moto)

    assert len(AwsPriceList(lambda: NOW).fetch("us-east-1").prices) == 1
