import struct
import zlib
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from finops.engine import decode, decode_block, decode_trie, encode_block, encode_trie, totals, trie
from finops.errors import StorageError
from tests.finops.engine.profiles import unhurried

DATA = Path(__file__).parents[2] / "data" / "profiles"

amounts = st.one_of(
    st.integers(0, 300), st.integers(0, 2**62 - 1), st.integers(0, 10**6).map(lambda n: n * 10**7)
)
rows = st.lists(
    st.tuples(st.integers(0, 2**63 - 1) | st.integers(0, 400), amounts, amounts),
    max_size=40,
    unique_by=lambda row: row[0],
)


@unhurried
@given(table=rows)
def test_a_function_table_comes_back_in_the_order_of_its_ids(table: list[tuple[int, int, int]]) -> None:
    table = [(function, own, own + above) for function, own, above in table]
    ids, selfs, sums = ([row[column] for row in table] for column in range(3))

    found = decode_block(encode_block(ids, selfs, sums))

    assert list(zip(*(column.tolist() for column in found), strict=True)) == sorted(table)
    assert all(column.dtype == np.int64 for column in found)


@unhurried
@given(
    nodes=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 2**63 - 1) | st.integers(0, 9), amounts))
)
def test_a_trie_comes_back_as_it_is(nodes: list[tuple[int, int, int]]) -> None:
    parents = [where % (place + 1) - 1 for place, (where, _, _) in enumerate(nodes)]
    functions, selfs = [node[1] for node in nodes], [node[2] for node in nodes]

    found = decode_trie(encode_trie(parents, functions, selfs))

    assert [column.tolist() for column in found] == [parents, functions, selfs]
    assert [column.dtype for column in found] == [np.int32, np.int64, np.int64]


@pytest.mark.parametrize("path", sorted(DATA.glob("*.pb.gz")), ids=lambda path: path.name)
def test_real_profiles_come_back(path: Path) -> None:
    columns = decode(path.read_bytes())
    for value in range(len(columns.value_types)):
        found, tree = totals(columns, value), trie(columns, value)
        ids = range(len(found.keys))
        block = encode_block(ids, found.selfs, found.totals)
        again = decode_block(block)
        assert [column.tolist() for column in again] == [
            list(ids),
            found.selfs.tolist(),
            found.totals.tolist(),
        ]
        assert len(block) < 60 + 7 * len(found.keys)
        nodes = decode_trie(encode_trie(tree.parents, tree.functions, tree.selfs))
        assert [column.tolist() for column in nodes] == [
            tree.parents.tolist(),
            tree.functions.tolist(),
            tree.selfs.tolist(),
        ]


def test_the_same_rows_give_the_same_bytes_in_any_order() -> None:
    assert encode_block([5, 1], [2, 0], [2, 9]) == encode_block([1, 5], [0, 2], [9, 2])


def test_values_that_share_a_divisor_take_less() -> None:
    ids = range(1000)
    ticks = [(place * 7919) % 101 for place in ids]
    nanoseconds = [tick * 10_000_000 for tick in ticks]
    assert len(encode_block(ids, nanoseconds, nanoseconds)) == len(encode_block(ids, ticks, ticks))


@pytest.mark.parametrize(
    ("ids", "selfs", "sums", "why"),
    [
        ([1, 2], [1], [1], "differ in length"),
        ([1, 1], [1, 2], [1, 2], "an id comes twice"),
        ([-1], [1], [1], "an id is negative"),
        ([1], [-1], [1], "a self is negative or above its total"),
        ([1], [2], [1], "a self is negative or above its total"),
    ],
)
def test_tables_that_cannot_be_are_not_written(
    ids: list[int], selfs: list[int], sums: list[int], why: str
) -> None:
    with pytest.raises(ValueError, match=why):
        encode_block(ids, selfs, sums)


@pytest.mark.parametrize(
    ("parents", "functions", "selfs", "why"),
    [
        ([-1], [1, 2], [1], "differ in length"),
        ([0], [1], [1], "a parent does not stand before its child"),
        ([-1, 2, -1], [1, 1, 1], [1, 1, 1], "a parent does not stand before its child"),
        ([-2], [1], [1], "a parent does not stand before its child"),
        ([-1], [-1], [1], "an id is negative"),
        ([-1], [1], [-1], "a self is negative"),
    ],
)
def test_tries_that_cannot_be_are_not_written(
    parents: list[int], functions: list[int], selfs: list[int], why: str
) -> None:
    with pytest.raises(ValueError, match=why):
        encode_trie(parents, functions, selfs)


FIRST_BLOCK = "010199d1521903000000000000000a0000000000000002010128b52ffd200c610000030324000001000102030000"
FIRST_TRIE = (
    "0102c12915ea03000000030000000a000000000000000201010128b52ffd200f790000030324000001000001010002000102"
)

BLOCK = encode_block([3, 7, 300], [0, 10, 20], [30, 10, 20])
TRIE = encode_trie([-1, 0, 0], [7, 3, 300], [0, 10, 20])


def test_every_changed_byte_is_found() -> None:
    for whole, read in ((BLOCK, decode_block), (TRIE, decode_trie)):
        for place in range(len(whole)):
            for flip in (1, 128):
                damaged = bytearray(whole)
                damaged[place] ^= flip
                with pytest.raises(StorageError, match=r"its checksum does not match|has version"):
                    read(bytes(damaged))


def test_every_cut_is_found() -> None:
    for whole, read in ((BLOCK, decode_block), (TRIE, decode_trie)):
        for size in range(len(whole)):
            with pytest.raises(StorageError, match=r"cut short|its checksum does not match"):
                read(whole[:size])
        with pytest.raises(StorageError, match="its checksum does not match"):
            read(whole + b"\0")


def test_another_version_is_named() -> None:
    with pytest.raises(StorageError, match="the block of a function table has version 2; this program reads"):
        decode_block(b"\2" + BLOCK[1:])


def test_a_block_of_the_other_kind_is_named() -> None:
    with pytest.raises(StorageError, match="a function table was asked for; this is 'call trie'"):
        decode_block(TRIE)
    with pytest.raises(StorageError, match="a call trie was asked for; this is 'function table'"):
        decode_trie(BLOCK)


def forged(kind: int, rows: int, functions: int, divisor: int, widths: list[int], content: bytes) -> bytes:
    """A block whose checksum is right and whose content is not."""
    rest = struct.pack("<IIQ", rows, functions, divisor) + bytes(widths)
    rest += zstandard.ZstdCompressor().compress(content)
    return struct.pack("<BBI", 1, kind, zlib.crc32(rest, zlib.crc32(bytes((1, kind))))) + rest


@pytest.mark.parametrize(
    ("block", "why"),
    [
        (forged(1, 2**32 - 1, 0, 1, [8, 8, 8], b""), "is implausible: 4294967295 rows"),
        (forged(1, 1, 0, 1, [3, 1, 1], b"abc"), "is implausible"),
        (forged(1, 1, 0, 2**64 - 1, [1, 1, 1], b"abc"), "is implausible"),
        (forged(1, 1, 0, 0, [1, 1, 1], b"abc"), "is implausible"),
        (forged(1, 2, 0, 1, [1, 1, 1], b"abc"), "is inconsistent: its columns are not 6 bytes"),
        (forged(1, 1, 0, 1, [1, 1, 1], b"abc")[:-4], "checksum"),
    ],
)
def test_implausible_sizes_make_no_array(block: bytes, why: str) -> None:
    with pytest.raises(StorageError, match=why):
        decode_block(block)


def test_a_forged_trie_has_no_node_outside_of_itself() -> None:
    with pytest.raises(StorageError, match="a node has no parent or no function"):
        decode_trie(forged(2, 1, 1, 1, [1, 1, 1, 1], bytes([0, 1, 0, 5])))
    with pytest.raises(StorageError, match="a node has no parent or no function"):
        decode_trie(forged(2, 1, 1, 1, [1, 1, 1, 1], bytes([0, 0, 9, 5])))


def test_damaged_compression_is_a_storage_error() -> None:
    rest = struct.pack("<IIQ", 1, 0, 1) + bytes([1, 1, 1]) + b"no frame"
    block = struct.pack("<BBI", 1, 1, zlib.crc32(rest, zlib.crc32(b"\1\1"))) + rest
    with pytest.raises(StorageError, match="is damaged"):
        decode_block(block)


def test_version_one_reads_for_ever() -> None:
    """Bytes written by the first release; a change that breaks this test breaks every database."""
    ids, selfs, sums = decode_block(bytes.fromhex(FIRST_BLOCK))
    assert (ids.tolist(), selfs.tolist(), sums.tolist()) == ([3, 7, 300], [0, 10, 20], [30, 10, 20])
    parents, functions, weights = decode_trie(bytes.fromhex(FIRST_TRIE))
    assert (parents.tolist(), functions.tolist(), weights.tolist()) == ([-1, 0, 0], [7, 3, 300], [0, 10, 20])


def test_ids_far_apart_need_wide_steps_only_where_they_are() -> None:
    sizes = [len(encode_block([0, gap], [0, 0], [0, 0])) for gap in (10, 1000, 10**9, 2**60)]
    assert all(narrow <= wide for narrow, wide in pairwise(sizes))
