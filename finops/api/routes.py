"""The routes: parse, ask one report, render."""

from datetime import datetime
from decimal import Decimal

from flask import Blueprint, Response
from spectree import Response as Replies

from finops.api import current
from finops.api.problems import Problem, refused
from finops.api.queries import FunctionsQuery, ReportQuery, RightsizeQuery, WindowQuery
from finops.api.schemas import Functions, Rightsizing, Services, WeeklyReport
from finops.api.spec import spec
from finops.domain.resource import Resource
from finops.domain.window import Window, day_of, moment_text, parse_moment, parse_window
from finops.errors import Incomplete
from finops.reports import document, rightsize, service_functions, service_totals, weekly
from finops.reports.document import Document

DEFAULT_REGION = "us-east-1"

api = Blueprint("api", __name__, url_prefix="/api/v1")


@api.get("/services")
@spec.validate(
    resp=Replies(HTTP_200=Services, HTTP_422=Problem), tags=["services"], operation_id="listServices"
)
def services(query: WindowQuery) -> Document:
    """Services with what they cost, dearest first."""
    app = current.app()
    with app.readers() as session:
        found = service_totals.build(
            session,
            _window(query.window),
            currency=app.settings.ledger.currency,
            metric=query.cost_metric,
        )
    return service_totals.as_document(found)


# A name may hold slashes, as namespace/deployment does.
@api.get("/services/<path:service>/functions")
@spec.validate(
    resp=Replies(HTTP_200=Functions, HTTP_404=Problem, HTTP_422=Problem),
    tags=["services"],
    operation_id="listFunctions",
)
def functions(service: str, query: FunctionsQuery) -> Document:
    """Functions of a service, dearest first by resource."""
    app = current.app()
    with app.readers() as session:
        found = service_functions.build(
            session,
            service,
            _window(query.window),
            currency=app.settings.ledger.currency,
            metric=query.cost_metric,
            resources=[Resource(query.resource)] if query.resource else service_functions.RESOURCES,
            sort=query.sort,
            limit=query.limit,
        )
    return service_functions.as_document(found)


@api.get("/savings/rightsize")
@spec.validate(
    resp=Replies(HTTP_200=Rightsizing, HTTP_404=Problem, HTTP_422=Problem),
    tags=["savings"],
    operation_id="rightsize",
)
def rightsizing(query: RightsizeQuery) -> Document | Response:
    """How many machines would do if a part of the CPU demand went, and what they would save a month."""
    if mistakes := query.mistakes():
        return refused("The question cannot be answered as it stands.", mistakes)
    return _of_service(query) if query.service is not None else _of_machines(query)


@api.get("/reports/weekly")
@spec.validate(
    resp=Replies(HTTP_200=WeeklyReport, HTTP_422=Problem), tags=["reports"], operation_id="weeklyReport"
)
def weekly_report(query: ReportQuery) -> Document:
    """The weekly report: services, kinds of charge, functions, prices."""
    app = current.app()
    with app.readers() as session:
        made = weekly.build(
            session,
            _window(query.window),
            currency=app.settings.ledger.currency,
            metric=query.cost_metric,
            as_of=None if query.as_of is None else _past_moment(query.as_of),
        )
    return document.weekly(made)


def _window(words: str) -> Window:
    try:
        window = parse_window(words, current.app().clock.now())
        is_whole = all(moment == day_of(moment).start for moment in (window.start, window.end))
    except (ValueError, OverflowError) as error:
        raise Incomplete(f"window: {error}") from error
    if not is_whole:
        raise Incomplete(f"window: {window} is not of whole days, and function costs are kept by day")
    return window


def _past_moment(words: str) -> datetime:
    try:
        moment = parse_moment(words)
    except (ValueError, OverflowError) as error:
        raise Incomplete(f"as_of: {error}") from error
    if moment > current.app().clock.real():
        raise Incomplete(f"as_of: {moment_text(moment)} has not come yet")
    return moment


def _of_service(query: RightsizeQuery) -> Document:
    app = current.app()
    with app.readers() as session:
        return rightsize.of_service(
            session,
            app.registry,
            query.service or "",
            _window(query.window or "lastweek"),
            remove=query.remove or Decimal(0),
            target=query.target,
        )


def _of_machines(query: RightsizeQuery) -> Document:
    """The proposal for machines whose every word is there, as `mistakes` found."""
    return rightsize.from_list(
        machine=query.machine or "",
        region=query.region or DEFAULT_REGION,
        count=query.count or 0,
        utilisation=query.utilisation,
        remove=query.remove or Decimal(0),
        target=query.target,
    )
