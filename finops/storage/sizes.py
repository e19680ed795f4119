"""How large the ledger is: rows and bytes by table, and the blobs beside them."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from finops.storage.blobs import BlobStore
from finops.storage.portable import database_bytes, table_bytes
from finops.storage.tables import Base


@dataclass(frozen=True, slots=True)
class TableSize:
    """One table: its rows, and its bytes with those of its indexes."""

    table: str
    rows: int
    size: int


@dataclass(frozen=True, slots=True)
class Sizes:
    """The tables, the largest first; the bytes of the database they lie in, and of the blobs.

    The database is larger than its tables: it keeps what is free for what comes.
    """

    tables: Sequence[TableSize]
    database: int
    blobs: int
    blob_bytes: int


def measure(session: Session, blobs: BlobStore) -> Sizes:
    """Count and measure all there is."""
    taken = table_bytes(session)
    tables = [
        TableSize(name, session.scalars(select(func.count()).select_from(table)).one(), taken.get(name, 0))
        for name, table in Base.metadata.tables.items()
    ]
    return Sizes(
        tables=sorted(tables, key=lambda each: (-each.size, each.table)),
        database=database_bytes(session),
        blobs=sum(1 for _ in blobs.digests()),
        blob_bytes=blobs.size(),
    )
