"""Prices, by when they held and by when we knew, and the splits that were used with them.

A price is never edited. Closing it supersedes its row and adds the same price with the end of its
validity; a correction supersedes it and adds another. So what was known at any moment can be read.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from dataclasses import replace as changed
from datetime import datetime
from decimal import Decimal

from sqlalchemy import bindparam, or_, select
from sqlalchemy.orm import Session

from finops.domain.machine import MachineKind, Shape
from finops.domain.price import Price, PriceSplit
from finops.storage.kinds import kind_columns, machine_kind
from finops.storage.portable import AnyRow, AnySelect, batches, insert_many, insert_missing
from finops.storage.tables import PriceRow, PriceSplitRow
from finops.storage.temporal import retire, standing


def current(
    session: Session,
    *,
    cloud: str | None = None,
    region: str | None = None,
    source: str | None = None,
    machine_types: Collection[str] | None = None,
    known_at: datetime | None = None,
) -> list[Price]:
    """Every price as it is known, or was known at a moment: open ones, and closed ones of the past.

    `machine_types` leaves out those of other types; there are thousands, and a fleet runs on a few.
    """
    query = select(PriceRow.__table__).where(standing(PriceRow, known_at))
    if machine_types is not None:
        return [
            price
            for batch in batches(machine_types)
            for price in _prices(
                session, _of(query.where(PriceRow.machine_type.in_(batch)), cloud, region, source)
            )
        ]
    return _prices(session, _of(query, cloud, region, source))


def _of(query: AnySelect, cloud: str | None, region: str | None, source: str | None) -> AnySelect:
    given = ((PriceRow.cloud, cloud), (PriceRow.region, region), (PriceRow.source, source))
    for column, value in given:
        if value is not None:
            query = query.where(column == value)
    return query


def find(
    session: Session,
    kind: MachineKind,
    at: datetime,
    *,
    source: str | None = None,
    known_at: datetime | None = None,
) -> list[Price]:
    """The prices of a kind of machine that held at a moment, of every source, the most particular first.

    A price without a zone or an account holds in all of them.
    """
    query = _HELD if known_at is None else _HELD_ONCE.where(standing(PriceRow, known_at))
    if source is not None:
        query = query.where(PriceRow.source == source)
    said = {
        "machine_type_": kind.machine_type,
        "region_": kind.region,
        "purchase_option_": kind.purchase_option,
        "cloud_": kind.cloud,
        "zone_": kind.zone,
        "account_": kind.account,
        "at_": at,
    }
    found = [_price(each) for each in session.execute(query, said)]
    found.sort(key=lambda price: (price.valid_from, price.source, price.id))
    return sorted(found, key=lambda price: (price.kind.account == "", price.kind.zone == ""))


@dataclass(frozen=True, slots=True)
class Known:
    """A stored price, with since when it was known, and until when if it is known otherwise now."""

    price: Price
    recorded_at: datetime
    superseded_at: datetime | None


def known_of(
    session: Session, kind: MachineKind, *, known_at: datetime | None = None, every: bool = False
) -> list[Known]:
    """The prices of a machine type as it was bought, of every source, zone and account, in order of time.

    `every` gives those too that were known once and are no more.
    """
    row = PriceRow
    query = select(row.__table__).where(
        row.machine_type == kind.machine_type,
        row.region == kind.region,
        row.cloud == kind.cloud,
        row.purchase_option == kind.purchase_option,
    )
    for column, value in ((row.zone, kind.zone), (row.account, kind.account)):
        if value:
            query = query.where(column == value)
    if not every:
        query = query.where(standing(row, known_at))
    found = [Known(_price(each), each.recorded_at, each.superseded_at) for each in session.execute(query)]
    return sorted(found, key=lambda each: (each.price.kind, each.price.valid_from, each.recorded_at))


# Built once: putting the question together takes longer than answering it.
_HELD_ONCE = select(PriceRow.__table__).where(
    PriceRow.machine_type == bindparam("machine_type_"),
    PriceRow.region == bindparam("region_"),
    PriceRow.purchase_option == bindparam("purchase_option_"),
    PriceRow.cloud == bindparam("cloud_"),
    or_(PriceRow.zone == "", PriceRow.zone == bindparam("zone_")),
    or_(PriceRow.account == "", PriceRow.account == bindparam("account_")),
    PriceRow.valid_from <= bindparam("at_"),
    or_(PriceRow.valid_to.is_(None), PriceRow.valid_to > bindparam("at_")),
)
_HELD = _HELD_ONCE.where(standing(PriceRow))


def by_id(session: Session, ids: Collection[str], *, known_at: datetime | None = None) -> dict[str, Price]:
    """Prices by their ids, as last known, or as known at a moment; an id that is not known is left out."""
    found: dict[str, Price] = {}
    for batch in batches(ids):
        query = select(PriceRow.__table__).where(PriceRow.price_id.in_(batch))
        if known_at is not None:
            query = query.where(PriceRow.recorded_at <= known_at)
        rows = session.execute(query.order_by(PriceRow.recorded_at))
        found.update({row.price_id: _price(row) for row in rows})
    return found


def record(session: Session, new: Iterable[Price], superseded: Iterable[Price], now: datetime) -> int:
    """Store what a price list said: take some prices out of what is known, add others; give the rows added.

    To close a price, supersede it and add it with its `valid_to`. A price that is known already is left
    alone, though its source has looked again since (`as_of`); one known otherwise is superseded without
    being named. Doing it twice does it once.
    """
    wanted = {price.id: price for price in new}
    withdrawn = {price.id: price for price in superseded}
    known = _known(session, wanted.keys() | withdrawn.keys())
    leaving = {
        id_
        for price_id, (id_, price) in known.items()
        if (price_id in wanted and not _is_same(price, wanted[price_id]))
        or (price_id not in wanted and _is_same(price, withdrawn[price_id]))
    }
    retire(session, PriceRow, leaving, is_kept=True, now=now)
    rows = [
        _columns(wanted[price_id], price_id, now)
        for price_id in sorted(wanted)
        if price_id not in known or known[price_id][0] in leaving
    ]
    insert_many(session, PriceRow, rows)
    return len(rows)


def record_splits(session: Session, splits: Iterable[PriceSplit]) -> None:
    """Store splits that were used; one that is stored already is left alone."""
    rows = {
        split.id: {
            "id": split.id,
            "price_id": split.price_id,
            "method": split.method,
            "cpu": Decimal(split.cpu),
            "memory": Decimal(split.memory),
            "gpu": Decimal(split.gpu),
            "basis": split.basis,
            "residual": split.residual,
            "is_estimate": split.is_estimate,
        }
        for split in splits
    }
    insert_missing(session, PriceSplitRow, [rows[id_] for id_ in sorted(rows)])


def splits_by_id(session: Session, ids: Collection[str]) -> dict[str, PriceSplit]:
    """Splits by their ids; an id that is not known is left out."""
    found = {}
    for batch in batches(ids):
        query = select(PriceSplitRow.__table__).where(PriceSplitRow.id.in_(batch))
        found.update({row.id: _split(row) for row in session.execute(query)})
    return found


def _known(session: Session, ids: Collection[str]) -> dict[str, tuple[int, Price]]:
    found: dict[str, tuple[int, Price]] = {}
    for batch in batches(ids):
        query = select(PriceRow.__table__).where(PriceRow.price_id.in_(batch), standing(PriceRow))
        found.update({row.price_id: (row.id, _price(row)) for row in session.execute(query)})
    return found


def _is_same(known: Price, other: Price) -> bool:
    return changed(known, as_of=other.as_of) == other


def _prices(session: Session, query: AnySelect) -> list[Price]:
    found = [_price(row) for row in session.execute(query)]
    return sorted(found, key=lambda price: (price.kind, price.valid_from, price.source, price.id))


def _columns(price: Price, price_id: str, now: datetime) -> dict[str, object]:
    return {
        "price_id": price_id,
        **kind_columns(price.kind),
        "currency": price.currency,
        "hourly": price.hourly,
        "contracted": price.contracted,
        "effective": price.effective,
        "vcpu_hourly": price.vcpu_hourly,
        "gib_hourly": price.gib_hourly,
        "gpu_hourly": price.gpu_hourly,
        "vcpu": price.shape.vcpu,
        "memory_mib": price.shape.memory_mib,
        "gpu": price.shape.gpu,
        "valid_from": price.valid_from,
        "valid_to": price.valid_to,
        "source": price.source,
        "as_of": price.as_of,
        "sku": price.sku,
        "is_estimate": price.is_estimate,
        "recorded_at": now,
        "superseded_at": None,
    }


def _price(row: AnyRow) -> Price:
    return Price(
        kind=machine_kind(row),
        currency=row.currency,
        hourly=row.hourly,
        shape=Shape(row.vcpu, row.memory_mib, row.gpu),
        valid_from=row.valid_from,
        source=row.source,
        as_of=row.as_of,
        valid_to=row.valid_to,
        contracted=row.contracted,
        effective=row.effective,
        vcpu_hourly=row.vcpu_hourly,
        gib_hourly=row.gib_hourly,
        gpu_hourly=row.gpu_hourly,
        sku=row.sku,
        is_estimate=row.is_estimate,
    )


def _split(row: AnyRow) -> PriceSplit:
    return PriceSplit(
        price_id=row.price_id,
        method=row.method,
        cpu=int(row.cpu),
        memory=int(row.memory),
        gpu=int(row.gpu),
        basis=row.basis,
        is_estimate=row.is_estimate,
        residual=row.residual,
    )
