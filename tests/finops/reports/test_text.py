import re
from dataclasses import replace
from decimal import Decimal

import pytest
from sqlalchemy.orm import Session

from finops.domain.charge import ChargeKind, ChargeState
from finops.domain.machine import MachineKind
from finops.domain.resource import Resource
from finops.domain.service import Service
from finops.domain.window import Window
from finops.reports import text, weekly
from finops.reports.remedies import REMEDIES
from finops.reports.text import WIDTH
from finops.storage import ledger, services
from tests.finops.costs.notation import function
from tests.finops.reports.test_shown import HOSTILE
from tests.finops.storage.notation import MONDAY, NOW, book, book_costs, charge, cost, day, hour, record
from tests.small_ledger import SmallLedger

WEEK = Window(MONDAY, day(6).end)
AMOUNT = re.compile(r"\$([\d,]+\.\d\d)")


def shown(session: Session) -> str:
    return text.weekly(weekly.build(session, WEEK, currency="USD"))


def dollars(line: str) -> Decimal:
    found = AMOUNT.search(line)
    assert found, line
    return Decimal(found[1].replace(",", ""))


@pytest.fixture
def shop(session: Session) -> Session:
    services.replace(session, [Service("shop", team="payments"), Service("batch", is_claimed=False)], NOW)
    book(
        session,
        charge("10"),
        charge("5", kind=ChargeKind.IDLE),
        charge("2", resource=Resource.MEMORY),
        charge("1", resource=Resource.MEMORY, kind=ChargeKind.MEMORY_NOT_MEASURED),
        charge("3", service="batch", kind=ChargeKind.NO_PROFILE),
        charge(None, at=1, machine=MachineKind("on_prem", "hall-2", "rack-7"), quantity=0),
    )
    costs = [cost("main", "0", "10"), cost("serve", "7", "9"), cost("gc", "2.5"), cost(None, "0.5")]
    book_costs(session, *costs, replace(cost("cache", "2"), resource=Resource.MEMORY))
    return session


def test_the_head_says_where_the_money_went_and_adds_up(shop: Session) -> None:
    head = shown(shop).splitlines()[2:6]

    assert [dollars(line) for line in head] == [21, 12, 5, 4]
    assert "all machines of 1 service and of 1 name that no service claims" in head[0]
    assert "100.0%" in head[0]
    assert "explained by function" in head[1]
    assert "measured idle" in head[2]
    assert "neither: no_profile $3.00, memory_not_measured $1.00" in head[3]


def test_what_has_no_price_and_what_may_change_is_said_at_once(shop: Session) -> None:
    head = shown(shop).splitlines()[6:10]

    assert head[0] == "  2 of the 168 hours are in the ledger, which ends 2026-11-02T02:00:00Z"
    assert "2 hours are provisional" in head[1]
    assert "rack-7" in head[2]
    assert "in no total" in head[2]


def test_a_week_that_the_ledger_holds_whole_has_no_word_of_it(session: Session) -> None:
    book(session, charge("1"), charge("1", at=7 * 24 - 1))

    assert "hours are in the ledger" not in shown(session)


def test_a_week_of_which_the_ledger_knows_the_middle_says_so(session: Session) -> None:
    book(session, charge("1", at=24), charge("1", at=47))

    between = "begins 2026-11-03T00:00:00Z and ends 2026-11-04T00:00:00Z"
    assert f"24 of the 168 hours are in the ledger, which {between}" in shown(session)


def test_a_fleet_without_any_price_costs_not_nothing_but_what_nobody_knows(session: Session) -> None:
    book(session, charge(None, machine=MachineKind("on_prem", "hall-2", "rack-7"), quantity=0))

    said = shown(session)

    assert "$0.00  100" not in said
    assert re.search(r"no price +all machines of", said)
    assert "shop: no price" in said


def test_an_unclaimed_name_is_told_by_its_kinds_of_charge(shop: Session) -> None:
    lines = shown(shop).splitlines()
    at = lines.index("  batch: $3.00")

    assert "cpu no_profile" in lines[at + 2]


def test_one_hour_is_one_hour(session: Session) -> None:
    book(session, charge("1"))

    assert "1 hour is provisional: sources may still bring more" in shown(session)


def test_nothing_is_said_of_hours_that_are_all_final(session: Session) -> None:
    book(session, charge("1"), state=ChargeState.FINAL)

    assert "provisional" not in shown(session)


def test_cpu_is_shown_by_self_and_by_total_and_memory_by_self(shop: Session) -> None:
    lines = shown(shop).splitlines()
    tables = [line.split()[0] for line in lines if line.endswith("  function")]

    assert tables == ["self", "total", "self"]
    own = lines[next(i for i, line in enumerate(lines) if line.split()[:1] == ["self"]) + 1]
    whole = lines[next(i for i, line in enumerate(lines) if line.split()[:1] == ["total"]) + 1]
    assert own.endswith("serve")
    assert whole.endswith("main")


def test_functions_carry_their_sampling_error_to_the_cent(shop: Session) -> None:
    line = next(line for line in shown(shop).splitlines() if line.endswith("serve"))

    assert re.search(r"\$7\.00  \$\d\.\d\d–\$\d+\.\d\d  serve$", line)


def test_ten_functions_a_table_are_enough(session: Session) -> None:
    book(session, charge("55"))
    book_costs(session, *(cost(f"f{number}", str(number)) for number in range(1, 11)), cost("f0", "0"))

    lines = shown(session).splitlines()
    assert sum(bool(re.search(r" f\d+$", line)) for line in lines) == 20
    assert not any(line.endswith(" f0") for line in lines)


@pytest.mark.parametrize("kind", REMEDIES)
def test_every_kind_that_reached_no_function_is_explained_once(session: Session, kind: ChargeKind) -> None:
    amount = None if kind is ChargeKind.NO_PRICE else "1"
    book(session, charge(amount, kind=kind), charge(amount, at=1, kind=kind, service="other"))

    assert shown(session).count(REMEDIES[kind]) == 1


def test_held_hours_are_shown_with_what_to_do(session: Session) -> None:
    book(session, *(charge("1", at=at, kind=ChargeKind.OVER_CAPACITY) for at in range(12)))
    for at in range(12):
        ledger.record(
            session,
            "shop",
            hour(at),
            state=ChargeState.PROVISIONAL,
            is_held=True,
            fingerprint="inputs",
            message=f"hour {at} claims too much: {'measure utilisation, ' * 12}",
            now=NOW,
        )
    shown_text = shown(session)

    assert "12 hours held" in shown_text
    assert "hour 9 claims" in shown_text
    assert "hour 10 claims" not in shown_text
    assert "and 2 more" in shown_text


def test_an_empty_window_says_so(session: Session) -> None:
    assert "The ledger holds nothing of this window: it is empty." in shown(session)


def test_a_window_beside_the_ledger_says_what_it_reaches(session: Session) -> None:
    record(session, hour(200), service="shop")

    assert (
        "The ledger holds nothing of this window: it reaches from 2026-11-10T08:00:00Z to "
        "2026-11-10T09:00:00Z."
    ) in shown(session)


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_name_neither_acts_nor_breaks_a_line(session: Session, name: str) -> None:
    service = Service(name[:100], team=name, cost_centre=name)
    services.replace(session, [service, Service("nobody's " + name[:90], is_claimed=False)], NOW)
    book(session, charge("10", service=service.name), charge("1", service="nobody's " + name[:90]))
    book_costs(session, replace(cost("f", "10"), service=service.name, function=function(name)))

    shown_text = shown(session)
    assert all(line.isprintable() and len(line) <= WIDTH for line in shown_text.splitlines())
    assert all(character == "\n" or character.isprintable() for character in shown_text)


def test_millions_of_dollars_fit(session: Session) -> None:
    kinds = [kind for kind in ChargeKind if kind is not ChargeKind.NO_PRICE]
    book(session, *(charge("123456789.12", kind=kind, quantity=10**18) for kind in kinds))
    book_costs(
        session, replace(cost("n" * 300, "123456789.12"), self_observations=1000, total_observations=1000)
    )

    shown_text = shown(session)
    assert max(map(len, shown_text.splitlines())) <= WIDTH
    head = "\n".join(shown_text.splitlines()[2:16])
    assert all(f"{kind} $123,456,789.12" in re.sub(r"\s+", " ", head) for kind in kinds[2:])


def test_the_report_of_the_small_company_fits(drained_ledger: SmallLedger) -> None:
    with drained_ledger.app().readers() as session:
        report = weekly.build(session, Window(MONDAY, day(1).end), currency="USD")
    shown_text = text.weekly(report)

    assert max(map(len, shown_text.splitlines())) <= WIDTH
    assert "Prices" in shown_text
    assert "$0.01 … " not in shown_text
