"""A look at where the ledger would be, which makes nothing."""

import os
from pathlib import Path

import pytest

from finops.storage import database
from finops.storage.places import blob_mistakes, database_mistakes
from finops.storage.tables import Base


def of_database(path: Path) -> list[str]:
    return [str(mistake) for mistake in database_mistakes(f"sqlite:///{path}")]


def of_blobs(path: Path) -> list[str]:
    return [str(mistake) for mistake in blob_mistakes(path)]


def test_what_can_be_made_is_fine_and_is_not_made(tmp_path: Path) -> None:
    assert of_database(tmp_path / "finops.db") == []
    assert of_blobs(tmp_path / "some" / "where") == []
    assert list(tmp_path.iterdir()) == []


def test_a_database_that_is_there_is_fine(tmp_path: Path) -> None:
    engine = database.connect(f"sqlite:///{tmp_path}/finops.db")
    Base.metadata.create_all(engine)
    engine.dispose()

    assert of_database(tmp_path / "finops.db") == []


def test_a_database_in_memory_or_on_a_server_is_not_looked_for() -> None:
    assert database_mistakes("sqlite://") == []


def test_what_cannot_be_a_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("hello, I am a text")

    assert of_database(tmp_path / "nowhere" / "finops.db") == [
        f"database.url: the folder {tmp_path}/nowhere does not exist"
    ]
    assert of_database(tmp_path) == [f"database.url: {tmp_path} is no file"]
    assert of_database(tmp_path / "text.db") == [f"database.url: {tmp_path}/text.db is no SQLite database"]


def test_a_file_is_no_folder_of_blobs(tmp_path: Path) -> None:
    (tmp_path / "blobs").touch()

    assert of_blobs(tmp_path / "blobs") == [f"blobs.path: {tmp_path}/blobs is no folder"]
    assert of_blobs(tmp_path / "blobs" / "below") == [f"blobs.path: {tmp_path}/blobs is no folder"]


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")
def test_what_this_user_may_not_write_is_named(tmp_path: Path) -> None:
    (tmp_path / "finops.db").touch(0o444)
    tmp_path.chmod(0o555)

    assert of_database(tmp_path / "finops.db") == [
        f"database.url: this user may not read and write {tmp_path}/finops.db",
        f"database.url: this user may not write in the folder {tmp_path}",
    ]
    assert of_blobs(tmp_path / "blobs") == [f"blobs.path: this user may not write in the folder {tmp_path}"]
    tmp_path.chmod(0o755)
