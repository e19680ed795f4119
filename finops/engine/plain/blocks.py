"""Function tables and call tries as bytes for the store: some two bytes an entry, under a checksum.

A block is: version, kind, CRC-32 of all the rest, number of rows, number of distinct functions (of a
trie), greatest common divisor of the values, the width of each column in bytes, and one zstd frame
with the columns. A column is whole numbers from 0 up, in the narrowest of 1, 2, 4 and 8 bytes, all
lowest bytes first, then all second ones. Numbers are little-endian.

Version 1 is read for ever; another layout takes another number.
"""

import struct
import zlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import zstandard

from finops.errors import StorageError

Int32s = npt.NDArray[np.int32]
Int64s = npt.NDArray[np.int64]
UInt64s = npt.NDArray[np.uint64]
Integers = Sequence[int] | npt.NDArray[np.signedinteger]

VERSION = 1
_FUNCTIONS, _TRIE = 1, 2
_KINDS = {_FUNCTIONS: "function table", _TRIE: "call trie"}

_WIDTHS = {1, 2, 4, 8}
_INT64_MAX = 2**63 - 1

_START = struct.Struct("<BBI")
_REST = struct.Struct("<IIQ")
_ZSTD_LEVEL = 3

# The largest trie met has 469,000 nodes. A count beyond this is no block of ours, and makes no array.
_MAX_ROWS = 1 << 25


def encode_block(ids: Integers, selfs: Integers, totals: Integers) -> bytes:
    """The self and total of each function of a table. Rows are kept in the order of their ids.

    Raises:
        ValueError: the columns differ in length, an id is negative or comes twice, a self is
            negative, or a total is less than its self.
        StorageError: there are more rows than a block holds, 33 million.
    """
    id_column, self_column, total_column = (np.asarray(column, np.int64) for column in (ids, selfs, totals))
    if not id_column.shape == self_column.shape == total_column.shape:
        raise ValueError("ids, selfs and totals differ in length")
    if (self_column < 0).any() or (total_column < self_column).any():
        raise ValueError("a self is negative or above its total")
    order = np.argsort(id_column)
    divisor = _divisor(self_column, total_column)
    columns = [
        _steps(id_column[order]),
        self_column[order] // divisor,
        (total_column - self_column)[order] // divisor,
    ]
    return _pack(_FUNCTIONS, _Sizes(id_column.size, 0, divisor), columns)


def decode_block(data: bytes) -> tuple[Int64s, Int64s, Int64s]:
    """The ids, selfs and totals of a block, in the order of the ids.

    Raises:
        StorageError: the bytes are not what `encode_block` wrote.
    """
    sizes, (steps, selfs, above) = _unpack(data, _FUNCTIONS, 3)
    selfs = selfs * sizes.divisor
    return np.cumsum(steps + 1) - 1, selfs, selfs + above * sizes.divisor


def encode_trie(parents: Integers, function_ids: Integers, selfs: Integers) -> bytes:
    """The nodes of a trie: the index of each one's parent (-1: none), its function's id, and its self.

    Raises:
        ValueError: the columns differ in length, a parent does not stand before its child, or an id
            or a self is negative.
        StorageError: there are more nodes than a block holds, 33 million.
    """
    parent_column, id_column, self_column = (
        np.asarray(column, np.int64) for column in (parents, function_ids, selfs)
    )
    if not parent_column.shape == id_column.shape == self_column.shape:
        raise ValueError("parents, function_ids and selfs differ in length")
    # 0 for a first child, which follows its parent: most nodes are one.
    back = np.arange(parent_column.size) - 1 - parent_column
    if (parent_column < -1).any() or (back < 0).any():
        raise ValueError("a parent does not stand before its child")
    if (self_column < 0).any():
        raise ValueError("a self is negative")
    distinct, functions = np.unique(id_column, return_inverse=True)
    divisor = _divisor(self_column)
    columns = [_steps(distinct), back, functions, self_column // divisor]
    return _pack(_TRIE, _Sizes(id_column.size, distinct.size, divisor), columns)


def decode_trie(data: bytes) -> tuple[Int32s, Int64s, Int64s]:
    """The parents, function ids and selfs of a trie's nodes.

    Raises:
        StorageError: the bytes are not what `encode_trie` wrote.
    """
    sizes, (steps, back, functions, selfs) = _unpack(data, _TRIE, 4)
    parents = np.arange(sizes.rows) - 1 - back
    if (parents < -1).any() or (functions >= sizes.functions).any():
        raise StorageError("the block of a call trie is inconsistent: a node has no parent or no function")
    return parents.astype(np.int32), (np.cumsum(steps + 1) - 1)[functions], selfs * sizes.divisor


class _Sizes(NamedTuple):
    rows: int
    functions: int
    divisor: int

    def lengths(self, kind: int) -> list[int]:
        """How many numbers each column has."""
        return [self.rows] * 3 if kind == _FUNCTIONS else [self.functions, *[self.rows] * 3]


def _divisor(*columns: Int64s) -> int:
    return max(int(np.gcd.reduce(np.concatenate(columns))) if columns[0].size else 0, 1)


def _steps(ids: Int64s) -> Int64s:
    """How many ids are left out before each; the ids are in order."""
    if (ids < 0).any():
        raise ValueError("an id is negative")
    steps = np.diff(ids, prepend=-1) - 1
    if (steps < 0).any():
        raise ValueError("an id comes twice")
    return steps


def _pack(kind: int, sizes: _Sizes, columns: list[Int64s]) -> bytes:
    if sizes.rows > _MAX_ROWS:
        raise StorageError(f"{sizes.rows} rows are more than the {_MAX_ROWS} of one block")
    widths = [_width(column) for column in columns]
    shuffled = b"".join(
        column.astype(f"<u{width}").view(np.uint8).reshape(-1, width).T.tobytes()
        for column, width in zip(columns, widths, strict=True)
    )
    frame = zstandard.ZstdCompressor(level=_ZSTD_LEVEL).compress(shuffled)
    rest = _REST.pack(*sizes) + bytes(widths) + frame
    return _START.pack(VERSION, kind, _checksum(kind, rest)) + rest


def _width(column: Int64s) -> int:
    largest = int(column.max(initial=0))
    return next(width for width in sorted(_WIDTHS) if largest < 1 << 8 * width)


def _checksum(kind: int, rest: bytes) -> int:
    return zlib.crc32(rest, zlib.crc32(bytes((VERSION, kind))))


def _unpack(data: bytes, kind: int, columns: int) -> tuple[_Sizes, list[Int64s]]:
    what = f"the block of a {_KINDS[kind]}"
    if len(data) < _START.size + _REST.size + columns:
        raise StorageError(f"{what} is cut short: it has {len(data)} bytes")
    version, found_kind, checksum = _START.unpack_from(data)
    if version != VERSION:
        raise StorageError(f"{what} has version {version}; this program reads version {VERSION}")
    rest = data[_START.size :]
    if _checksum(found_kind, rest) != checksum:
        raise StorageError(f"{what} is damaged: its checksum does not match")
    if found_kind != kind:
        raise StorageError(f"{what} was asked for; this is {_KINDS.get(found_kind, f'kind {found_kind}')!r}")
    sizes = _Sizes(*_REST.unpack_from(rest))
    widths = list(rest[_REST.size : _REST.size + columns])
    lengths = sizes.lengths(kind)
    if not set(widths) <= _WIDTHS or max(lengths) > _MAX_ROWS or not 0 < sizes.divisor <= _INT64_MAX:
        raise StorageError(f"{what} is implausible: {sizes.rows} rows in columns of {widths} bytes")
    shuffled = _inflated(what, rest[_REST.size + columns :], sum(map(int.__mul__, lengths, widths)))
    return sizes, _unshuffled(shuffled, lengths, widths)


def _inflated(what: str, frame: bytes, size: int) -> bytes:
    try:
        if zstandard.frame_content_size(frame) != size:
            raise StorageError(f"{what} is inconsistent: its columns are not {size} bytes")
        return zstandard.ZstdDecompressor().decompress(frame, allow_extra_data=False)
    except zstandard.ZstdError as error:
        raise StorageError(f"{what} is damaged: {error}") from error


def _unshuffled(shuffled: bytes, lengths: list[int], widths: list[int]) -> list[Int64s]:
    columns = []
    at = 0
    for length, width in zip(lengths, widths, strict=True):
        part = np.frombuffer(shuffled, np.uint8, length * width, at)
        narrow = np.ascontiguousarray(part.reshape(width, length).T).view(f"<u{width}")
        columns.append(narrow.reshape(length).astype(np.int64))
        at += length * width
    return columns
