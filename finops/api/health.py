"""Whether the process answers, and whether it could answer a question: for whoever starts and stops it.

Both need no token, so neither says anything of the inside; the log does.
"""

from http import HTTPStatus

import structlog
from flask import Blueprint, Response
from spectree import Response as Replies

from finops.api import current
from finops.api.problems import Problem, problem
from finops.api.queries import ReadyQuery
from finops.api.schemas import Health
from finops.api.spec import spec
from finops.app import App
from finops.domain.window import HOUR
from finops.errors import StorageError
from finops.reports.document import Document
from finops.storage import migrate, vitals

log = structlog.get_logger()

health = Blueprint("health", __name__)


@health.get("/healthz")
@spec.validate(resp=Replies(HTTP_200=Health), tags=["health"], operation_id="health")
def healthz() -> Document:
    """Whether the process answers."""
    return {"status": "ok"}


@health.get("/readyz")
@spec.validate(
    resp=Replies(HTTP_200=Health, HTTP_422=Problem, HTTP_503=Problem), tags=["health"], operation_id="ready"
)
def readyz(query: ReadyQuery) -> Document | Response:
    """Whether the database answers and is at this release's schema, and the ledger as recent as is asked."""
    try:
        is_late = _is_late(current.app(), query.max_lag_hours)
    except StorageError as error:
        log.warning("not ready", why=str(error))
        return problem(HTTPStatus.SERVICE_UNAVAILABLE, "The database cannot be used; the log says why.")
    if is_late:
        return problem(
            HTTPStatus.SERVICE_UNAVAILABLE, f"The ledger ends more than {query.max_lag_hours} h ago."
        )
    return {"status": "ok"}


def _is_late(app: App, max_lag_hours: int | None) -> bool:
    """Raises StorageError unless the database answers and is at the schema of this release, now."""
    with app.readers() as session:
        migrate.require_head(session.get_bind().engine)
        if max_lag_hours is None:
            return False
        until = vitals.reached(session, app.clock.now()).until
    return until is None or app.clock.now() - until > max_lag_hours * HOUR
