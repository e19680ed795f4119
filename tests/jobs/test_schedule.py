import threading
from datetime import UTC, datetime, timedelta

import pytest

from finops.config.cron import WEEKDAYS, cron
from jobs.registry import JOBS
from jobs.schedule import clock, trigger

# A Wednesday.
NOON = datetime(2026, 11, 4, 12, 0, 0, 500_000, tzinfo=UTC)


def next_(text: str, after: datetime = NOON) -> datetime:
    found: datetime = trigger(text).get_next_fire_time(None, after)
    return found


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("5 * * * *", "2026-11-04T12:05:00"),
        ("40 3 * * *", "2026-11-05T03:40:00"),
        ("0 6 * * mon", "2026-11-09T06:00:00"),
        ("0 6 1 * *", "2026-12-01T06:00:00"),
        ("0 6 * jan *", "2027-01-01T06:00:00"),
        ("* * * * * *", "2026-11-04T12:00:01"),
        ("*/20 * * * * *", "2026-11-04T12:00:20"),
        ("30 0 0 * * sun", "2026-11-08T00:00:30"),
    ],
)
def test_a_cron_has_five_fields_or_six_with_the_seconds_first(text: str, moment: str) -> None:
    assert next_(text) == datetime.fromisoformat(moment).replace(tzinfo=UTC)


def test_a_cron_of_five_fields_ticks_once_a_minute() -> None:
    first = next_("* * * * *")
    second = trigger("* * * * *").get_next_fire_time(first, first)

    assert (first.second, second - first) == (0, timedelta(minutes=1))


@pytest.mark.parametrize(("day", "name"), list(enumerate(WEEKDAYS)))
def test_days_of_the_week_are_those_of_their_names(day: int, name: str) -> None:
    assert next_(f"0 6 * * {name}").weekday() == day


@pytest.mark.parametrize(
    "text", ["", "5 *", "* * * * * * *", "61 * * * *", "* * * * monday-ish", "a b c d e"]
)
def test_what_is_no_cron_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"cron has five|range|[Uu]nrecognized|Invalid|expression"):
        trigger(text)


@pytest.mark.parametrize(
    "text", ["5 * * * *", "*/15 6-20 * * mon-fri", "0 0 6 1 jan,jul *", "*/20 * * * * *"]
)
def test_what_the_configuration_takes_the_clock_takes(text: str) -> None:
    assert next_(cron(text)) > NOON


def test_the_first_look_is_at_once_whatever_the_cron_says() -> None:
    looked = threading.Event()
    ticking = clock({"weekly_report": "0 6 * * mon"}, lambda _: looked.set())

    ticking.start()

    assert looked.wait(5)
    ticking.shutdown()


def test_jobs_of_the_same_second_look_one_by_one_in_the_order_of_the_road() -> None:
    looked: list[str] = []
    at_once = threading.Lock()
    twice = threading.Event()

    def look(name: str) -> None:
        looked.append(name if at_once.acquire(blocking=False) else "two at once")
        at_once.release()
        if len(looked) == 2 * len(JOBS):
            twice.set()

    ticking = clock(dict.fromkeys(JOBS, "* * * * * *"), look)
    ticking.start()
    assert twice.wait(10)
    ticking.shutdown()

    assert looked[: 2 * len(JOBS)] == [*JOBS, *JOBS]


def test_a_look_that_takes_longer_than_its_cron_is_not_begun_twice() -> None:
    begun: list[str] = []
    over = threading.Event()

    def look(name: str) -> None:
        begun.append(name)
        over.wait(10)

    ticking = clock({"collect_profiles": "* * * * * *"}, look)
    ticking.start()
    threading.Event().wait(2.5)
    begun_meanwhile = list(begun)
    over.set()
    ticking.shutdown()

    assert begun_meanwhile == ["collect_profiles"]
