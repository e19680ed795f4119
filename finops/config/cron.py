"""Cron expressions: five fields, or six with the seconds first, checked before a scheduler sees them."""

import re
from collections.abc import Sequence
from typing import NamedTuple

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

_STEPPED = re.compile(r"(\*|(?P<first>[0-9]{1,2})(-(?P<last>[0-9]{1,2}))?)(/(?P<step>[0-9]{1,2}))?")
_NAMED = re.compile(r"(?P<first>[a-z]{3})(-(?P<last>[a-z]{3}))?")


class _Field(NamedTuple):
    name: str
    lowest: int
    highest: int
    names: Sequence[str] = ()


_FIELDS = (
    _Field("second", 0, 59),
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day of the month", 1, 31),
    _Field("month", 1, 12, MONTHS),
    _Field("day of the week", 0, 6, WEEKDAYS),
)


def cron(text: str) -> str:
    """The expression itself, when it is one.

    Days of the week are names: cron counts them from Sunday, other schedulers from Monday, and a
    report that comes on the wrong day is noticed late.

    Raises:
        ValueError: it is not one; the message names the field.

    >>> cron("*/15 6-20 * * mon-fri")
    '*/15 6-20 * * mon-fri'
    """
    values = text.split()
    if len(values) not in (len(_FIELDS) - 1, len(_FIELDS)):
        raise ValueError(f"a cron has 5 fields (or 6, seconds first), not {len(values)}")
    for field, value in zip(_FIELDS[-len(values) :], values, strict=True):
        for part in value.split(","):
            if not _is_fine(field, part):
                raise ValueError(f"{part!r} does not fit the {field.name}: {_wanted(field)}")
    return text


def _is_fine(field: _Field, part: str) -> bool:
    if match := _NAMED.fullmatch(part):
        names = [match["first"], match["last"] or match["first"]]
        return all(name in field.names for name in names) and names == sorted(names, key=field.names.index)
    match = _STEPPED.fullmatch(part)
    if match is None or (field.names is WEEKDAYS and match["first"]):
        return False
    first = int(match["first"] or field.lowest)
    # A single number with a step runs to the end of the field, and without one stands for itself.
    open_end = field.highest if match["step"] or not match["first"] else first
    last = int(match["last"] or open_end)
    step = int(match["step"] or 1)
    return field.lowest <= first <= last <= field.highest and (not match["step"] or 0 < step <= last - first)


def _wanted(field: _Field) -> str:
    if field.names is WEEKDAYS:
        return "give * or names, mon to sun"
    return f"give *, numbers from {field.lowest} to {field.highest}, ranges as 1-5, steps as */2"
