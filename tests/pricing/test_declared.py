from dataclasses import replace
from decimal import Decimal

import pytest

from finops.domain.window import parse_moment
from pricing.changes import Changes, Verdict
from pricing.declared import declare
from tests.fakes.prices import price

OWN = price("0.21", "own.large", since="2026-01-01")
RENTED = price("0.34", "rented.large", since="2026-01-01")


def test_a_first_statement_is_all_new() -> None:
    assert declare((), [OWN, RENTED]).admitted() == Changes(new=(OWN, RENTED))


def test_the_same_statement_changes_nothing_though_it_was_looked_at_again() -> None:
    later = replace(OWN, as_of=parse_moment("2026-11-20"))

    assert declare([OWN], [later]).admitted() == Changes(unchanged=(OWN,))


def test_a_price_no_longer_stated_is_withdrawn() -> None:
    assert declare([OWN, RENTED], [OWN]).admitted() == Changes(unchanged=(OWN,), withdrawn=(RENTED,))
    assert declare([OWN], []).admitted().withdrawn == (OWN,)


def test_a_price_stated_otherwise_corrects_the_past() -> None:
    dearer = replace(OWN, hourly=Decimal("2.10"))

    assert declare([OWN], [dearer]).admitted() == Changes(new=(dearer,), withdrawn=(OWN,))


def test_an_end_stated_later_replaces_the_open_price() -> None:
    ended = replace(OWN, valid_to=parse_moment("2026-06-01"))
    next_ = replace(OWN, hourly=Decimal("0.25"), valid_from=parse_moment("2026-06-01"))

    changes = declare([OWN], [ended, next_]).admitted()

    assert changes.to_store == (ended, next_)
    assert changes.withdrawn == (OWN,)


@pytest.mark.parametrize("since", ["2026-01-01", "2026-06-01"])
def test_two_prices_at_once_are_refused(since: str) -> None:
    decision = declare((), [OWN, price("0.25", "own.large", since=since)])

    assert decision.verdict is Verdict.REFUSED
    (said,) = decision.reasons
    assert said == (
        "own.large on-demand in aws us-east-1 has two prices at once: "
        f"0.21 from 2026-01-01T00:00:00Z and 0.25 from {since}T00:00:00Z"
    )
