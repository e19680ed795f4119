import gzip
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from finops.engine import Columns, LabelColumns, ValueType, decode, encode, totals
from tests.finops.engine import wire
from tests.finops.engine.profiles import assert_same, profile, table

DATA = Path(__file__).parents[2] / "data" / "profiles"


def labelled(*labels: tuple[int, str, str | None, int, str]) -> Columns:
    owners, keys, texts, numbers, units = zip(*labels, strict=True)
    columns = LabelColumns(np.array(owners, np.int64), keys, texts, np.array(numbers, np.int64), units)
    return replace(profile("main 1\nserve 2"), labels=columns)


@pytest.mark.parametrize("path", sorted(DATA.glob("*.pb.gz")), ids=lambda path: path.name)
def test_a_capture_written_again_reads_the_same(path: Path) -> None:
    columns = decode(path.read_bytes())
    assert_same(decode(encode(columns)), columns)
    assert_same(decode(encode(columns, compress=False)), columns)


def test_headers_come_back() -> None:
    columns = replace(
        profile("main;serve 1\n[libc.so];? 2", drop="a.*", keep="ab"),
        default_type="cpu",
        period_type=ValueType("cpu", "nanoseconds"),
        period=10_000_000,
        time_nanos=1_700_000_000 * 10**9,
        duration_nanos=30 * 10**9,
        comments=("one", "", "one"),
        doc_url="https://example.org",
        location_folded=(True, False, True, False),
    )
    assert_same(decode(encode(columns)), columns)


def test_the_time_is_a_plain_number_as_go_demands() -> None:
    assert wire.number(9, 12345) in encode(replace(profile("main 1"), time_nanos=12345), compress=False)


def test_labels_come_back_even_those_that_say_nothing() -> None:
    columns = labelled(
        (0, "endpoint", "/list", 0, ""),
        (0, "empty", "", 0, ""),
        (1, "bytes", None, 512, "bytes"),
        (1, "bytes", None, -1, ""),
        (1, "zero", None, 0, "bytes"),
        (1, "nothing", None, 0, ""),
        (1, "", "no key", 0, ""),
    )
    assert_same(decode(encode(columns)), columns)


def test_the_same_columns_give_the_same_bytes() -> None:
    columns = profile("main;serve 1\nmain;parse 2")
    assert encode(columns) == encode(columns)
    assert gzip.decompress(encode(columns)) == encode(columns, compress=False)


def test_the_gzip_header_has_no_time() -> None:
    assert encode(profile("main 1"))[4:8] == bytes(4)


def test_half_a_surrogate_pair_becomes_a_replacement_character() -> None:
    columns = replace(profile("main 1"), function_names=("a\ud800b",))
    assert decode(encode(columns)).function_names == ("a\ufffdb",)


def test_a_line_without_a_function_reads_as_one_without_a_name() -> None:
    columns = profile("main;serve 5")
    nameless = replace(columns, line_functions=np.array([0, -1], np.int32))
    again = decode(encode(nameless))

    assert table(totals(again, 0)) == table(totals(nameless, 0)) == {"main": (0, 5), "[shop]": (5, 5)}
    assert again.function_names == ("main", "serve", "")


def test_no_samples_are_a_profile_too() -> None:
    columns = profile("")
    assert_same(decode(encode(columns)), columns)
