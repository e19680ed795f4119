from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.domain.machine import MachineKind
from finops.domain.ports import PriceBook
from finops.domain.window import moment_text, parse_moment
from pricing.book import Book, first_of
from tests.fakes.prices import kind, price

AT = parse_moment("2026-11-02T06:00:00Z")


def found(book: PriceBook, of: MachineKind, at: str = "2026-11-02T06:00:00Z") -> str | None:
    answer = book.find(of, parse_moment(at))
    return None if answer is None else str(answer.hourly)


TWO_PRICES = Book(
    [
        price("0.30", since="2026-10-01", until="2026-11-01"),
        price("0.34", since="2026-11-01"),
    ]
)


@pytest.mark.parametrize(
    ("at", "hourly"),
    [
        ("2026-09-30T23:59:59Z", None),
        ("2026-10-01T00:00:00Z", "0.30"),
        ("2026-10-31T23:59:59Z", "0.30"),
        ("2026-11-01T00:00:00Z", "0.34"),
        ("2036-11-01T00:00:00Z", "0.34"),
    ],
)
def test_a_price_holds_from_its_start_to_before_its_end(at: str, hourly: str | None) -> None:
    assert found(TWO_PRICES, kind(), at) == hourly


def test_ten_years_before_the_first_price_there_is_none() -> None:
    assert found(TWO_PRICES, kind(), "2016-11-01") is None


def test_between_two_prices_there_may_be_none() -> None:
    book = Book([price("0.30", since="2026-09-01", until="2026-10-01"), price("0.34", since="2026-11-01")])

    assert found(book, kind(), "2026-10-15") is None


def test_where_two_overlap_the_later_counts_while_it_holds() -> None:
    book = Book([price("0.30", since="2026-09-01"), price("0.25", since="2026-10-01", until="2026-10-02")])

    assert found(book, kind(), "2026-10-01T12:00:00Z") == "0.25"
    assert found(book, kind(), "2026-10-02") == "0.30"


def test_an_unknown_machine_has_no_price() -> None:
    assert found(TWO_PRICES, kind("m99.large")) is None


def test_a_spot_machine_never_takes_the_on_demand_price() -> None:
    assert found(TWO_PRICES, kind(purchase_option="spot")) is None
    assert found(TWO_PRICES, kind(purchase_option="capacity_block")) is None


def test_a_region_never_takes_the_price_of_another() -> None:
    assert found(TWO_PRICES, kind(region="us-east-2")) is None


@pytest.mark.parametrize(
    ("zone", "account", "hourly"),
    [
        ("us-east-1a", "42", "0.1"),
        ("us-east-1b", "42", "0.2"),
        ("us-east-1a", "43", "0.3"),
        ("us-east-1b", "43", "0.4"),
        ("", "", "0.4"),
    ],
)
def test_the_nearest_price_counts(zone: str, account: str, hourly: str) -> None:
    book = Book(
        [
            price("0.1", kind(zone="us-east-1a", account="42")),
            price("0.2", kind(account="42")),
            price("0.3", kind(zone="us-east-1a")),
            price("0.4", kind()),
        ]
    )

    assert found(book, kind(zone=zone, account=account)) == hourly


def test_an_account_without_a_price_yet_pays_what_all_pay() -> None:
    book = Book([price("0.2", kind(account="42"), since="2026-12-01"), price("0.4", kind())])

    assert found(book, kind(account="42")) == "0.4"


def test_the_first_book_that_answers_wins() -> None:
    fixed, listed = Book([price("0.20", since="2026-11-02")]), TWO_PRICES
    ladder = first_of([fixed, listed])

    assert found(ladder, kind()) == "0.20"
    assert found(ladder, kind(), "2026-11-01") == "0.34"
    assert found(ladder, kind("m99.large")) is None
    assert found(first_of([]), kind()) is None


@given(st.lists(st.integers(0, 1000), min_size=1, unique=True), st.integers(-10, 1010))
def test_of_prices_one_after_another_the_last_begun_counts(starts: list[int], hour: int) -> None:
    def moment(hours: int) -> datetime:
        return AT + timedelta(hours=hours)

    book = Book([price(str(start + 1), since=moment_text(moment(start))) for start in starts])

    answer = book.find(kind(), moment(hour))

    begun = [start for start in starts if start <= hour]
    assert (answer.hourly if answer else None) == (max(begun) + 1 if begun else None)
