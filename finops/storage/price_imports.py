"""Looks at price lists: each with its verdict, and what the list said, kept once however often it says so.

The rule that must not be broken: what a look saw is never edited. A look that was held waits with its
list; whether a person let it in is all that changes of it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

import zstandard
from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from finops.domain.machine import MachineKind
from finops.domain.price import Price
from finops.domain.price_list import PriceList
from finops.errors import NotFound
from finops.formats import price_list as codec
from finops.storage.portable import AnyRow, AnySelect, insert_missing, serialize
from finops.storage.tables import PriceImportRow, PriceListRow

Said = tuple[tuple[Price, ...], Mapping[MachineKind, datetime]]
Scope = tuple[str, str, str]
"""Source, cloud, region."""
Cache = dict[tuple[Scope, str], Said]
"""Lists already read, by scope and digest."""


class ImportStatus(StrEnum):
    """What became of a look: let in; held for a person, and let in by one; refused; never answered."""

    ADMITTED = "admitted"
    HELD = "held"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNAVAILABLE = "unavailable"


# The looks whose lists count for the history of prices.
_LET_IN = (ImportStatus.ADMITTED.value, ImportStatus.ACCEPTED.value)


@dataclass(frozen=True, slots=True)
class Import:
    """One look at a price list, as it is recorded."""

    source: str
    cloud: str
    region: str
    observed_at: datetime
    status: ImportStatus
    reasons: str = ""
    left_out: str = ""
    digest: str = ""
    rows: int = 0
    published: datetime | None = None
    version: str = ""
    origin: str = ""
    recorded_at: datetime | None = None
    id: int = 0

    @property
    def scope(self) -> Scope:
        """Source, cloud and region."""
        return self.source, self.cloud, self.region


def of_list(listed: PriceList, status: ImportStatus, **words: str) -> Import:
    """The record of a look at a list; `words` are its reasons, left_out and origin."""
    return Import(
        *(listed.source, listed.cloud, listed.region, listed.observed_at, status),
        published=listed.published,
        version=listed.version,
        **words,  # type: ignore[arg-type]
    )


def alone(session: Session, scope: Scope) -> None:
    """Wait until no other transaction writes the prices of a scope; then none does before this one ends."""
    serialize(session, f"prices of {' '.join(scope)}")


def record(session: Session, made: Import, now: datetime, listed: PriceList | None = None) -> Import:
    """Record a look, with its list where that is to be kept; gives it with its number."""
    if listed is not None:
        body = codec.body_of(listed)
        made = replace(made, digest=body.digest, rows=body.rows)
        packed = zstandard.ZstdCompressor(level=10).compress(body.data)
        insert_missing(session, PriceListRow, [{"digest": body.digest, "body": packed}])
    row = {
        **{name: getattr(made, name) for name in ("source", "cloud", "region", "observed_at", "reasons")},
        **{name: getattr(made, name) for name in ("left_out", "digest", "rows", "published", "version")},
        "status": made.status.value,
        "origin": made.origin,
        "recorded_at": now,
    }
    id_ = session.execute(insert(PriceImportRow).returning(PriceImportRow.id), [row]).scalar_one()
    return replace(made, id=id_, recorded_at=now)


def accept(session: Session, id_: int) -> None:
    """A person let in a look that was held."""
    changed = update(PriceImportRow).where(PriceImportRow.id == id_)
    session.execute(changed.values(status=ImportStatus.ACCEPTED.value))


def by_id(session: Session, id_: int) -> Import:
    """One look.

    Raises:
        NotFound: there is none of that number.
    """
    found = session.execute(select(PriceImportRow.__table__).where(PriceImportRow.id == id_)).first()
    if found is None:
        raise NotFound(f"there is no import {id_}; `finops prices status` lists those that are held")
    return _import(found)


def latest_moment(session: Session, scope: Scope) -> datetime | None:
    """When the last look of a scope that was let in was made; None if there was none."""
    return session.scalar(_let_in(select(func.max(PriceImportRow.observed_at)), scope))


def digest_before(session: Session, scope: Scope, at: datetime) -> str:
    """The digest of the list that was let in last until a moment; "" where there is none."""
    row = PriceImportRow
    query = _let_in(select(row.digest), scope).where(row.observed_at <= at)
    return session.scalar(query.order_by(row.observed_at.desc(), row.id.desc()).limit(1)) or ""


def known(session: Session, scope: Scope, cache: Cache | None = None) -> Iterator[PriceList]:
    """The lists that were let in, in order of time; of those that say the same in a row, first and last.

    Args:
        session: to read in.
        scope: source, cloud and region.
        cache: lists already read; filled.
    """
    query = _let_in(select(PriceImportRow.__table__), scope)
    rows = session.execute(query.order_by(PriceImportRow.observed_at, PriceImportRow.id)).all()
    for row, before, after in zip(rows, [None, *rows[:-1]], [*rows[1:], None], strict=True):
        if before and after and before.digest == row.digest == after.digest:
            continue
        yield _listed(session, _import(row), {} if cache is None else cache)


def listed(session: Session, made: Import, cache: Cache | None = None) -> PriceList:
    """What a look saw.

    Raises:
        NotFound: its list was not kept: it was refused.
    """
    if not made.digest:
        raise NotFound(f"the list of import {made.id} was not kept: it was {made.status}")
    return _listed(session, made, {} if cache is None else cache)


def latest(session: Session) -> list[Import]:
    """The last look of every scope, whatever became of it, by scope."""
    return _last(session, select(func.max(PriceImportRow.id)))


def latest_admitted(session: Session) -> list[Import]:
    """The last look of every scope that was let in."""
    row = PriceImportRow
    moments = (
        select(row.source, row.cloud, row.region, func.max(row.observed_at).label("observed_at"))
        .where(row.status.in_(_LET_IN))
        .group_by(row.source, row.cloud, row.region)
        .subquery()
    )
    same = [getattr(row, name) == moments.c[name] for name in ("source", "cloud", "region", "observed_at")]
    query = select(row.__table__).join(moments, same[0] & same[1] & same[2] & same[3])
    found = {each.scope: each for each in map(_import, session.execute(query.where(row.status.in_(_LET_IN))))}
    return [found[scope] for scope in sorted(found)]


def held(session: Session) -> list[Import]:
    """The looks that wait for a person, oldest first."""
    query = select(PriceImportRow.__table__).where(PriceImportRow.status == ImportStatus.HELD.value)
    rows = session.execute(query.order_by(PriceImportRow.observed_at, PriceImportRow.id))
    return [_import(row) for row in rows]


def _last(session: Session, newest: AnySelect) -> list[Import]:
    row = PriceImportRow
    ids = newest.group_by(row.source, row.cloud, row.region)
    query = select(row.__table__).where(row.id.in_(ids))
    return sorted((_import(each) for each in session.execute(query)), key=lambda each: each.scope)


def _let_in(query: AnySelect, scope: Scope) -> AnySelect:
    row = PriceImportRow
    source, cloud, region = scope
    return query.where(
        row.source == source, row.region == region, row.cloud == cloud, row.status.in_(_LET_IN)
    )


def _listed(session: Session, made: Import, cache: Cache) -> PriceList:
    key = made.scope, made.digest
    if key not in cache:
        packed = session.execute(
            select(PriceListRow.body).where(PriceListRow.digest == made.digest)
        ).scalar_one()
        data = zstandard.ZstdDecompressor().decompress(packed, max_output_size=codec.MAX_BYTES)
        cache[key] = codec.read_body(
            data,
            f"the list {made.digest[:12]}",
            cloud=made.cloud,
            region=made.region,
            source=made.source,
            observed_at=made.observed_at,
            published=made.published,
        )
    prices, effective = cache[key]
    return PriceList(
        *(made.cloud, made.region, made.source, made.observed_at),
        prices=prices,
        effective=effective,
        published=made.published,
        version=made.version,
    )


def _import(row: AnyRow) -> Import:
    return Import(
        source=row.source,
        cloud=row.cloud,
        region=row.region,
        observed_at=row.observed_at,
        status=ImportStatus(row.status),
        reasons=row.reasons,
        left_out=row.left_out,
        digest=row.digest,
        rows=row.rows,
        published=row.published,
        version=row.version,
        origin=row.origin,
        recorded_at=row.recorded_at,
        id=row.id,
    )
