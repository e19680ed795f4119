"""The tables. Rows never leave finops.storage; what leaves is domain types.

Three kinds of table hold the ledger: `charges` (money by hour and kind), `usage` (what the profiles
said, in raw units), `function_costs` (money by day and function). The others say who, what and when.
A row that can be corrected after it was final is never edited: it is superseded and a new one added.
"""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from finops.storage.types import Exact, Name, Prose, UtcDateTime, Whole

# Names for every constraint, so that a migration can drop what another created.
NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

NAME = Name(1000)
WORD = Name(100)
DIGEST = Name(64)
SHORT_DIGEST = Name(16)
CURRENCY = Name(3)


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map = {int: Whole, datetime: UtcDateTime, Decimal: Exact, str: Prose}  # noqa: RUF012


class ServiceRow(Base):
    """A service as the registry last described it, or a name that nobody claimed."""

    __tablename__ = "services"

    name: Mapped[str] = mapped_column(NAME, primary_key=True)
    team: Mapped[str]
    cost_centre: Mapped[str]
    environment: Mapped[str]
    is_claimed: Mapped[bool]


class PastServiceRow(Base):
    """What a service was described as until a moment: a report of before that moment says it so."""

    __tablename__ = "past_services"

    name: Mapped[str] = mapped_column(NAME, primary_key=True)
    until: Mapped[datetime] = mapped_column(primary_key=True)
    team: Mapped[str]
    cost_centre: Mapped[str]
    environment: Mapped[str]
    is_claimed: Mapped[bool]


class FunctionRow(Base):
    """A function, once; its digest is the key on which concurrent writers agree."""

    __tablename__ = "functions"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary(16), unique=True)
    name: Mapped[str]
    file: Mapped[str]
    normalised: Mapped[str | None]
    """The name without what changes from build to build; filled by the rules for its language."""


class MachineHoursRow(Base):
    """Machines of one kind that ran for one name of the fleet within one hour."""

    __tablename__ = "machine_hours"
    __table_args__ = (Index(None, "window_start", "source"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    service: Mapped[str] = mapped_column(NAME)
    window_start: Mapped[datetime]
    window_end: Mapped[datetime]
    cloud: Mapped[str] = mapped_column(WORD)
    region: Mapped[str] = mapped_column(WORD)
    zone: Mapped[str] = mapped_column(WORD)
    account: Mapped[str] = mapped_column(WORD)
    machine_type: Mapped[str] = mapped_column(WORD)
    purchase_option: Mapped[str] = mapped_column(WORD)
    version: Mapped[str] = mapped_column(NAME)
    environment: Mapped[str] = mapped_column(WORD)
    machine_nanos: Mapped[int]
    instance_nanos: Mapped[int]
    utilisation: Mapped[Decimal | None]
    resident_mib: Mapped[Decimal | None]
    vcpu: Mapped[Decimal | None]
    memory_mib: Mapped[int | None]
    gpu: Mapped[Decimal | None]
    source: Mapped[str] = mapped_column(WORD)
    recorded_at: Mapped[datetime]
    superseded_at: Mapped[datetime | None]


class UsageRow(Base):
    """The header of what the profiles of one name, kind, hour and source said."""

    __tablename__ = "usage"
    __table_args__ = (Index(None, "window_start", "service"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    service: Mapped[str] = mapped_column(NAME)
    window_start: Mapped[datetime]
    window_end: Mapped[datetime]
    kind: Mapped[str] = mapped_column(WORD)
    source: Mapped[str] = mapped_column(WORD)
    version: Mapped[str] = mapped_column(NAME)
    environment: Mapped[str] = mapped_column(WORD)
    region: Mapped[str] = mapped_column(WORD)
    total: Mapped[int]
    stacked: Mapped[int]
    no_stack: Mapped[int]
    observed_nanos: Mapped[int | None]
    snapshots: Mapped[int | None]
    sampling_interval: Mapped[int | None]
    profiles: Mapped[int]
    fingerprint: Mapped[str] = mapped_column(DIGEST)
    recorded_at: Mapped[datetime]
    superseded_at: Mapped[datetime | None]


class UsageBlockRow(Base):
    """The columns of a usage row, packed: functions (ids, self, total) and the call trie.

    Apart from the header, so that totals are read without touching the blocks.
    """

    __tablename__ = "usage_blocks"

    usage_id: Mapped[int] = mapped_column(
        Integer, ForeignKey("usage.id", ondelete="CASCADE"), primary_key=True
    )
    functions: Mapped[bytes] = mapped_column(LargeBinary)
    trie: Mapped[bytes] = mapped_column(LargeBinary)


class RawProfileRow(Base):
    """Which blobs hold the profiles that a usage row was made of, while they are kept."""

    __tablename__ = "raw_profiles"
    __table_args__ = (Index(None, "digest"),)

    usage_id: Mapped[int] = mapped_column(
        Integer, ForeignKey("usage.id", ondelete="CASCADE"), primary_key=True
    )
    position: Mapped[int] = mapped_column(Integer, primary_key=True)
    digest: Mapped[str] = mapped_column(DIGEST)


class RefusedProfileRow(Base):
    """What a source had of a name, kind and hour and nobody could use, and why."""

    __tablename__ = "refused_profiles"
    __table_args__ = (Index(None, "window_start", "source"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    service: Mapped[str] = mapped_column(NAME)
    window_start: Mapped[datetime]
    window_end: Mapped[datetime]
    kind: Mapped[str] = mapped_column(WORD)
    source: Mapped[str] = mapped_column(WORD)
    why: Mapped[str]
    recorded_at: Mapped[datetime]
    superseded_at: Mapped[datetime | None]


class PriceRow(Base):
    """A price: when it held (valid) and when we knew (recorded). Corrections add rows, never edit."""

    __tablename__ = "prices"
    __table_args__ = (
        Index(None, "machine_type", "region", "purchase_option", "valid_from"),
        # Finds a price by its id alone, too: another index of ids would be written in random order again.
        UniqueConstraint("price_id", "recorded_at"),
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    price_id: Mapped[str] = mapped_column(SHORT_DIGEST)
    cloud: Mapped[str] = mapped_column(WORD)
    region: Mapped[str] = mapped_column(WORD)
    zone: Mapped[str] = mapped_column(WORD)
    account: Mapped[str] = mapped_column(WORD)
    machine_type: Mapped[str] = mapped_column(WORD)
    purchase_option: Mapped[str] = mapped_column(WORD)
    currency: Mapped[str] = mapped_column(CURRENCY)
    hourly: Mapped[Decimal]
    contracted: Mapped[Decimal | None]
    effective: Mapped[Decimal | None]
    vcpu_hourly: Mapped[Decimal | None]
    gib_hourly: Mapped[Decimal | None]
    gpu_hourly: Mapped[Decimal | None]
    vcpu: Mapped[Decimal]
    memory_mib: Mapped[int]
    gpu: Mapped[Decimal]
    valid_from: Mapped[datetime]
    valid_to: Mapped[datetime | None]
    source: Mapped[str] = mapped_column(WORD)
    as_of: Mapped[datetime]
    sku: Mapped[str] = mapped_column(WORD)
    is_estimate: Mapped[bool]
    recorded_at: Mapped[datetime]
    superseded_at: Mapped[datetime | None]


class PriceSplitRow(Base):
    """How a price was divided into CPU, memory and GPU, by whole weights; kept with each use."""

    __tablename__ = "price_splits"

    id: Mapped[str] = mapped_column(SHORT_DIGEST, primary_key=True)
    price_id: Mapped[str] = mapped_column(SHORT_DIGEST)
    method: Mapped[str] = mapped_column(WORD)
    cpu: Mapped[Decimal]
    memory: Mapped[Decimal]
    gpu: Mapped[Decimal]
    basis: Mapped[str]
    residual: Mapped[Decimal | None]
    is_estimate: Mapped[bool]


class PriceListRow(Base):
    """What a price list said, once, however often it was seen to say so."""

    __tablename__ = "price_lists"

    digest: Mapped[str] = mapped_column(DIGEST, primary_key=True)
    body: Mapped[bytes] = mapped_column(LargeBinary)


class PriceImportRow(Base):
    """One look at a price list, and whether it was let in; a list that was held waits here."""

    __tablename__ = "price_imports"
    __table_args__ = (Index(None, "source", "region", "cloud", "observed_at"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    source: Mapped[str] = mapped_column(WORD)
    cloud: Mapped[str] = mapped_column(WORD)
    region: Mapped[str] = mapped_column(WORD)
    observed_at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    status: Mapped[str] = mapped_column(WORD)
    reasons: Mapped[str]
    left_out: Mapped[str]
    digest: Mapped[str] = mapped_column(DIGEST)
    rows: Mapped[int]
    published: Mapped[datetime | None]
    version: Mapped[str] = mapped_column(WORD)
    origin: Mapped[str]


class SplitFitRow(Base):
    """What a vCPU and a GiB of a generation of machines come to, fitted to a list's prices."""

    __tablename__ = "split_fits"
    __table_args__ = (UniqueConstraint("cloud", "region", "generation", "source", "fitted_at"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    cloud: Mapped[str] = mapped_column(WORD)
    region: Mapped[str] = mapped_column(WORD)
    generation: Mapped[str] = mapped_column(WORD)
    source: Mapped[str] = mapped_column(WORD)
    currency: Mapped[str] = mapped_column(CURRENCY)
    vcpu_hourly: Mapped[Decimal]
    gib_hourly: Mapped[Decimal]
    residual: Mapped[Decimal]
    prices: Mapped[int] = mapped_column(Integer)
    refused: Mapped[str]
    fitted_at: Mapped[datetime]


class FxRateRow(Base):
    """What one unit of a currency was worth in another on a day; for display, never for the ledger."""

    __tablename__ = "fx_rates"

    base: Mapped[str] = mapped_column(CURRENCY, primary_key=True)
    quote: Mapped[str] = mapped_column(CURRENCY, primary_key=True)
    day: Mapped[datetime] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(WORD, primary_key=True)
    rate: Mapped[Decimal]
    recorded_at: Mapped[datetime]


class _ChargeColumns:
    """The columns that hourly charges and their daily sums share."""

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    service: Mapped[str] = mapped_column(NAME)
    window_start: Mapped[datetime]
    window_end: Mapped[datetime]
    version: Mapped[str] = mapped_column(NAME)
    environment: Mapped[str] = mapped_column(WORD)
    account: Mapped[str] = mapped_column(WORD)
    cloud: Mapped[str] = mapped_column(WORD)
    region: Mapped[str] = mapped_column(WORD)
    zone: Mapped[str] = mapped_column(WORD)
    machine_type: Mapped[str] = mapped_column(WORD)
    purchase_option: Mapped[str] = mapped_column(WORD)
    resource: Mapped[str] = mapped_column(WORD)
    kind: Mapped[str] = mapped_column(WORD)
    quantity: Mapped[int]
    list_nanos: Mapped[int | None]
    contracted_nanos: Mapped[int | None]
    effective_nanos: Mapped[int | None]
    billed_nanos: Mapped[int | None]
    currency: Mapped[str] = mapped_column(CURRENCY)
    price_id: Mapped[str] = mapped_column(SHORT_DIGEST)
    split_id: Mapped[str] = mapped_column(SHORT_DIGEST)
    method: Mapped[str] = mapped_column(WORD)
    claim_ratio: Mapped[str] = mapped_column(WORD)
    note: Mapped[str]
    is_estimate: Mapped[bool]
    state: Mapped[str] = mapped_column(WORD)
    ledger_version: Mapped[int] = mapped_column(Integer)


class ChargeRow(_ChargeColumns, Base):
    """The ledger: what one kind of machine cost one service in one hour, for one reason."""

    __tablename__ = "charges"
    __table_args__ = (
        Index(None, "service", "window_start"),
        Index(None, "window_start"),
        CheckConstraint("kind <> 'no_price' OR list_nanos IS NULL", name="no_price_has_no_amount"),
        CheckConstraint("quantity >= 0", name="quantity_not_negative"),
    )


class ChargeDayRow(_ChargeColumns, Base):
    """Daily sums of charges, kept for ever; made when the hourly rows leave."""

    __tablename__ = "charge_days"
    __table_args__ = (Index(None, "service", "window_start"), Index(None, "window_start"))


class LedgerWindowRow(Base):
    """One version of one service-hour (its charges) or service-day (its function costs)."""

    __tablename__ = "ledger_windows"
    __table_args__ = (
        Index(None, "window_start"),
        # Two standing versions of one window would count its money twice.
        Index(
            "uq_ledger_windows_standing",
            *("service", "window_start", "window_end"),
            unique=True,
            sqlite_where=text("superseded_at IS NULL"),
            postgresql_where=text("superseded_at IS NULL"),
        ),
        # Restated windows are few, and every look of a job asks for them, however old they are.
        Index(
            "ix_ledger_windows_restated",
            "window_start",
            sqlite_where=text("ledger_version > 1"),
            postgresql_where=text("ledger_version > 1"),
        ),
        CheckConstraint("grain IN ('hour', 'day')", name="grain_is_hour_or_day"),
    )

    service: Mapped[str] = mapped_column(NAME, primary_key=True)
    window_start: Mapped[datetime] = mapped_column(primary_key=True)
    window_end: Mapped[datetime] = mapped_column(primary_key=True)
    ledger_version: Mapped[int] = mapped_column(Integer, primary_key=True)
    grain: Mapped[str] = mapped_column(WORD)
    """"hour" or "day": an hour at midnight and its day begin at the same moment."""
    state: Mapped[str] = mapped_column(WORD)
    is_held: Mapped[bool]
    fingerprint: Mapped[str] = mapped_column(DIGEST)
    reason: Mapped[str]
    restated_by: Mapped[str | None]
    message: Mapped[str]
    recorded_at: Mapped[datetime]
    written_at: Mapped[datetime | None]
    """When it was last written over; since then, if it is final, it stands as it is. Null where a release
    wrote it that did not say: then it counts as written when it was recorded."""
    superseded_at: Mapped[datetime | None]


class FunctionCostRow(Base):
    """What one function of one service cost in one day; the row without a function holds the small ones."""

    __tablename__ = "function_costs"
    __table_args__ = (
        Index(None, "window_start", "service"),
        UniqueConstraint("service", "window_start", "resource", "metric", "ledger_version", "function_id"),
        CheckConstraint("is_other = (function_id IS NULL)", name="other_has_no_function"),
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    service: Mapped[str] = mapped_column(NAME)
    window_start: Mapped[datetime]
    resource: Mapped[str] = mapped_column(WORD)
    metric: Mapped[str] = mapped_column(WORD)
    function_id: Mapped[int | None] = mapped_column(Integer, ForeignKey("functions.id"))
    is_other: Mapped[bool]
    self_nanos: Mapped[int]
    total_nanos: Mapped[int | None]
    self_observations: Mapped[int | None]
    total_observations: Mapped[int | None]
    currency: Mapped[str] = mapped_column(CURRENCY)
    ledger_version: Mapped[int] = mapped_column(Integer)


class JobRunRow(Base):
    """One attempt of one job at one window and scope: queued, then a claim, in the end a record."""

    __tablename__ = "job_runs"
    __table_args__ = (
        UniqueConstraint("job", "window_start", "window_end", "scope", "attempt"),
        Index(None, "started_at"),
        Index(None, "outcome", "id"),
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    job: Mapped[str] = mapped_column(WORD)
    window_start: Mapped[datetime]
    window_end: Mapped[datetime]
    scope: Mapped[str] = mapped_column(NAME)
    attempt: Mapped[int] = mapped_column(Integer)
    worker: Mapped[str] = mapped_column(NAME)
    outcome: Mapped[str] = mapped_column(WORD)
    fingerprint: Mapped[str] = mapped_column(DIGEST)
    started_at: Mapped[datetime]
    heartbeat_at: Mapped[datetime]
    lease_until: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    counts: Mapped[str]
    error: Mapped[str]


class ReportRow(Base):
    """A report as it was made: the document, and the ledger versions that it read."""

    __tablename__ = "reports"
    __table_args__ = (UniqueConstraint("kind", "window_start", "window_end", "version"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    kind: Mapped[str] = mapped_column(WORD)
    window_start: Mapped[datetime]
    window_end: Mapped[datetime]
    version: Mapped[int] = mapped_column(Integer)
    made_at: Mapped[datetime]
    fingerprint: Mapped[str] = mapped_column(DIGEST)
    document: Mapped[str]
    pins: Mapped[str]
