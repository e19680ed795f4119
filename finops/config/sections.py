"""The tables that say how the service itself works: where it keeps things, what it counts, when, for whom.

Each default stands with its reason.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from finops.config.section import Section
from finops.config.shapes import machine_shape
from finops.config.values import (
    Cloud,
    Cron,
    Currency,
    DatabaseUrl,
    Days,
    ExactPrice,
    Hour,
    LocalPath,
    MaybeWord,
    MemoryGib,
    Moment,
    Name,
    Percent,
    Seconds,
    Share,
    Size,
    SizeOrZero,
    SplitPolicy,
    VariableName,
    WebAddress,
    Whole,
    Word,
    after,
)
from finops.domain.machine import MachineKind
from finops.domain.override import Override
from finops.domain.price import Price
from finops.domain.service import Service
from finops.errors import ConfigError


class Database(Section):
    """Where the ledger is kept."""

    # SQLite serves a small company and needs nothing installed; a shared deployment names PostgreSQL.
    url: DatabaseUrl = "sqlite:///finops.db"


class Blobs(Section):
    """Where profiles are kept as they came."""

    path: LocalPath = Path("blobs")
    # Long enough to look into last week's surprise; the numbers themselves are in the database.
    keep_days: Days = 14


class Ledger(Section):
    """What is accounted for, in which money, and how long it is kept."""

    # Unset, the day a week before now: enough for a first report without asking sources for all they have.
    start: Hour | None = None
    # Profilers drop duplicates and deliver late for up to an hour and a half; two hours cover it.
    settle_hours: Annotated[Whole, Field(ge=0, le=168)] = 2
    currency: Currency = "USD"
    # Functions below 0.01 % of a service's day go to one row: thousands of them are not worth a cent.
    smallest_share: Share = Decimal("0.0001")
    # A quarter, so that a change can be compared with the hours before it; daily sums stay for ever.
    hourly_days: Days = 90


class AwsPrices(Section):
    """AWS's price list; present means asked."""

    # One region is about 1,400 types and fifteen answers, so only those that are used are named.
    regions: Annotated[tuple[Word, ...], Field(min_length=1)] = ("us-east-1",)
    # Spot prices move by the hour and by the zone, so only those of types that run are kept.
    spot: tuple[Word, ...] = ()
    # Rates to be paid by machines that are bought so; another dozen prices a type.
    reserved: bool = False
    savings_plans: bool = False


class GcpPrices(Section):
    """Google's Cloud Billing Catalog; present means asked."""

    regions: Annotated[tuple[Word, ...], Field(min_length=1)]
    # Public prices are told only to a caller that Google knows: a key, which is never in the file.
    key_env: VariableName
    spot: bool = False
    url: WebAddress = "https://cloudbilling.googleapis.com"

    def key(self, environ: Mapping[str, str]) -> str:
        """The key.

        Raises:
            ConfigError: the variable that should hold it is not set, or empty.
        """
        if key := environ.get(self.key_env, ""):
            return key
        raise ConfigError(f"prices.gcp.key_env: the environment variable {self.key_env} is not set")


class AzurePrices(Section):
    """Azure's Retail Prices, which ask for no account; present means asked."""

    regions: Annotated[tuple[Word, ...], Field(min_length=1)]
    spot: bool = False
    url: WebAddress = "https://prices.azure.com"


class FixedPrice(Section):
    """A price that the configuration states: a contract, a cloud without a list, a machine of one's own."""

    cloud: Cloud
    region: Word
    machine_type: Word
    # What a price list shows first; a discount has its own word.
    purchase_option: Word = "on_demand"
    hourly: ExactPrice
    # Unset, the ledger's own.
    currency: Currency | None = None
    vcpu: Size
    memory_gib: MemoryGib
    gpu: SizeOrZero = Decimal(0)
    vcpu_hourly: ExactPrice | None = None
    gib_hourly: ExactPrice | None = None
    gpu_hourly: ExactPrice | None = None
    # Unset, it has always held, and holds until further notice.
    start: Moment | None = Field(None, alias="from")
    end: Moment | None = Field(None, alias="to")

    _order = field_validator("end")(after)

    def price(self, currency: str, always: datetime, as_of: datetime) -> Price:
        """The price itself; what it leaves open is the ledger's currency and the two moments given."""
        return Price(
            kind=MachineKind(self.cloud, self.region, self.machine_type, self.purchase_option),
            currency=self.currency or currency,
            hourly=self.hourly,
            shape=machine_shape(self.vcpu, self.memory_gib, self.gpu),
            valid_from=self.start or always,
            valid_to=self.end,
            source="fixed",
            as_of=self.start or as_of,
            vcpu_hourly=self.vcpu_hourly,
            gib_hourly=self.gib_hourly,
            gpu_hourly=self.gpu_hourly,
        )


class NegotiatedPrice(Section):
    """What was negotiated with a cloud: a percentage off the list, or a price in its place."""

    name: Word
    cloud: Cloud
    account: MaybeWord = ""
    region: MaybeWord = ""
    family: MaybeWord = ""
    machine_type: MaybeWord = ""
    percent: Percent | None = None
    hourly: ExactPrice | None = None
    note: MaybeWord = ""
    # Unset, it has always held, and holds until further notice.
    start: Moment | None = Field(None, alias="from")
    end: Moment | None = Field(None, alias="to")

    _order = field_validator("end")(after)

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.percent is None) == (self.hourly is None):
            raise ValueError(f"{self.name}: give percent or hourly, and not both")
        return self

    def override(self) -> Override:
        """The override itself."""
        return Override(
            name=self.name,
            cloud=self.cloud,
            percent=self.percent,
            hourly=self.hourly,
            account=self.account,
            region=self.region,
            family=self.family,
            machine_type=self.machine_type,
            valid_from=self.start,
            valid_to=self.end,
            note=self.note,
        )


class Prices(Section):
    """Where prices come from and how a machine's price divides into CPU, memory and GPU."""

    # A cloud's own component prices where it publishes them, AWS's 9 : 1 on AWS, a ratio elsewhere.
    split: SplitPolicy = "auto"
    # Dollars on the first day, without an account; each amount shows the date of its price.
    catalogue: bool = True
    aws: AwsPrices | None = None
    gcp: GcpPrices | None = None
    azure: AzurePrices | None = None
    fixed: tuple[FixedPrice, ...] = ()
    negotiated: tuple[NegotiatedPrice, ...] = ()


class DeclaredService(Section):
    """A service with its owner and every name it goes by."""

    name: Name
    names: tuple[Name, ...] = ()
    team: MaybeWord = ""
    cost_centre: MaybeWord = ""
    environment: MaybeWord = ""
    # A profiler's seconds are believed until they are seen to be wrong: then this says so.
    profiler_gives_shares: bool = False
    # Shares of the resident set are a guess at dollars, so somebody has to ask for them.
    accepts_memory_shares: bool = False

    def service(self) -> Service:
        """The service as the rules know it."""
        return Service(**dict(self))


class Schedule(Section):
    """When each job looks for work, in UTC. What is due is decided by what is done, not by these times."""

    # Minutes past the hour, in the order in which each needs the other, and not on the hour itself,
    # when everybody else's jobs start.
    collect_fleet: Cron = "5 * * * *"
    # Profiles of an hour are complete about ten minutes after it.
    collect_profiles: Cron = "12 * * * *"
    attribute_costs: Cron = "20 * * * *"
    # A price list is asked once a day, at its own minute of the night; spot prices each hour.
    refresh_prices: Cron = "40 * * * *"
    # Each morning and not on Mondays alone: a week that was still being worked on is a day late, not a week.
    weekly_report: Cron = "0 6 * * *"
    expire: Cron = "30 4 * * *"
    # A worker that died is noticed after this long.
    lease_seconds: Seconds = 300
    # A back-end that restarts is back within a quarter of an hour.
    retry_after_seconds: Seconds = 900


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Api(Section):
    """Where the API and the pages listen, and who may ask."""

    # Never open by default.
    host: Word = "127.0.0.1"
    port: Annotated[Whole, Field(gt=0, lt=65_536)] = 8080
    token_env: VariableName | None = None

    @field_validator("token_env")
    @classmethod
    def _guarded(cls, token_env: str | None, info: ValidationInfo) -> str | None:
        host = info.data.get("host")
        if host and token_env is None and not _is_loopback(host):
            raise ValueError(
                f"host {host!r} can be reached from outside: name the variable that holds the token"
            )
        return token_env

    def token(self, environ: Mapping[str, str]) -> str | None:
        """The token that callers must show, or None where none is asked for.

        Raises:
            ConfigError: the variable that should hold it is not set, or empty.
        """
        if self.token_env is None:
            return None
        if token := environ.get(self.token_env, ""):
            return token
        raise ConfigError(f"api.token_env: the environment variable {self.token_env} is not set")
