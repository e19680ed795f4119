import json
from copy import deepcopy
from decimal import Decimal

import pytest

from finops.domain.machine import Shape
from finops.domain.window import parse_moment
from pricing.aws_product import BARE_METAL, VIRTUAL, Product, Reason, read
from pricing.fetched import Rejection
from tests.fakes.aws_pricing import Document, document
from tests.fakes.prices import NOW, kind, price


def read_of(listed: Document, family: str = VIRTUAL, region: str = "us-east-1") -> Product | Rejection:
    return read(json.dumps(listed), family=family, region=region, observed_at=NOW)


def c5(**attributes: str) -> Document:
    return document(price("0.34"), **attributes)


def term(listed: Document) -> Document:
    found: Document = next(iter(listed["terms"]["OnDemand"].values()))
    return found


def dimension(listed: Document) -> Document:
    found: Document = next(iter(term(listed)["priceDimensions"].values()))
    return found


def with_price(**amounts: str) -> Document:
    listed = c5()
    dimension(listed)["pricePerUnit"] = amounts
    return listed


def test_a_product_is_a_price_from_the_moment_of_asking() -> None:
    product = read_of(c5())

    assert isinstance(product, Product)
    assert product.price.kind == kind("c5.2xlarge")
    assert product.price.hourly == Decimal("0.34")
    assert product.price.shape == Shape(Decimal(8), 16384)
    assert product.price.source == "aws-price-list"
    assert product.price.valid_from == NOW
    assert product.price.as_of == parse_moment("2026-11-20T19:10:27Z")
    assert product.price.sku == c5()["product"]["sku"]
    assert product.effective == parse_moment("2026-11-01")
    assert product.version == "20261120191027"


def test_ten_decimals_are_kept() -> None:
    product = read_of(with_price(USD="0.0000000001"))

    assert isinstance(product, Product)
    assert product.price.hourly == Decimal("1E-10")


@pytest.mark.parametrize(
    ("memory", "mebibytes"),
    [
        ("16 GiB", 16384),
        ("1,952 GiB", 1_998_848),
        ("0.5 GiB", 512),
        ("0.613 GiB", 628),
        ("24,576 GiB", 25_165_824),
    ],
)
def test_memory_is_read_with_commas_and_fractions(memory: str, mebibytes: int) -> None:
    product = read_of(c5(memory=memory))

    assert isinstance(product, Product)
    assert product.price.shape.memory_mib == mebibytes


@pytest.mark.parametrize(("gpu", "count"), [("8", "8"), ("0.125", "0.125"), ("NA", "0"), ("", "0")])
def test_gpus_may_be_fractions_or_not_there(gpu: str, count: str) -> None:
    product = read_of(c5(gpu=gpu))

    assert isinstance(product, Product)
    assert product.price.shape.gpu == Decimal(count)


def test_the_usage_of_other_regions_has_a_prefix() -> None:
    frankfurt = price(of=kind("m5.xlarge", "eu-central-1"))
    product = read_of(document(frankfurt, usagetype="EUC1-BoxUsage:m5.xlarge"), region="eu-central-1")

    assert isinstance(product, Product)
    assert product.price.kind.region == "eu-central-1"


def test_the_oldest_type_has_a_usage_without_a_name() -> None:
    product = read_of(document(price(of="m1.small"), usagetype="BoxUsage"))

    assert isinstance(product, Product)


def test_china_is_priced_in_yuan() -> None:
    beijing = price("2.5", kind("c5.2xlarge", "cn-north-1"), currency="CNY")
    product = read_of(document(beijing, usagetype="CNN1-BoxUsage:c5.2xlarge"), region="cn-north-1")

    assert isinstance(product, Product)
    assert (product.price.hourly, product.price.currency) == (Decimal("2.5"), "CNY")


def test_a_bare_metal_type_is_of_its_own_family() -> None:
    metal = document(price(of="c5.metal"))

    assert isinstance(read_of(metal, BARE_METAL), Product)
    assert read_of(metal, VIRTUAL) == Rejection(Reason.OTHER_FAMILY, "c5.metal")


@pytest.mark.parametrize(
    ("attributes", "reason"),
    [
        ({"regionCode": "us-east-2"}, Reason.OTHER_REGION),
        ({"operatingSystem": "Windows"}, Reason.NOT_LINUX),
        ({"operatingSystem": "RHEL"}, Reason.NOT_LINUX),
        ({"preInstalledSw": "SQL Std"}, Reason.WITH_SOFTWARE),
        ({"licenseModel": "Bring your own license"}, Reason.LICENCE),
        ({"tenancy": "Dedicated"}, Reason.NOT_SHARED),
        ({"tenancy": "Host"}, Reason.NOT_SHARED),
        ({"capacitystatus": "AllocatedCapacityReservation"}, Reason.RESERVED_CAPACITY),
        ({"capacitystatus": "UnusedCapacityReservation"}, Reason.RESERVED_CAPACITY),
        ({"marketoption": "CapacityBlock"}, Reason.NOT_ON_DEMAND),
        ({"usagetype": "UnusedBox:c5.2xlarge"}, Reason.NOT_BOX_USAGE),
        ({"usagetype": "DedicatedUsage:c5.2xlarge"}, Reason.NOT_BOX_USAGE),
        ({"usagetype": "HostBoxUsage:c5.2xlarge"}, Reason.NOT_BOX_USAGE),
        ({"usagetype": "Reservation:c5.2xlarge"}, Reason.NOT_BOX_USAGE),
        ({"instanceType": "c5"}, Reason.NO_MACHINE_TYPE),
        ({"instanceType": ""}, Reason.NO_MACHINE_TYPE),
        ({"instanceType": "c5.2xlarge\x1b[31m"}, Reason.NO_MACHINE_TYPE),
        ({"vcpu": "NA"}, Reason.NO_SHAPE),
        ({"vcpu": "0"}, Reason.NO_SHAPE),
        ({"memory": "NA"}, Reason.NO_SHAPE),
        ({"memory": "16 GB"}, Reason.NO_SHAPE),
        ({"memory": "1,6 GiB"}, Reason.NO_SHAPE),
        ({"gpu": "many"}, Reason.NO_SHAPE),
    ],
)
def test_other_products_are_left_out_by_name(attributes: dict[str, str], reason: Reason) -> None:
    rejection = read_of(c5(**attributes))

    assert isinstance(rejection, Rejection)
    assert rejection.reason == reason


@pytest.mark.parametrize(
    "name", ["operatingSystem", "tenancy", "capacitystatus", "marketoption", "usagetype"]
)
def test_a_missing_attribute_is_not_the_wanted_one(name: str) -> None:
    listed = c5()
    del listed["product"]["attributes"][name]

    assert isinstance(read_of(listed), Rejection)


@pytest.mark.parametrize(
    ("amount", "reason"),
    [
        ("0.0000000000", Reason.NOT_POSITIVE),
        ("0", Reason.NOT_POSITIVE),
        ("-0.34", Reason.NOT_POSITIVE),
        ("NaN", Reason.NOT_A_NUMBER),
        ("Infinity", Reason.NOT_A_NUMBER),
        ("1e400", Reason.NOT_A_NUMBER),
        (" 0.34", Reason.NOT_A_NUMBER),
        ("0,34", Reason.NOT_A_NUMBER),
        ("", Reason.NOT_A_NUMBER),
        ("٣", Reason.NOT_A_NUMBER),
    ],
)
def test_what_is_no_price_is_left_out(amount: str, reason: Reason) -> None:
    assert read_of(with_price(USD=amount)) == Rejection(reason, "c5.2xlarge")


@pytest.mark.parametrize("amounts", [{"CNY": "2.5"}, {"usd": "0.34"}, {}])
def test_a_price_in_another_currency_is_left_out(amounts: dict[str, str]) -> None:
    assert read_of(with_price(**amounts)) == Rejection(Reason.OTHER_CURRENCY, "c5.2xlarge")


def test_dollars_are_no_price_of_a_region_in_china() -> None:
    beijing = price(of=kind("c5.2xlarge", "cn-north-1"), currency="USD")

    assert read_of(document(beijing), region="cn-north-1") == Rejection(Reason.OTHER_CURRENCY, "c5.2xlarge")


def test_a_product_without_an_on_demand_term_is_left_out() -> None:
    listed = c5()
    del listed["terms"]["OnDemand"]

    assert read_of(listed) == Rejection(Reason.NO_TERM, "c5.2xlarge")


def test_a_product_with_two_on_demand_terms_is_left_out() -> None:
    listed = c5()
    listed["terms"]["OnDemand"]["other"] = term(listed)

    assert read_of(listed) == Rejection(Reason.MANY_TERMS, "c5.2xlarge")


def test_empty_price_dimensions_are_left_out() -> None:
    listed = c5()
    term(listed)["priceDimensions"] = {}

    assert read_of(listed) == Rejection(Reason.NO_DIMENSION, "c5.2xlarge")


def test_two_price_dimensions_are_left_out() -> None:
    listed = c5()
    term(listed)["priceDimensions"]["other"] = deepcopy(dimension(listed))

    assert read_of(listed) == Rejection(Reason.MANY_DIMENSIONS, "c5.2xlarge")


def test_a_price_by_quantity_is_left_out() -> None:
    listed = c5()
    dimension(listed)["unit"] = "Quantity"

    assert read_of(listed) == Rejection(Reason.NOT_HOURLY, "c5.2xlarge")


def test_a_price_of_the_future_is_left_out() -> None:
    listed = c5()
    term(listed)["effectiveDate"] = "2026-12-01T00:00:00Z"

    assert read_of(listed) == Rejection(Reason.FUTURE, "c5.2xlarge")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '"a text"',
        "{}",
        '{"product": []}',
        '{"product": {"attributes": 7}}',
        "[" * 200_000,
        '{"product": ' + "9" * 5000 + "}",
        "{" + " " * 1_000_001 + "}",
        {"product": {}},
        None,
    ],
)
def test_a_malformed_document_is_counted_and_not_fatal(text: object) -> None:
    rejection = read(text, family=VIRTUAL, region="us-east-1", observed_at=NOW)

    assert isinstance(rejection, Rejection)
    assert rejection.reason == Reason.MALFORMED
    assert len(rejection.what) <= 40


def test_a_publication_date_that_is_none_makes_a_malformed_document() -> None:
    assert read_of({**c5(), "publicationDate": "yesterday"}) == Rejection(Reason.MALFORMED, "c5.2xlarge")
