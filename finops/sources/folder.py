"""A folder of profiles: its files by relative path, decoded.

Nothing outside of the folder is ever opened, whatever a link or an index says, and a file that did
not change is not read again.
"""

import os
import stat
from collections import OrderedDict
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Generic, TypeVar

from finops.engine import MAX_PROFILE_BYTES, Columns, ValueType
from finops.errors import BrokenProfile
from finops.formats import read_any

# Decoded, a profile takes some six times its compressed size: these stay below 100 MB.
_KEPT_BYTES = 16 << 20
_KEPT_FILES = 100_000

Stamp = tuple[int, ...]
K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Header:
    """What a profile says about itself, without its stacks."""

    value_types: tuple[ValueType, ...]
    period_type: ValueType | None
    period: int
    time_nanos: int
    duration_nanos: int


@dataclass(frozen=True, slots=True, eq=False)
class ProfileFile:
    """One file: its bytes as they came, and decoded."""

    data: bytes
    columns: Columns

    @property
    def header(self) -> Header:
        """What it says about itself."""
        columns = self.columns
        return Header(
            columns.value_types,
            columns.period_type,
            columns.period,
            columns.time_nanos,
            columns.duration_nanos,
        )


class Recent(Generic[K, V]):
    """The things used last, up to a total weight."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._weight = 0
        self._things: OrderedDict[K, tuple[V, int]] = OrderedDict()

    def find(self, key: K) -> V | None:
        """A thing, if it is still there; it is then the one used last."""
        if key not in self._things:
            return None
        self._things.move_to_end(key)
        return self._things[key][0]

    def keep(self, key: K, thing: V, weight: int = 1) -> None:
        """Keep a thing, and let go of those used longest ago; one that is too heavy is not kept."""
        if weight > self._most:
            return
        self._weight += weight - self._things.pop(key, (None, 0))[1]
        self._things[key] = (thing, weight)
        while self._weight > self._most:
            self._weight -= self._things.popitem(last=False)[1][1]


class Folder:
    """The files below a root."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._digests: Recent[str, tuple[Stamp, str]] = Recent(_KEPT_FILES)
        self._headers: Recent[tuple[str, str], Header | str] = Recent(_KEPT_FILES)
        self._files: Recent[str, ProfileFile] = Recent(_KEPT_BYTES)

    def paths(self) -> list[str]:
        """The relative paths of all files, in order.

        Those whose name, or whose folder's, begins with a dot are left out: writers use such names for
        what is half written.

        Raises:
            OSError: the folder, or one below it, cannot be listed.
        """
        found: list[Path] = []
        for folder, names, files in os.walk(self._root, onerror=_raise):
            names[:] = [name for name in names if not name.startswith(".")]
            found += [Path(folder, name) for name in files if not name.startswith(".")]
        return sorted(path.relative_to(self._root).as_posix() for path in found)

    def has(self, path: str) -> bool:
        """Whether a path leads to a file within the folder that this user may read."""
        try:
            real = self._real(path)
        except BrokenProfile:
            return False
        return real.is_file() and os.access(real, os.R_OK)

    def digest(self, path: str) -> str:
        """Tells whether a file's bytes have changed, whatever its times say.

        Raises:
            OSError: it cannot be read.
            BrokenProfile: it leads out of the folder, is no file, or is too large.
        """
        return self._known_digest(path) or self._read(path)[0]

    def header(self, path: str) -> Header:
        """What a file says about itself.

        Raises:
            OSError: it cannot be read.
            BrokenProfile: it is no profile.
        """
        key = (path, self.digest(path))
        known = self._headers.find(key)
        if known is None:
            try:
                known = self.open(path).header
            except BrokenProfile as error:
                known = str(error)
            self._headers.keep(key, known)
        if isinstance(known, str):
            raise BrokenProfile(known)
        return known

    def open(self, path: str) -> ProfileFile:
        """A file, decoded.

        Raises:
            OSError: it cannot be read.
            BrokenProfile: it is no profile.
        """
        digest = self._known_digest(path)
        if digest and (kept := self._files.find(digest)):
            return kept
        digest, data = self._read(path)
        file = ProfileFile(data, read_any(data, repr(path)))
        self._files.keep(digest, file, len(data))
        return file

    def _known_digest(self, path: str) -> str | None:
        """The digest of a file that has been read and has not changed since."""
        known = self._digests.find(path)
        return known[1] if known and known[0] == _stamp(self._real(path).stat()) else None

    def _read(self, path: str) -> tuple[str, bytes]:
        """A file's digest and its bytes."""
        real = self._real(path)
        if not stat.S_ISREG(real.stat().st_mode):
            raise BrokenProfile(f"{path!r} is no file")
        # Without O_NONBLOCK, a pipe put there in between would be waited for.
        with os.fdopen(os.open(real, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            status = os.fstat(file.fileno())
            data = file.read(MAX_PROFILE_BYTES + 1)
        if len(data) > MAX_PROFILE_BYTES:
            raise BrokenProfile(f"{path!r} is larger than {MAX_PROFILE_BYTES} bytes")
        digest = sha256(data).hexdigest()
        self._digests.keep(path, (_stamp(status), digest))
        return digest, data

    def _real(self, path: str) -> Path:
        """Where a path leads, when that is within the folder."""
        # Not Path.resolve, which raises a RuntimeError where links lead in a circle.
        root, real = os.path.realpath(self._root), os.path.realpath(self._root / path)
        if not real.startswith(root.rstrip("/") + "/"):
            raise BrokenProfile(f"{path!r} leads out of the folder")
        return Path(real)


def _stamp(status: os.stat_result) -> Stamp:
    """Changes whenever a file was written; ctime, because mtime can be set back."""
    return (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def _raise(error: OSError) -> None:
    raise error
