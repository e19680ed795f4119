"""The kinds of value that keys hold: each is checked where it is read, and says what it wants instead.

Columns of a CSV hold the same kinds, so a mistake reads the same in a file of rows.
"""

import re
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, PlainValidator, ValidationInfo

from finops.config.cron import cron
from finops.config.shapes import whole_mib
from finops.domain.window import hour_of, moment_text, parse_moment

# The columns of the ledger: a service or a version has 1,000 bytes of UTF-8, any other word 100.
NAME_BYTES = 1000
WORD_BYTES = 100

# The ledger counts core-nanoseconds in 64 bits, which is two and a half million cores an hour: a
# hundred thousand machines of 25 vCPUs in one row. Instances are not multiplied by anything.
MOST_MACHINES = 100_000
MOST_INSTANCES = 1_000_000

PLACEHOLDERS = ("service", "version", "environment", "region", "instance", "type", "date", "hour")
"""What a path pattern may name, in braces."""

_SQLITE_FILE = re.compile(r"(?P<scheme>sqlite(\+[a-z]+)?:///)(?P<path>[^/?:][^?]*)(?P<rest>\?.*)?")
_BRACED = re.compile(r"\{([^{}]*)\}")


def too_long(text: str, limit: int) -> str:
    """Why a name is none that the ledger can keep, or "".

    >>> too_long("x" * 101, 100)
    '101 bytes are more than the 100 of a name that are kept'
    """
    size = len(text.encode())
    return f"{size} bytes are more than the {limit} of a name that are kept" if size > limit else ""


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("a name may not hold control or invisible characters")
    if text != text.strip():
        raise ValueError("a name may not begin or end with a space")
    return text


def _name(text: str) -> str:
    return _no_longer(_printable(text), NAME_BYTES)


def _word(text: str) -> str:
    return _no_longer(_printable(text), WORD_BYTES)


def _no_longer(text: str, limit: int) -> str:
    if why := too_long(text, limit):
        raise ValueError(why)
    return text


def _number(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError("true and false are no numbers")  # noqa: TRY004 (pydantic reports a ValueError)
    return value


def _moment(value: object) -> datetime:
    if isinstance(value, date) and not isinstance(value, datetime):
        value = value.isoformat()
    if isinstance(value, datetime):
        value = value.isoformat()
    if not isinstance(value, str):
        raise ValueError("give a date or a time, as 2026-11-02 or 2026-11-02T06:00:00Z")  # noqa: TRY004
    return parse_moment(value)


def _on_the_hour(moment: datetime) -> datetime:
    if moment != hour_of(moment).start:
        raise ValueError(f"{moment_text(moment)} is not a whole hour")
    return moment


def after(end: datetime | None, info: ValidationInfo) -> datetime | None:
    """The end of a span, if it is after the `start` that was read before it."""
    start = info.data.get("start")
    if start and end and end <= start:
        raise ValueError(f"{moment_text(end)} is not after {moment_text(start)}")
    return end


def _beside(path: Path, info: ValidationInfo) -> Path:
    """A relative path is meant from the folder of the file that states it."""
    text = str(path)
    if text == "." or "\0" in text:
        raise ValueError("give the path of a file or a folder")
    return Path(info.context["folder"]) / path if info.context else path


def _database_url(url: str, info: ValidationInfo) -> str:
    if not re.match(r"(sqlite|postgresql)(\+[a-z0-9]+)?://", url):
        raise ValueError("give sqlite:///PATH or postgresql://USER@HOST/NAME")
    match = _SQLITE_FILE.fullmatch(url)
    if match and info.context:
        return f"{match['scheme']}{Path(info.context['folder']) / match['path']}{match['rest'] or ''}"
    return url


def _some_memory(gib: Decimal) -> Decimal:
    whole_mib(gib)
    return gib


def _split_policy(text: str) -> str:
    ratio = re.fullmatch(r"ratio:([0-9]{1,6}(\.[0-9]{1,6})?)", text)
    if text in ("auto", "aws-9to1", "native", "nnls", "opencost") or (ratio and Decimal(ratio[1]) > 0):
        return text
    raise ValueError(
        "give auto, aws-9to1, native, nnls, opencost, or ratio:X with X above zero, as ratio:7.46"
    )


def _pattern(text: str) -> str:
    """A path pattern that names the service once, and a date only with its hour."""
    named = _BRACED.findall(text)
    if unknown := [name for name in named if name not in PLACEHOLDERS]:
        known = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
        raise ValueError(f"{{{unknown[0]}}} is not one of {known}")
    if twice := [name for name in PLACEHOLDERS if named.count(name) > 1]:
        raise ValueError(f"{{{twice[0]}}} stands there twice")
    if "service" not in named:
        raise ValueError("{service} is missing: whose are the profiles?")
    if ("date" in named) != ("hour" in named):
        raise ValueError("{date} and {hour} go together; without both, the profile's own time counts")
    if set(_BRACED.sub("", text)) & set("{}"):
        raise ValueError("a brace has no partner")
    return text


def _web_address(text: str) -> str:
    if not re.fullmatch(r"https?://[A-Za-z0-9.\-\[\]:]+(/[A-Za-z0-9._~/-]*)?", text):
        raise ValueError("give an address, as https://prices.azure.com")
    return text.rstrip("/")


def _variable(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", text):
        raise ValueError("give the name of an environment variable, never the secret itself")
    return text


Name = Annotated[str, Field(min_length=1), AfterValidator(_name)]
"""A service's name, as profilers and clouds write it."""
MaybeName = Annotated[str, AfterValidator(_name)]
"""A version or an instance; empty where unknown."""
Word = Annotated[str, Field(min_length=1), AfterValidator(_word)]
"""A region, a machine type: short, never empty."""
MaybeWord = Annotated[str, AfterValidator(_word)]
"""A zone, an environment; empty where unknown."""
Cloud = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,99}$")]
"""aws, gcp, azure, on_prem, or whatever a fixed price calls another."""
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
"""An ISO 4217 code."""

Whole = Annotated[int, BeforeValidator(_number)]
"""A whole number; a truth is none."""
MachineCount = Annotated[Whole, Field(gt=0, le=MOST_MACHINES)]
Instances = Annotated[Whole, Field(gt=0, le=MOST_INSTANCES)]
Days = Annotated[Whole, Field(gt=0, le=36_500)]
Seconds = Annotated[Whole, Field(gt=0, le=86_400)]
# Eighteen decimals are eight more than the finest list price has. Without bounds, 1e999999999 would
# fill the memory as soon as it is written out.
ExactPrice = Annotated[Decimal, BeforeValidator(_number), Field(gt=0, lt=10**9, decimal_places=18)]
Size = Annotated[Decimal, BeforeValidator(_number), Field(gt=0, lt=10**9, decimal_places=9)]
SizeOrZero = Annotated[Decimal, BeforeValidator(_number), Field(ge=0, lt=10**9, decimal_places=9)]
MemoryGib = Annotated[Size, AfterValidator(_some_memory)]
"""The memory of a machine, at least one MiB."""
Percent = Annotated[Decimal, BeforeValidator(_number), Field(gt=-1000, lt=100, decimal_places=9)]
"""What is taken off a price, in percent; less than nothing adds to it."""
Share = Annotated[Decimal, BeforeValidator(_number), Field(ge=0, le=1, decimal_places=18)]
"""A part of a whole, 0 to 1."""

Moment = Annotated[datetime, PlainValidator(_moment)]
"""A date or a time; one without a zone is UTC."""
Hour = Annotated[datetime, PlainValidator(_moment), AfterValidator(_on_the_hour)]

LocalPath = Annotated[Path, AfterValidator(_beside)]
DatabaseUrl = Annotated[str, AfterValidator(_database_url)]
SplitPolicy = Annotated[str, AfterValidator(_split_policy)]
PathPattern = Annotated[str, AfterValidator(_pattern)]
WebAddress = Annotated[str, AfterValidator(_web_address)]
VariableName = Annotated[str, AfterValidator(_variable)]
Cron = Annotated[str, AfterValidator(cron)]
