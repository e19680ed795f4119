"""Two databases with the same history print the same bytes."""

import json
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from finops.domain.charge import ChargeState
from finops.domain.function import Function
from finops.domain.price import PriceSplit
from finops.domain.profile import ProfileKind
from finops.domain.service import Service
from finops.storage import (
    charges,
    database,
    dump,
    functions,
    machine_hours,
    prices,
    reports,
    retention,
    runs,
    services,
    usage,
)
from finops.storage.runs import Outcome
from tests import claims
from tests.finops.storage.notation import (
    LATER,
    NOW,
    book,
    book_costs,
    charge,
    cost,
    day,
    hour,
    machines,
    price,
    record,
    restate,
)
from tests.finops.storage.notation import usage as said

FINAL = ChargeState.FINAL
HOSTILE = "a\x00b\ud800"
TABLES = [
    *("services", "machine_hours", "usage", "prices", "price_splits"),
    *("charges", "charge_days", "ledger_windows", "function_costs", "reports"),
]


def straight(session: Session) -> None:
    """A history, told once and in order."""
    services.replace(session, [Service("mail"), Service("shop", team=HOSTILE)], NOW)
    machine_hours.replace(session, "csv", day(), [machines(), machines("mail", 3)], NOW)
    pull(session, said("main;serve 30\nmain;gc 1"))
    prices.record(session, [replace(price(), valid_to=NOW), price("0.36", valid_from=NOW)], [], NOW)
    prices.record_splits(session, [PriceSplit("p", "native", 10**30, 1, 0, "published")])
    book(session, charge("1", state=FINAL), charge(None, state=FINAL), charge("2", at=25), state=FINAL)
    book_costs(session, cost("main", "1"), cost(f"serve{HOSTILE}@a.go", "2"), cost(None, "3"))
    bill(session, LATER)
    reports.store(session, "weekly", day(), "a report\n", "{}", "f", NOW)


def winding(session: Session) -> None:
    """The same history at other hours, in another order, with what went wrong on the way."""
    claim = claims.claim(
        session,
        *("pull", hour(0), ""),
        worker="two",
        now=NOW,
        lease=timedelta(minutes=1),
        fingerprint="",
    )
    assert claim is not None
    runs.finish(session, claim, outcome=Outcome.FAILED, counts={}, error="no answer", now=NOW)
    functions.intern(session, [Function("zeta", ""), Function("serve", ""), Function("main", "x")])
    prices.record_splits(session, [PriceSplit("p", "native", 10**30, 1, 0, "published")])
    prices.record(session, [replace(price(), as_of=LATER)], [], NOW)
    prices.record(session, [replace(price(), valid_to=NOW), price("0.36", valid_from=NOW)], [price()], LATER)
    pull(session, said("main;serve 29"))
    pull(session, said("main;serve 30\nmain;gc 1"))
    book(session, charge("8", at=25))
    book(session, charge("2", at=25), state=FINAL, now=LATER)
    book_costs(session, cost(None, "3"), cost(f"serve{HOSTILE}@a.go", "2"), cost("main", "1"))
    book(session, charge(None, state=FINAL), charge("1", state=FINAL), state=FINAL, now=LATER)
    machine_hours.replace(session, "csv", day(), [machines("mail", 3), machines(count=2)], NOW)
    machine_hours.replace(session, "csv", day(), [machines("mail", 3), machines()], LATER)
    bill(session, LATER + timedelta(days=1))
    services.replace(session, [Service("shop", team="web")], NOW)
    services.replace(session, [Service("shop", team=HOSTILE), Service("mail")], NOW)
    reports.store(session, "weekly", day(), "a report\n", "{}", "f", LATER)


def pull(session: Session, one: object) -> None:
    usage.replace(session, "pyroscope", "shop", hour(0), ProfileKind.CPU, [one], NOW)  # type: ignore[list-item]


def bill(session: Session, now: datetime) -> None:
    version = restate(session, hour(0), now)
    charges.replace(session, "shop", hour(0), [charge("4", state=FINAL)], version)
    record(session, hour(0), FINAL)


def printed(engine: Engine, *histories: object) -> list[str]:
    with database.sessions(engine)() as session:
        for history in histories:
            history(session)  # type: ignore[operator]
        return list(dump.canonical(session))


def test_the_same_history_prints_the_same(engine: Engine) -> None:
    assert printed(engine, straight) == printed(engine, winding)


def test_lines_are_json_with_sorted_keys_table_by_table(engine: Engine) -> None:
    lines = printed(engine, straight)
    tables = [json.loads(line)["table"] for line in lines]

    assert [json.dumps(json.loads(line), sort_keys=True) for line in lines] == lines
    assert tables == sorted(tables, key=TABLES.index)
    assert set(tables) == set(TABLES) - {"charge_days"}
    assert "".join(lines).isascii()


def test_money_is_whole_nanos_and_nothing_tells_the_clock(engine: Engine) -> None:
    found = [json.loads(line) for line in printed(engine, straight)]
    lines = [line for line in found if line["table"] == "charges"]

    assert [(line["ledger_version"], line["list_nanos"]) for line in lines] == [
        (1, None),
        (1, 10**9),
        (2, 4 * 10**9),
        (1, 2 * 10**9),
    ]
    for line in found:
        assert not line.keys() & {"id", "recorded_at", "superseded_at", "as_of", "made_at", "attempt"}


def test_any_difference_is_printed(engine: Engine) -> None:
    before = printed(engine, straight)

    for change in (
        lambda session: services.replace(session, [Service("mail", is_claimed=False)], NOW),
        lambda session: machine_hours.replace(session, "csv", day(), [machines()], NOW),
        lambda session: pull(session, said("main;serve 29\nmain;gc 2")),
        lambda session: pull(session, said("main;serve 30\ngc;main 1")),
        lambda session: prices.record(session, [price("0.4")], [], NOW),
        lambda session: prices.record_splits(session, [PriceSplit("p", "native", 1, 1, 0, "")]),
        lambda session: charges.replace(session, "shop", hour(25), [charge("3", at=25)], 1),
        lambda session: restate(session, hour(25), LATER),
        lambda session: book_costs(session, cost("main", "2")),
        lambda session: reports.store(session, "weekly", day(), "another", "{}", "f", NOW),
    ):
        assert printed(engine, straight, change) != before


def test_what_leaves_is_printed_no_more(engine: Engine) -> None:
    def expire(session: Session) -> None:
        retention.expire(session, hourly_before=day().end, raw_before=NOW, runs_before=NOW)

    def close(session: Session) -> None:
        record(session, day(), FINAL)

    assert printed(engine, straight, close, expire) != printed(engine, straight, close)


def test_an_empty_ledger_prints_nothing(engine: Engine) -> None:
    assert printed(engine) == []
