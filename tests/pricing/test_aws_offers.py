"""AWS's public offer files: the same prices as from the Query API, without holding the file."""

import json
import tracemalloc
from collections.abc import Callable, Iterable
from decimal import Decimal
from pathlib import Path

import pytest

from finops.domain.machine import Shape
from finops.domain.price import Price
from finops.domain.window import parse_moment
from finops.errors import BrokenInput
from pricing.aws_offers import read_offers
from pricing.aws_product import Reason
from pricing.catalogue import Catalogue
from pricing.gate import gate
from tests.fakes.aws_offers import PUBLISHED, VERSION, as_csv, as_json
from tests.fakes.aws_pricing import Document, document, messy
from tests.fakes.prices import price

Form = Callable[[Iterable[Document]], str]
KNOWN = Catalogue().current()[::9]


def figures(prices: tuple[Price, ...] | list[Price]) -> dict[str, tuple[Decimal, Shape]]:
    return {each.kind.machine_type: (each.hourly, each.shape) for each in prices}


def file(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "index"
    path.write_text(text, "utf-8")
    return path


@pytest.mark.parametrize("form", [as_csv, as_json], ids=["csv", "json"])
def test_an_offer_file_gives_the_prices_of_the_list_and_nothing_else_of_it(
    tmp_path: Path, form: Form
) -> None:
    (fetched,) = read_offers(file(tmp_path, form(messy(KNOWN))))

    assert figures(fetched.prices) == figures(KNOWN)
    assert fetched.published == parse_moment(PUBLISHED)
    assert fetched.version == VERSION
    assert {each.valid_from for each in fetched.prices} == {parse_moment(PUBLISHED)}
    assert {each.as_of for each in fetched.prices} == {parse_moment(PUBLISHED)}
    assert set(fetched.effective.values()) == {parse_moment("2026-11-01")}
    assert gate((), fetched.prices).admitted().new == fetched.prices


def test_an_empty_cell_of_software_is_none_installed(tmp_path: Path) -> None:
    (fetched,) = read_offers(file(tmp_path, as_csv(messy(KNOWN), software="")))

    assert figures(fetched.prices) == figures(KNOWN)


def test_software_that_is_installed_is_left_out_and_counted(tmp_path: Path) -> None:
    text = (
        as_csv([document(price())])
        + as_csv([document(price(of="m5.large"))], software="SQL Web").split('VPCNetworkingSupport"\n', 1)[1]
    )

    (fetched,) = read_offers(file(tmp_path, text))

    assert [each.kind.machine_type for each in fetched.prices] == ["c5.2xlarge"]
    assert [each.reason for each in fetched.rejected] == [Reason.WITH_SOFTWARE]


@pytest.mark.parametrize("form", [as_csv, as_json], ids=["csv", "json"])
def test_regions_come_apart_and_zones_of_their_own_are_none(tmp_path: Path, form: Form) -> None:
    documents = [
        document(price()),
        document(price(), regionCode="eu-west-1", location="EU (Ireland)"),
        document(price(), regionCode="us-east-1-bos-1", locationType="AWS Local Zone"),
    ]

    assert [each.region for each in read_offers(file(tmp_path, form(documents)))] == [
        "eu-west-1",
        "us-east-1",
    ]
    (one,) = read_offers(file(tmp_path, form(documents)), region="eu-west-1")
    assert one.region == "eu-west-1"


@pytest.mark.parametrize("form", [as_csv, as_json], ids=["csv", "json"])
def test_two_prices_of_one_machine_both_reach_the_gate(tmp_path: Path, form: Form) -> None:
    (fetched,) = read_offers(file(tmp_path, form([document(price()), document(price(), hourly="0.36")])))

    assert len(fetched.prices) == 2
    assert "two prices" in gate((), fetched.prices).reasons[0]


def test_prices_of_china_are_in_yuan(tmp_path: Path) -> None:
    yuan = price("2.1", currency="CNY")
    documents = [document(yuan, regionCode="cn-north-1")]

    (fetched,) = read_offers(file(tmp_path, as_json(documents)))

    assert [(each.hourly, each.currency) for each in fetched.prices] == [(Decimal("2.1"), "CNY")]


def test_a_product_without_terms_is_counted(tmp_path: Path) -> None:
    text = json.loads(as_json([document(price()), document(price(of="m5.large"))]))
    text["terms"]["OnDemand"].popitem()

    (fetched,) = read_offers(file(tmp_path, json.dumps(text)))

    assert [(each.reason, each.count) for each in fetched.rejected] == [(Reason.NO_TERM, 1)]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<html>",
        "{",
        '{"publicationDate": "2026-11-12T22:53:08Z", "products": {"A": ',
        '{"publicationDate": "soon", "products": {}, "terms": {}}',
        '"FormatVersion","v1.0"\n',
        as_csv([]),
        as_json([]),
        as_csv([document(price())]).replace("PricePerUnit", "Price"),
        as_json([document(price())])[:-2000],
    ],
    ids=[
        "empty",
        "html",
        "brace",
        "cut",
        "no-date",
        "cut-csv",
        "no-rows",
        "no-products",
        "no-column",
        "cut-json",
    ],
)
def test_what_is_no_whole_offer_file_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(BrokenInput):
        read_offers(file(tmp_path, text))


def test_the_file_is_not_held_in_memory(tmp_path: Path) -> None:
    """Of each machine the real files have a hundred products that are none of ours."""
    others = [
        document(price(str(number + 1), f"c5.{number}xlarge"), operatingSystem="Windows")
        for number in range(3000)
    ]
    path = file(tmp_path, as_json([*others, document(price())]))
    tracemalloc.start()

    (fetched,) = read_offers(path)

    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(fetched.prices) == 1
    assert path.stat().st_size > 4_000_000
    assert peak < path.stat().st_size / 5
