"""A backup is the ledger of one moment, whatever runs meanwhile; a restore is all of it or nothing."""

import io
import shutil
import sqlite3
import subprocess
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import zstandard

from finops import app as building
from finops.app import App
from finops.domain.window import Window
from finops.errors import BrokenInput, DatabaseUnavailable, FinopsError, StorageError
from finops.storage import backup, dump, usage
from finops.storage.blobs import BlobStore
from finops.storage.database import Session
from jobs import runner
from jobs.registry import JOBS
from jobs.runner import Done, Job
from jobs.windows import Due, Key
from tests.small_ledger import SmallLedger, command, day, hour

NOW = datetime(2026, 11, 30, tzinfo=UTC)


def saved(ledger: SmallLedger, name: str = "saved.tar.zst") -> Path:
    file = ledger.folder / name
    backup.write(url_of(ledger.folder), blobs_of(ledger.folder), file, NOW)
    return file


def restored(ledger: SmallLedger, file: Path) -> list[str]:
    """The canonical dump of a backup, put back into a folder of its own."""
    other = ledger.folder / f"restored-{file.name}"
    backup.restore(file, url_of(other), blobs_of(other))
    shutil.copy(ledger.folder / "config.toml", other)
    return dumped(other)


def dumped(folder: Path) -> list[str]:
    app = building.build(folder / "config.toml", {})
    with app.readers() as session:
        lines = list(dump.canonical(session))
        for header in usage.headers(session, day()) + usage.headers(session, day(1)):
            assert all(app.blobs.read(digest) for digest in header.raw_digests)
    app.readers.kw["bind"].dispose()
    return lines


def url_of(folder: Path) -> str:
    return f"sqlite:///{folder}/finops.db"


def blobs_of(folder: Path) -> BlobStore:
    return BlobStore(folder / "blobs")


def test_what_is_restored_is_what_was_there(drained_ledger: SmallLedger) -> None:
    assert restored(drained_ledger, saved(drained_ledger)) == drained_ledger.dump() != []


class InTheMiddle:
    """A job during whose writing transaction, all written and nothing committed, something happens."""

    def __init__(self, job: Job, ledger: SmallLedger) -> None:
        self.job, self.ledger, self.name = job, ledger, job.name
        self.before: list[list[str]] = []
        self.during: list[Path] = []

    def inputs(self, app: App, within: Window | None = None) -> Mapping[Key, str]:
        return self.job.inputs(app, within)

    def prepare(self, app: App, work: Due) -> object:
        return self.job.prepare(app, work)

    def write(self, app: App, session: Session, work: Due, prepared: Any) -> Done:  # noqa: ANN401
        done = self.job.write(app, session, work, prepared)
        self.before.append(self.ledger.dump())
        self.during.append(saved(self.ledger, f"{self.name}-{len(self.during)}"))
        return done


@pytest.mark.parametrize("name", ["collect_profiles", "attribute_costs"])
def test_a_backup_amid_a_run_is_the_ledger_before_it_and_then_after(
    small_ledger: SmallLedger, name: str
) -> None:
    for earlier in list(JOBS)[: list(JOBS).index(name)]:
        small_ledger.look(earlier)
    job = InTheMiddle(JOBS[name], small_ledger)

    assert runner.look(small_ledger.app(), job, Window(hour(9).start, hour(11).end)).failed == 0

    assert [restored(small_ledger, file) for file in job.during] == job.before != []
    after = small_ledger.dump()
    assert job.before[0] != after
    assert restored(small_ledger, saved(small_ledger)) == after


def test_backups_while_a_scheduler_runs_are_moments_of_its_history(
    small_ledger: SmallLedger, tmp_path: Path, empty_database: Path
) -> None:
    twin = SmallLedger.laid_out(tmp_path / "twin", empty_database)
    for ledger in (small_ledger, twin):
        ledger.clock.moment = hour(12).start
        ledger.write()
    history = moments(twin)
    words = command("--config", str(small_ledger.folder / "config.toml"), "scheduler", "--drain")
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as scheduler:
        taken = list(while_running(scheduler, small_ledger))
    found = [
        [history[tuple(lines)] for lines in (before, restored(small_ledger, file), after)]
        for before, file, after in taken
    ]

    assert scheduler.returncode == 0
    assert found == [sorted(around) for around in found] != []
    assert dumped(small_ledger.folder) == list(list(history)[-1])


def moments(ledger: SmallLedger) -> Mapping[tuple[str, ...], int]:
    """Every state that the ledger passes through when its jobs run, with its number."""
    app, states = ledger.app(), dict.fromkeys([tuple(ledger.dump())])

    def seen(_done: int, _of: int) -> None:
        states[tuple(ledger.dump())] = None

    while any(runner.look(app, job, progress=seen).ok for job in JOBS.values()):
        pass
    ledger.close()
    return {state: number for number, state in enumerate(states)}


def while_running(
    process: "subprocess.Popen[bytes]", ledger: SmallLedger
) -> Iterator[tuple[list[str], Path, list[str]]]:
    """Backups, one after the other, each with the ledger before and after it."""
    number = 0
    while process.poll() is None:
        number += 1
        yield ledger.dump(), saved(ledger, f"{number:03}.tar.zst"), ledger.dump()


def test_a_backup_replaces_nothing(drained_ledger: SmallLedger) -> None:
    file = saved(drained_ledger)
    before = file.read_bytes()

    with pytest.raises(StorageError, match="is there already"):
        saved(drained_ledger)
    assert file.read_bytes() == before
    assert sorted(path.name for path in drained_ledger.folder.glob(".*")) == []


def test_a_database_that_is_there_is_only_replaced_by_force(drained_ledger: SmallLedger) -> None:
    file, before = saved(drained_ledger), drained_ledger.dump()
    drained_ledger.close()
    with closing(sqlite3.connect(drained_ledger.folder / "finops.db")) as connection, connection:
        connection.execute("DELETE FROM function_costs")
    folder = drained_ledger.folder
    shutil.rmtree(folder / "blobs")

    with pytest.raises(StorageError, match=r"is there already: .*--force"):
        backup.restore(file, url_of(folder), blobs_of(folder))
    assert not (folder / "blobs").exists()
    assert dump_of_rows(folder) == 0

    backup.restore(file, url_of(folder), blobs_of(folder), force=True)
    assert dumped(folder) == before


def dump_of_rows(folder: Path) -> int:
    with closing(sqlite3.connect(folder / "finops.db")) as connection:
        return int(connection.execute("SELECT count(*) FROM function_costs").fetchone()[0])


def test_a_database_that_a_process_has_open_is_not_replaced(drained_ledger: SmallLedger) -> None:
    file, folder = saved(drained_ledger), drained_ledger.folder
    with drained_ledger.app().readers() as session:
        rows = len(list(dump.canonical(session)))
        with pytest.raises(DatabaseUnavailable, match="stop the scheduler"):
            backup.restore(file, url_of(folder), blobs_of(folder), force=True)
        assert len(list(dump.canonical(session))) == rows


def test_a_damaged_database_and_its_log_are_replaced_by_force(drained_ledger: SmallLedger) -> None:
    file, before, folder = saved(drained_ledger), drained_ledger.dump(), drained_ledger.folder
    drained_ledger.close()
    (folder / "finops.db").write_bytes(b"hello" * 1000)
    (folder / "finops.db-wal").write_bytes(b"of another life")

    backup.restore(file, url_of(folder), blobs_of(folder), force=True)

    assert dumped(folder) == before


@pytest.mark.parametrize("at", [0, 100, 5_000, -300, -10])
def test_a_damaged_backup_is_refused_and_nothing_is_written(drained_ledger: SmallLedger, at: int) -> None:
    file = saved(drained_ledger)
    data = bytearray(file.read_bytes())
    data[at] ^= 0x55
    refused(file, bytes(data))


@pytest.mark.parametrize("kept", [0, 10, 1000, -1000, -20])
def test_half_a_backup_is_refused(drained_ledger: SmallLedger, kept: int) -> None:
    file = saved(drained_ledger)
    refused(file, file.read_bytes()[:kept])


def refused(file: Path, data: bytes) -> None:
    file.write_bytes(data)
    other = file.parent / "other"
    with pytest.raises(BrokenInput, match=file.name):
        backup.restore(file, url_of(other), blobs_of(other))
    assert not other.exists()


def members(file: Path) -> dict[str, bytes]:
    plain = zstandard.ZstdDecompressor().stream_reader(file.read_bytes()).read()
    with tarfile.open(fileobj=io.BytesIO(plain)) as tar:
        return {each.name: tar.extractfile(each).read() for each in tar}  # type: ignore[union-attr]


def archive(content: Mapping[str, bytes]) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as tar:
        for name, data in content.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return zstandard.ZstdCompressor().compress(made.getvalue())


@pytest.mark.parametrize("name", ["../finops.db", "/etc/passwd", "blobs/../../x", "other", "blobs/ab.zst"])
def test_a_backup_that_reaches_out_of_its_place_is_refused(drained_ledger: SmallLedger, name: str) -> None:
    file = saved(drained_ledger)
    refused(file, archive({name: b"x"} | members(file)))


def test_a_backup_whose_parts_are_not_its_own_is_refused(drained_ledger: SmallLedger) -> None:
    file = saved(drained_ledger)
    parts = members(file)
    manifest = parts.pop(backup.MANIFEST)
    blob, frame = next((name, data) for name, data in parts.items() if name.startswith("blobs/"))
    other = zstandard.ZstdCompressor().compress(b"other")
    for wrong in (
        {**parts, blob: other, backup.MANIFEST: manifest},
        {**parts, backup.DATABASE: b"other", backup.MANIFEST: manifest},
        {backup.DATABASE: parts[backup.DATABASE], blob: frame, backup.MANIFEST: manifest},
        {**parts, backup.MANIFEST: manifest, "more": b""},
        {**parts, backup.MANIFEST: manifest.replace(b'"format": 1', b'"format": 2')},
        parts,
    ):
        refused(file, archive(wrong))


def test_a_backup_of_a_newer_release_is_refused(drained_ledger: SmallLedger) -> None:
    drained_ledger.close()
    with closing(sqlite3.connect(drained_ledger.folder / "finops.db")) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    file, other = saved(drained_ledger), drained_ledger.folder / "other"

    with pytest.raises(BrokenInput, match=r"schema 9999, which this release does not know"):
        backup.restore(file, url_of(other), blobs_of(other))
    assert not (other / "finops.db").exists()


def test_a_raw_profile_that_is_gone_is_named_and_the_money_is_saved(drained_ledger: SmallLedger) -> None:
    lost, damaged = sorted(drained_ledger.folder.glob("blobs/??/??/*"))
    lost.unlink()
    damaged.write_bytes(b"x")
    before, file = drained_ledger.dump(), drained_ledger.folder / "saved"
    made = backup.write(url_of(drained_ledger.folder), blobs_of(drained_ledger.folder), file, NOW)

    assert set(made.missing) == {path.name.removesuffix(".zst") for path in (lost, damaged)}
    assert not made.blobs
    other = drained_ledger.folder / "other"
    assert backup.restore(file, url_of(other), blobs_of(other)) == made
    shutil.copy(drained_ledger.folder / "config.toml", other)
    with building.build(other / "config.toml", {}).readers() as session:
        assert list(dump.canonical(session)) == before


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("sqlite:///{folder}/none.db", "there is no database at"),
        ("sqlite://", "in memory"),
        ("postgresql://me:secret@db/finops", "pg_dump"),
    ],
)
def test_what_cannot_be_backed_up_says_what_can(tmp_path: Path, url: str, why: str) -> None:
    with pytest.raises(FinopsError, match=why) as caught:
        backup.write(url.format(folder=tmp_path), blobs_of(tmp_path), tmp_path / "saved", NOW)

    assert "secret" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_database_without_a_schema_is_nothing_to_back_up(tmp_path: Path) -> None:
    (tmp_path / "finops.db").touch()
    with pytest.raises(StorageError, match="holds no schema"):
        backup.write(url_of(tmp_path), blobs_of(tmp_path), tmp_path / "saved", NOW)
    assert [path.name for path in tmp_path.iterdir() if "finops.db" not in path.name] == []
