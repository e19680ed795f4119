"""Looks at price lists, let in, held, refused, and taken in any order."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from threading import Barrier, Thread

import pytest

from finops.domain.machine import MachineKind
from finops.domain.price import Price
from finops.domain.price_list import PriceList
from finops.storage import charges, ledger, price_imports, prices
from finops.storage.price_imports import ImportStatus
from jobs.price_imports import Imported, accept, import_list
from pricing.catalogue import Catalogue
from tests.small_ledger import SmallLedger, hour

SOURCE = "history"
CATALOGUE = Catalogue()
EARLY, LATE = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 20, tzinfo=UTC)


def listed(at: datetime, *prices: Price, source: str = SOURCE) -> PriceList:
    made = tuple(replace(price, valid_from=at, valid_to=None, source=source, as_of=at) for price in prices)
    return PriceList("aws", "us-east-1", source, at, made)


def c5(*sizes: str, times: str = "1") -> list[Price]:
    of = [CATALOGUE.machine(f"c5.{size}") for size in sizes]
    return [replace(price, hourly=price.hourly * Decimal(times)) for price in of]


SIZES = ("large", "xlarge", "2xlarge", "4xlarge", "9xlarge")


def take(ledger: SmallLedger, *looks: PriceList) -> list[Imported]:
    app = ledger.app()
    made = []
    for look in looks:
        ledger.clock.reals += timedelta(seconds=1)
        made.append(import_list(app, look, origin="test"))
    return made


def stored(ledger: SmallLedger, known_at: datetime | None = None) -> set[tuple[object, ...]]:
    with ledger.app().readers() as session:
        found = prices.current(session, source=SOURCE, known_at=known_at)
    return {(one.kind.machine_type, one.hourly, one.valid_from, one.valid_to) for one in found}


def days(count: int) -> list[PriceList]:
    """The history of GPU and memory giants, as a snapshot of every change and of days after."""
    rows = [row for row in CATALOGUE.prices([]) if row.kind.machine_type.startswith(("p", "u7", "c5."))]
    moments = sorted({row.valid_from for row in rows} | {row.valid_to for row in rows if row.valid_to})
    moments += [moments[-1] + timedelta(days=number) for number in range(1, count)]
    return [
        listed(
            at, *(row for row in rows if row.valid_from <= at and (row.valid_to is None or at < row.valid_to))
        )
        for at in moments
    ]


@pytest.mark.parametrize("seed", range(3))
def test_a_history_taken_in_any_order_ends_with_exactly_its_rows(
    small_ledger: SmallLedger, seed: int
) -> None:
    looks = days(4)
    random.Random(seed).shuffle(looks)  # noqa: S311 - an order, not a secret
    app = small_ledger.app()

    for look in looks:
        small_ledger.clock.reals += timedelta(seconds=1)
        assert import_list(app, look, origin="test", accept=True).is_in

    wanted = {
        (row.kind.machine_type, row.hourly, row.valid_from, row.valid_to)
        for row in CATALOGUE.prices([])
        if row.kind.machine_type.startswith(("p", "u7", "c5."))
    }
    assert stored(small_ledger) == wanted
    with app.readers() as session:
        book = app.price_book(session, ["p5.48xlarge"])
    p5 = MachineKind("aws", "us-east-1", "p5.48xlarge")
    at_may, at_july = (book.find(p5, datetime(2025, month, 1, tzinfo=UTC)) for month in (5, 7))
    assert at_may is not None
    assert at_july is not None
    assert (at_may.hourly, at_july.hourly) == (Decimal("98.32"), Decimal("55.04"))


def test_a_retroactive_correction_keeps_what_was_known_before(small_ledger: SmallLedger) -> None:
    take(small_ledger, listed(LATE, *c5(*SIZES)))
    before = small_ledger.clock.reals

    take(small_ledger, listed(EARLY, *c5("large", times="0.5"), *c5(*SIZES[1:])))

    now = {row[1:] for row in stored(small_ledger) if row[0] == "c5.large"}
    assert now == {(Decimal("0.0425"), EARLY, LATE), (Decimal("0.085"), LATE, None)}
    then = {row[1:] for row in stored(small_ledger, known_at=before) if row[0] == "c5.large"}
    assert then == {(Decimal("0.085"), LATE, None)}


def test_a_cost_computed_before_a_correction_stays_until_it_is_restated(drained_ledger: SmallLedger) -> None:
    final = hour(9)
    app = drained_ledger.app()
    with app.readers() as session:
        assert all(state.state == "final" for state in ledger.states(session, final).values())
        before = charges.within(session, final)
    drained_ledger.clock.reals += timedelta(hours=1)
    drained_ledger.prices = drained_ledger.prices.replace("0.085", "0.99")
    drained_ledger.write()
    drained_ledger.drain()

    with drained_ledger.app().readers() as session:
        assert charges.within(session, final) == before, "a final hour does not change"
        named = prices.by_id(session, {charge.price_id for charge in before if charge.price_id})
        known = prices.known_of(session, MachineKind("aws", "us-east-1", "c5.large"), every=True)
    assert Decimal("0.085") in {price.hourly for price in named.values()}, "what it was charged at is shown"
    assert {(one.price.hourly, one.superseded_at is None) for one in known} == {
        (Decimal("0.085"), False),
        (Decimal("0.99"), True),
    }


def test_a_second_price_for_one_key_leaves_the_table_as_it_was_and_names_the_key(
    small_ledger: SmallLedger,
) -> None:
    take(small_ledger, listed(EARLY, *c5(*SIZES)))
    before = stored(small_ledger)

    (made,) = take(small_ledger, listed(LATE, *c5(*SIZES), *c5("large", times="1.01")))

    assert made.made.status is ImportStatus.REFUSED
    assert "c5.large on-demand in aws us-east-1 has two prices" in made.made.reasons
    assert stored(small_ledger) == before


def test_a_list_that_jumps_is_held_with_what_it_said_and_enters_when_a_person_says_so(
    small_ledger: SmallLedger,
) -> None:
    take(small_ledger, listed(EARLY, *c5(*SIZES)))
    (held,) = take(small_ledger, listed(LATE, *c5(*SIZES[:4]), *c5("9xlarge", times="3")))
    assert held.made.status is ImportStatus.HELD
    assert len(stored(small_ledger)) == 5

    entered = accept(small_ledger.app(), held.made.id)

    assert entered.is_in
    assert {row[1] for row in stored(small_ledger) if row[0] == "c5.9xlarge" and row[3] is None} == {
        Decimal("4.59")
    }
    with small_ledger.app().readers() as session:
        assert price_imports.held(session) == []
    assert accept(small_ledger.app(), held.made.id).counts == {}, "doing it twice does it once"


def test_a_list_of_the_future_is_refused(small_ledger: SmallLedger) -> None:
    (made,) = take(small_ledger, listed(datetime(2036, 1, 1, tzinfo=UTC), *c5(*SIZES)))

    assert made.made.status is ImportStatus.REFUSED
    assert "yet to come" in made.made.reasons


def test_a_list_that_says_the_same_day_after_day_is_kept_once(small_ledger: SmallLedger) -> None:
    looks = [listed(EARLY + timedelta(days=day), *c5(*SIZES)) for day in range(5)]

    made = take(small_ledger, *looks)

    assert len({one.made.digest for one in made}) == 1
    assert [one.counts["new"] for one in made] == [5, 0, 0, 0, 0]


def test_two_refreshes_that_race_leave_one_open_price(small_ledger: SmallLedger) -> None:
    take(small_ledger, listed(EARLY, *c5(*SIZES)))
    start = Barrier(2)

    def import_at(day: int) -> None:
        app = small_ledger.app()
        start.wait()
        import_list(
            app, listed(LATE + timedelta(days=day), *c5("large", times="1.1"), *c5(*SIZES[1:])), origin=""
        )

    threads = [Thread(target=import_at, args=(day,)) for day in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    open_ = [row for row in stored(small_ledger) if row[0] == "c5.large" and row[3] is None]
    assert len(open_) == 1
    assert open_[0][2] == LATE
