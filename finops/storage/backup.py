"""A whole ledger in one file: the database as it stood at one moment, and the blobs that it refers to.

The file is a tar under zstd: `finops.db`, `blobs/DIGEST.zst` …, and last `manifest.json`, without which
it is not whole. Nothing of a restore is in its place before all of the file was read and found right, and
neither a backup nor a restored database is ever there by half.

A database on a server is the server's to back up (`pg_dump`); this is for SQLite.
"""

import io
import os
import re
import sqlite3
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Literal
from urllib.parse import quote

import zstandard
from pydantic import BaseModel, ConfigDict, ValidationError
from sqlalchemy.engine import make_url

from finops.errors import BrokenInput, DatabaseUnavailable, NotFound, StorageError
from finops.storage import database, migrate
from finops.storage.blobs import BlobStore, checked, sync_folder
from finops.storage.failures import place

DATABASE, MANIFEST = "finops.db", "manifest.json"
_BLOB = re.compile(r"blobs/(?P<digest>[0-9a-f]{64})\.zst")

_CHUNK = 1 << 20
_ZSTD_LEVEL = 3
# The digests of a million blobs take 70 MB; a manifest beyond that was made to hurt.
_LARGEST_MANIFEST = 128 << 20
# A blob's frame is smaller than what it inflates to, or larger by next to nothing.
_LARGEST_BLOB = 1 << 30


class Manifest(BaseModel):
    """What a backup holds: the schema of its database, its digest, its blobs, and those it lacks."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    schema_revision: str
    made_at: datetime
    database_bytes: int
    database_sha256: str
    blobs: Sequence[str]
    missing: Mapping[str, str]


def write(url: str, blobs: BlobStore, file: Path, now: datetime) -> Manifest:
    """Back up a database and its blobs into a new file, and give what is in it.

    The database is copied as it stood at one moment, whatever jobs write meanwhile; they wait for nothing. A
    blob that the ledger refers to and that cannot be read is named in `missing`, as no amount rests on it.

    Raises:
        StorageError: the database is no SQLite or holds no schema, the file is there already, or cannot
            be written.
    """
    source = sqlite_file(url)
    if file.exists():
        raise StorageError(f"{file} is there already: name another file, or move it away")
    try:
        with TemporaryDirectory(prefix=".finops-backup-", dir=file.absolute().parent) as folder:
            snapshot, unfinished = Path(folder) / DATABASE, Path(folder) / "unfinished"
            _copy(source, url, snapshot)
            manifest = _pack(snapshot, blobs, unfinished, now)
            unfinished.replace(file)
            sync_folder(file.absolute().parent)
    except OSError as error:
        raise StorageError(f"{file} cannot be written: {error.strerror}") from error
    except UnicodeEncodeError as error:
        raise StorageError(f"{file} cannot be written: SQLite takes no path that is not UTF-8") from error
    return manifest


def verify(file: Path) -> Manifest:
    """Read all of a backup, and give what is in it.

    Raises:
        BrokenInput: it is no backup, is not whole, or is damaged.
    """
    digest, size = "", 0
    found: set[str] = set()
    manifest: Manifest | None = None
    with _reading(file):
        for name, content in _members(file):
            if manifest is not None:
                raise BrokenInput(f"{file} is no backup: {name[:100]!r} stands behind its manifest")
            if name == DATABASE and not digest:
                digest, size = _digest(content)
            elif name == MANIFEST:
                manifest = _manifest(file, content)
            else:
                found.add(_blob(file, name, content)[0])
    if manifest is None:
        raise BrokenInput(f"{file} is not whole: it has no manifest")
    if (digest, size) != (manifest.database_sha256, manifest.database_bytes):
        raise BrokenInput(f"{file} is damaged: its database is not the one that its manifest names")
    if found != set(manifest.blobs):
        raise BrokenInput(f"{file} is damaged: its blobs are not those that its manifest names")
    return manifest


def restore(file: Path, url: str, blobs: BlobStore, *, force: bool = False) -> Manifest:
    """Put a backup where a configuration keeps its database and blobs, and give what was in it.

    Blobs come first and the database last, by a rename: who dies meanwhile leaves the database that was
    there. Blobs that are there already stay, as their names say what is in them.

    Args:
        file: the backup.
        url: where the database goes.
        blobs: where the blobs go.
        force: in place of a database that is there already.

    Raises:
        BrokenInput: it is no backup, is not whole, is damaged, or a newer release made it.
        StorageError: a database is there and `force` was not said, or the place cannot be written.
        DatabaseUnavailable: another process has the database that is there open.
    """
    target = sqlite_file(url)
    if not force and target.exists() and target.stat().st_size:
        raise StorageError(f"{target} is there already: restore elsewhere, or replace it with --force")
    manifest = verify(file)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=f".{target.name}-", dir=target.parent) as folder:
            unfinished = Path(folder) / DATABASE
            _unpack(file, unfinished, blobs, manifest)
            _refuse_newer(unfinished, file)
            with _let_go(target):
                unfinished.replace(target)
                sync_folder(target.parent)
    except OSError as error:
        raise StorageError(f"{target} cannot be restored: {error.strerror}") from error
    return manifest


def sqlite_file(url: str) -> Path:
    """The file of a database. Raises StorageError if it has none."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        raise StorageError(
            f"the database {place(parsed)} is on a server, which backs it up and restores it with pg_dump and"
            " pg_restore: the commands are in docs/operations.md"
        )
    if parsed.database in (None, "", ":memory:"):
        raise StorageError("a database in memory is gone with its process: there is nothing to back up")
    return Path(str(parsed.database)).absolute()


def _copy(source: Path, url: str, snapshot: Path) -> None:
    """Copy a database as it stands at one moment. Every page is read, so a damaged one cannot pass."""
    if not source.exists():
        raise StorageError(f"there is no database at {source}")
    engine = database.connect(url)
    try:
        with closing(engine.raw_connection()) as connection:
            connection.cursor().execute("VACUUM INTO ?", (str(snapshot),))
    except sqlite3.Error as error:
        raise StorageError(f"the database {source} cannot be copied: {error}") from error
    finally:
        engine.dispose()


def _pack(snapshot: Path, blobs: BlobStore, file: Path, now: datetime) -> Manifest:
    revision, digests = _read(snapshot)
    kept: list[str] = []
    missing: dict[str, str] = {}
    with snapshot.open("rb") as content:
        sha, size = _digest(content)
    packer = zstandard.ZstdCompressor(level=_ZSTD_LEVEL, write_checksum=True)
    with file.open("xb") as plain:
        with (
            packer.stream_writer(plain, closefd=False) as stream,
            tarfile.open(mode="w|", fileobj=stream) as tar,
        ):
            with snapshot.open("rb") as content:
                _add(tar, DATABASE, content, size)
            for digest in digests:
                try:
                    frame = blobs.packed(digest)
                except (NotFound, StorageError) as error:
                    missing[digest] = str(error)
                    continue
                _add(tar, f"blobs/{digest}.zst", io.BytesIO(frame), len(frame))
                kept.append(digest)
            manifest = Manifest(
                schema_revision=revision,
                made_at=now,
                database_bytes=size,
                database_sha256=sha,
                blobs=kept,
                missing=missing,
            )
            text = manifest.model_dump_json(indent=1).encode()
            _add(tar, MANIFEST, io.BytesIO(text), len(text))
        plain.flush()
        os.fsync(plain.fileno())
    return manifest


def _read(snapshot: Path) -> tuple[str, list[str]]:
    """The schema of a copied database, and the blobs that it refers to."""
    with closing(sqlite3.connect(f"file:{quote(str(snapshot))}?mode=ro", uri=True)) as connection:
        try:
            (revision,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
            digests = connection.execute(
                "SELECT DISTINCT digest FROM raw_profiles ORDER BY digest"
            ).fetchall()
        except (sqlite3.Error, TypeError) as error:
            raise StorageError("the database holds no schema: there is nothing to back up") from error
    return str(revision), [digest for (digest,) in digests]


def _add(tar: tarfile.TarFile, name: str, content: IO[bytes], size: int) -> None:
    member = tarfile.TarInfo(name)
    member.size = size
    tar.addfile(member, content)


def _members(file: Path) -> Iterator[tuple[str, IO[bytes]]]:
    """The members of a backup, in order; each is to be read before the next one is asked for."""
    with (
        file.open("rb") as plain,
        zstandard.ZstdDecompressor().stream_reader(plain) as stream,
        tarfile.open(mode="r|", fileobj=stream) as tar,
    ):
        for member in tar:
            content = tar.extractfile(member) if member.isreg() else None
            if content is None:
                raise BrokenInput(f"{file} is no backup: {member.name[:100]!r} is no file")
            yield member.name, content


@contextmanager
def _reading(file: Path) -> Iterator[None]:
    """What is wrong with the file's outer shape, as the project's own errors."""
    try:
        yield
    except FileNotFoundError as error:
        raise NotFound(f"{file}: no such file") from error
    except (tarfile.TarError, zstandard.ZstdError, EOFError) as error:
        raise BrokenInput(f"{file} is no backup, or is damaged: {error}") from error


def _digest(content: IO[bytes], into: IO[bytes] | None = None) -> tuple[str, int]:
    digest, size = sha256(), 0
    while chunk := content.read(_CHUNK):
        digest.update(chunk)
        size += len(chunk)
        if into is not None:
            into.write(chunk)
    return digest.hexdigest(), size


def _manifest(file: Path, content: IO[bytes]) -> Manifest:
    try:
        return Manifest.model_validate_json(content.read(_LARGEST_MANIFEST))
    except ValidationError as error:
        raise BrokenInput(
            f"{file} is no backup that this release knows: {error.errors()[0]['msg']}"
        ) from error


def _blob(file: Path, name: str, content: IO[bytes]) -> tuple[str, bytes]:
    match = _BLOB.fullmatch(name)
    if match is None:
        raise BrokenInput(f"{file} is no backup: it holds {name[:100]!r}")
    digest, frame = match["digest"], content.read(_LARGEST_BLOB)
    try:
        checked(digest, frame, f"the blob {digest}")
    except StorageError as error:
        raise BrokenInput(f"{file} is damaged: {error}") from error
    return digest, frame


def _unpack(file: Path, unfinished: Path, blobs: BlobStore, manifest: Manifest) -> None:
    """Write the database beside its place, and the blobs into theirs."""
    written = ("", 0)
    for name, content in _members(file):
        if name == DATABASE:
            with unfinished.open("xb") as plain:
                written = _digest(content, plain)
                plain.flush()
                os.fsync(plain.fileno())
        elif name != MANIFEST:
            blobs.put_packed(*_blob(file, name, content))
    if written != (manifest.database_sha256, manifest.database_bytes):
        raise BrokenInput(f"{file} has changed while it was restored")


def _refuse_newer(unfinished: Path, file: Path) -> None:
    engine = database.connect(f"sqlite:///{unfinished}")
    try:
        with engine.begin() as connection:
            migrate.refuse_newer(connection)
    except StorageError as error:
        raise BrokenInput(f"{file} is not restored: {error}") from error
    finally:
        engine.dispose()


@contextmanager
def _let_go(target: Path) -> Iterator[None]:
    """Make sure that no process has the old database open, and leave nothing that would be the new one's.

    Raises DatabaseUnavailable if one has: it would go on writing into a file that has no name any more.
    """
    if not target.exists():
        _forget_log(target)
        yield
        return
    with closing(sqlite3.connect(target, timeout=0, isolation_level=None)) as old:
        try:
            # Refused while another connection is open; it also brings the old log into the old file.
            old.execute("PRAGMA journal_mode = DELETE")
            old.execute("BEGIN EXCLUSIVE")
        except sqlite3.DatabaseError as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY:
                raise DatabaseUnavailable(
                    f"another process has the database {target} open: stop the scheduler, the workers and"
                    " the API first"
                ) from error
            # What is damaged is what a backup is for.
        _forget_log(target)
        yield


def _forget_log(target: Path) -> None:
    for suffix in ("-wal", "-shm"):
        target.with_name(target.name + suffix).unlink(missing_ok=True)
