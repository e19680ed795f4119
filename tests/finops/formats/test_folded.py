import gzip
from pathlib import Path

import numpy as np
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from finops.engine import FunctionKey, ValueType, decode, encode, totals, trie
from finops.errors import BrokenProfile
from finops.formats import folded
from tests.finops.engine.profiles import assert_same, profile, table, tree, unhurried

CAPTURE = Path(__file__).parents[2] / "data" / "profiles" / "pyspy.folded.txt"


def test_stacks_run_from_the_root_to_the_leaf() -> None:
    columns = folded.read(b"main;serve;parse 30\nmain;serve 50\nmain;gc 20\n")

    assert columns.value_types == (ValueType("samples", "count"),)
    assert tree(trie(columns, 0)) == {"main": 0, "main;gc": 20, "main;serve": 50, "main;serve;parse": 30}


@pytest.mark.parametrize(
    ("frame", "name", "file", "line"),
    [
        ("main", "main", "", 0),
        ("price (shop/cart.py:12)", "price", "shop/cart.py", 12),
        ("price (shop/cart.py)", "price", "shop/cart.py", 0),
        ("<module> (<frozen site>:616)", "<module>", "<frozen site>", 616),
        ("<module> (<string>)", "<module>", "<string>", 0),
        ("f (C:\\app\\cart.py:3)", "f", "C:\\app\\cart.py", 3),
        ("malloc (libc.so.6)", "malloc", "libc.so.6", 0),
        ("f (x) (cart.py:1)", "f (x)", "cart.py", 1),
        ("operator new (unsigned long)", "operator new (unsigned long)", "", 0),
        ("f(int)", "f(int)", "", 0),
        ("f (:3)", "f (:3)", "", 0),
        ("f (cart.py:9999999999)", "f (cart.py:9999999999)", "", 0),
        ("f (", "f (", "", 0),
        ('process 7:"python x.py"', 'process 7:"python x.py"', "", 0),
        ("do_syscall_[k]", "do_syscall_[k]", "", 0),
    ],
)  # fmt: skip
def test_a_frame_is_a_name_or_a_name_with_a_file(frame: str, name: str, file: str, line: int) -> None:
    columns = folded.read(f"{frame} 5\n".encode())

    assert (columns.function_names, columns.function_files) == ((name,), (file,))
    assert columns.line_numbers.tolist() == [line]


def test_two_lines_of_a_function_are_one_function() -> None:
    columns = folded.read(b"f (a.py:1);f (a.py:2) 5\nf (b.py:1) 6\n")

    assert len(columns.line_numbers) == 3
    found = totals(columns, 0)
    assert found.keys == (FunctionKey("f", "a.py"), FunctionKey("f", "b.py"))
    assert found.totals.tolist() == [5, 6]


def test_empty_lines_comments_and_windows_line_ends_are_no_trouble() -> None:
    columns = folded.read(b"# from perf\r\n\r\nmain;serve 5\r\n   \n\nmain 6")
    assert table(totals(columns, 0)) == {"main": (6, 11), "serve": (5, 5)}


def test_a_line_that_has_only_a_count_is_weight_without_a_stack() -> None:
    found = totals(folded.read(b" 12\nmain 5\n"), 0)
    assert (found.total, found.no_stack, table(found)) == (17, 12, {"main": (5, 5)})


def test_compressed_text_reads_the_same() -> None:
    text = b"main;serve 5\n"
    for packed in (gzip.compress(text), zstandard.ZstdCompressor().compress(text)):
        assert_same(folded.read(packed), folded.read(text))


def test_characters_that_are_not_utf8_are_replaced() -> None:
    assert folded.read(b"m\xffin 5").function_names == ("m\ufffdin",)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("main;serve", "'main;serve' is no stack with a space and a count behind it"),
        ("12", "'12' is no stack with a space and a count behind it"),
        ("\x1b[31mred\x07", r"'\x1b[31mred\x07' is no stack with a space and a count behind it"),
        ("x" * 500, f"'{'x' * 80}' is no stack with a space and a count behind it"),
        ("main;serve x\r", "'main;serve x': the count 'x' is not a whole number"),
        ("main;serve 1.5", "'main;serve 1.5': the count '1.5' is not a whole number"),
        ("main;serve ٣", "'main;serve ٣': the count '٣' is not a whole number"),
        ("main;serve --3", "'main;serve --3': the count '--3' is not a whole number"),
        ("main;serve -3", "'main;serve -3': the count '-3' is negative, which collapsed stacks cannot say"),
        (
            "x 9223372036854775808",
            "'x 9223372036854775808': the count '9223372036854775808' is beyond 64 bits",
        ),
        ("main " + "9" * 9000, f"'main {'9' * 75}': the count '{'9' * 80}' is beyond 64 bits"),
        (";" * 70_000 + " 1", f"'{';' * 80}': the stack has 70001 frames, over 65536"),
    ],
)
def test_a_bad_line_is_named_by_number_and_text(line: str, why: str) -> None:
    with pytest.raises(BrokenProfile) as refused:
        folded.read(f"main 1\n{line}\nmain 2\n".encode())
    assert str(refused.value) == f"line 2: {why}"


def test_too_much_text_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folded, "MAX_TEXT", 100)
    text = b"main;serve 5\n" * 8
    with pytest.raises(BrokenProfile, match="inflates beyond 100 bytes"):
        folded.read(gzip.compress(text))
    with pytest.raises(BrokenProfile, match="104 bytes of text are more than the 100 that are read"):
        folded.parse(text)


def test_too_many_lines_are_refused_before_they_are_split(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folded, "MAX_MESSAGES", 3)
    with pytest.raises(BrokenProfile, match="4 lines of text are more than the 3 that are read"):
        folded.read(b"main 5\n" + b"\n" * 3)


def test_the_capture_of_pyspy_is_read_whole() -> None:
    columns = folded.read(CAPTURE.read_bytes())
    found = totals(columns, 0)

    counts = [int(line.rpartition(" ")[2]) for line in CAPTURE.read_text("utf-8").splitlines()]
    assert found.total == sum(counts)
    assert found.no_stack > 0
    assert {key.file for key in found.keys if not key.file.startswith("<frozen ")} == {"shop.py"}
    assert FunctionKey("fib", "shop.py") in found.keys


def test_what_is_read_is_a_profile_like_any_other() -> None:
    columns = folded.read(CAPTURE.read_bytes())
    assert_same(decode(encode(columns)), columns)


def test_written_stacks_are_sorted_and_added_up() -> None:
    columns = profile("main@a.py;serve@b.py 5\nmain@a.py 1\n2\nmain@a.py;serve@b.py 4\n[libc.so];x@ 0")
    assert folded.write(columns) == b" 2\nmain (a.py) 1\nmain (a.py);serve (b.py) 9\n"


def test_another_column_of_values_can_be_written() -> None:
    two = (ValueType("samples", "count"), ValueType("cpu", "nanoseconds"))
    assert folded.write(profile("main 1 10", two), 1) == b"main (a.c) 10\n"


def test_names_that_would_break_a_line_are_mended() -> None:
    columns = folded.read(b"x 1")
    for name, written in [("a;b\nc", b"a:b c 1\n"), ("#a", b" #a 1\n"), ("\ud800", b"? 1\n")]:
        object.__setattr__(columns, "function_names", (name,))
        assert folded.write(columns) == written
        assert totals(folded.read(folded.write(columns)), 0).total == 1


def test_negative_values_cannot_be_written() -> None:
    with pytest.raises(BrokenProfile, match="negative"):
        folded.write(profile("main -1"))


frames = st.sampled_from(["main", "serve (shop/app.py)", "price (<frozen site>)", "new (long)", "ünïcode"])
lines = st.tuples(st.lists(frames, max_size=5).map(";".join), st.integers(1, 10**12))


@unhurried
@given(stacks=st.lists(lines, max_size=10))
def test_what_is_written_reads_the_same(stacks: list[tuple[str, int]]) -> None:
    columns = folded.read("".join(f"{stack} {count}\n" for stack, count in stacks).encode())
    assert_same(trie(folded.read(folded.write(columns)), 0), trie(columns, 0))


@given(text=st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        columns = folded.read(text.encode(errors="replace"))
    except BrokenProfile:
        return
    assert columns.values.dtype == np.int64
