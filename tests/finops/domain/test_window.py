"""Spans of time."""

from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.domain.window import (
    HOUR,
    Window,
    day_of,
    hour_of,
    moment_text,
    nanoseconds,
    parse_moment,
    parse_window,
    week_of,
)

NOW = datetime(2026, 11, 30, 10, 42, 7, tzinfo=UTC)
MONDAY = datetime(2026, 11, 2, tzinfo=UTC)

moments = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
spans = st.timedeltas(timedelta(microseconds=1), timedelta(days=9))
windows = st.builds(lambda start, span: Window(start, start + span), moments, spans)


def test_a_window_starts_before_it_ends_and_is_in_utc() -> None:
    with pytest.raises(ValueError, match="2026-11-02T00:00:00Z is not before 2026-11-02T00:00:00Z"):
        Window(MONDAY, MONDAY)
    with pytest.raises(ValueError, match="not a moment in UTC"):
        Window(MONDAY.replace(tzinfo=None), MONDAY)
    with pytest.raises(ValueError, match="not a moment in UTC"):
        Window(MONDAY.astimezone(timezone(HOUR)), MONDAY + HOUR)


@given(window=windows)
def test_its_hours_and_days_follow_each_other_and_cover_it(window: Window) -> None:
    for parts in (list(window.hours()), list(window.days())):
        assert (parts[0].start, parts[-1].end) == (window.start, window.end)
        assert all(one.end == other.start for one, other in pairwise(parts))
        assert sum(part.nanoseconds for part in parts) == window.nanoseconds
    assert all(hour_of(part.start).covers(part) for part in window.hours())
    assert all(day_of(part.start).covers(part) for part in window.days())


@given(window=windows)
def test_only_a_window_between_full_hours_is_whole_hours(window: Window) -> None:
    assert window.is_whole_hours() == all(part.nanoseconds == nanoseconds(HOUR) for part in window.hours())


@given(one=windows, other=windows)
def test_an_overlap_lies_in_both_and_there_is_none_where_they_only_touch(one: Window, other: Window) -> None:
    overlap = one.overlap(other)

    assert overlap == other.overlap(one)
    assert overlap is None or (one.covers(overlap) and other.covers(overlap))
    assert (overlap is None) == (one.end <= other.start or other.end <= one.start)
    assert one.overlap(Window(one.end, one.end + HOUR)) is None


@given(moment=moments)
def test_hours_lie_in_days_and_days_in_weeks_that_start_on_mondays(moment: datetime) -> None:
    hour, day, week = hour_of(moment), day_of(moment), week_of(moment)

    assert hour.start <= moment < hour.end
    assert day.covers(hour)
    assert week.covers(day)
    assert (week.start.weekday(), week.end - week.start) == (0, timedelta(days=7))


@given(moment=moments)
def test_a_moment_is_written_and_read_back(moment: datetime) -> None:
    assert parse_moment(moment_text(moment)) == moment


@given(window=windows)
def test_a_window_is_written_and_read_back(window: Window) -> None:
    assert parse_window(str(window), NOW) == window


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("today", "2026-11-30T00:00:00Z/2026-12-01T00:00:00Z"),
        ("yesterday", "2026-11-29T00:00:00Z/2026-11-30T00:00:00Z"),
        ("week", "2026-11-30T00:00:00Z/2026-12-07T00:00:00Z"),
        ("lastweek", "2026-11-23T00:00:00Z/2026-11-30T00:00:00Z"),
        ("24h", "2026-11-29T10:00:00Z/2026-11-30T10:00:00Z"),
        ("7d", "2026-11-23T00:00:00Z/2026-11-30T00:00:00Z"),
        ("2w", "2026-11-16T00:00:00Z/2026-11-30T00:00:00Z"),
        ("2026-W53", "2026-12-28T00:00:00Z/2027-01-04T00:00:00Z"),
        ("2026-11-02", "2026-11-02T00:00:00Z/2026-11-03T00:00:00Z"),
        ("2026-11-02T01:00:00+01:00/2026-11-02T02:00:00Z", "2026-11-02T00:00:00Z/2026-11-02T02:00:00Z"),
    ],
)
def test_words_for_a_window(text: str, expected: str) -> None:
    assert str(parse_window(text, NOW)) == expected


@pytest.mark.parametrize("text", ["", "soon", "0d", "7", "2026-W54", "2025-W53", "/", "today/", "2026-13-01"])
def test_what_is_no_window_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a"):
        parse_window(text, NOW)


def test_a_window_that_ends_before_it_starts_is_refused() -> None:
    with pytest.raises(ValueError, match="is not before"):
        parse_window("2026-11-03/2026-11-02", NOW)
