import gzip
import zlib
from collections.abc import Callable

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from finops.engine import MAX_PROFILE_BYTES, inflate
from finops.errors import BrokenProfile

Pack = Callable[[bytes], bytes]

RAW = b"a profile " * 1000


def zstd(data: bytes) -> bytes:
    return zstandard.ZstdCompressor(write_checksum=True).compress(data)


def unsized_zstd(data: bytes) -> bytes:
    stream = zstandard.ZstdCompressor(write_checksum=True).compressobj()
    return stream.compress(data) + stream.flush()


@pytest.mark.parametrize("pack", [gzip.compress, zstd, unsized_zstd, bytes])
def test_gzip_zstd_and_raw_bytes_give_the_same(pack: Pack) -> None:
    assert inflate(pack(RAW)) == RAW


@given(data=st.binary(max_size=2000))
def test_what_was_packed_comes_out(data: bytes) -> None:
    assert inflate(gzip.compress(data)) == inflate(unsized_zstd(data)) == inflate(zstd(data)) == data


@pytest.mark.parametrize("pack", [gzip.compress, zstd, unsized_zstd, bytes])
def test_the_bound_is_on_what_comes_out(pack: Pack) -> None:
    assert inflate(pack(RAW), len(RAW)) == RAW
    with pytest.raises(BrokenProfile, match=r"^the profile inflates beyond 9999 bytes$"):
        inflate(pack(RAW), len(RAW) - 1)


@pytest.mark.parametrize("pack", [gzip.compress, zstd, unsized_zstd])
def test_a_small_bomb_is_stopped_at_the_bound(pack: Pack) -> None:
    bomb = pack(bytes(50 << 20))
    assert len(bomb) < 60_000

    with pytest.raises(BrokenProfile, match="inflates beyond 1048576 bytes"):
        inflate(bomb, 1 << 20)


def test_a_zstd_frame_that_lies_about_its_size_is_refused() -> None:
    # The frame header: magic, a descriptor, and one byte of content size for small single segments.
    honest = zstd(b"x" * 200)
    assert honest[5] == 200
    for claimed in (0, 10, 255):
        with pytest.raises(BrokenProfile, match="zstd"):
            inflate(honest[:5] + bytes([claimed]) + honest[6:])


@pytest.mark.parametrize("pack", [gzip.compress, zstd, unsized_zstd])
def test_a_cut_file_is_refused_at_every_byte(pack: Pack) -> None:
    whole = pack(RAW[:100])
    for size in range(4, len(whole)):
        with pytest.raises(BrokenProfile, match=r"cut short|damaged"):
            inflate(whole[:size])


@pytest.mark.parametrize("pack", [gzip.compress, zstd, unsized_zstd])
def test_two_files_in_one_are_refused(pack: Pack) -> None:
    with pytest.raises(BrokenProfile, match=r"several .* in one file: these are concatenated profiles"):
        inflate(pack(RAW) + pack(RAW))


@pytest.mark.parametrize("pack", [gzip.compress, zstd, unsized_zstd])
def test_bytes_behind_the_end_are_refused(pack: Pack) -> None:
    with pytest.raises(BrokenProfile, match=r"^1500 bytes follow the end of the "):
        inflate(pack(RAW) + b"x" * 1500)


def test_a_wrong_checksum_is_refused() -> None:
    whole = bytearray(gzip.compress(RAW))
    whole[-6] ^= 1
    with pytest.raises(BrokenProfile, match=r"the gzip data is damaged: .*incorrect data check"):
        inflate(bytes(whole))


@pytest.mark.parametrize("pack", [gzip.compress, zstd, unsized_zstd])
def test_damaged_data_is_refused(pack: Pack) -> None:
    whole = bytearray(pack(bytes(range(256)) * 4))
    whole[20:30] = b"\xff" * 10
    with pytest.raises(BrokenProfile):
        inflate(bytes(whole))


def test_a_gzip_header_may_name_a_file() -> None:
    stream = zlib.compressobj(wbits=-15)
    named = b"\x1f\x8b\x08\x08" + bytes(6) + b"cpu.pb\0" + stream.compress(RAW) + stream.flush()
    named += zlib.crc32(RAW).to_bytes(4, "little") + len(RAW).to_bytes(4, "little")
    assert inflate(named) == RAW


def test_too_much_compressed_data_is_not_even_looked_at() -> None:
    with pytest.raises(BrokenProfile, match=f"are more than the {MAX_PROFILE_BYTES} a profile may have"):
        inflate(b"\x1f\x8b" + bytes(MAX_PROFILE_BYTES))


def test_no_bytes_are_no_bytes() -> None:
    assert inflate(b"") == b""
