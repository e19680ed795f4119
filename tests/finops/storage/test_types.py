"""Values come back from the database as they went in, or are refused on the way."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Column, Engine, Integer, MetaData, Table, insert, select
from sqlalchemy.exc import StatementError
from sqlalchemy.orm import Session

from finops.errors import StorageError
from finops.storage.types import Exact, Name, Prose, UtcDateTime, Whole, escape, plain_text, unescape

HOSTILE = "a\x00b\ud800c\ufffdd\ufffd0000"


def back(engine: Engine, kind: object, value: object) -> object:
    """A value after its way through a column."""
    metadata = MetaData()
    table = Table("one_value", metadata, Column("id", Integer, primary_key=True), Column("value", kind))  # type: ignore[arg-type]
    with engine.connect() as connection:
        metadata.create_all(connection)
        connection.execute(insert(table), [{"id": 1, "value": value}])
        found: object = connection.scalars(select(table.c.value)).one()
        connection.rollback()
        return found


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (UtcDateTime(), datetime(2026, 11, 2, 6, tzinfo=UTC)),
        (UtcDateTime(), datetime(2026, 11, 2, 1, tzinfo=timezone(timedelta(hours=-5)))),
        (Whole(), 2**63 - 1),
        (Whole(), -(2**63)),
        (Exact(), Decimal("0.1000000000000000000000000000000000000001")),
        (Exact(), Decimal(10**40)),
        (Prose(), HOSTILE * 1000),
        (Name(100), HOSTILE),
        (Name(100), "\N{HIRAGANA LETTER A}" * 33),
        *((kind, None) for kind in (UtcDateTime(), Whole(), Exact(), Prose(), Name(10))),
    ],
)
def test_a_value_comes_back(engine: Engine, kind: object, value: object) -> None:
    assert back(engine, kind, value) == value


@pytest.mark.parametrize(
    ("kind", "value", "reason"),
    [
        (UtcDateTime(), datetime(2026, 11, 2, 6), "has no time zone"),  # noqa: DTZ001 (that is the point)
        (Whole(), 1.0, "is not a whole number"),
        (Whole(), True, "is not a whole number"),
        (Exact(), 0.1, "is not an exact number"),
        (Exact(), Decimal("NaN"), "is not a finite number"),
    ],
)
def test_a_value_that_would_be_bent_is_refused(
    engine: Engine, kind: object, value: object, reason: str
) -> None:
    with pytest.raises(StatementError, match=reason):
        back(engine, kind, value)


@pytest.mark.parametrize(
    ("kind", "value", "message"),
    [
        (Whole(), 2**63, "9223372036854775808 does not fit the 64 bits that are kept"),
        (Name(100), "x" * 101, f"the name '{'x' * 50}'… is longer than the 100 bytes that are kept"),
        (Name(100), "\N{HIRAGANA LETTER A}" * 34, "the name '\N{HIRAGANA LETTER A}.* the 100 bytes"),
    ],
)
def test_what_the_world_may_have_too_much_of_is_refused_in_a_sentence(
    engine: Engine, kind: object, value: object, message: str
) -> None:
    with pytest.raises(StorageError, match=f"^{message}"):
        back(engine, kind, value)


def test_a_name_that_is_asked_for_may_be_of_any_length(session: Session) -> None:
    table = Table("names", MetaData(), Column("name", Name(100)))
    table.create(session.connection())

    assert session.scalars(select(table.c.name).where(table.c.name == "x" * 101)).all() == []
    assert session.scalars(select(table.c.name).where(table.c.name.in_(["x" * 101]))).all() == []


@given(st.text(st.characters(codec=None)))
def test_any_text_can_be_stored_and_comes_back(text: str) -> None:
    stored = escape(text)

    assert unescape(stored) == text
    assert "\x00" not in stored
    stored.encode()


@given(st.text(st.sampled_from("\x00\ud800\ufffd0AF")), st.text(st.sampled_from("\x00\ud800\ufffd0AF")))
def test_two_texts_are_never_stored_alike(one: str, other: str) -> None:
    assert (escape(one) == escape(other)) == (one == other)


@pytest.mark.parametrize(
    ("number", "text"),
    [(None, ""), ("0", "0"), ("-0.0", "0"), ("12.50", "12.5"), ("1E+2", "100"), ("1E-10", "0.0000000001")],
)
def test_equal_numbers_are_spelled_alike(number: str | None, text: str) -> None:
    assert plain_text(None if number is None else Decimal(number)) == text
