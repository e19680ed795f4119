"""Public price lists over HTTPS: one question, one document of JSON, and our errors.

The rule that must not be broken: only the host that was named is asked. A redirect is not followed, an
answer is bounded, and its numbers are Decimals.
"""

import json
import time
from collections.abc import Callable, Mapping
from decimal import Decimal
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from finops.errors import BrokenInput, PricesUnavailable

_SECONDS = 30
_MOST_BYTES = 32 << 20
_TRIES = 3
_TOO_MANY, _SERVER_FAILED = 429, 500


class _NoRedirects(HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:  # noqa: ANN401 - the library's signature
        """Follow none: another host may be anyone's."""


_OPENER = build_opener(_NoRedirects)


def ask_json(
    url: str,
    what: str,
    headers: Mapping[str, str] | None = None,
    pause: Callable[[int], None] = lambda milliseconds: time.sleep(milliseconds / 1000),
) -> dict[str, Any]:
    """The object of JSON at an address. `what` is what messages call it: an address may hold a key.

    Raises:
        PricesUnavailable: it did not answer, or said that it cannot now, three times.
        BrokenInput: it answered something else.
    """
    if urlsplit(url).scheme not in ("https", "http"):
        raise BrokenInput(f"{what}: an address that is neither https nor http")
    request = Request(url, headers={"Accept": "application/json", **(headers or {})})  # noqa: S310 - seen above
    for number in range(1, _TRIES + 1):
        try:
            return _parsed(_body(request, what), what)
        except HTTPError as error:
            error.close()
            if error.code != _TOO_MANY and error.code < _SERVER_FAILED:
                raise BrokenInput(f"{what} answered {error.code}") from None
            if number == _TRIES:
                raise PricesUnavailable(f"{what} answered {error.code}, {_TRIES} times") from None
        except (OSError, HTTPException) as error:
            if number == _TRIES:
                raise PricesUnavailable(f"{what} was not reached: {type(error).__name__}") from None
        pause(200 * number)
    raise AssertionError("unreachable")  # pragma: no cover


def same_host(one: str, other: str) -> bool:
    """Whether two addresses are of one scheme, host and port.

    >>> same_host("https://prices.azure.com/a", "https://prices.azure.com.evil.example/a")
    False
    """
    return urlsplit(one)[:2] == urlsplit(other)[:2]


def _body(request: Request, what: str) -> bytes:
    with _OPENER.open(request, timeout=_SECONDS) as answer:
        body: bytes = answer.read(_MOST_BYTES + 1)
    if len(body) > _MOST_BYTES:
        raise BrokenInput(f"{what} answered more than {_MOST_BYTES} bytes")
    return body


def _parsed(body: bytes, what: str) -> dict[str, Any]:
    try:
        document = json.loads(body, parse_float=Decimal)
    except (ValueError, RecursionError):
        raise BrokenInput(f"{what} gave an answer that is no price list") from None
    if not isinstance(document, dict):
        raise BrokenInput(f"{what} gave an answer that is no price list")
    return document
