import os
from pathlib import Path

import pytest

from finops.errors import BrokenProfile
from finops.sources import folder as folder_module
from finops.sources.folder import Folder, Recent
from tests.finops.sources.notation import STACKS, go_cpu, put


def test_files_are_listed_by_relative_path_and_hidden_ones_are_not(tmp_path: Path) -> None:
    files = ["b.pb.gz", "a/x.pb.gz", "a/.half-written", ".git/c", "odd \n\x1b'\"/é.pb.gz"]
    put(tmp_path, dict.fromkeys(files, "x"))

    assert Folder(tmp_path).paths() == ["a/x.pb.gz", "b.pb.gz", "odd \n\x1b'\"/é.pb.gz"]


def test_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Folder(tmp_path / "none").paths()


def test_a_file_is_decoded_with_its_bytes_and_its_header(tmp_path: Path) -> None:
    data = go_cpu("2026-11-02T06:15:00")
    file = Folder(put(tmp_path, {"a.pb.gz": data})).open("a.pb.gz")

    assert file.data == data
    assert file.columns.values.tolist() == [[3, 30_000_000], [2, 20_000_000]]
    assert (file.header.period, file.header.duration_nanos) == (10_000_000, 30 * 10**9)


def test_what_did_not_change_is_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Folder(put(tmp_path, {"a.pb.gz": go_cpu()}))
    first, digest = folder.open("a.pb.gz"), folder.digest("a.pb.gz")
    monkeypatch.setattr(folder_module, "read_any", None)

    assert folder.open("a.pb.gz") is first
    assert folder.digest("a.pb.gz") == digest
    assert folder.header("a.pb.gz") == first.header


def test_the_same_bytes_elsewhere_are_decoded_once(tmp_path: Path) -> None:
    folder = Folder(put(tmp_path, {"a.pb.gz": go_cpu(), "b.pb.gz": go_cpu()}))

    assert folder.digest("a.pb.gz") == folder.digest("b.pb.gz")
    assert folder.open("a.pb.gz") is folder.open("b.pb.gz")


def test_a_digest_stays_when_only_the_times_change(tmp_path: Path) -> None:
    folder = Folder(put(tmp_path, {"a.folded": "main 3\n"}))
    before = folder.digest("a.folded")

    os.utime(tmp_path / "a.folded", (0, 0))

    assert folder.digest("a.folded") == before


def test_a_digest_changes_with_the_bytes_though_size_and_times_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "a.folded"
    folder = Folder(put(tmp_path, {"a.folded": "main 3\n"}))
    times, before = path.stat(), folder.digest("a.folded")

    path.write_text("main 4\n")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))

    assert folder.digest("a.folded") != before


@pytest.mark.parametrize("target", ["/etc/hostname", "../outside.folded", "/"])
def test_a_link_out_of_the_folder_is_refused(tmp_path: Path, target: str) -> None:
    put(tmp_path, {"outside.folded": STACKS, "in/a.folded": STACKS})
    (tmp_path / "in" / "link").symlink_to(target)
    folder = Folder(tmp_path / "in")

    for ask in (folder.digest, folder.header, folder.open):
        with pytest.raises(BrokenProfile, match="'link' leads out of the folder"):
            ask("link")


def test_a_path_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    put(tmp_path, {"outside.folded": STACKS, "in/a.folded": STACKS, "in2/a.folded": STACKS})

    for path in ("../outside.folded", "../in2/a.folded", str(tmp_path / "outside.folded")):
        with pytest.raises(BrokenProfile, match="leads out of the folder"):
            Folder(tmp_path / "in").open(path)


def test_a_link_within_the_folder_is_followed(tmp_path: Path) -> None:
    put(tmp_path, {"real/a.folded": STACKS})
    (tmp_path / "link").symlink_to("real/a.folded")
    (tmp_path / "circle").symlink_to("circle")

    assert Folder(tmp_path).open("link").columns.values.tolist() == [[3], [2]]
    with pytest.raises(OSError, match="symbolic links"):
        Folder(tmp_path).open("circle")


def test_a_folder_that_is_itself_a_link_is_fine(tmp_path: Path) -> None:
    put(tmp_path, {"real/a.folded": STACKS})
    (tmp_path / "link").symlink_to("real")

    assert Folder(tmp_path / "link").paths() == ["a.folded"]
    assert Folder(tmp_path / "link").open("a.folded")


def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()

    for name in ("pipe", "folder"):
        with pytest.raises(BrokenProfile, match=f"'{name}' is no file"):
            Folder(tmp_path).open(name)


def test_a_file_that_is_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder_module, "MAX_PROFILE_BYTES", 10)
    folder = Folder(put(tmp_path, {"a.folded": "main 12345\n"}))

    with pytest.raises(BrokenProfile, match=r"'a\.folded' is larger than 10 bytes"):
        folder.digest("a.folded")


def test_a_broken_file_says_its_name_and_why_each_time(tmp_path: Path) -> None:
    folder = Folder(put(tmp_path, {"a\x1b.pb.gz": b"\x1f\x8bnonsense", "b.pb.gz": b"\x1f\x8bnonsense"}))

    for _ in range(2):
        with pytest.raises(BrokenProfile, match=r"^'a\\x1b\.pb\.gz': the gzip data is damaged"):
            folder.header("a\x1b.pb.gz")
        with pytest.raises(BrokenProfile, match=r"^'b\.pb\.gz': the gzip data is damaged"):
            folder.header("b.pb.gz")


def test_what_was_used_last_stays() -> None:
    recent: Recent[str, int] = Recent(10)
    recent.keep("a", 1, 4)
    recent.keep("b", 2, 4)
    recent.find("a")
    recent.keep("c", 3, 4)
    recent.keep("too heavy", 4, 11)

    assert [recent.find(key) for key in ("a", "b", "c", "too heavy")] == [1, None, 3, None]


def test_a_thing_kept_again_weighs_once() -> None:
    recent: Recent[str, int] = Recent(10)
    for weight in (4, 6, 5):
        recent.keep("a", weight, weight)
    recent.keep("b", 1, 5)

    assert (recent.find("a"), recent.find("b")) == (5, 1)
