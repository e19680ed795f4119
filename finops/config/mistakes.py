"""What is wrong, and where: one line a mistake, in the words of the file and not of a library.

The rule that must not be broken: a secret that was written where its name belongs is not shown.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from finops.domain.window import moment_text

# The names of the kinds of table, which pydantic puts into the place of a mistake.
_KINDS = {"machines", "csv", "directory"}

# Values that are, or may turn out to be, secrets.
_HIDDEN = {"database.url", "api.token_env"}

_LONGEST = 80


class Mistake(NamedTuple):
    """A mistake: the dotted place, and what is wrong there."""

    place: str
    message: str

    def __str__(self) -> str:
        return f"{self.place}: {self.message}" if self.place else self.message

    def within(self, place: object) -> "Mistake":
        """The same, seen from where its own place lies within another.

        >>> str(Mistake("line 3: count", "there is none").within("fleet.csv"))
        'fleet.csv: line 3: count: there is none'
        """
        return Mistake(f"{place}: {self.place}" if self.place else str(place), self.message)


def mistakes(error: ValidationError) -> list[Mistake]:
    """All that pydantic found, in the order of the file's tables."""
    return [_mistake(detail) for detail in error.errors(include_url=False)]


def listed(found: Iterable[object]) -> str:
    """One line a mistake."""
    return "\n".join(f"  {mistake}" for mistake in found)


def shown(value: object) -> str:
    """A value as a message quotes it: no longer than helps, and nothing a terminal would act on."""
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"


def _mistake(detail: ErrorDetails) -> Mistake:
    place = ".".join(_key(part) for part in detail["loc"] if part not in _KINDS)
    if detail["type"] == "union_tag_not_found":
        return Mistake(f"{place}.kind", "Field required")
    if detail["type"] == "union_tag_invalid":
        context = detail["ctx"]
        return Mistake(f"{place}.kind", f"{context['tag']!r} is not one of {context['expected_tags']}")
    if detail["type"] == "extra_forbidden":
        return Mistake(place, "there is no such key")
    value = _value(place, detail["input"])
    if detail["type"] == "value_error":  # one of the project's own checks
        own = str(detail["ctx"]["error"])
        return Mistake(place, own if value in own else f"{own} (got {value})")
    return Mistake(place, f"{detail['msg']} (got {value})" if value else detail["msg"])


def _key(part: str | int) -> str:
    text = str(part)
    return text if text.isprintable() else repr(text)


def _value(place: str, value: object) -> str:
    """The value, where it is no secret and no table."""
    if place in _HIDDEN or value is None or isinstance(value, (dict, list, tuple)):
        return ""
    if isinstance(value, datetime):
        return moment_text(value)
    return shown(value)
