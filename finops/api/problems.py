"""Errors to RFC 9457 problem documents: the one table."""

from http import HTTPStatus

import structlog
from flask import Flask, Response, request
from pydantic import BaseModel, ConfigDict, ValidationError
from werkzeug.exceptions import HTTPException

from finops.errors import (
    BrokenInput,
    BrokenProfile,
    DatabaseUnavailable,
    FinopsError,
    Incomplete,
    NotFound,
    Unavailable,
)

log = structlog.get_logger()

STATUS = {
    NotFound: HTTPStatus.NOT_FOUND,
    Incomplete: HTTPStatus.UNPROCESSABLE_ENTITY,
    BrokenInput: HTTPStatus.UNPROCESSABLE_ENTITY,
    BrokenProfile: HTTPStatus.UNPROCESSABLE_ENTITY,
    Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    DatabaseUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    FinopsError: HTTPStatus.INTERNAL_SERVER_ERROR,
}
# What was asked is repeated in a reply only so far.
_SHOWN = 100


class Mistake(BaseModel):
    """One thing of a request that does not fit: where, and what."""

    model_config = ConfigDict(frozen=True)

    where: str
    what: str


class Problem(BaseModel):
    """RFC 9457 problem details."""

    model_config = ConfigDict(frozen=True)

    title: str
    status: int
    detail: str
    errors: list[Mistake] = []


def problem(status: int, detail: str, errors: list[Mistake] | None = None) -> Response:
    """The reply that carries a problem document."""
    body = Problem(title=HTTPStatus(status).phrase, status=status, detail=detail, errors=errors or [])
    return Response(body.model_dump_json(ensure_ascii=True), status, mimetype="application/problem+json")


def refused(why: str, mistakes: list[Mistake]) -> Response:
    """The reply to a request that does not fit: every mistake, in one sentence and one by one."""
    said = "; ".join(f"{each.where}: {each.what}" for each in mistakes)
    return problem(HTTPStatus.UNPROCESSABLE_ENTITY, f"{why} {said}", mistakes)


def install(app: Flask) -> None:
    """Answer every error with its problem document: ours, those of HTTP, and those nobody foresaw."""
    app.register_error_handler(FinopsError, _raised)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unforeseen)


def on_invalid(_request: object, response: Response, error: Exception | None, *_: object) -> None:
    """Rewrite spectree's 422 into a problem document that names every mistake."""
    if isinstance(error, ValidationError):
        mistakes = [
            Mistake(
                where=".".join(map(str, each["loc"])),
                what=f"{each['msg']} (got {str(each['input'])[:_SHOWN]!r})",
            )
            for each in error.errors()
        ]
        made = refused("The request does not fit the API.", mistakes)
        response.data, response.mimetype = made.data, "application/problem+json"


def _raised(error: FinopsError) -> Response:
    status = next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        log.error("request failed", path=request.path, why=str(error))
    return problem(status, str(error))


def _http(error: HTTPException) -> Response:
    made = problem(error.code or HTTPStatus.INTERNAL_SERVER_ERROR, error.description or "")
    # What a status asks for beside its document, as 405 does for Allow.
    made.headers.extend(
        (name, value) for name, value in error.get_headers() if name.lower() != "content-type"
    )
    return made


def _unforeseen(error: Exception) -> Response:
    """What went wrong is for the log; a caller learns that it did, and nothing of the inside."""
    log.error("request broke", path=request.path, exc_info=error)
    return problem(
        HTTPStatus.INTERNAL_SERVER_ERROR, "Something broke here that should not; it is in the log."
    )
