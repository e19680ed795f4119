"""The service in numbers, as Prometheus reads them, computed from the database at each scrape.

Labels are bounded: jobs, outcomes, resources and kinds are closed lists, sources, price lists and
currencies those of the configuration. A service or a function is never a label. Numbers are floats here,
as everywhere in Prometheus; the ledger's own are exact.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from importlib.metadata import version

from flask import Blueprint, Response
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.registry import Collector
from spectree import Response as Replies

from finops.api import current
from finops.api.spec import spec
from finops.app import App
from finops.domain.charge import CostMetric
from finops.domain.window import DAY, Window, day_of
from finops.storage import charge_sums, portable, services, vitals
from finops.storage.charge_sums import ChargeSum
from finops.storage.database import Session

metrics = Blueprint("metrics", __name__)

_COLLECTING = ("collect_fleet", "collect_profiles")
# What may still change is looked for as far as a tick of the scheduler looks back.
_LOOKED_BACK = 35 * DAY
_WEEK = 7 * DAY

Labelled = Iterable[tuple[tuple[str, ...], float]]


@metrics.get("/metrics")
@spec.validate(resp=Replies(HTTP_200=None), tags=["health"], operation_id="metrics")
def scraped() -> Response:
    """The service in numbers, in Prometheus's text format."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Vitals(current.app()))
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_PLAIN_0_0_4)


class _Vitals(Collector):
    """What one scrape reads, in one state of the database."""

    def __init__(self, app: App) -> None:
        self.app = app

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Every family; nothing is read before it is asked for."""
        now = self.app.clock.now()
        with self.app.readers() as session:
            yield from _of_jobs(session, self.app)
            yield from _of_ledger(session, now)
            yield from _of_money(session, now)
            yield _family(
                "database_bytes", "Size of the database.", (), [((), float(portable.database_bytes(session)))]
            )
        yield _family("build_info", "The release.", ("version",), [((version("flamebill"),), 1.0)])


def _of_jobs(session: Session, app: App) -> Iterator[GaugeMetricFamily]:
    counts = vitals.run_counts(session)
    yield _family(
        "runs",
        "Runs on record, by how they ended; records leave after 90 days.",
        ("job", "outcome"),
        (((job, outcome.value), float(count)) for (job, outcome), count in sorted(counts.items())),
    )
    yield _family(
        "last_ok_timestamp_seconds",
        "When a run of each job last ended well.",
        ("job",),
        _moments(vitals.last_ok(session)),
    )
    wanted = {
        *((_COLLECTING[0], fleet.name) for fleet in app.fleets),
        *((_COLLECTING[1], source.name) for source in app.sources),
    }
    until = {key: moment for key, moment in vitals.done_until(session).items() if key in wanted}
    yield _family(
        "collected_until_timestamp_seconds",
        "The end of the latest hour that each fleet and each source was asked about.",
        ("job", "source"),
        ((key, moment.timestamp()) for key, moment in sorted(until.items())),
    )


def _of_ledger(session: Session, now: datetime) -> Iterator[GaugeMetricFamily]:
    reached = vitals.reached(session, now - _LOOKED_BACK)
    week = Window(now - _WEEK, now)
    if reached.until is not None:
        yield _one(
            "ledger_lag_seconds",
            "How long ago the latest hour of the ledger ended.",
            (now - reached.until).total_seconds(),
        )
    yield _one(
        "provisional_hours", "Hours of the last 35 days that may still change.", reached.provisional_hours
    )
    yield _one(
        "held_hours",
        "Service-hours of the last seven days that are held for a person to look at.",
        vitals.held_hours(session, week),
    )
    yield _one(
        "refused_profiles",
        "Profiles of the last seven days that could not be used.",
        vitals.refused_profiles(session, week),
    )
    yield _family(
        "price_list_timestamp_seconds",
        "How recent the latest price of each price list is.",
        ("source",),
        _moments(vitals.prices_as_of(session)),
    )


def _of_money(session: Session, now: datetime) -> Iterator[GaugeMetricFamily]:
    yesterday = day_of(now - DAY)
    charged = charge_sums.sums(session, yesterday, by=("resource", "kind"), metric=CostMetric.LIST)
    yield _family(
        "charged_amount",
        "Charges of yesterday (UTC) at list prices, by why they were charged.",
        ("resource", "kind", "currency"),
        _amounts(charged),
    )
    yield _one(
        "unpriced_charges",
        "Charges of yesterday without an amount, because no price is known.",
        sum(each.unpriced_charges for each in charged),
    )
    by_service = charge_sums.sums(session, yesterday, by=("service",), metric=CostMetric.LIST)
    names = {service.name for service in services.every(session) if not service.is_claimed}
    unclaimed = [each for each in by_service if each.group[0] in names]
    totals: dict[str, int] = {}
    for each in unclaimed:
        if each.amount is not None:
            totals[each.currency] = totals.get(each.currency, 0) + each.amount.nanos
    yield _family(
        "unclaimed_amount",
        "Charges of yesterday of names that no service claims.",
        ("currency",),
        (((currency,), nanos / 10**9) for currency, nanos in sorted(totals.items())),
    )
    yield _one("unclaimed_names", "Names with charges of yesterday that no service claims.", len(unclaimed))


def _amounts(sums: Iterable[ChargeSum]) -> Labelled:
    for each in sums:
        if each.amount is not None:
            resource, kind = map(str, each.group)
            yield (resource, kind, each.currency), float(each.amount.amount)


def _moments(moments: dict[str, datetime]) -> Labelled:
    return [((name,), moment.timestamp()) for name, moment in sorted(moments.items())]


def _one(name: str, what: str, value: float) -> GaugeMetricFamily:
    return _family(name, what, (), [((), value)])


def _family(name: str, what: str, labels: tuple[str, ...], values: Labelled) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"flamebill_{name}", what, labels=labels)
    for labelled, value in values:
        family.add_metric(labelled, value)
    return family
