"""All settings, and what the rest of the program makes of them: services, prices, the first hour."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Annotated, TypeVar

from pydantic import AfterValidator, ValidationInfo, field_validator

from finops.config.inputs import DECLARED_MACHINES, CsvFleet, Fleet, ProfileDirectory
from finops.config.mistakes import Mistake
from finops.config.section import Section
from finops.config.sections import Api, Blobs, Database, DeclaredService, Ledger, Prices, Schedule
from finops.config.values import Moment
from finops.domain.override import Override
from finops.domain.price import Price
from finops.domain.service import Registry, clashes
from finops.domain.window import WEEK, day_of

# When a fixed price without a beginning began: before any hour that is accounted for, and always the
# same moment, because a price is known by what it says.
ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)

T = TypeVar("T")


def _claimed_once(services: tuple[DeclaredService, ...]) -> tuple[DeclaredService, ...]:
    twice = [f"{name!r} is declared twice" for name in _repeated(service.name for service in services)]
    return _unless(twice + clashes([service.service() for service in services]), services)


# The lists that are bundled are all in it.
CATALOGUE_CURRENCY = "USD"


def _fleet_named_once(fleet: tuple[Fleet, ...]) -> tuple[Fleet, ...]:
    names = [table.name for table in fleet if isinstance(table, CsvFleet)]
    if len(names) < len(fleet):
        names.append(DECLARED_MACHINES)
    return _unless([f"two are called {name!r}" for name in _repeated(names)], fleet)


def _sources_named_once(sources: tuple[ProfileDirectory, ...]) -> tuple[ProfileDirectory, ...]:
    names = _repeated(source.name for source in sources)
    return _unless([f"two are called {name!r}" for name in names], sources)


def _repeated(names: Iterable[str]) -> list[str]:
    return [name for name, count in Counter(names).items() if count > 1]


def _unless(mistakes: Sequence[str], value: T) -> T:
    if mistakes:
        raise ValueError("; ".join(mistakes))
    return value


class Settings(Section):
    """Everything that the configuration decides. Tables that depend on others stand below them."""

    now: Moment | None = None
    database: Database = Database()
    blobs: Blobs = Blobs()
    ledger: Ledger = Ledger()
    prices: Prices = Prices()
    services: Annotated[tuple[DeclaredService, ...], AfterValidator(_claimed_once)] = ()
    fleet: Annotated[tuple[Fleet, ...], AfterValidator(_fleet_named_once)] = ()
    sources: Annotated[tuple[ProfileDirectory, ...], AfterValidator(_sources_named_once)] = ()
    schedule: Schedule = Schedule()
    api: Api = Api()

    @field_validator("prices")
    @classmethod
    def _one_currency(cls, prices: Prices, info: ValidationInfo) -> Prices:
        """Amounts of two currencies cannot be added up, and nothing here converts them."""
        ledger = info.data.get("ledger")
        if ledger is None:
            return prices
        currencies = {price.currency for price in prices.fixed if price.currency} - {ledger.currency}
        return _unless(
            [f"a fixed price is in {found}, the ledger in {ledger.currency}" for found in sorted(currencies)],
            prices,
        )

    def disagreements(self) -> list[Mistake]:
        """What tables say that does not go together, where each by itself may say it."""
        currency = self.ledger.currency
        if not self.prices.catalogue or currency == CATALOGUE_CURRENCY:
            return []
        why = f"the bundled catalogue is in {CATALOGUE_CURRENCY}, the ledger in {currency}"
        return [Mistake("prices.catalogue", f"{why}: set it to false, and state prices in {currency}")]

    def registry(self) -> Registry:
        """The declared services."""
        return Registry(tuple(declared.service() for declared in self.services))

    def first_hour(self, now: datetime) -> datetime:
        """The beginning of the first hour to account for."""
        return self.ledger.start or day_of(now - WEEK).start

    def fixed_prices(self, now: datetime) -> list[Price]:
        """The prices that the configuration states, in its order."""
        as_of = self.first_hour(now)
        return [price.price(self.ledger.currency, ALWAYS, as_of) for price in self.prices.fixed]

    def overrides(self) -> list[Override]:
        """What was negotiated, in the order of the file."""
        return [negotiated.override() for negotiated in self.prices.negotiated]
