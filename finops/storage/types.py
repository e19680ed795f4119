"""Column types: what a database would bend on the way in or out, and how it is kept straight."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import sha256

from sqlalchemy import BigInteger, DateTime, Dialect, String, Text
from sqlalchemy.sql.operators import OperatorType
from sqlalchemy.types import TypeDecorator

from finops.domain.money import exact_decimal
from finops.errors import StorageError

# PostgreSQL takes no NUL, and no UTF-8 holds a lone surrogate; both come in names that programs give.
# Each is kept as U+FFFD and its four hex digits, and so is U+FFFD itself, which makes it reversible.
MARK = "\ufffd"
_UNSTORABLE = re.compile("[\x00\ud800-\udfff\ufffd]")
_ESCAPED = re.compile(MARK + "([0-9A-F]{4})")


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in UTC. SQLite forgets time zones, so the zone is put back on the way out."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.utcoffset() is None:
            raise ValueError(f"{value} has no time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Whole(TypeDecorator[int]):
    """A whole number: nanos, nanoseconds, bytes. Refuses anything else, and what 64 bits cannot hold.

    The latter with a StorageError, because sums of the world's numbers may come to that.
    """

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: int | None, dialect: Dialect) -> int | None:
        if value is None:
            return None
        if type(value) is not int:
            raise TypeError(f"{value!r} is not a whole number")
        if not -(2**63) <= value < 2**63:
            raise StorageError(f"{value} does not fit the 64 bits that are kept")
        return value

    def process_result_value(self, value: int | None, dialect: Dialect) -> int | None:
        return None if value is None else int(value)  # PostgreSQL's SUM(bigint) is a NUMERIC


class Exact(TypeDecorator[Decimal]):
    """A Decimal kept as text: SQLite would make a float of a NUMERIC."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> str | None:
        return None if value is None else format(exact_decimal(value), "f")

    def process_result_value(self, value: str | None, dialect: Dialect) -> Decimal | None:
        return None if value is None else Decimal(value)


class Prose(TypeDecorator[str]):
    """Text of any length that comes back as it was given, whatever characters are in it."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else escape(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else unescape(value)


class Name(Prose):
    """Prose of so many bytes at most: SQLite would take more, PostgreSQL or its indexes would not.

    Names are held to it where they enter; a longer one is refused here with a StorageError.
    """

    impl = String  # type: ignore[assignment]  # Text is a String too
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        if value is not None and value.isascii() and "\0" not in value:
            stored: str | None = value  # nearly every name; escaping it would change nothing
        else:
            stored = super().process_bind_param(value, dialect)
        limit = self.impl_instance.length  # type: ignore[attr-defined]  # of String, which impl is
        if stored is not None and len(stored) * 4 > limit and len(stored.encode()) > limit:
            raise StorageError(f"the name {stored[:50]!r}… is longer than the {limit} bytes that are kept")
        return stored

    def coerce_compared_value(self, op: OperatorType | None, value: object) -> Prose:
        """A name that is merely asked for may be of any length; it is then not found."""
        return Prose()


def plain_text(number: Decimal | None) -> str:
    """The shortest spelling of a number, the same for equal numbers; "" for None.

    >>> plain_text(Decimal("12.50")), plain_text(Decimal("1E+2"))
    ('12.5', '100')
    """
    if number is None:
        return ""
    text = format(number, "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def text_digest(lines: Iterable[str]) -> str:
    """A digest of lines of text, whatever characters are in them."""
    return sha256("\x1e".join(lines).encode("utf-8", "surrogatepass")).hexdigest()


def escape(text: str) -> str:
    """A text as it can be stored: what cannot be is spelled out, reversibly.

    >>> escape("a" + chr(0) + "b").replace(MARK, "<U+FFFD>")
    'a<U+FFFD>0000b'
    """
    return _UNSTORABLE.sub(lambda found: f"{MARK}{ord(found[0]):04X}", text)


def unescape(text: str) -> str:
    """The text that was stored."""
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text) if MARK in text else text
