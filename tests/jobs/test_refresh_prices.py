from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from finops.app import PriceScope
from finops.domain.machine import MachineKind
from finops.domain.price import Price
from finops.storage import prices
from finops.storage.runs import Outcome
from jobs import runner
from jobs.registry import JOBS
from jobs.runner import Summary
from pricing.aws import AwsPriceList
from pricing.catalogue import Catalogue
from pricing.fetched import Fetched
from tests.fakes.aws_pricing import FakePriceList, messy
from tests.small_ledger import MONDAY, SmallLedger, hour

REFRESH = "refresh_prices"
CATALOGUE = Catalogue()
AWS = '[prices]\ncatalogue = false\n\n[prices.aws]\nregions = ["us-east-1"]\n'
FIXED = """[[prices.fixed]]
cloud = "on_prem"
region = "us-east-1"
machine_type = "rack-7"
hourly = "{hourly}"
vcpu = 32
memory_gib = 128
"""

Serve = Callable[..., FakePriceList]


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> Iterator[Serve]:
    """Serves prices as AWS lists them, among others of the same machines, from now on."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_CONFIG_FILE", f"{tmp_path}/none")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", f"{tmp_path}/none")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "2")
    with ExitStack() as stack:

        def start(listed: list[Price], **how: object) -> FakePriceList:
            server = stack.enter_context(FakePriceList(messy(listed), **how))  # type: ignore[arg-type]
            monkeypatch.setenv("AWS_ENDPOINT_URL_PRICING", server.url)
            return server

        yield start


def family(*sizes: str) -> list[Price]:
    return [CATALOGUE.machine(f"c5.{size}") for size in sizes]


C5 = family("large", "xlarge", "2xlarge", "4xlarge", "9xlarge", "12xlarge", "18xlarge", "24xlarge")


def dearer(listed: list[Price], times: str, *machine_types: str) -> list[Price]:
    return [
        replace(price, hourly=price.hourly * Decimal(times))
        if price.kind.machine_type in machine_types
        else price
        for price in listed
    ]


def stored(ledger: SmallLedger, source: str = AwsPriceList.name) -> list[tuple[str, Decimal, bool]]:
    """Type, price, and whether it still holds."""
    with ledger.app().readers() as session:
        found = prices.current(session, source=source)
    return sorted((price.kind.machine_type, price.hourly, price.valid_to is None) for price in found)


def tomorrow(ledger: SmallLedger) -> None:
    ledger.clock.moment += timedelta(days=1)
    ledger.clock.reals += timedelta(days=1)


@pytest.fixture
def aws(small_ledger: SmallLedger) -> SmallLedger:
    small_ledger.prices = AWS
    small_ledger.write()
    return small_ledger


def test_the_catalogue_is_stored_whole_once_a_day(small_ledger: SmallLedger) -> None:
    small_ledger.prices = ""
    small_ledger.write()

    assert small_ledger.look(REFRESH) == Summary(due=1, ok=1)
    assert len(stored(small_ledger, CATALOGUE.name)) == len(CATALOGUE.prices([]))
    assert small_ledger.look(REFRESH) == Summary()

    tomorrow(small_ledger)
    assert small_ledger.look(REFRESH) == Summary(due=1, ok=1)
    counts = small_ledger.runs()[0].counts
    assert (counts["new"], counts["unchanged"]) == (0, len(CATALOGUE.prices([])))


def test_a_list_of_aws_is_fetched_passes_the_gate_and_is_stored(aws: SmallLedger, serve: Serve) -> None:
    server = serve(C5, error=lambda request: "ThrottlingException" if request == 1 else None)

    assert aws.look(REFRESH) == Summary(due=1, ok=1)

    assert stored(aws) == sorted((price.kind.machine_type, price.hourly, True) for price in C5)
    (run,) = aws.runs()
    assert (run.scope, run.counts["fetched"], run.counts["new"]) == ("aws-price-list us-east-1", 8, 8)
    assert "not Linux" in run.error, "what the list held besides is said"
    assert server.requests


def test_a_price_holds_from_when_its_list_says(aws: SmallLedger, serve: Serve) -> None:
    """So that the hours before the first fetch have one."""
    serve(C5)
    aws.look(REFRESH)

    app = aws.app()
    with app.readers() as session:
        book = app.price_book(session, {"c5.large"})
    found = book.find(MachineKind("aws", "us-east-1", "c5.large"), hour(0).start)
    assert found is not None
    assert found.hourly == Decimal("0.085")
    assert found.valid_from < MONDAY


def test_a_price_that_changed_keeps_what_it_was(aws: SmallLedger, serve: Serve) -> None:
    serve(C5)
    aws.look(REFRESH)
    tomorrow(aws)
    serve(dearer(C5, "1.004", "c5.large"))

    assert aws.look(REFRESH) == Summary(due=1, ok=1)

    large = [(hourly, is_open) for name, hourly, is_open in stored(aws) if name == "c5.large"]
    assert large == [(Decimal("0.085"), False), (Decimal("0.08534"), True)]
    assert aws.runs()[0].counts["changed"] == 1


@pytest.mark.parametrize(
    ("listed", "why"),
    [
        ([], "the list is empty"),
        (C5[:3], "the list has 3 prices where 8 are stored"),
        (dearer(C5, "1.7", "c5.large"), "to 0.1445000000, by more than 60%"),
        (dearer(C5, "1.01", *(each.kind.machine_type for each in C5)), "8 of 8 prices changed"),
    ],
    ids=["empty", "short", "leaping", "all"],
)
def test_a_refused_list_changes_nothing_and_the_run_says_why(
    aws: SmallLedger, serve: Serve, listed: list[Price], why: str
) -> None:
    serve(C5)
    aws.look(REFRESH)
    before = stored(aws)
    tomorrow(aws)
    serve(listed)

    assert aws.look(REFRESH) == Summary(due=1, failed=1)

    assert stored(aws) == before
    (failed,) = aws.runs(Outcome.FAILED)
    assert why in failed.error
    assert failed.counts == {}


def test_a_list_that_does_not_answer_changes_nothing_and_is_asked_again(
    aws: SmallLedger, serve: Serve
) -> None:
    serve(C5, error=lambda _: "InternalErrorException")
    assert aws.look(REFRESH) == Summary(due=1, failed=1)
    assert stored(aws) == []

    serve(C5)
    assert aws.look(REFRESH) == Summary(), "not yet"
    aws.clock.reals += timedelta(seconds=900)
    assert aws.look(REFRESH) == Summary(due=1, ok=1)


def test_what_is_no_price_list_is_refused(aws: SmallLedger, serve: Serve) -> None:
    serve(C5, answers_html=True)

    assert aws.look(REFRESH) == Summary(due=1, failed=1)
    assert "is no price list" in aws.runs()[0].error


def test_a_price_that_the_configuration_changes_is_due_at_once(small_ledger: SmallLedger) -> None:
    small_ledger.prices = f"[prices]\ncatalogue = false\n\n{FIXED.format(hourly='1.20')}"
    small_ledger.write()
    assert small_ledger.look(REFRESH) == Summary(due=1, ok=1)
    assert stored(small_ledger, "fixed") == [("rack-7", Decimal("1.20"), True)]

    small_ledger.prices = f"[prices]\ncatalogue = false\n\n{FIXED.format(hourly='1.30')}"
    small_ledger.write()
    assert small_ledger.look(REFRESH) == Summary(due=1, ok=1)
    assert stored(small_ledger, "fixed") == [("rack-7", Decimal("1.30"), True)]


def test_a_list_of_a_region_that_fails_holds_up_no_other(aws: SmallLedger, serve: Serve) -> None:
    aws.prices = AWS.replace("false", "true")
    aws.write()
    serve([])

    assert aws.look(REFRESH) == Summary(due=2, ok=1, failed=1)
    assert stored(aws, CATALOGUE.name)


class Spots:
    """A source of two changes, of which the second comes with the second look."""

    name = "aws-spot"

    def __init__(self) -> None:
        self.asked: list[datetime] = []

    def prices(self, regions: object) -> list[Price]:
        return []

    def changes(self, region: str, since: datetime, now: datetime) -> Fetched:
        self.asked.append(since)
        kind = MachineKind("aws", region, "c5.large", "spot", "us-east-1a")
        first = replace(C5[0], kind=kind, source=self.name, valid_from=MONDAY, as_of=MONDAY)
        second = replace(first, hourly=Decimal("0.05"), valid_from=MONDAY + timedelta(hours=20))
        return Fetched("aws", region, (first, second)[: len(self.asked)])


def test_spot_prices_are_asked_each_hour_since_the_last_look_and_closed_where_the_next_begins(
    aws: SmallLedger,
) -> None:
    app, spots = aws.app(), Spots()
    scope = PriceScope(
        "aws-spot us-east-1", spots, ("us-east-1",), is_declared=False, cloud="aws", is_hourly=True
    )
    vars(app)["price_scopes"] = [scope]
    job = JOBS[REFRESH]

    assert runner.look(app, job) == Summary(due=1, ok=1)
    assert runner.look(app, job) == Summary()
    aws.clock.moment += timedelta(hours=1)
    aws.clock.reals += timedelta(hours=1)
    assert runner.look(app, job) == Summary(due=1, ok=1)

    assert spots.asked[1] == aws.clock.moment - timedelta(hours=25)
    with app.readers() as session:
        held = prices.current(session, source="aws-spot")
        book = app.price_book(session, ["c5.large"])
    assert [(str(each.hourly), each.valid_to) for each in held] == [
        ("0.085", MONDAY + timedelta(hours=20)),
        ("0.05", None),
    ]
    kind = held[0].kind
    window = hour(19)
    assert [str(part.hourly) for _, part in book.during(kind, window) if part] == ["0.085"]
    assert book.find(replace(kind, zone="us-east-1b"), window.start) is None, (
        "another zone's price is no guess"
    )
