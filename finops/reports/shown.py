"""How things are shown on a terminal: aligned columns, money to the cent, untrusted names made harmless."""

import json
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from textwrap import wrap
from typing import Any

CENT = Decimal("0.01")
# Narrower than this nothing of a name can be told from another.
_SMALLEST_NAME = 20

_STEP, _UNITS = 1024, ("B", "KiB", "MiB", "GiB", "TiB")

# Categories of characters that a terminal acts on or that change what a reader sees: controls,
# formats (right-to-left marks among them), surrogates, private use, line and paragraph separators.
_HARMFUL = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def harmless(text: str) -> str:
    r"""A text from outside, safe to print: what a terminal would act on is shown as an escape.

    >>> harmless("a\x1b[31mb\u202ec")
    'a\\x1b[31mb\\u202ec'
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(repr(char)[1:-1] if unicodedata.category(char) in _HARMFUL else char for char in text)


def dollars(amount: Decimal | None, currency: str = "USD") -> str:
    """An amount to the cent, with thousands; "-" where it is unknown.

    >>> dollars(Decimal("24820")), dollars(Decimal("-0.005"), "EUR"), dollars(None)
    ('$24,820.00', '-0.00 EUR', '-')
    """
    if amount is None:
        return "-"
    cents = amount.quantize(CENT, ROUND_HALF_EVEN)
    if currency == "USD":
        return f"{'-' if cents.is_signed() else ''}${abs(cents):,.2f}"
    return f"{cents:,.2f} {currency}"


def table(heads: Sequence[str], rows: Sequence[Sequence[str]], left: Sequence[int] = ()) -> str:
    """Rows under their heads, in columns; numbers to the right, the columns in `left` to the left.

    >>> print(table(["$", "function"], [["1.00", "main"], ["12.50", "gc"]], left=[1]))
        $  function
     1.00  main
    12.50  gc
    """
    widths = [max(len(row[i]) for row in (heads, *rows)) for i in range(len(heads))]
    lines = []
    for row in (heads, *rows):
        cells = [
            cell.ljust(width) if i in left else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def fitted(heads: Sequence[str], rows: Sequence[Sequence[str]], width: int, left: Sequence[int] = ()) -> str:
    """A table whose last column, which stands to the left as those in `left` do, is cut to fit a width."""
    numbers = sum(max(len(row[at]) for row in (heads, *rows)) + 2 for at in range(len(heads) - 1))
    room = max(width - numbers, _SMALLEST_NAME)
    return table(heads, [[*row[:-1], cut(row[-1], room)] for row in rows], left=[*left, len(heads) - 1])


def wrapped(notes: Sequence[str], width: int) -> Iterator[str]:
    """Sentences in lines that fit a width."""
    for note in notes:
        yield from wrap(harmless(note), max(width, _SMALLEST_NAME))


def counted(number: int, one: str, many: str = "") -> str:
    """A number with its noun.

    >>> counted(1, "hour"), counted(1200, "hour"), counted(2, "is", "are")
    ('1 hour', '1,200 hours', '2 are')
    """
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def sized(count: int) -> str:
    """A number of bytes, to read.

    >>> sized(0), sized(1023), sized(1536), sized(5 << 30)
    ('0 B', '1,023 B', '1.5 KiB', '5.0 GiB')
    """
    unit, size = 0, Decimal(count)
    while size >= _STEP and unit < len(_UNITS) - 1:
        unit, size = unit + 1, size / _STEP
    return f"{size:,.1f} {_UNITS[unit]}" if unit else f"{count:,} B"


def cut(text: str, width: int) -> str:
    """A text no wider than that, its middle left out where it is.

    >>> cut("encoding/json.Marshal", 12)
    'encod…arshal'
    """
    if len(text) <= width:
        return text
    head = (width - 1) // 2
    return f"{text[:head]}…{text[len(text) - (width - 1 - head) :]}"


def as_json(document: Mapping[str, Any] | Sequence[Any]) -> str:
    """A document as JSON, ASCII only, so that no terminal can be misled by a name."""
    return json.dumps(document, indent=2)
