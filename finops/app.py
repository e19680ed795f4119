"""What is built once and passed down: settings, sessions, sources, fleets, prices, the clock.

Everything a job, a request or a command needs is reached through an App; nothing is global.
"""

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from finops import config, fleet, sources
from finops.config import Mistake, Settings
from finops.config.sections import AwsPrices, AzurePrices, GcpPrices
from finops.domain.ports import Clock, FleetSource, PriceSource, ProfileSource
from finops.domain.price import Price
from finops.domain.service import Registry
from finops.storage import database, migrate, places, prices, split_fits
from finops.storage.blobs import BlobStore
from finops.storage.database import Engine, Session, Sessions
from pricing.aws import AwsPriceList
from pricing.aws_reserved import AwsReserved
from pricing.aws_savings import AwsSavingsPlans
from pricing.aws_spot import AwsSpot
from pricing.azure import AzureRetailPrices
from pricing.catalogue import Catalogue
from pricing.fixed import FixedPrices
from pricing.gcp import GcpBillingCatalog
from pricing.ladder import Ladder
from pricing.rungs import CATALOGUE, FIXED


@dataclass(frozen=True, slots=True)
class SystemClock:
    """The machine's clock; `pinned` holds what counts as now, for demonstrations and replays."""

    pinned: datetime | None = None

    def now(self) -> datetime:
        """The moment that decides what is due."""
        return self.pinned or self.real()

    def real(self) -> datetime:
        """The machine's own time."""
        return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class PriceScope:
    """One price list: a source, or one region of it.

    `is_declared` says that somebody states it as a whole, so that what it leaves out is withdrawn; a list
    that was only looked at has to pass the gate. `is_hourly` says how often it is asked: else once a day.
    """

    name: str
    source: PriceSource
    regions: Sequence[str]
    is_declared: bool
    cloud: str = ""
    is_hourly: bool = False


@dataclass(frozen=True)
class App:
    """A configured service. Parts are made when first asked for."""

    settings: Settings
    clock: Clock

    @cached_property
    def registry(self) -> Registry:
        """The declared services."""
        return self.settings.registry()

    @cached_property
    def sources(self) -> Sequence[ProfileSource]:
        """The profile back-ends."""
        return sources.profile_sources(self.settings)

    @cached_property
    def fleets(self) -> Sequence[FleetSource]:
        """What knows which machines ran for whom."""
        return fleet.fleet_sources(self.settings)

    @cached_property
    def price_scopes(self) -> Sequence[PriceScope]:
        """The price lists, the most binding first: the configuration's, the cloud's, the catalogue."""
        wanted = self.settings.prices
        made: list[PriceScope] = []
        if wanted.fixed:
            fixed = FixedPrices(self.settings.fixed_prices(self.clock.now()))
            made.append(PriceScope(fixed.name, fixed, (), is_declared=True))
        if wanted.aws is not None:
            made += _aws(wanted.aws, self.clock)
        if wanted.gcp is not None:
            made += _gcp(wanted.gcp, self.clock, os.environ)
        if wanted.azure is not None:
            made += _azure(wanted.azure, self.clock)
        if wanted.catalogue:
            catalogue = Catalogue()
            made.append(PriceScope(catalogue.name, catalogue, (), is_declared=True))
        return made

    def price_book(
        self,
        session: Session,
        machine_types: Collection[str],
        known_at: datetime | None = None,
        bundled: Sequence[Price] = (),
    ) -> Ladder:
        """The stored prices of some machine types, in the ledger's currency, as the ladder asks for them.

        What the configuration no longer states, and a catalogue that it turned off, do not count; a
        catalogue that was not stored yet can be given as `bundled`.
        """
        declared = {CATALOGUE, FIXED}
        stated = {scope.source.name for scope in self.price_scopes if scope.is_declared}
        known = [
            price
            for price in prices.current(session, machine_types=machine_types, known_at=known_at)
            if price.source in stated or price.source not in declared
        ]
        currency = self.settings.ledger.currency
        if CATALOGUE in stated and all(price.source != CATALOGUE for price in known):
            known += bundled
        known = [price for price in known if price.currency == currency]
        fits = [fit for fit in split_fits.every(session) if fit.currency == currency]
        return Ladder(known, self.settings.overrides(), fits)

    @cached_property
    def blobs(self) -> BlobStore:
        """Where profiles lie as they came."""
        return BlobStore(Path(self.settings.blobs.path))

    @cached_property
    def sessions(self) -> Sessions:
        """Sessions that may write; each takes the write lock when it begins.

        Raises StorageError unless the database stands at the schema of this release.
        """
        return database.sessions(_opened(self.settings.database.url))

    @cached_property
    def readers(self) -> Sessions:
        """Sessions that only read, and wait for no writer."""
        return database.sessions(_opened(self.settings.database.url), is_reading=True)

    def close(self) -> None:
        """Let go of the database."""
        for name in ("sessions", "readers"):
            if (made := self.__dict__.get(name)) is not None:
                database.close(made)


def _aws(wanted: AwsPrices, clock: Clock) -> list[PriceScope]:
    """What is asked of AWS, for each region."""
    sources: list[tuple[PriceSource, bool]] = [(AwsPriceList(clock.now), False)]
    if wanted.reserved:
        sources.append((AwsReserved(clock.now), False))
    if wanted.savings_plans:
        sources.append((AwsSavingsPlans(clock.now), False))
    if wanted.spot:
        sources.append((AwsSpot(wanted.spot), True))
    return [
        PriceScope(
            f"{source.name} {region}", source, (region,), is_declared=False, cloud="aws", is_hourly=is_hourly
        )
        for source, is_hourly in sources
        for region in wanted.regions
    ]


def _gcp(wanted: GcpPrices, clock: Clock, environ: Mapping[str, str]) -> list[PriceScope]:
    """What is asked of Google, for each region."""
    key = wanted.key(environ)
    kinds = [False, True] if wanted.spot else [False]
    made = [GcpBillingCatalog(clock.now, key, is_spot=is_spot, url=wanted.url) for is_spot in kinds]
    return [
        PriceScope(f"{source.name} {region}", source, (region,), is_declared=False, cloud="gcp")
        for source in made
        for region in wanted.regions
    ]


def _azure(wanted: AzurePrices, clock: Clock) -> list[PriceScope]:
    """What is asked of Azure, for each region."""
    kinds = [False, True] if wanted.spot else [False]
    made = [AzureRetailPrices(clock.now, is_spot=is_spot, url=wanted.url) for is_spot in kinds]
    return [
        PriceScope(f"{source.name} {region}", source, (region,), is_declared=False, cloud="azure")
        for source in made
        for region in wanted.regions
    ]


def build(path: Path, environ: Mapping[str, str] = os.environ) -> App:
    """The app of a configuration file.

    Raises:
        ConfigError: the file or the environment cannot be used.
    """
    settings = config.load(path, environ)
    return App(settings, SystemClock(settings.now))


def examine(path: Path, environ: Mapping[str, str] = os.environ) -> tuple[App, list[Mistake]]:
    """The app of what can be used of a configuration file, and every mistake of it and of what it names.

    Files and folders are looked at; nothing is asked over a network, opened as a database or written.

    Raises:
        ConfigError: the file is missing or no TOML.
    """
    settings, found = config.examine(path, environ)
    if "database" in settings.model_fields_set:  # a table with a mistake of its own has been left out
        found += places.database_mistakes(settings.database.url)
    if "blobs" in settings.model_fields_set:
        found += places.blob_mistakes(settings.blobs.path)
    found += [*fleet.mistakes(settings), *sources.mistakes(settings)]
    return App(settings, SystemClock(settings.now)), found


def _opened(url: str) -> Engine:
    engine = database.connect(url)
    try:
        migrate.require_head(engine.execution_options(is_reading=True))
    except BaseException:
        engine.dispose()  # whoever goes on without it keeps no connection
        raise
    return engine
