import os
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from time import perf_counter

import pytest

from finops.config import rows
from finops.domain.machine import MachineHours, MachineKind, Shape
from finops.domain.ports import FleetSource
from finops.domain.window import Window, hour_of
from finops.errors import BrokenInput, Unavailable
from finops.fleet import CsvFile

DATA = Path(__file__).parents[2] / "data" / "fleet"
HEADER = "service,region,machine_type,count,from"
SIX = hour_of(datetime(2026, 11, 2, 6, tzinfo=UTC))
HOUR_NANOS = 3600 * 10**9

Write = Callable[[str | bytes], CsvFile]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def written(content: str | bytes) -> CsvFile:
        path = tmp_path / "fleet.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return CsvFile("cmdb", path)

    return written


def hours(source: FleetSource, window: Window = SIX) -> list[MachineHours]:
    return list(source.machine_hours(window))


def refusal(source: CsvFile) -> str:
    with pytest.raises(BrokenInput) as caught:
        source.machine_hours(SIX)
    return re.sub(r"^\S*/fleet.csv", "fleet.csv", str(caught.value))


def test_rows_become_machine_hours() -> None:
    old, new, search = hours(CsvFile("cmdb", DATA / "fleet.csv"))

    assert old == MachineHours(
        service="checkout",
        window=SIX,
        kind=MachineKind("aws", "us-east-1", "c5.2xlarge", "on_demand", "us-east-1a", "123456789012"),
        machine_nanos=10 * HOUR_NANOS,
        instance_nanos=20 * HOUR_NANOS,
        utilisation=Decimal("0.7"),
        resident_mib=Decimal(11776),
        version="v42",
        environment="production",
        shape=Shape(Decimal(8), 16384),
        source="cmdb",
    )
    assert new == MachineHours(
        service="checkout",
        window=SIX,
        kind=MachineKind("aws", "us-east-1", "c5.2xlarge"),
        machine_nanos=5 * HOUR_NANOS,
        instance_nanos=5 * HOUR_NANOS,
        source="cmdb",
    )
    assert search.kind == MachineKind("gcp", "europe-west1", "n2-standard-8", "spot")


def test_rows_that_overlap_add_up(write: Write) -> None:
    source = write(f"{HEADER}\na,r,m,1,2026-11-02\na,r,m,1,2026-11-02\n")

    assert [row.machine_nanos for row in hours(source)] == [HOUR_NANOS, HOUR_NANOS]


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + f"{HEADER}\na,r,m,1,2026-11-02\n".encode(),
        f"{HEADER}\r\na,r,m,1,2026-11-02\r\n".encode(),
        "service , from,count,machine_type,region\n a , 2026-11-02, 1,m,r",
        f'{HEADER}\n"a","r","m","1","2026-11-02"\n\n',
    ],
    ids=["byte order mark", "carriage returns", "another order, spaces", "quotes, empty lines"],
)
def test_files_come_as_spreadsheets_write_them(write: Write, content: str | bytes) -> None:
    [row] = hours(write(content))

    assert (row.service, row.machine_nanos) == ("a", HOUR_NANOS)


def test_every_mistake_is_named_by_line_and_column(write: Write) -> None:
    source = write(
        f"{HEADER},to,utilisation,vcpu\n"
        "a,r,m,1,2026-11-02,,,\n"
        "a,r,m,x,2026-11-02,,70,\n"
        "a,r,m,1,soon,,,\n"
        "a,r,m,1\n"
        ",r,m,1,2026-11-02,2026-11-01,,8\n"
        "evil\x1b[2J,r,m,1,2026-11-02,,,\n"
        f"{'n' * 1001},{'r' * 101},m,1,2026-11-02,,,\n"
    )

    assert refusal(source).splitlines() == [
        "fleet.csv cannot be used:",
        "  line 3: count: Input should be a valid integer, unable to parse string as an integer (got 'x')",
        "  line 3: utilisation: Input should be less than or equal to 1 (got '70')",
        "  line 4: from: 'soon' is not a date or a time, as 2026-11-02 or 2026-11-02T06:00:00Z",
        "  line 5: 4 cells stand under 8 columns",
        "  line 6: service: Field required",
        "  line 6: to: 2026-11-01T00:00:00Z is not after 2026-11-02T00:00:00Z (got '2026-11-01')",
        "  line 7: service: a name may not hold control or invisible characters (got 'evil\\x1b[2J')",
        f"  line 8: service: 1001 bytes are more than the 1000 of a name that are kept (got '{'n' * 79}…)",
        f"  line 8: region: 101 bytes are more than the 100 of a name that are kept (got '{'r' * 79}…)",
    ]


def test_mistakes_can_be_asked_for_one_by_one(write: Write, tmp_path: Path) -> None:
    where = f"cmdb: {tmp_path}/fleet.csv"
    assert write(f"{HEADER}\na,r,m,1,2026-11-02\n").mistakes() == []
    assert [str(each) for each in write(f"{HEADER}\na,r,m,0,soon\n").mistakes()] == [
        f"{where}: line 2: count: Input should be greater than 0 (got '0')",
        f"{where}: line 2: from: 'soon' is not a date or a time, as 2026-11-02 or 2026-11-02T06:00:00Z",
    ]
    assert [str(each) for each in write("").mistakes()] == [
        f"{where}: the file is empty; its first line names the columns"
    ]
    assert len(write(f"{HEADER}\n" + "a,r,m,0,2026-11-02\n" * 100).mistakes()) == 20 + 1
    assert [str(each) for each in CsvFile("cmdb", tmp_path / "none.csv").mistakes()] == [
        f"cmdb: {tmp_path}/none.csv: No such file or directory"
    ]


def test_a_name_is_measured_in_the_bytes_that_are_kept(write: Write) -> None:
    ok, long = (f"{HEADER}\n{'é' * size},r,m,1,2026-11-02\n" for size in (500, 501))

    assert [row.service for row in hours(write(ok))] == ["é" * 500]
    assert refusal(write(long)).splitlines()[1:] == [
        f"  line 2: service: 1002 bytes are more than the 1000 of a name that are kept (got '{'é' * 79}…)"
    ]


def test_twenty_mistakes_are_enough(write: Write) -> None:
    lines = refusal(write(f"{HEADER}\n" + "a,r,m,0,2026-11-02\n" * 100)).splitlines()

    assert len(lines) == 1 + 20 + 1
    assert lines[-1] == "  … and perhaps more"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "fleet.csv: the file is empty; its first line names the columns"),
        (b"\xef\xbb\xbf\n", "fleet.csv: the file is empty; its first line names the columns"),
        (f"{HEADER}\n", "fleet.csv: there is no row below the header"),
        (
            f"{HEADER},cost\x1b\na",
            "fleet.csv: there is no column 'cost\\x1b'; the columns are service, cloud",
        ),
        (f"{HEADER},count\na", "fleet.csv: a column stands there twice; the columns are service, cloud"),
        (
            "service,count\na",
            "fleet.csv: the column 'region', 'machine_type', 'from' is missing; the columns",
        ),
        (b"service,r\xe9gion\n", "fleet.csv: 'utf-8' codec can't decode byte 0xe9"),
        (f'{HEADER}\n"a"b,r,m,1,2026-11-02', "fleet.csv: ',' expected after '\"'"),
        (f"{HEADER}\n{'a' * 200_000},r,m,1,2026-11-02", "fleet.csv: field larger than field limit"),
    ],
)
def test_what_is_no_table_of_machines_says_so(write: Write, content: str | bytes, message: str) -> None:
    assert refusal(write(content)).startswith(message)


def test_a_file_that_is_too_large_is_not_read(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "MAX_BYTES", 100)

    assert refusal(write(b"a" * 101)) == "fleet.csv: the file is larger than 100 bytes"


def test_a_missing_file_may_come_later(tmp_path: Path) -> None:
    path = tmp_path / "fleet.csv"
    source = CsvFile("cmdb", path)

    with pytest.raises(Unavailable, match=r"cmdb: .*fleet.csv: No such file or directory"):
        source.machine_hours(SIX)

    path.write_text(f"{HEADER}\na,r,m,1,2026-11-02\n")

    assert len(hours(source)) == 1


def test_a_file_is_read_again_when_it_has_changed_even_to_the_same_size(tmp_path: Path) -> None:
    path = tmp_path / "fleet.csv"
    path.write_text(f"{HEADER}\na,r,m,1,2026-11-02\n")
    times = path.stat()
    source = CsvFile("cmdb", path)
    before = hours(source)

    path.write_text(f"{HEADER}\na,r,m,2,2026-11-02\n")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))

    assert [row.machine_nanos for row in before + hours(source)] == [HOUR_NANOS, 2 * HOUR_NANOS]


def test_a_file_that_broke_is_refused_though_it_was_read_before(write: Write) -> None:
    source = write(f"{HEADER}\na,r,m,1,2026-11-02\n")
    hours(source)
    write(f"{HEADER}\na,r,m,0,2026-11-02\n")

    assert "line 2: count" in refusal(source)
    assert "line 2: count" in refusal(source)


def test_three_weeks_of_hours_over_thousands_of_rows_are_quick(write: Write) -> None:
    start = datetime(2026, 11, 2, tzinfo=UTC)
    moments = [start + timedelta(hours=i) for i in range(21 * 24)]
    lines = [
        f"service-{i},r,m,1,{at:%Y-%m-%dT%H:%M:%SZ},{at + timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}"
        for at in moments
        for i in range(8)
    ]
    source = write("\n".join([f"{HEADER},to", *lines]))

    begun = perf_counter()
    counts = [len(hours(source, hour_of(at))) for at in moments]

    assert counts == [8] * len(moments)
    # About two seconds on a busy machine; reading the file for each hour would take a minute.
    assert perf_counter() - begun < 15


def test_a_pipe_is_no_file_and_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fleet.csv")
    source = CsvFile("fleet", tmp_path / "fleet.csv")

    assert [each.message for each in source.mistakes()] == ["it is no file"]
    with pytest.raises(Unavailable, match="it is no file"):
        list(source.machine_hours(hour_of(datetime(2026, 11, 2, tzinfo=UTC))))
