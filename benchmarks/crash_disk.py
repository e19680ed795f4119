"""A small disk under one database of a PostgreSQL server: a tmpfs, which only root may mount."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests import postgresql
from tests.postgresql import Server


def why_not() -> str:
    """Why there can be no small disk here; "" where there can."""
    if os.environ.get(postgresql.GIVEN):
        return f"the server that {postgresql.GIVEN} names has its own disks"
    return "" if os.geteuid() == 0 else "only root may mount a small file system"


@contextmanager
def nearly_full(server: Server, url: str, spare: int) -> Iterator[None]:
    """While this lasts, all that is in a database lies on a disk with so many bytes left."""
    folder = Path(tempfile.mkdtemp(prefix="finops-disk-", dir="/tmp"))
    size = server.size(url) + spare
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], check=True)
    try:
        if (owner := postgresql.unprivileged()) is not None:
            shutil.chown(folder, owner)
        with server.moved(url, folder):
            yield
    finally:
        subprocess.run(["umount", folder], check=True)
        folder.rmdir()
