"""Which file system a database's file is on: SQLite's locks hold between processes of one machine only."""

from pathlib import Path

from sqlalchemy import make_url

from finops.errors import ConfigError

_MOUNTS = Path("/proc/self/mountinfo")

# As Linux calls those that several machines share. What is not here may still be one: this finds the usual
# mistake, it does not prove that there is none.
_SHARED = {"9p", "afs", "beegfs", "ceph", "cifs", "glusterfs", "lustre", "nfs", "nfs4", "smb3", "smbfs"}
_SHARED |= {f"fuse.{name}" for name in ("ceph", "glusterfs", "s3fs", "sshfs")}


def refuse_shared_file(url: str, mounts: Path = _MOUNTS) -> None:
    """Raise ConfigError if a database is a file that several machines share."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite" or not parsed.database or not mounts.exists():
        return
    path = Path(parsed.database).resolve()
    kind = file_system(path, mounts.read_text())
    if kind in _SHARED:
        raise ConfigError(
            f"database.url: {path} is on {kind}, where SQLite's locks do not hold between machines:"
            " put it on a disk of this machine, or name a PostgreSQL server"
        )


def file_system(path: Path, mounts: str) -> str:
    r"""The kind of file system that holds a path, by the lines of Linux's mountinfo; "" if none does.

    >>> file_system(Path("/mnt/a b/finops.db"), r"36 1 98:0 / /mnt/a\040b rw shared:1 - nfs4 host:/ rw")
    'nfs4'
    """
    found, longest = "", -1
    for line in mounts.splitlines():
        place, _, rest = line.partition(" - ")
        point = Path(place.split()[4].replace(r"\040", " ").replace(r"\011", "\t").replace(r"\134", "\\"))
        if path.is_relative_to(point) and len(point.parts) >= longest:
            found, longest = rest.split()[0], len(point.parts)
    return found
