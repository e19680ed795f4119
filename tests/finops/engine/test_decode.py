import gzip
import random
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from finops.engine import ValueType, decode, encode, prune, totals, trie, trie_totals
from finops.errors import BrokenProfile
from tests.finops.engine import wire
from tests.finops.engine.profiles import Sample, assert_same, columns_of, profile, samples, unhurried

DATA = Path(__file__).parents[2] / "data" / "profiles"

LEGACY = "legacy pprof {} profile; convert it with `go tool pprof -proto`"


def test_columns_hold_what_the_file_says() -> None:
    found = decode(wire.VALID)

    assert found.value_types == (ValueType("cpu", "nanoseconds"),)
    assert found.values.tolist() == [[10]]
    assert found.function_names == ("main", "leaf")
    assert found.function_files == ("main.go", "leaf.go")
    assert found.stack_offsets.tolist() == [0, 2]
    assert found.stack_locations.tolist() == [1, 0]
    assert found.line_offsets.tolist() == [0, 1, 2]
    assert found.line_functions.tolist() == [0, 1]
    assert found.line_numbers.tolist() == [7, 7]
    assert found.location_mappings.tolist() == [-1, -1]


def test_gzip_zstd_and_raw_read_the_same() -> None:
    raw = decode(wire.VALID)
    assert_same(decode(gzip.compress(wire.VALID)), raw)
    assert_same(decode(zstandard.ZstdCompressor().compress(wire.VALID)), raw)


def test_lists_that_are_not_packed_read_the_same() -> None:
    # Go's runtime writes lists of one or two numbers so.
    unpacked = wire.blob(2, wire.numbers(1, [2, 1]), wire.numbers(2, [10]))
    mixed = wire.blob(2, wire.numbers(1, [2]), wire.packed(2, [10]), wire.packed(1, [1]))

    assert_same(decode(wire.profile(samples=unpacked)), decode(wire.VALID))
    assert_same(decode(wire.profile(samples=mixed)), decode(wire.VALID))


def test_fields_in_another_order_read_the_same() -> None:
    turned = wire.strings(*wire.STRINGS) + wire.FUNCTIONS + wire.LOCATIONS + wire.SAMPLES + wire.TYPES
    assert_same(decode(turned), decode(wire.VALID))


@pytest.mark.parametrize("big", [3, 1000, 2**40, 2**63, 2**64 - 1])
def test_ids_may_be_sparse_and_huge(big: int) -> None:
    found = decode(
        wire.profile(
            samples=wire.sample([big, 1], [10]),
            locations=wire.location(1, 1) + wire.location(big, big - 1),
            functions=wire.function(1) + wire.function(big - 1, 5, 6),
        )
    )
    assert_same(found, decode(wire.VALID))


def test_inlined_lines_stay_in_order() -> None:
    found = decode(wire.profile(samples=wire.sample([1], [10]), locations=wire.location(1, 2, 1)))

    assert found.line_offsets.tolist() == [0, 2]
    assert found.line_functions.tolist() == [1, 0]


def test_a_location_may_have_no_lines_and_a_sample_no_stack() -> None:
    found = decode(
        wire.profile(
            samples=wire.sample([1], [3]) + wire.sample([], [4]),
            locations=wire.location(1, mapping_id=9),
            texts=wire.strings(*wire.STRINGS, "/bin/app"),
            functions=wire.mapping(9, wire.number(5, 7)),
        )
    )

    assert found.line_offsets.tolist() == [0, 0]
    assert found.stack_offsets.tolist() == [0, 1, 1]
    assert found.mappings.files == ("/bin/app",)
    assert found.location_mappings.tolist() == [0]


def test_an_unknown_mapping_is_none() -> None:
    found = decode(wire.profile(locations=wire.location(1, 1, mapping_id=8) + wire.location(2, 2)))
    assert found.location_mappings.tolist() == [-1, -1]


def test_values_may_be_negative_and_many() -> None:
    found = decode(
        wire.profile(
            types=wire.TYPES + wire.value_type(3, 0),
            samples=wire.sample([1], [-5, 2**63 - 1]) + wire.sample([2], [-(2**63), 0]),
        )
    )

    assert found.values.tolist() == [[-5, 2**63 - 1], [-(2**63), 0]]
    assert found.value_types == (ValueType("cpu", "nanoseconds"), ValueType("main", ""))


def test_headers_are_read() -> None:
    texts = wire.strings(*wire.STRINGS, "drop", "keep", "a comment", "https://doc")
    headers = b"".join(
        [
            *(wire.number(field, value) for field, value in [(7, 7), (8, 8), (9, 111), (10, 222)]),
            wire.value_type(1, 2, field=11),
            wire.number(12, 333),
            wire.numbers(13, [9, 9]),
            wire.number(14, 1),
            wire.number(15, 10),
        ]
    )

    found = decode(wire.profile(headers, texts=texts))

    assert (found.drop_frames, found.keep_frames, found.doc_url) == ("drop", "keep", "https://doc")
    assert (found.time_nanos, found.duration_nanos, found.period) == (111, 222, 333)
    assert found.period_type == ValueType("cpu", "nanoseconds")
    assert (found.comments, found.default_type) == (("a comment", "a comment"), "cpu")


def test_a_period_type_without_words_is_none() -> None:
    assert decode(wire.VALID).period_type is None
    assert decode(wire.profile(wire.blob(11))).period_type is None


def test_of_two_period_types_the_last_counts_whole() -> None:
    twice = wire.value_type(1, 2, field=11) + wire.blob(11, wire.number(1, 3))
    assert decode(wire.profile(twice)).period_type == ValueType("main", "")


def test_labels_are_a_text_or_a_number_or_nothing() -> None:
    labels = [
        wire.number(1, 3) + wire.number(2, 5),
        wire.number(1, 3) + wire.number(3, -8) + wire.number(4, 2),
        wire.number(1, 3) + wire.number(4, 2),
        wire.number(1, 3),
        wire.number(1, 3) + wire.number(2, 5) + wire.number(3, 8),
    ]

    found = decode(wire.profile(samples=wire.sample([], [1]) + wire.sample([1], [10], *labels))).labels

    assert found.samples.tolist() == [1, 1, 1, 1]
    assert found.keys == ("main",) * 4
    assert found.texts == ("leaf", None, None, "leaf")
    assert found.numbers.tolist() == [0, -8, 0, 0]
    assert found.units == ("", "nanoseconds", "nanoseconds", "")


def test_characters_that_are_not_utf8_are_replaced() -> None:
    texts = wire.strings(*wire.STRINGS[:3], b"m\xffin", *wire.STRINGS[4:])
    assert decode(wire.profile(texts=texts)).function_names == ("m\ufffdin", "leaf")


def test_unknown_fields_are_skipped() -> None:
    newer = wire.number(99, 5) + wire.blob(98, b"anything")
    inner = wire.blob(2, wire.packed(1, [2, 1]), wire.packed(2, [10]), wire.number(77, 1))
    assert_same(decode(wire.profile(newer, samples=inner)), decode(wire.VALID))


def test_a_profile_may_be_all_but_empty() -> None:
    found = decode(wire.strings(""))
    assert found.value_types == ()
    assert found.values.shape == (0, 0)


REFUSALS = {
    "sample 0 has 2 values for 1 value types": wire.profile(samples=wire.sample([1], [1, 2])),
    "sample 1 has 0 values for 1 value types": wire.profile(samples=wire.SAMPLES + wire.sample([1], [])),
    "sample 0 has 1 values for 0 value types": wire.profile(types=b""),
    "does not say what their values are": wire.profile(types=b"", samples=wire.sample([1], [])),
    "sample 0 names the location 3, which is not there": wire.profile(samples=wire.sample([2, 3], [1])),
    "sample 0 names the location 0, which is not there": wire.profile(samples=wire.sample([0], [1])),
    "location 2 has a line without a function": wire.profile(
        locations=wire.location(1, 1) + wire.location(2, 0)
    ),
    "location 1 has a line without a function": wire.profile(
        locations=wire.location(1, 1, 9) + wire.location(2, 2)
    ),
    "a location has the reserved id 0": wire.profile(locations=wire.LOCATIONS + wire.location(0, 1)),
    "a function has the reserved id 0": wire.profile(functions=wire.FUNCTIONS + wire.function(0)),
    "a mapping has the reserved id 0": wire.profile(wire.mapping(0)),
    "several locations have the id 2": wire.profile(locations=wire.LOCATIONS + wire.location(2, 1)),
    "several functions have the id 1": wire.profile(functions=wire.FUNCTIONS + wire.function(1)),
    "several mappings have the id 4": wire.profile(wire.mapping(4), wire.mapping(4)),
    "it has no string table": wire.profile(texts=b""),
    "the first string of its table is not empty": wire.profile(texts=wire.strings("x", *wire.STRINGS)),
    "it names string 7 of 7": wire.profile(wire.number(7, 7)),
    "it names string -1 of 7": wire.profile(wire.number(15, -1)),
    "it names string 9 of 7": wire.profile(functions=wire.FUNCTIONS + wire.function(3, name=9)),
    "it names string 8 of 7": wire.profile(wire.mapping(1, wire.number(6, 8))),
    "it names string 70 of 7": wire.profile(samples=wire.sample([], [1], wire.number(1, 70))),
    "it names string 71 of 7": wire.profile(samples=wire.sample([], [1], wire.number(2, 71))),
    "it names string 72 of 7": wire.profile(samples=wire.sample([], [1], wire.number(4, 72))),
    "it names string 73 of 7": wire.profile(types=wire.value_type(73, 0)),
    "it names string 74 of 7": wire.profile(wire.value_type(0, 74, field=11)),
    "it names string 75 of 7": wire.profile(wire.numbers(13, [75])),
    "it names string 76 of 7": wire.profile(wire.number(14, 76)),
    "two times of collection": wire.profile(wire.number(9, 5) + wire.number(9, 5)),
    "its protobuf encoding is broken": wire.VALID + b"\x12\x7f",
}


@pytest.mark.parametrize("why", REFUSALS)
def test_what_google_pprof_refuses_is_refused(why: str) -> None:
    with pytest.raises(BrokenProfile, match=why):
        decode(REFUSALS[why])


def test_a_known_field_in_the_wrong_form_is_refused() -> None:
    for wrong in (
        wire.number(2, 5),  # a sample that is a number
        wire.blob(2, wire.packed(1, [2]), wire.packed(2, [1]), wire.number(3, 1)),  # a label likewise
        wire.blob(10, b"\1\2"),
        b"\x33\x34",  # a group, which nobody has used for twenty years
    ):
        with pytest.raises(BrokenProfile, match="a field has the wrong wire type"):
            decode(wire.profile(wrong))


def test_concatenated_profiles_are_refused() -> None:
    for doubled in (wire.VALID * 2, gzip.compress(wire.VALID) * 2, wire.profile(wire.number(9, 1)) * 2):
        with pytest.raises(BrokenProfile, match="several"):
            decode(doubled)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", r"the profile is empty \(0 bytes\)"),
        (gzip.compress(b"", mtime=0), r"the profile is empty \(0 bytes\)"),
        (b"<!DOCTYPE html>\n<html>", "this is an HTML page, not a profile"),
        (b'\n {"flamebearer": {}}', "this is JSON, not a pprof profile"),
        (b"main;serve 12\n", "this is text, not a pprof profile"),
        (b"heap profile: 1: 2 [3: 4] @ heap/524288\n", LEGACY.format("text")),
        (b"--- threadz 1 ---\n", LEGACY.format("text")),
        (b"".join(word.to_bytes(8, "little") for word in (0, 3, 0, 10000, 0)), LEGACY.format("binary")),
        (b"".join(word.to_bytes(4, "big") for word in (0, 3, 1, 10000, 0)), LEGACY.format("binary")),
    ],
)
def test_other_formats_are_named(data: bytes, why: str) -> None:
    with pytest.raises(BrokenProfile, match=f"{why}$"):
        decode(data)


def test_a_legacy_capture_is_named() -> None:
    with pytest.raises(BrokenProfile, match=LEGACY.format("text")):
        decode((DATA / "legacy.goroutine.txt").read_bytes())


def test_the_bound_on_inflated_bytes_can_be_set() -> None:
    packed = gzip.compress(wire.profile(wire.blob(50, bytes(1 << 20))))
    assert_same(decode(packed), decode(wire.VALID))
    with pytest.raises(BrokenProfile, match="inflates beyond 1000 bytes"):
        decode(packed, 1000)


def is_read_or_refused(data: bytes) -> bool:
    """Whether bytes are read as a profile and can be reduced; anything but a BrokenProfile gets through."""
    try:
        columns = prune(decode(data))
    except BrokenProfile:
        return False
    for value in range(len(columns.value_types)):
        with suppress(BrokenProfile):
            totals(columns, value)
            trie_totals(trie(columns, value))
    return True


def test_a_profile_cut_anywhere_gives_columns_or_a_refusal() -> None:
    for whole in (wire.VALID, gzip.compress(wire.VALID), zstandard.ZstdCompressor().compress(wire.VALID)):
        for size in range(len(whole)):
            is_read_or_refused(whole[:size])


def test_two_thousand_mutants_give_columns_or_a_refusal() -> None:
    chance = random.Random(20_000)  # noqa: S311 - the same mutants every time
    seeds = [encode(decode(path.read_bytes()), compress=False) for path in sorted(DATA.glob("*.pb.gz"))]
    seeds += [wire.VALID, encode(profile("main;serve+parse 1\n[libc.so];? 2\n3"), compress=False)] * 6
    read = 0
    for _ in range(2000):
        mutant = bytearray(chance.choice(seeds))
        for _ in range(chance.randint(1, 5)):
            mutant[chance.randrange(len(mutant))] = chance.randrange(256)
        if chance.random() < 0.3:
            del mutant[chance.randrange(len(mutant)) :]
        read += is_read_or_refused(bytes(mutant))
    assert 100 < read < 1900


@given(data=st.binary(max_size=300))
def test_any_bytes_give_columns_or_a_refusal(data: bytes) -> None:
    is_read_or_refused(data)


@unhurried
@given(chosen=samples(least=-(2**53), types=2))
def test_what_is_written_reads_the_same(chosen: list[Sample]) -> None:
    columns = columns_of(chosen, (ValueType("samples", "count"), ValueType("cpu", "nanoseconds")))
    assert_same(decode(encode(columns)), columns)


def test_arrays_have_their_types() -> None:
    found = decode(wire.VALID)
    assert found.values.dtype == found.stack_offsets.dtype == found.line_numbers.dtype == np.int64
    assert found.stack_locations.dtype == found.line_functions.dtype == np.int32
    assert found.location_addresses.dtype == np.uint64
