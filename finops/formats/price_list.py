"""Price lists ↔ files of the product's own: a line of JSON for the head, then one for each price.

The rule that must not be broken: the same prices give the same bytes, whatever order they came in, and
every amount is text, so that no reader makes a float of it.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from hashlib import sha256
from typing import Any

from finops.domain.machine import MachineKind, Shape
from finops.domain.price import Price
from finops.domain.price_list import PriceList
from finops.domain.window import moment_text, parse_moment
from finops.errors import BrokenInput

FORMAT = "flamebill-prices/1"

# 1.2 million rows of all regions and options are below it; a line is one price.
MAX_BYTES = 512 << 20
_LONGEST_LINE = 10_000
_LONGEST_WORD = 100
# Eighteen decimals are eight more than the finest list price has; 1e400 is no price.
_LONGEST_NUMBER = 32

_AMOUNTS = ("contracted", "effective", "vcpu_hourly", "gib_hourly", "gpu_hourly")
_KIND = ("zone", "account", "purchase_option")
_KNOWN = {"machine_type", "currency", "hourly", "vcpu", "memory_mib", "gpu", "since", "sku", "is_estimate"}
_COLUMNS = _KNOWN | {*_AMOUNTS, *_KIND}


@dataclass(frozen=True, slots=True)
class Body:
    """The prices of a list, apart from when they were observed; `digest` is of what they say."""

    data: bytes
    digest: str
    rows: int


def write(listed: PriceList) -> bytes:
    """A price list as a file."""
    body = body_of(listed)
    head = {
        "format": FORMAT,
        "cloud": listed.cloud,
        "region": listed.region,
        "source": listed.source,
        "observed_at": moment_text(listed.observed_at),
        "published": moment_text(listed.published) if listed.published else None,
        "version": listed.version,
        "rows": body.rows,
        "sha256": body.digest,
    }
    return json.dumps({name: said for name, said in head.items() if said not in (None, "")}).encode() + (
        b"\n" + body.data
    )


def read(data: bytes, name: str) -> PriceList:
    """The price list in a file; `name` is what messages call it.

    Raises:
        BrokenInput: it is no such file, a line of it is no price, or it is not what its head digests.
    """
    if len(data) > MAX_BYTES:
        raise BrokenInput(f"{name}: larger than {MAX_BYTES} bytes")
    first, _, body = data.partition(b"\n")
    head = _parsed(first, f"{name}: line 1")
    if head.get("format") != FORMAT:
        raise BrokenInput(f"{name}: not a price list of the format {FORMAT}")
    if "sha256" in head and head["sha256"] != sha256(body).hexdigest():
        raise BrokenInput(f"{name}: its prices are not those that its head digests")
    try:
        observed_at = parse_moment(_word(head, "observed_at"))
        published = parse_moment(_word(head, "published")) if "published" in head else None
        cloud, region, source = (_word(head, each) for each in ("cloud", "region", "source"))
        version = _word(head, "version") if "version" in head else ""
    except (ValueError, OverflowError) as error:
        raise BrokenInput(f"{name}: line 1: {error}") from None
    prices, effective = read_body(
        body, name, cloud=cloud, region=region, source=source, observed_at=observed_at, published=published
    )
    if head.get("rows", len(prices)) != len(prices):
        raise BrokenInput(f"{name}: it holds {len(prices)} prices, and its head says {head['rows']}")
    return PriceList(cloud, region, source, observed_at, prices, effective, published, version)


def is_price_list(start: bytes) -> bool:
    """Whether a file that begins so is one of these.

    >>> is_price_list(b'{"format": "flamebill-prices/1", "cloud": "aws"}')
    True
    """
    return FORMAT.encode() in start.partition(b"\n")[0][:200]


def body_of(listed: PriceList) -> Body:
    """The prices of a list as canonical lines."""
    lines = sorted(_line(price, listed.effective) for price in listed.prices)
    data = "".join(f"{line}\n" for line in lines).encode()
    return Body(data, sha256(data).hexdigest(), len(lines))


def read_body(
    data: bytes,
    name: str,
    *,
    cloud: str,
    region: str,
    source: str,
    observed_at: datetime,
    published: datetime | None = None,
) -> tuple[tuple[Price, ...], dict[MachineKind, datetime]]:
    """The prices in lines, and since when each says it holds.

    Raises:
        BrokenInput: a line is no price; the message names it.
    """
    prices: list[Price] = []
    effective: dict[MachineKind, datetime] = {}
    for number, line in enumerate(_lines(data), start=2):
        where = f"{name}: line {number}"
        said = _parsed(line, where)
        if unknown := said.keys() - _COLUMNS:
            raise BrokenInput(f"{where}: there is no column {', '.join(sorted(unknown))}")
        try:
            kind = MachineKind(
                cloud, region, _word(said, "machine_type"), **{k: _word(said, k) for k in _KIND if k in said}
            )
            prices.append(_price(said, kind, source, observed_at, published or observed_at))
            if "since" in said:
                effective[kind] = parse_moment(_word(said, "since"))
        except (ValueError, OverflowError, TypeError) as error:
            raise BrokenInput(f"{where}: {error}") from None
    return tuple(prices), effective


def _lines(data: bytes) -> Iterable[bytes]:
    return (line for line in data.split(b"\n") if line)


def _line(price: Price, effective: Mapping[MachineKind, datetime]) -> str:
    kind, shape = price.kind, price.shape
    since = effective.get(kind)
    said: Iterator[tuple[str, object]] = iter(
        [
            ("machine_type", kind.machine_type),
            ("zone", kind.zone),
            ("account", kind.account),
            ("purchase_option", "" if kind.purchase_option == "on_demand" else kind.purchase_option),
            ("currency", price.currency),
            ("hourly", _text(price.hourly)),
            *((name, _text(getattr(price, name))) for name in _AMOUNTS),
            ("vcpu", _text(shape.vcpu)),
            ("memory_mib", shape.memory_mib),
            ("gpu", _text(shape.gpu) if shape.gpu else ""),
            ("since", moment_text(since) if since else ""),
            ("sku", price.sku),
            ("is_estimate", price.is_estimate or ""),
        ]
    )
    return json.dumps({name: value for name, value in said if value not in (None, "")})


def _price(
    said: Mapping[str, Any], kind: MachineKind, source: str, observed_at: datetime, as_of: datetime
) -> Price:
    currency = _word(said, "currency")
    if not (len(currency) == 3 and currency.isascii() and currency.isupper()):  # noqa: PLR2004 - ISO 4217
        raise ValueError(f"{currency!r} is no currency, as USD")
    memory = said.get("memory_mib")
    if type(memory) is not int:
        raise ValueError(f"memory_mib: {memory!r} is no whole number of MiB")
    amounts: dict[str, Any] = {name: _number(said, name) for name in _AMOUNTS if name in said}
    return Price(
        kind=kind,
        currency=currency,
        hourly=_number(said, "hourly"),
        shape=Shape(_number(said, "vcpu"), memory, _number(said, "gpu") if "gpu" in said else Decimal(0)),
        valid_from=observed_at,
        source=source,
        as_of=as_of,
        **amounts,
        sku=_word(said, "sku") if "sku" in said else "",
        is_estimate=said.get("is_estimate") is True,
    )


def _parsed(line: bytes, where: str) -> dict[str, Any]:
    if len(line) > _LONGEST_LINE:
        raise BrokenInput(f"{where} is longer than {_LONGEST_LINE} bytes")
    try:
        said = json.loads(line, parse_float=Decimal)
    except (ValueError, RecursionError):
        raise BrokenInput(f"{where} is no JSON") from None
    if not isinstance(said, dict):
        raise BrokenInput(f"{where} is no object of JSON")
    return said


def _word(said: Mapping[str, Any], name: str) -> str:
    value = said.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST_WORD or not value.isprintable():
        raise ValueError(f"{name}: {str(value)[:40]!r} is no word of at most {_LONGEST_WORD} characters")
    return value


def _number(said: Mapping[str, Any], name: str) -> Decimal:
    """An amount, which is text: " 0.1 ", "0,10", 1e400 and NaN are none."""
    value = said.get(name)
    if not isinstance(value, str) or len(value) > _LONGEST_NUMBER or set(value) - set("0123456789.-"):
        raise ValueError(f'{name}: {str(value)[:40]!r} is no number in text, as "0.34"')
    try:
        return Decimal(value)
    except InvalidOperation:
        raise ValueError(f"{name}: {value!r} is no number") from None


def _text(number: Decimal | None) -> str:
    return "" if number is None else format(number.normalize(), "f")
