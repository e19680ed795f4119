"""Spans of time: half-open, in UTC, aligned to hours wherever money is kept."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
WEEK = timedelta(weeks=1)

# A month is 730 hours (365 x 24 / 12), as OpenCost counts it; a calendar month would make February cheap.
HOURS_PER_MONTH = 730

# Beyond these a date is a slip of the pen, and at both ends of the calendar there is no next day.
YEARS = range(1970, 2201)

_LONGEST_SAID = 80

_LAST = re.compile(r"(?P<count>[1-9][0-9]{0,3})(?P<unit>[hdw])")
_ISO_WEEK = re.compile(r"(?P<year>[0-9]{4})-W(?P<week>[0-9]{2})")
_UNITS = {"h": HOUR, "d": DAY, "w": WEEK}


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """The half-open span [start, end) in UTC."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        for moment in (self.start, self.end):
            if moment.utcoffset() != timedelta(0):
                raise ValueError(f"{moment.isoformat()} is not a moment in UTC")
        if self.start >= self.end:
            raise ValueError(f"{moment_text(self.start)} is not before {moment_text(self.end)}")

    def __str__(self) -> str:
        return f"{moment_text(self.start)}/{moment_text(self.end)}"

    @property
    def nanoseconds(self) -> int:
        """How long it is."""
        return nanoseconds(self.end - self.start)

    def hours(self) -> Iterator["Window"]:
        """Its hours, in order; the first and last are cut where the window does not start on the hour."""
        return self._parts(HOUR, hour_of(self.start).start)

    def days(self) -> Iterator["Window"]:
        """Its days, in order; the first and last are cut where the window does not start at midnight."""
        return self._parts(DAY, day_of(self.start).start)

    def overlap(self, other: "Window") -> "Window | None":
        """What both cover, or None."""
        start, end = max(self.start, other.start), min(self.end, other.end)
        return Window(start, end) if start < end else None

    def covers(self, other: "Window") -> bool:
        """Whether the other lies wholly inside."""
        return self.start <= other.start and other.end <= self.end

    def is_whole_hours(self) -> bool:
        """Whether both ends stand on the hour."""
        return all(moment == hour_of(moment).start for moment in (self.start, self.end))

    def before(self) -> "Window":
        """The span of the same length that ends where this one begins.

        >>> str(parse_window("2026-W45", datetime(2026, 11, 30, tzinfo=UTC)).before())
        '2026-10-26T00:00:00Z/2026-11-02T00:00:00Z'
        """
        return Window(self.start - (self.end - self.start), self.start)

    def _parts(self, step: timedelta, at: datetime) -> Iterator["Window"]:
        while at < self.end:
            yield Window(max(at, self.start), min(at + step, self.end))
            at += step


def hour_of(moment: datetime) -> Window:
    """The hour that holds a moment."""
    start = moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    return Window(start, start + HOUR)


def day_of(moment: datetime) -> Window:
    """The day that holds a moment."""
    start = hour_of(moment).start.replace(hour=0)
    return Window(start, start + DAY)


def week_of(moment: datetime) -> Window:
    """The ISO week (from Monday) that holds a moment."""
    day = day_of(moment).start
    start = day - timedelta(days=day.weekday())
    return Window(start, start + WEEK)


def parse_moment(text: str) -> datetime:
    """A moment from RFC 3339 or a bare date; one without a zone is UTC.

    Raises:
        ValueError: it is neither, or of a year that no ledger reaches.

    >>> parse_moment("2026-11-02").isoformat()
    '2026-11-02T00:00:00+00:00'
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(
            f"{_cut(text)!r} is not a date or a time, as 2026-11-02 or 2026-11-02T06:00:00Z"
        ) from None
    if moment.year not in YEARS:
        raise ValueError(f"{_cut(text)!r} is of no year from {YEARS[0]} to {YEARS[-1]}")
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def parse_window(text: str, now: datetime) -> Window:
    """A window from words.

    `START/END`, a date (its day), `2026-W45` (an ISO week), `today`, `yesterday`, `week`, `lastweek`,
    or the last whole `24h`, `7d`, `2w`.

    Raises:
        ValueError: it is none of these, or its start is not before its end.

    >>> str(parse_window("2026-W45", datetime(2026, 11, 30, tzinfo=UTC)))
    '2026-11-02T00:00:00Z/2026-11-09T00:00:00Z'
    """
    words = {
        "today": day_of(now),
        "yesterday": day_of(now - DAY),
        "week": week_of(now),
        "lastweek": week_of(now - WEEK),
    }
    if text in words:
        return words[text]
    if "/" in text:
        start, _, end = text.partition("/")
        return Window(parse_moment(start), parse_moment(end))
    if match := _LAST.fullmatch(text):
        end_ = hour_of(now).start if match["unit"] == "h" else day_of(now).start
        return Window(end_ - int(match["count"]) * _UNITS[match["unit"]], end_)
    if match := _ISO_WEEK.fullmatch(text):
        try:
            monday = datetime.fromisocalendar(int(match["year"]), int(match["week"]), 1)
        except ValueError:
            raise ValueError(f"{text!r} is not a week of its year") from None
        parse_moment(monday.date().isoformat())
        return week_of(monday.replace(tzinfo=UTC))
    try:
        # A time of day alone is no window: the day around it is not what was meant.
        day = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise ValueError(
            f"{_cut(text)!r} is not a window: give START/END, a date, a week as 2026-W45, "
            "today, yesterday, week, lastweek, or a span as 24h, 7d, 2w"
        ) from None
    return day_of(parse_moment(day.isoformat()))


def _cut(text: str) -> str:
    """As much of what was not understood as a message holds."""
    return text if len(text) <= _LONGEST_SAID else f"{text[:_LONGEST_SAID]}…"


def moment_text(moment: datetime) -> str:
    """A moment as people and files write it: 2026-11-02T06:00:00Z."""
    return moment.isoformat().replace("+00:00", "Z")


def nanoseconds(span: timedelta) -> int:
    """A span in whole nanoseconds."""
    return ((span.days * 86400 + span.seconds) * 10**6 + span.microseconds) * 1000
