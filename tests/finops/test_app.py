from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from finops import app as building
from finops.app import SystemClock
from finops.domain.machine import MachineKind
from finops.domain.service import Service
from finops.errors import ConfigError, StorageError
from finops.storage import services
from tests.small_ledger import PRICES, SmallLedger

NOON = datetime(2026, 11, 4, 12, tzinfo=UTC)
C5 = MachineKind("aws", "us-east-1", "c5.large")


def test_the_clock_runs_unless_it_is_pinned() -> None:
    before = datetime.now(UTC)

    assert before <= SystemClock().now() <= datetime.now(UTC)
    assert SystemClock(NOON).now() == NOON
    assert before <= SystemClock(NOON).real() <= datetime.now(UTC), "a lease lasts as long as it lasts"


def test_it_is_built_of_the_file_and_the_environment(small_ledger: SmallLedger) -> None:
    app = building.build(small_ledger.folder / "config.toml", {"FINOPS__API__PORT": "9090"})

    assert app.settings.api.port == 9090
    assert app.clock.now() == small_ledger.clock.moment
    assert [source.name for source in app.sources] == ["profiles"]
    assert [fleet.name for fleet in app.fleets] == ["fleet"]
    assert [service.name for service in app.registry.services] == ["checkout", "search"]
    assert app.blobs.root == small_ledger.folder / "blobs"


def test_a_configuration_that_cannot_be_used_builds_nothing(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        building.build(tmp_path / "config.toml", {})


def test_nothing_of_the_outside_is_touched_before_it_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('[database]\nurl = "sqlite:///somewhere.db"\n')

    building.build(tmp_path / "config.toml", {})

    assert [path.name for path in tmp_path.iterdir()] == ["config.toml"]


def test_parts_are_made_once(small_ledger: SmallLedger) -> None:
    app = small_ledger.app()

    for part in ("sources", "fleets", "price_scopes", "blobs", "sessions", "readers", "registry"):
        assert getattr(app, part) is getattr(app, part)


def test_the_configurations_prices_outrank_the_clouds_and_those_the_catalogue(
    small_ledger: SmallLedger,
) -> None:
    small_ledger.prices = PRICES.replace("false", 'true\naws.regions = ["us-east-1", "eu-west-1"]')
    small_ledger.write()

    scopes = small_ledger.app().price_scopes

    assert [(scope.name, scope.is_declared) for scope in scopes] == [
        ("fixed", True),
        ("aws-price-list us-east-1", False),
        ("aws-price-list eu-west-1", False),
        ("catalogue", True),
    ]
    assert [list(scope.regions) for scope in scopes] == [[], ["us-east-1"], ["eu-west-1"], []]


def test_where_two_sources_know_a_price_the_more_binding_answers(small_ledger: SmallLedger) -> None:
    small_ledger.prices = PRICES.replace("false", "true").replace("0.085", "0.05")
    small_ledger.write()
    small_ledger.look("refresh_prices")

    app = small_ledger.app()
    with app.readers() as session:
        book = app.price_book(session, {"c5.large", "t3.large"})

    mine = book.find(C5, NOON)
    listed = book.find(MachineKind("aws", "us-east-1", "t3.large"), NOON)
    assert mine
    assert listed
    assert (mine.hourly, mine.source) == (Decimal("0.05"), "fixed")
    assert listed.source == "catalogue"


def test_without_any_list_there_is_no_price(small_ledger: SmallLedger) -> None:
    small_ledger.prices = "[prices]\ncatalogue = false\n"
    small_ledger.write()

    app = small_ledger.app()
    with app.readers() as session:
        assert app.price_book(session, {"c5.large"}).find(C5, NOON) is None


@pytest.mark.parametrize("part", ["sessions", "readers"])
def test_a_database_without_the_schema_is_refused_with_what_to_do(
    small_ledger: SmallLedger, part: str
) -> None:
    (small_ledger.folder / "finops.db").unlink()

    with pytest.raises(StorageError, match=r"there is no database .*run `finops db upgrade`"):
        getattr(small_ledger.app(), part)


def test_readers_cannot_write(small_ledger: SmallLedger) -> None:
    app = small_ledger.app()

    with app.readers() as session, pytest.raises(OperationalError, match="readonly"):
        services.replace(session, [Service("checkout")], app.clock.real())
    with app.sessions.begin() as session:
        services.replace(session, [Service("checkout")], app.clock.real())
    with app.readers() as session:
        assert [service.name for service in services.every(session)] == ["checkout"]
