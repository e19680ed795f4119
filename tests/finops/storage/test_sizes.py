from pathlib import Path

from sqlalchemy.orm import Session

from finops.domain.function import Function
from finops.storage import functions, sizes
from finops.storage.blobs import BlobStore
from finops.storage.tables import Base


def test_every_table_is_counted_and_measured(session: Session, tmp_path: Path) -> None:
    empty = sizes.measure(session, BlobStore(tmp_path))
    functions.intern(session, [Function(f"{number} {'f' * 1000}", "") for number in range(500)])
    store = BlobStore(tmp_path)
    store.put(b"one")
    store.put(b"other")

    found = sizes.measure(session, store)

    assert {each.table for each in found.tables} == set(Base.metadata.tables)
    rows = {each.table: each.rows for each in found.tables}
    assert rows["functions"] == 500
    assert found.tables[0].table == "functions", "the largest first"
    assert found.tables[0].size > 500_000
    assert found.database >= sum(each.size for each in found.tables)
    assert (empty.blobs, empty.blob_bytes) == (0, 0)
    assert (found.blobs, found.blob_bytes) == (2, store.size())
