"""Raw profiles as files, named by what is in them. A file is whole or not there, and is checked when read."""

import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from tempfile import NamedTemporaryFile

import zstandard

from finops.engine.limits import MAX_INFLATED
from finops.errors import NotFound, StorageError

_DIGEST = re.compile("[0-9a-f]{64}")
_SUFFIX = ".zst"
_UNFINISHED = ".unfinished-"
_ZSTD_LEVEL = 3


class BlobStore:
    """A folder of blobs, `ab/cd/abcd….zst`, under the SHA-256 of their uncompressed bytes."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, data: bytes) -> str:
        """Keep bytes and give their digest. Doing it twice, or at once from two processes, does it once.

        A blob that is there already counts as put now, so that `digests(put_before=…)` passes over it.

        Raises:
            StorageError: they are more than can be read back, or the file cannot be written.
        """
        if len(data) > MAX_INFLATED:
            raise StorageError(
                f"a blob of {len(data)} bytes is more than the {MAX_INFLATED} that are read back"
            )
        digest = sha256(data).hexdigest()
        path = self._path(digest)
        try:
            os.utime(path)
        except OSError:
            self._write(path, zstandard.ZstdCompressor(level=_ZSTD_LEVEL).compress(data))
        return digest

    def read(self, digest: str) -> bytes:
        """The bytes of a digest.

        Raises:
            NotFound: there is no such blob.
            StorageError: the file is damaged or cannot be read; the message names it.
        """
        return checked(digest, self._frame(digest), str(self._path(digest)))

    def packed(self, digest: str) -> bytes:
        """A blob as it lies on the disk, compressed, after the checks of `read`, which raises the same."""
        frame = self._frame(digest)
        checked(digest, frame, str(self._path(digest)))
        return frame

    def put_packed(self, digest: str, frame: bytes) -> None:
        """Put back what `packed` gave, in place of what lies there.

        Raises StorageError if it is not what its name says, or the file cannot be written.
        """
        checked(digest, frame, f"the blob {digest}")
        self._write(self._path(digest), frame)

    def delete(self, digest: str) -> None:
        """Remove a blob; one that is not there is removed already."""
        self._path(digest).unlink(missing_ok=True)

    def digests(self, *, put_before: datetime | None = None) -> Iterator[str]:
        """The blobs there are, in order; with a moment, those that were last put before it."""
        for path in sorted(self.root.glob(f"??/??/*{_SUFFIX}")):
            digest = path.name.removesuffix(_SUFFIX)
            if _DIGEST.fullmatch(digest) and (put_before is None or _is_older(path, put_before)):
                yield digest

    def size(self) -> int:
        """The bytes that all blobs take on the disk."""
        return sum(self._path(digest).stat().st_size for digest in self.digests())

    def tidy(self, before: datetime) -> int:
        """Remove what writers that died before a moment have left unfinished; give how many files."""
        left = [path for path in self.root.glob(f"??/??/{_UNFINISHED}*") if _is_older(path, before)]
        for path in left:
            path.unlink(missing_ok=True)
        return len(left)

    def _path(self, digest: str) -> Path:
        if not _DIGEST.fullmatch(digest):
            raise StorageError(f"{digest!r} is not the name of a blob")
        return self.root / digest[:2] / digest[2:4] / f"{digest}{_SUFFIX}"

    def _frame(self, digest: str) -> bytes:
        path = self._path(digest)
        try:
            return path.read_bytes()
        except FileNotFoundError as error:
            raise NotFound(f"the blob {digest} is not in {self.root}") from error
        except OSError as error:
            raise StorageError(f"{path} cannot be read: {error.strerror}") from error

    def _write(self, path: Path, data: bytes) -> None:
        """Write a file beside its place, and move it there once it is safely on the disk."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with NamedTemporaryFile(dir=path.parent, prefix=_UNFINISHED, delete=False) as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            Path(file.name).replace(path)
            sync_folder(path.parent)
        except OSError as error:
            raise StorageError(f"{path} cannot be written: {error.strerror}") from error


def sync_folder(folder: Path) -> None:
    """Make a rename within a folder outlive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def checked(digest: str, frame: bytes, where: str) -> bytes:
    """What a compressed blob holds; raises StorageError unless that is what it is named after."""
    try:
        data = _inflated(frame)
    except (zstandard.ZstdError, ValueError) as error:
        raise StorageError(f"{where} is damaged: {error}") from error
    if sha256(data).hexdigest() != digest:
        raise StorageError(f"{where} is damaged: its content is not what it is named after")
    return data


def _inflated(frame: bytes) -> bytes:
    size = zstandard.frame_content_size(frame)
    if not 0 <= size <= MAX_INFLATED:
        raise ValueError(f"it claims to hold {size} bytes, {MAX_INFLATED} are read at most")
    return zstandard.ZstdDecompressor().decompress(frame, allow_extra_data=False)


def _is_older(path: Path, moment: datetime) -> bool:
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC) < moment
    except FileNotFoundError:  # another process has just removed it
        return False
