"""What the two databases say differently."""

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from finops.domain.function import Function
from finops.storage import functions
from finops.storage.portable import IN_LIST, ByBytes, UtcDay, batches
from finops.storage.tables import FunctionRow, LedgerWindowRow
from tests.finops.storage.notation import day, hour, record


def test_batches_have_all_in_order() -> None:
    items = list(range(2 * IN_LIST + 1))

    assert [len(batch) for batch in batches(items)] == [IN_LIST, IN_LIST, 1]
    assert [item for batch in batches(items) for item in batch] == items
    assert list(batches([])) == []


@pytest.mark.parametrize("at", [0, 23, 24])
def test_the_day_of_a_moment_is_that_of_utc(session: Session, at: int) -> None:
    record(session, hour(at))

    assert session.scalars(select(UtcDay(LedgerWindowRow.window_start))).one() == day(at // 24).start


def test_names_are_ordered_by_code_point(session: Session) -> None:
    names = ["b", "B", "a", "_", "é", "z", "\U0001f600", "ab", "a b"]
    functions.intern(session, [Function(name, "") for name in names])

    found = session.scalars(select(FunctionRow.name).order_by(ByBytes(FunctionRow.name))).all()

    assert found == sorted(names)


def test_a_database_answers(session: Session) -> None:
    assert session.scalars(text("SELECT 1")).one() == 1
