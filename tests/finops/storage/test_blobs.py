"""Blobs: whole or not there, named by what is in them, and checked when read."""

import os
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from finops.errors import NotFound, StorageError
from finops.storage import blobs
from finops.storage.blobs import BlobStore

TEXT = b"a profile, as it came" * 100


@pytest.fixture
def store(tmp_path: Path) -> BlobStore:
    return BlobStore(tmp_path / "blobs")


def file_of(store: BlobStore, digest: str) -> Path:
    return store.root / digest[:2] / digest[2:4] / f"{digest}.zst"


@pytest.mark.parametrize("data", [b"", b"\x00", TEXT, os.urandom(100_000)], ids=len)
def test_what_was_put_is_read(store: BlobStore, data: bytes) -> None:
    digest = store.put(data)

    assert digest == sha256(data).hexdigest()
    assert store.read(digest) == data
    assert list(store.digests()) == [digest]
    assert store.size() == file_of(store, digest).stat().st_size


def test_putting_twice_keeps_one(store: BlobStore) -> None:
    assert store.put(TEXT) == store.put(TEXT)
    assert len(list(store.digests())) == 1


def test_putting_at_once_keeps_one_and_leaves_nothing_behind(store: BlobStore) -> None:
    with ThreadPoolExecutor(8) as pool:
        digests = set(pool.map(store.put, [TEXT] * 32))

    assert store.read(digests.pop()) == TEXT
    assert not digests
    assert len([path for path in store.root.rglob("*") if path.is_file()]) == 1


def test_a_blob_is_deleted_once_and_for_all(store: BlobStore) -> None:
    digest = store.put(TEXT)
    store.delete(digest)
    store.delete(digest)

    assert list(store.digests()) == []
    with pytest.raises(NotFound, match=digest):
        store.read(digest)


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "a" * 63, "A" * 64, "a" * 64 + "/../x"])
def test_a_name_that_is_no_digest_reaches_no_file(store: BlobStore, name: str) -> None:
    for step in (store.read, store.delete):
        with pytest.raises(StorageError, match="is not the name of a blob"):
            step(name)


@given(at=st.integers(0, 10**6), bit=st.integers(0, 7))
def test_a_damaged_file_is_named(at: int, bit: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    store = BlobStore(tmp_path_factory.mktemp("blobs"))
    digest = store.put(TEXT)
    path = file_of(store, digest)
    data = bytearray(path.read_bytes())
    data[at % len(data)] ^= 1 << bit
    path.write_bytes(data)

    try:
        found = store.read(digest)
    except StorageError as error:
        assert str(path) in str(error)  # noqa: PT017 (a flipped bit that changes nothing is read)
    else:
        assert found == TEXT


@pytest.mark.parametrize(
    "content", [b"", b"not zstd", zstandard.compress(TEXT)[:-1], zstandard.compress(b"other")]
)
def test_a_file_that_is_not_what_it_is_named_after_is_named(store: BlobStore, content: bytes) -> None:
    digest = store.put(TEXT)
    path = file_of(store, digest)
    path.write_bytes(content)

    with pytest.raises(StorageError, match=f"{path} is damaged"):
        store.read(digest)


def test_a_file_made_to_fill_the_memory_is_refused(store: BlobStore, monkeypatch: pytest.MonkeyPatch) -> None:
    digest = store.put(TEXT)
    file_of(store, digest).write_bytes(zstandard.compress(b"\x00" * 10_000_000))
    monkeypatch.setattr(blobs, "MAX_INFLATED", len(TEXT))

    with pytest.raises(StorageError, match=f"claims to hold 10000000 bytes, {len(TEXT)} are read"):
        store.read(digest)
    with pytest.raises(StorageError, match="is more than"):
        store.put(TEXT + b"!")


def test_a_blob_put_again_counts_as_new(store: BlobStore) -> None:
    old, again = store.put(b"old"), store.put(b"again")
    for digest in (old, again):
        os.utime(file_of(store, digest), (0, 0))
    store.put(b"again")

    assert list(store.digests(put_before=datetime(2000, 1, 1, tzinfo=UTC))) == [old]


def test_digests_come_in_order_and_foreign_files_do_not_matter(store: BlobStore) -> None:
    digests = [store.put(bytes([number])) for number in range(20)]
    (store.root / "aa" / "bb").mkdir(parents=True, exist_ok=True)
    (store.root / "aa" / "bb" / "notes.zst").write_text("not ours")

    assert list(store.digests()) == sorted(digests)
    assert list(BlobStore(store.root / "nowhere").digests()) == []


def test_what_a_writer_that_died_left_is_tidied(store: BlobStore) -> None:
    digest = store.put(TEXT)
    left = file_of(store, digest).parent / ".unfinished-abc"
    left.write_bytes(b"half")
    now = datetime.now(UTC)

    assert store.tidy(now - timedelta(hours=1)) == 0
    assert store.tidy(now + timedelta(hours=1)) == 1
    assert (left.exists(), list(store.digests())) == (False, [digest])


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "blobs").write_text("a file stands here")

    with pytest.raises(StorageError, match=f"{tmp_path}/blobs/.* cannot be written"):
        BlobStore(tmp_path / "blobs").put(TEXT)
    with pytest.raises(StorageError, match=f"{tmp_path}/blobs/.* cannot be read"):
        BlobStore(tmp_path / "blobs").read("a" * 64)
