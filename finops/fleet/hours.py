"""Spans of machines cut into hours; to the nanosecond, the hours add up to the span."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import NamedTuple

from finops.config import MachineRow
from finops.domain.machine import MachineHours
from finops.domain.window import DAY, Window, hour_of

_EVER = datetime.min.replace(tzinfo=UTC)
_NEVER = datetime.max.replace(tzinfo=UTC)


class _Span(NamedTuple):
    place: int
    start: datetime
    end: datetime
    row: MachineRow


class Timeline:
    """Rows of machines, to be asked by window.

    An inventory that is written every hour has thousands of short rows: they are found by their
    start, without a look at the others.
    """

    def __init__(self, rows: Iterable[MachineRow]) -> None:
        spans = [_Span(place, row.start or _EVER, row.end or _NEVER, row) for place, row in enumerate(rows)]
        self._long = [span for span in spans if span.end - span.start > DAY]
        short = [span for span in spans if span.end - span.start <= DAY]
        self._short = sorted(short, key=lambda span: span.start)

    def hourly(self, window: Window, source: str) -> Iterator[MachineHours]:
        """The machines of every hour that overlaps a window, row by row, then hour by hour.

        Hours are given whole, even where the window begins or ends within one, so that an hour is the
        same whichever window asked for it.
        """
        start, end = hour_of(window.start).start, _next_hour(window.end)
        for span in sorted((*self._long, *self._short[self._first(start - DAY) : self._first(end)])):
            if span.start < end and start < span.end:
                yield from _cut(span.row, Window(max(span.start, start), min(span.end, end)), source)

    def _first(self, start: datetime) -> int:
        return bisect_left(self._short, start, key=lambda span: span.start)


def _next_hour(moment: datetime) -> datetime:
    """The moment itself where it stands on the hour, else the end of its hour."""
    hour = hour_of(moment)
    return hour.start if hour.start == moment else hour.end


def _cut(row: MachineRow, span: Window, source: str) -> Iterator[MachineHours]:
    kind, shape, resident_mib = row.machine_kind(), row.shape(), row.resident_mib()
    for part in span.hours():
        yield MachineHours(
            service=row.service,
            window=hour_of(part.start),
            kind=kind,
            machine_nanos=row.count * part.nanoseconds,
            instance_nanos=(row.instances or row.count) * part.nanoseconds,
            utilisation=row.utilisation,
            resident_mib=resident_mib,
            version=row.version,
            environment=row.environment,
            shape=shape,
            source=source,
        )
