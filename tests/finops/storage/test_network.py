"""A file that several machines share is no database."""

from pathlib import Path

import pytest

from finops.errors import ConfigError
from finops.storage import network


@pytest.fixture
def mounts(tmp_path: Path) -> Path:
    """As Linux says it: the disk, a share, and a disk mounted into the share."""
    path = tmp_path / "mountinfo"
    path.write_text(
        "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
        "40 22 0:50 / /srv rw,relatime shared:9 - nfs4 host:/export rw,vers=4.2\n"
        "41 40 8:2 / /srv/disk rw,relatime - xfs /dev/sdb rw\n"
    )
    return path


@pytest.mark.parametrize("url", ["sqlite:////srv/finops.db", "sqlite:////srv/a/b.db?timeout=5"])
def test_a_file_on_a_share_is_refused(mounts: Path, url: str) -> None:
    with pytest.raises(ConfigError, match=r"^database.url: /srv/.*\.db is on nfs4, .* PostgreSQL server$"):
        network.refuse_shared_file(url, mounts)


@pytest.mark.parametrize(
    "url",
    ["sqlite:////var/finops.db", "sqlite:////srv/disk/finops.db", "sqlite://", "postgresql://me@db/finops"],
)
def test_a_file_on_a_disk_and_a_server_are_not(mounts: Path, url: str) -> None:
    network.refuse_shared_file(url, mounts)


def test_where_nothing_is_known_nothing_is_refused(tmp_path: Path) -> None:
    network.refuse_shared_file("sqlite:////srv/finops.db", tmp_path / "none")
