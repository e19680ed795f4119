import json
from dataclasses import replace
from decimal import Decimal

import pytest
from sqlalchemy.orm import Session

from finops.app import App
from finops.domain.charge import Amounts, ChargeKind, ChargeState, CostMetric
from finops.domain.function_cost import FunctionCost
from finops.domain.money import Money, total
from finops.domain.resource import Resource
from finops.domain.service import Service
from finops.domain.window import Window
from finops.errors import Incomplete
from finops.reports import document, weekly
from finops.reports.weekly import Weekly
from finops.storage import ledger, services
from tests.finops.costs.notation import function
from tests.finops.reports.test_shown import HOSTILE
from tests.finops.storage.notation import (
    FLEET,
    MONDAY,
    NOW,
    book,
    book_costs,
    charge,
    cost,
    day,
    hour,
    record,
    restate,
)
from tests.small_ledger import HOURS, SmallLedger

WEEK = Window(MONDAY, day(6).end)
BOTH_DAYS = Window(day().start, day(1).end)


def made(session: Session, **words: object) -> Weekly:
    return weekly.build(session, WEEK, currency="USD", **words)  # type: ignore[arg-type]


@pytest.fixture
def shop(session: Session) -> Session:
    """A shop that used $10 and idled $5, a batch that nobody claims, and a rack without a price."""
    services.replace(session, [Service("shop", team="payments"), Service("batch", is_claimed=False)], NOW)
    book(
        session,
        charge("10"),
        charge("5", kind=ChargeKind.IDLE),
        charge("2", resource=Resource.MEMORY),
        charge(None, at=1, note="no price", machine=replace(FLEET, machine_type="rack-7")),
        charge("3", service="batch", kind=ChargeKind.NO_PROFILE),
    )
    costs = [cost("main", "0", "10"), cost("serve", "7", "9"), cost("gc", "2.5"), cost(None, "0.5")]
    heap = replace(cost("serve", "2"), resource=Resource.MEMORY)
    book_costs(session, *costs, heap)
    return session


def test_services_and_unclaimed_names_add_up_to_the_total(shop: Session) -> None:
    report = made(shop)

    assert report.total == Money.of("20")
    assert [(line.service.name, line.total) for line in report.services] == [("shop", Money.of("17"))]
    assert [(line.service.name, line.total) for line in report.unclaimed] == [("batch", Money.of("3"))]


def test_functions_add_up_to_the_used_charges(shop: Session) -> None:
    (line,) = made(shop).services
    used = {each.resource: each.amount for each in line.charges if each.kind is ChargeKind.USED}

    assert line.functions_self == used


def test_the_dearest_by_self_and_by_total_are_listed(shop: Session) -> None:
    (line,) = made(shop, limit=1).services
    names = [each.function.name for each in line.functions if each.resource is Resource.CPU if each.function]

    assert names == ["main", "serve"]
    assert line.functions_self[Resource.CPU] == Money.of("10")


def test_what_has_no_price_stands_beside_the_total(shop: Session) -> None:
    report = made(shop)
    (line,) = (each for each in report.services[0].charges if each.kind is ChargeKind.NO_PRICE)

    assert line.amount is None
    assert [(each.service, each.kind.machine_type) for each in report.unpriced] == [("shop", "rack-7")]


def test_a_metric_that_nobody_knows_is_no_zero(shop: Session) -> None:
    with pytest.raises(Incomplete, match="no billed cost is known"):
        made(shop, metric=CostMetric.BILLED)


def test_a_metric_that_is_known_of_some_is_shown_of_those(shop: Session) -> None:
    amounts = Amounts(list=Money.of("4"), billed=Money.of("3"))
    book(shop, charge("4", at=30, amounts=amounts))

    assert made(shop, metric=CostMetric.BILLED).total == Money.of("3")


def test_another_currency_is_of_no_total(shop: Session) -> None:
    book(shop, charge("99", at=5, amounts=Amounts(list=Money.of("99", "EUR")), currency="EUR"))

    assert made(shop).total == Money.of("20")


def test_an_empty_window_costs_nothing(session: Session) -> None:
    report = made(session)

    assert (report.total, report.services, report.unclaimed) == (Money(0), (), ())


def test_provisional_hours_are_counted_once(session: Session) -> None:
    book(session, charge("1"), charge("1", service="other"), charge("1", at=1), state=ChargeState.FINAL)
    book(session, charge("1", at=2), charge("1", at=2, service="other"))

    assert made(session).provisional_hours == 1


def test_a_report_of_a_moment_reads_what_stood_then(session: Session) -> None:
    book(session, charge("1"), state=ChargeState.FINAL)
    later = NOW.replace(hour=18)
    restate(session, hour(0), later)
    book(session, charge("7"), now=later)

    assert made(session, as_of=NOW).total == Money.of("1")
    assert made(session).total == Money.of("7")


def test_held_hours_are_named_with_their_reason(session: Session) -> None:
    book(session, charge("1", kind=ChargeKind.OVER_CAPACITY, state=ChargeState.HELD))
    ledger.record(
        session,
        "shop",
        hour(0),
        state=ChargeState.PROVISIONAL,
        is_held=True,
        fingerprint="inputs",
        message="the profile claims too much",
        now=NOW,
    )

    assert [(each.service, each.message) for each in made(session).held] == [
        ("shop", "the profile claims too much")
    ]


def test_the_document_is_the_contract(shop: Session) -> None:
    said = document.weekly(made(shop))

    assert list(said) == [
        *("window", "currency", "cost_metric", "cost_basis", "total", "services", "shared", "unclaimed"),
        *("provisional_hours", "accounted", "held", "unpriced", "without_machines", "refused", "prices"),
    ]
    assert (said["cost_metric"], said["cost_basis"], said["total"]) == ("list", "used", "20.000000000")
    (service,) = said["services"]
    assert service["charges"][0] == {
        "resource": "cpu",
        "kind": "used",
        "quantity": "1.000000000",
        "unit": "core_hours",
        "amount": "10.000000000",
    }
    assert {each["unit"] for each in service["charges"]} == {"core_hours", "gib_hours"}
    main, serve, *_ = service["functions"]
    assert (main["name"], main["self"], main["total"]) == ("main", "0.000000000", "10.000000000")
    assert (serve["observations"], serve["total_observations"]) == (7, 9)
    assert serve["interval"].keys() == {"low", "high", "level"}
    assert service["functions_self"] == {"cpu": "10.000000000", "memory": "2.000000000"}
    assert said["unclaimed"][0]["name"] == "batch"
    assert said["unpriced"][0]["machine_type"] == "rack-7"


def test_amounts_in_the_document_are_text_and_null_where_unknown(shop: Session) -> None:
    said = json.loads(json.dumps(document.weekly(made(shop))))
    amounts = [each["amount"] for each in said["services"][0]["charges"]]

    assert None in amounts
    assert all(isinstance(amount, str) for amount in amounts if amount is not None)


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_name_is_only_data_in_the_document(session: Session, name: str) -> None:
    book(session, charge("1"))
    book_costs(session, hostile(name, "1"))
    said = json.loads(json.dumps(document.weekly(made(session))))

    (line,) = said["services"][0]["functions"]
    assert line["name"] == name


def hostile(name: str, amount: str) -> FunctionCost:
    return replace(cost("f", amount), function=function(name))


def test_prices_are_shown_with_source_and_split(drained_ledger: SmallLedger) -> None:
    said = document.weekly(of_company(drained_ledger.app()))
    line = next(each for each in said["prices"] if each["machine_type"] == "c5.large")

    assert (line["hourly"], line["currency"], line["split"]) == ("0.085", "USD", "aws-9to1")
    assert line["source"]
    assert line["as_of"] >= line["valid_from"]


def test_what_the_jobs_wrote_adds_up_to_what_the_machines_cost(drained_ledger: SmallLedger) -> None:
    report = of_company(drained_ledger.app())
    # Two c5.large at $0.085 and an m5.xlarge at $0.192.
    assert report.total == Money.of((Decimal("0.085") * 2 + Decimal("0.192")) * HOURS)
    for line in report.services:
        used = [each.amount for each in line.charges if each.kind is ChargeKind.USED if each.amount]
        assert total(line.functions_self.values()) == total(used)
        assert line.total == total(each.amount for each in line.charges if each.amount)
    assert any(line.functions_self[Resource.CPU] > Money(0) for line in report.services)


def of_company(app: App) -> Weekly:
    with app.readers() as session:
        return weekly.build(session, BOTH_DAYS, currency="USD", limit=0)


def test_all_function_costs_are_listed_with_no_limit(drained_ledger: SmallLedger) -> None:
    checkout = next(each for each in of_company(drained_ledger.app()).services if each.functions)
    cpu = [each for each in checkout.functions if each.resource is Resource.CPU]

    assert len(cpu) > 100
    assert all(each.total_cost is not None and each.self_cost <= each.total_cost for each in cpu)
    assert total(each.self_cost for each in cpu) <= checkout.functions_self[Resource.CPU]


def test_a_window_that_only_has_function_costs_left_still_shows_them(session: Session) -> None:
    record(session, day())
    book_costs(session, cost("serve", "2"))

    (line,) = made(session).services
    assert line.functions_self[Resource.CPU] == Money.of("2")


def test_what_has_no_price_is_null_and_never_zero(session: Session) -> None:
    rack = replace(FLEET, machine_type="rack-7")
    services.replace(session, [Service("shop"), Service("batch", is_claimed=False)], NOW)
    book(
        session,
        charge(None, machine=rack, quantity=0),
        charge(None, machine=rack, service="batch", quantity=5),
    )

    said = document.weekly(made(session))

    assert said["total"] is None
    assert [each["total"] for each in said["services"]] == [None]
    assert [each["amount"] for each in said["unclaimed"]] == [None]
    assert said["services"][0]["charges"][0]["quantity"] is None, "nobody knows how many cores it has"
    assert said["unclaimed"][0]["charges"][0]["quantity"] == "0.000000000", "less than is shown, and known"


def test_the_part_of_the_window_that_the_ledger_reaches_is_said(session: Session) -> None:
    assert document.weekly(made(session))["accounted"] is None

    book(session, charge("1", at=24), charge("1", at=30, service="batch"))

    assert document.weekly(made(session))["accounted"] == {
        "start": "2026-11-03T00:00:00Z",
        "end": "2026-11-03T07:00:00Z",
    }
