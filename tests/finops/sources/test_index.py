from decimal import Decimal
from pathlib import Path

import pytest

from finops.domain.window import parse_moment
from finops.errors import BrokenInput
from finops.sources.captures import Capture
from finops.sources.folder import Folder
from finops.sources.index import IndexListing


def listing(folder: Path, text: str) -> IndexListing:
    path = folder / "index.csv"
    path.write_text(text)
    return IndexListing(Folder(folder), path)


def refusal(found: IndexListing) -> list[str]:
    with pytest.raises(BrokenInput) as caught:
        found.captures()
    return [line.strip() for line in str(caught.value).splitlines()]


def test_a_row_says_everything_about_a_capture(tmp_path: Path) -> None:
    found = listing(
        tmp_path,
        "service,path,start,end,type,version,environment,region,instance,observed_seconds,snapshots,sampling_hz\n"
        "shop,./a//b.pb.gz,2026-11-02T06:15:00Z,2026-11-02T06:15:30Z,cpu,v1,prod,eu,i-1,29.999999999,2,99\n"
        "shop,c.pb.gz,2026-11-02,,,,,,,,,\n",
    )

    assert list(found.captures()) == [
        Capture(
            path="a/b.pb.gz",
            service="shop",
            start=parse_moment("2026-11-02T06:15:00Z"),
            end=parse_moment("2026-11-02T06:15:30Z"),
            type="cpu",
            version="v1",
            environment="prod",
            region="eu",
            instance="i-1",
            observed_nanos=29_999_999_999,
            snapshots=2,
            sampling_hz=Decimal(99),
        ),
        Capture("c.pb.gz", "shop", parse_moment("2026-11-02")),
    ]


def test_a_file_may_stand_for_several_hours_but_a_row_only_once(tmp_path: Path) -> None:
    found = listing(tmp_path, "path,service,start\na,shop,2026-11-02T06:00Z\na,shop,2026-11-02T07:00Z\n")

    assert len(found.captures()) == 2

    found = listing(
        tmp_path,
        "path,service,start\na,shop,2026-11-02T06:00Z\nb,shop,2026-11-02\n./a,shop,2026-11-02T07:00+01:00\n",
    )

    assert refusal(found) == [f"{tmp_path}/index.csv: line 4 says the same as line 2"]


def test_every_mistake_is_named(tmp_path: Path) -> None:
    found = listing(
        tmp_path,
        "path,service,start,end,observed_seconds,snapshots\n"
        "../a,shop,2026-11-02,,,\n"
        "/etc/passwd,shop,2026-11-02,,,\n"
        ".,shop,2026-11-02,,,\n"
        "a/../../b,shop,2026-11-02,,,\n"
        "a\0b,shop,2026-11-02,,,\n"
        "a,,2026-11-02,2026-11-01,x,0\n"
        "a,shop,,,1.0000000001,-1\n",
    )

    decimals = "Decimal input should have no more than 9 decimal places"

    assert refusal(found) == [
        f"{tmp_path}/index.csv cannot be used:",
        "line 2: path: give the path of a file within the folder (got '../a')",
        "line 3: path: give the path of a file within the folder (got '/etc/passwd')",
        "line 4: path: give the path of a file within the folder (got '.')",
        "line 5: path: give the path of a file within the folder (got 'a/../../b')",
        "line 6: path: give the path of a file within the folder (got 'a\\x00b')",
        "line 7: service: Field required",
        "line 7: end: 2026-11-01T00:00:00Z is not after 2026-11-02T00:00:00Z (got '2026-11-01')",
        "line 7: observed_seconds: Input should be a valid decimal (got 'x')",
        "line 7: snapshots: Input should be greater than 0 (got '0')",
        "line 8: start: Field required",
        f"line 8: observed_seconds: {decimals} (got '1.0000000001')",
        "line 8: snapshots: Input should be greater than 0 (got '-1')",
    ]


def test_files_that_are_not_there_are_named_by_line(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    (tmp_path / "folder").mkdir()
    (tmp_path / "out").symlink_to("/etc/passwd")
    rows = "".join(f"{path},shop,2026-11-02\n" for path in ("a", "b", "folder", "out", "a"))
    found = listing(tmp_path, f"path,service,start\n{rows}")

    assert [str(mistake).removeprefix(f"{tmp_path}/") for mistake in found.mistakes()] == [
        "index.csv: line 6 says the same as line 2",
        "index.csv: line 3: path: 'b' is no file in the folder that can be read",
        "index.csv: line 4: path: 'folder' is no file in the folder that can be read",
        "index.csv: line 5: path: 'out' is no file in the folder that can be read",
    ]
    assert listing(tmp_path, "path,service,start\na,shop,2026-11-02\n").mistakes() == []


def test_an_index_is_read_again_when_it_has_changed(tmp_path: Path) -> None:
    found = listing(tmp_path, "path,service,start\na,shop,2026-11-02\n")
    before = found.captures()

    assert found.captures() is before

    (tmp_path / "index.csv").write_text("path,service,start\na,cart,2026-11-02\n")

    assert [capture.service for capture in found.captures()] == ["cart"]
