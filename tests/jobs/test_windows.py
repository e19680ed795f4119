from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from finops.domain.window import HOUR, Window, hour_of
from jobs.windows import (
    LOOK_BACK,
    Due,
    Key,
    due,
    ended_hours,
    fingerprint,
    is_settled,
    was_settled,
)

MONDAY = datetime(2026, 11, 2, tzinfo=UTC)

moments = st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
keys = st.builds(
    Key,
    st.integers(0, 500).map(lambda number: hour_of(MONDAY + number * HOUR)),
    st.sampled_from(["captures", "fleet", "checkout"]),
)
marks = st.sampled_from(["one", "another", "settled-one", ""])
works = st.dictionaries(keys, marks, max_size=8)


def key(number: int = 0, scope: str = "captures") -> Key:
    return Key(hour_of(MONDAY + number * HOUR), scope)


@given(works)
def test_all_is_due_while_nothing_was_done(inputs: dict[Key, str]) -> None:
    assert {(work.key, work.fingerprint) for work in due(inputs, {})} == set(inputs.items())


@given(works)
def test_what_was_done_is_not_due(inputs: dict[Key, str]) -> None:
    assert due(inputs, inputs) == []


@given(works, st.data())
def test_what_changed_is_due_again_and_nothing_else(inputs: dict[Key, str], data: st.DataObject) -> None:
    assume(inputs)
    changed = data.draw(st.sampled_from(sorted(inputs)))

    now = {**inputs, changed: f"{inputs[changed]}, and a profile that came late"}

    assert due(now, inputs) == [Due(changed, now[changed])]


@given(works, works)
def test_doing_what_is_due_leaves_nothing_due(inputs: dict[Key, str], done: dict[Key, str]) -> None:
    done = done | {work.key: work.fingerprint for work in due(inputs, done)}

    assert due(inputs, done) == []


@given(works, works)
def test_what_there_is_no_more_to_do_is_not_due(inputs: dict[Key, str], done: dict[Key, str]) -> None:
    assert {work.key for work in due(inputs, done)} <= set(inputs)


@given(works, works)
def test_the_oldest_comes_first_whatever_order_the_inputs_have(
    inputs: dict[Key, str], done: dict[Key, str]
) -> None:
    found = due(inputs, done)

    assert found == due(dict(reversed(inputs.items())), done)
    assert [work.key.window.start for work in found] == sorted(work.key.window.start for work in found)


@given(works, st.sets(keys))
def test_what_failed_a_moment_ago_rests(inputs: dict[Key, str], resting: set[Key]) -> None:
    assert {work.key for work in due(inputs, {}, resting)} == set(inputs) - resting


def test_scopes_of_one_hour_are_apart() -> None:
    found = due({key(scope="a"): "same", key(scope="b"): "same"}, {key(scope="a"): "same"})

    assert found == [Due(key(scope="b"), "same")]


@given(start=moments, now=moments)
def test_ended_hours_are_whole_have_ended_and_are_all_there_are(start: datetime, now: datetime) -> None:
    ended = ended_hours(start, now)

    if ended is None:
        assert hour_of(start).end > now
        return
    assert ended.is_whole_hours()
    assert ended.start <= max(start, now - LOOK_BACK) < ended.start + HOUR
    assert ended.end <= now < ended.end + HOUR


def test_a_tick_looks_no_further_back_than_it_is_told() -> None:
    now = MONDAY + 100 * HOUR

    assert ended_hours(MONDAY, now, 2 * HOUR) == Window(now - 2 * HOUR, now)
    assert ended_hours(MONDAY, now, timedelta(0)) is None


@pytest.mark.parametrize(("minutes", "hours"), [(0, 0), (59, 0), (60, 1), (61, 1), (120, 2)])
def test_an_hour_counts_from_the_moment_it_ends(minutes: int, hours: int) -> None:
    ended = ended_hours(MONDAY, MONDAY + timedelta(minutes=minutes))

    assert (list(ended.hours()) if ended else []) == [hour_of(MONDAY + n * HOUR) for n in range(hours)]


@pytest.mark.parametrize(("minutes", "settled"), [(0, False), (119, False), (120, True), (9999, True)])
def test_an_hour_settles_that_long_after_its_end(minutes: int, *, settled: bool) -> None:
    hour = hour_of(MONDAY)

    assert is_settled(hour, hour.end + timedelta(minutes=minutes), 2 * HOUR) is settled


# \x1f stands between the parts, and no name outside has it.
parts = st.lists(st.text(st.characters(exclude_characters="\x1f")), min_size=1)


@given(parts, parts)
def test_a_fingerprint_tells_inputs_apart(one: list[str], other: list[str]) -> None:
    assert (fingerprint(*one) == fingerprint(*other)) is (one == other)


@given(parts)
def test_a_fingerprint_fits_its_column_and_is_always_the_same(said: list[str]) -> None:
    for settled in (None, True, False):
        mark = fingerprint(*said, settled=settled)
        assert mark == fingerprint(*said, settled=settled)
        assert len(mark) <= 64


def test_a_fingerprint_says_whether_its_hour_had_settled() -> None:
    early, late = fingerprint("offer", settled=False), fingerprint("offer", settled=True)

    assert early != late, "asking again after the hour settled has to be due"
    assert not was_settled(early)
    assert was_settled(late)
    assert not was_settled(fingerprint("offer"))
    assert not was_settled(None)


def test_a_name_that_is_no_text_can_be_fingerprinted() -> None:
    assert fingerprint("\udcff") != fingerprint("\udcfe")
