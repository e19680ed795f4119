"""AWS's SDK, and its errors in our words. boto3 is imported when something is first asked.

Everything is configured the way boto3 is: credentials from its usual chain, another address by
AWS_ENDPOINT_URL or AWS_ENDPOINT_URL_PRICING and its like.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from finops.errors import BrokenInput, FinopsError, PricesUnavailable

_CONNECT_SECONDS, _READ_SECONDS = 5, 30

_CREDENTIALS = (
    "AWS tells its public prices only to a caller it knows: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and "
    "AWS_SECRET_ACCESS_KEY, or run under a role, and let it do {action}"
)
_NOT_ALLOWED = {
    "AccessDenied",
    "AccessDeniedException",
    "AuthFailure",
    "ExpiredTokenException",
    "InvalidSignatureException",
    "RequestExpired",
    "UnauthorizedOperation",
    "UnrecognizedClientException",
}
_ASK_LATER = {
    "ExpiredNextTokenException",
    "InternalErrorException",
    "InternalServerException",
    "RequestLimitExceeded",
    "ThrottlingException",
}
_SERVER_FAILED = 500


class Session(Protocol):
    """What is used of a boto3 session."""

    def client(self, service_name: str, *, region_name: str, config: object) -> Any:  # noqa: ANN401
        """A client of a service."""


def client(service: str, region: str, session: Session | None = None) -> Any:  # noqa: ANN401
    """A client of a service in a region, that waits and tries again as much as is sensible."""
    from boto3 import Session as BotoSession  # noqa: PLC0415 - it is slow, and most commands need no prices
    from botocore.config import Config  # noqa: PLC0415

    config = Config(
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=_READ_SECONDS,
        retries={"mode": "standard"},  # three attempts, or AWS_MAX_ATTEMPTS
    )
    chosen: Session = session or BotoSession()
    return chosen.client(service, region_name=region, config=config)


@contextmanager
def asked(what: str, action: str) -> Iterator[None]:
    """Turn what the SDK raises into our errors.

    Raises:
        PricesUnavailable: AWS did not answer, or not us; the action that it should allow is named.
        BrokenInput: the answer is not what was asked for.
    """
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - as of boto3 above
    from botocore.parsers import ResponseParserError  # noqa: PLC0415

    try:
        yield
    except ClientError as error:
        raise _refused(error.response, what, action) from error
    except BotoCoreError as error:
        raise _unreachable(error, what, action) from error
    except ResponseParserError as error:
        raise BrokenInput(f"{what} gave an answer that is no price list") from error


def _refused(response: dict[str, Any], what: str, action: str) -> FinopsError:
    """An answer that is an error, in our words."""
    code, message = response["Error"].get("Code", ""), response["Error"].get("Message", "")
    said = f"{what} answered {code}: {message}"
    if code in _NOT_ALLOWED:
        return PricesUnavailable(f"{said}. The caller needs the action {action}")
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return PricesUnavailable(said) if code in _ASK_LATER or status >= _SERVER_FAILED else BrokenInput(said)


def _unreachable(error: Exception, what: str, action: str) -> PricesUnavailable:
    """No answer at all, in our words: nobody to ask as, or nobody there."""
    from botocore.exceptions import (  # noqa: PLC0415
        CredentialRetrievalError,
        NoCredentialsError,
        PartialCredentialsError,
        ProfileNotFound,
        SSOError,
    )

    nobody = (
        CredentialRetrievalError,
        NoCredentialsError,
        PartialCredentialsError,
        ProfileNotFound,
        SSOError,
    )
    said = f"{what} was not reached: {error}"
    return PricesUnavailable(
        f"{said}. {_CREDENTIALS.format(action=action)}" if isinstance(error, nobody) else said
    )
