"""Machine-hours are replaced hour by hour, and left alone where nothing changed."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from finops.domain.charge import ChargeState
from finops.domain.machine import MachineHours, Shape
from finops.domain.window import Window
from finops.storage import database, machine_hours
from finops.storage.tables import MachineHoursRow
from tests.finops.storage.notation import LATER, NOW, day, hour, hours, machines, record, restate

FULL = machines(
    version="1.2",
    environment="prod",
    utilisation=Decimal("0.4375"),
    resident_mib=Decimal("812.5"),
    shape=Shape(Decimal("7.91"), 15000, Decimal("0.5")),
)


def stored(session: Session) -> int:
    return session.scalars(select(func.count()).select_from(MachineHoursRow)).one()


def test_all_that_a_source_says_comes_back(session: Session) -> None:
    machine_hours.replace(session, "csv", day(), [FULL, machines(at=3)], NOW)

    assert machine_hours.within(session, day()) == [
        replace(FULL, source="csv"),
        machines(at=3, source="csv"),
    ]


def test_what_is_said_again_replaces_the_hours_that_differ(session: Session) -> None:
    machine_hours.replace(session, "csv", day(), [machines(at=at) for at in range(4)], NOW)
    again = [machines(at=0), machines(at=1, count=2), machines(at=2)]

    assert machine_hours.replace(session, "csv", day(), again, LATER) == 1

    rows = session.execute(select(MachineHoursRow.window_start, MachineHoursRow.recorded_at)).all()
    assert sorted(tuple(row) for row in rows) == [
        (hour(0).start, NOW),
        (hour(1).start, LATER),
        (hour(2).start, NOW),
    ]


def test_saying_the_same_twice_touches_nothing(session: Session) -> None:
    rows = [FULL, machines(at=1), machines(at=1), machines("mail", 1)]
    machine_hours.replace(session, "csv", day(), rows, NOW)

    assert machine_hours.replace(session, "csv", day(), rows[::-1], LATER) == 0
    assert session.scalars(select(MachineHoursRow.recorded_at).distinct()).all() == [NOW]


def test_sources_do_not_touch_each_other(session: Session) -> None:
    machine_hours.replace(session, "csv", day(), [machines()], NOW)
    machine_hours.replace(session, "aws", day(), [machines(count=3)], NOW)
    machine_hours.replace(session, "csv", day(), [], NOW)

    assert machine_hours.within(session, day()) == [machines(count=3, source="aws")]


def test_names_that_are_not_open_are_left_alone(session: Session) -> None:
    machine_hours.replace(session, "csv", day(), [machines(), machines("mail")], NOW)
    said = [machines(count=9), machines("mail", count=9), machines("new")]

    assert machine_hours.replace(session, "csv", day(), said, LATER, lambda name: name == "mail") == 1
    assert {row.service: row.machine_nanos for row in machine_hours.within(session, day())} == {
        "mail": machines(count=9).machine_nanos,
        "shop": machines().machine_nanos,
    }


def test_rows_that_say_the_same_stay_as_they_were(session: Session) -> None:
    machine_hours.replace(session, "csv", day(), [machines(), machines("mail")], NOW)

    assert machine_hours.replace(session, "csv", day(), [machines(), machines("mail", count=9)], LATER) == 1
    found = dict(iter(session.execute(select(MachineHoursRow.service, MachineHoursRow.recorded_at)).all()))
    assert found == {"shop": NOW, "mail": LATER}


def test_what_stood_when_its_hour_was_final_is_kept(session: Session) -> None:
    machine_hours.replace(session, "csv", day(), [machines(at=0), machines(at=1)], NOW)
    record(session, hour(0), ChargeState.FINAL)
    machine_hours.replace(session, "csv", day(), [], LATER)

    assert machine_hours.within(session, day()) == []
    assert machine_hours.within(session, day(), as_of=NOW) == [machines(at=0, source="csv")]
    assert stored(session) == 1


def test_what_a_restated_hour_was_made_of_is_kept(session: Session) -> None:
    machine_hours.replace(session, "csv", day(), [machines()], NOW)
    record(session, hour(0), ChargeState.FINAL)
    restate(session, hour(0), LATER)
    machine_hours.replace(session, "csv", day(), [machines(count=9)], LATER)

    assert machine_hours.within(session, day(), as_of=NOW) == [machines(source="csv")]


@pytest.mark.parametrize(
    "wrong",
    [
        machines(at=24),
        machines(window=Window(hour(0).start, hour(1).end)),
        machines(window=Window(hour(0).start - timedelta(minutes=1), hour(0).end)),
    ],
)
def test_a_row_outside_the_window_is_refused(session: Session, wrong: MachineHours) -> None:
    with pytest.raises(ValueError, match="is not within one hour"):
        machine_hours.replace(session, "csv", day(), [wrong], NOW)


def test_a_window_of_part_of_an_hour_is_refused(session: Session) -> None:
    half = Window(hour(0).start, hour(0).start + timedelta(minutes=30))

    with pytest.raises(ValueError, match="is not whole hours"):
        machine_hours.replace(session, "csv", half, [], NOW)


def test_part_of_an_hour_belongs_to_its_hour(session: Session) -> None:
    half = machines(window=Window(hour(1).start, hour(1).start + timedelta(minutes=30)))
    machine_hours.replace(session, "csv", day(), [half], NOW)

    assert machine_hours.within(session, hours(1, 2)) == [replace(half, source="csv")]


rows = st.lists(
    st.builds(
        machines,
        service=st.sampled_from(["shop", "mail\x00"]),
        at=st.integers(0, 3),
        count=st.integers(0, 2),
        utilisation=st.none() | st.decimals(0, 1, places=3),
        shape=st.none() | st.just(Shape(Decimal(2), 1024)),
    ),
    max_size=8,
)


@settings(deadline=None, max_examples=40)
@given(first=rows, second=rows)
def test_replacing_twice_is_replacing_once(
    engine: Engine, first: list[MachineHours], second: list[MachineHours]
) -> None:
    with database.sessions(engine)() as session:
        machine_hours.replace(session, "csv", day(), first, NOW)
        machine_hours.replace(session, "csv", day(), second, NOW)
        once = machine_hours.within(session, day())
        written = machine_hours.replace(session, "csv", day(), second[::-1], LATER)

        assert written == 0
        assert machine_hours.within(session, day()) == once
        assert len(once) == len(second) == stored(session)
