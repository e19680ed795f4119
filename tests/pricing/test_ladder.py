"""Which of all that is known decides a price, and on which rung it stands."""

from dataclasses import replace
from decimal import Decimal

import pytest

from finops.costs.fit import Fit
from finops.costs.priced import priced
from finops.domain.machine import MachineHours, MachineKind, Shape
from finops.domain.override import Override
from finops.domain.price import Price
from finops.domain.window import Window, parse_moment
from pricing.ladder import Ladder
from pricing.rungs import Rung, rung_of
from tests.fakes.prices import kind, price

AT = parse_moment("2026-11-10T06:00:00Z")
HOUR = Window(AT, parse_moment("2026-11-10T07:00:00Z"))
SPOT = kind("c5.2xlarge", purchase_option="spot", zone="use1-az1")
RESERVED = kind("c5.2xlarge", purchase_option="reserved-1yr-standard-no-upfront")

BILL = price("0.20", source="bill")
FIXED = price("0.25", source="fixed")
LISTED = price("0.34")
BUNDLED = price("0.33", source="catalogue")
OF_SPOT = price("0.12", SPOT, source="aws-spot")
OF_RESERVED = price("0.21", RESERVED, source="aws-reserved")
DISCOUNT = Override("contract", "aws", percent=Decimal(10))
FIT = Fit(
    "aws",
    "us-east-1",
    "5",
    "USD",
    Decimal("0.035"),
    Decimal("0.0034"),
    Decimal("0.018"),
    24,
    parse_moment("2026-11-01"),
)
C5 = kind()
M5 = Shape(Decimal(4), 16384)


def answer(ladder: Ladder, of: MachineKind = C5, shape: Shape | None = None) -> tuple[str | None, Rung]:
    found = ladder.find(of, AT, shape)
    return (f"{found.hourly}" if found else None), rung_of(found)


@pytest.mark.parametrize(
    ("known", "hourly", "rung"),
    [
        ((BUNDLED, LISTED, FIXED, BILL), "0.20", Rung.ACTUAL_BILL),
        ((BUNDLED, LISTED, FIXED), "0.25", Rung.OVERRIDE),
        ((BUNDLED, LISTED), "0.34", Rung.ON_DEMAND),
        ((BUNDLED,), "0.33", Rung.CATALOGUE),
        ((), None, Rung.NO_PRICE),
    ],
)
def test_the_first_rung_that_knows_answers(known: tuple[Price, ...], hourly: str | None, rung: Rung) -> None:
    assert answer(Ladder(known)) == (hourly, rung)
    assert answer(Ladder(reversed(known))) == (hourly, rung)


def test_a_spot_machine_takes_its_zones_price_or_none() -> None:
    ladder = Ladder([OF_SPOT, LISTED, BUNDLED], fits=[FIT])

    assert answer(ladder, SPOT) == ("0.12", Rung.SPOT)
    assert answer(ladder, replace(SPOT, zone="use1-az2"), M5) == (None, Rung.NO_PRICE)


def test_a_committed_machine_takes_its_rate_or_none() -> None:
    assert answer(Ladder([OF_RESERVED, LISTED]), RESERVED) == ("0.21", Rung.COMMITMENT)
    assert answer(Ladder([LISTED]), RESERVED) == (None, Rung.NO_PRICE)


def test_what_was_negotiated_stands_beside_the_list_price() -> None:
    found = Ladder([LISTED, BUNDLED], [DISCOUNT]).find(kind(), AT)

    assert found is not None
    assert (found.hourly, found.contracted, found.effective) == (
        Decimal("0.34"),
        Decimal("0.306"),
        Decimal("0.306"),
    )
    assert rung_of(found) is Rung.OVERRIDE
    assert found.id != LISTED.id


def test_a_discount_of_what_has_no_list_price_is_no_price() -> None:
    assert answer(Ladder([], [DISCOUNT])) == (None, Rung.NO_PRICE)


@pytest.mark.parametrize(
    ("override", "contracted"),
    [
        (Override("a", "aws", hourly=Decimal("0.30")), "0.30"),
        (Override("a", "aws", percent=Decimal(-5)), "0.357"),
        (Override("a", "aws", percent=Decimal(10), family="c5"), "0.306"),
        (Override("a", "aws", percent=Decimal(10), family="m5"), None),
        (Override("a", "aws", percent=Decimal(10), region="eu-west-1"), None),
        (Override("a", "aws", percent=Decimal(10), account="4711"), None),
        (Override("a", "gcp", percent=Decimal(10)), None),
        (Override("a", "aws", percent=Decimal(10), valid_from=parse_moment("2026-11-11")), None),
        (Override("a", "aws", percent=Decimal(10), valid_to=AT), None),
    ],
    ids=str,
)
def test_an_override_covers_what_it_says_while_it_says_so(override: Override, contracted: str | None) -> None:
    found = Ladder([LISTED], [override]).find(kind(), AT)

    assert found is not None
    assert found.contracted == (Decimal(contracted) if contracted else None)


def test_the_most_particular_override_counts() -> None:
    others = [
        DISCOUNT,
        Override("family", "aws", percent=Decimal(20), family="c5"),
        Override("account", "aws", percent=Decimal(30), account="4711"),
    ]

    assert Ladder([LISTED], others).find(kind(), AT).contracted == Decimal("0.272")  # type: ignore[union-attr]
    mine = kind(account="4711")
    assert Ladder([LISTED], others).find(mine, AT).contracted == Decimal("0.238")  # type: ignore[union-attr]


def test_an_unknown_machine_of_a_plain_family_is_estimated_and_says_so() -> None:
    found = Ladder([], fits=[FIT]).find(kind("m5.99xlarge"), AT, M5)

    assert found is not None
    assert (found.hourly, found.is_estimate, rung_of(found)) == (Decimal("0.1944"), True, Rung.ESTIMATE)


@pytest.mark.parametrize(
    ("machine_type", "shape", "fit"),
    [
        ("t3.large", M5, FIT),
        ("x2gd.large", M5, FIT),
        ("m5.large", None, FIT),
        ("m5.large", replace(M5, gpu=Decimal(1)), FIT),
        ("m6i.large", M5, FIT),
        ("m5.large", M5, replace(FIT, region="eu-west-1")),
        ("m5.large", M5, replace(FIT, refused="a price is off by 7.20 %")),
        ("m5.large", M5, replace(FIT, valid_from=parse_moment("2026-11-11"))),
        ("m99", M5, FIT),
    ],
)
def test_what_an_estimate_would_be_wrong_of_has_no_price(
    machine_type: str, shape: Shape | None, fit: Fit
) -> None:
    assert answer(Ladder([], fits=[fit]), kind(machine_type), shape) == (None, Rung.NO_PRICE)


def test_ten_years_before_the_first_price_there_is_none_and_not_the_oldest() -> None:
    assert Ladder([LISTED, BUNDLED], fits=[FIT]).find(kind(), parse_moment("2016-11-10"), M5) is None


def test_every_rung_says_why() -> None:
    steps = Ladder([LISTED]).why(kind(), AT)

    assert [step.rung for step in steps] == list(Rung)[:-1]
    assert [step.rung for step in steps if step.price] == [Rung.ON_DEMAND]
    assert all(step.why for step in steps)
    assert Ladder([]).why(kind(), AT)[-1].rung is Rung.NO_PRICE


def test_what_the_ladder_made_before_is_no_evidence() -> None:
    made = Ladder([LISTED], [DISCOUNT]).find(kind(), AT)
    assert made is not None

    assert answer(Ladder([made])) == (None, Rung.NO_PRICE)


# a price that changes within an hour


def change(at: str) -> list[Price]:
    return [price("0.30", until=at), price("0.36", since=at)]


def test_a_price_that_changes_within_an_hour_splits_it_by_time() -> None:
    ladder = Ladder(change("2026-11-10T06:15:00Z"))

    assert [
        (str(found.hourly), window.nanoseconds // 10**9)
        for window, found in ladder.during(kind(), HOUR)
        if found
    ] == [
        ("0.30", 900),
        ("0.36", 2700),
    ]
    row = MachineHours("shop", HOUR, kind(), 10 * 3600 * 10**9 + 1, 7)
    parts = priced(row, ladder)
    assert [part.hours.machine_nanos for part in parts] == [9 * 10**12, 27 * 10**12 + 1]
    assert sum(part.hours.instance_nanos for part in parts) == 7


@pytest.mark.parametrize(
    ("at", "hourly"), [("2026-11-10T06:00:00Z", "0.36"), ("2026-11-10T07:00:00Z", "0.30")]
)
def test_a_change_at_the_edge_of_an_hour_splits_nothing(at: str, hourly: str) -> None:
    ((window, found),) = Ladder(change(at)).during(kind(), HOUR)

    assert window == HOUR
    assert found is not None
    assert str(found.hourly) == hourly


def test_a_part_without_a_price_is_a_part_without_a_price() -> None:
    found = Ladder([price("0.3", until="2026-11-10T06:30:00Z")]).during(kind(), HOUR)

    assert [each and str(each.hourly) for _, each in found] == ["0.3", None]
