import gzip
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from finops.engine import encode
from finops.engine.plain import bounds, schema
from finops.engine.plain.decode import decode
from finops.engine.plain.wire import KINDS
from finops.errors import BrokenProfile
from tests.finops.engine import wire
from tests.finops.engine.profiles import assert_same, profile

MANY = 25_000_000
CROWD = r"^it has more messages and strings than any profile: the first \d+ of its \d+ bytes hold {} of them$"


@pytest.fixture
def unread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Protobuf, which would make an object of every message, is not asked."""

    def asked() -> None:
        raise AssertionError("protobuf was asked to read a bomb")

    monkeypatch.setattr(schema, "_profile_class", asked)


@pytest.mark.usefixtures("unread")
@pytest.mark.parametrize(
    "tiny",
    [
        b"\x0a\0",  # sample types
        b"\x12\0",  # samples
        b"\x1a\0",  # mappings
        b"\x22\0",  # locations
        b"\x2a\0",  # functions
        b"\x32\0",  # strings
        b"\x48\0",  # times of collection
        b"\x5a\0",  # period types
        b"\x68\0",  # comments
    ],
)
def test_48_kilobytes_of_25_million_empty_parts_are_refused_within_the_first_600_thousand(
    tiny: bytes,
) -> None:
    bomb = gzip.compress(tiny * MANY)
    assert len(bomb) < 50_000

    with pytest.raises(BrokenProfile, match=CROWD.format(589824)):
        decode(bomb)


@pytest.mark.usefixtures("unread")
def test_a_tag_written_longer_than_need_be_and_a_group_hide_no_crowd() -> None:
    with pytest.raises(BrokenProfile, match=CROWD.format(r"\d+")):
        decode(b"\xb2\0\0" * 2_000_000)
    with pytest.raises(BrokenProfile, match=CROWD.format(r"\d+")):
        decode(b"\xa3\x06\xa4\x06" + b"\x32\0" * 1_000_000)


def inside(field: int, *parts: bytes) -> bytes:
    return wire.profile(wire.blob(field, wire.number(1, 9), *parts) * 20_000)


@pytest.mark.usefixtures("unread")
@pytest.mark.parametrize(("field", "empty"), [(2, b"\x1a\0"), (4, b"\x22\0")])
def test_a_crowd_of_labels_or_lines_inside_of_messages_is_refused(field: int, empty: bytes) -> None:
    with pytest.raises(BrokenProfile, match=CROWD.format(r"5\d{5}")):
        decode(inside(field, empty * 50))


def test_a_crowd_of_fields_that_pprof_does_not_have_is_refused() -> None:
    crowd = inside(2, wire.packed(2, [1]), b"\x98\x06\x01" * 60)
    with pytest.raises(BrokenProfile, match=CROWD.format(r"\d+")):
        decode(crowd)


@pytest.mark.usefixtures("unread")
@pytest.mark.parametrize(
    ("field", "name"),
    [(1, "sample_type"), (2, "sample"), (3, "mapping"), (4, "location"), (5, "function"), (13, "comment")],
)
def test_one_huge_message_is_refused_by_name_place_and_size(field: int, name: str) -> None:
    huge = wire.profile(wire.blob(field, b"\x0a\xfb\xff\x3f", b"\1" * ((1 << 20) - 5), b"\x10\1"))
    why = f"^the {name} at byte {len(wire.VALID)} has {(1 << 20) + 1} bytes, over {1 << 20}$"
    with pytest.raises(BrokenProfile, match=why):
        decode(huge)


def test_a_long_string_and_a_long_unknown_field_are_no_huge_messages() -> None:
    long = "x" * (1 << 21)
    texts = wire.strings(*wire.STRINGS[:3], long, *wire.STRINGS[4:])
    assert decode(wire.profile(texts=texts)).function_names == (long, "leaf")
    assert_same(decode(wire.profile(wire.blob(50, bytes(1 << 21)))), decode(wire.VALID))


@dataclass(frozen=True)
class Limits:
    """Bounds so small that a profile of a few samples is over them."""

    monkeypatch: pytest.MonkeyPatch

    def set(self, **figures: int) -> None:
        self.monkeypatch.setattr(bounds, "FREE_MESSAGES", 20)
        self.monkeypatch.setattr(bounds, "STRIDE", 1)
        for name, figure in figures.items():
            self.monkeypatch.setattr(bounds, name, figure)


@pytest.fixture
def limits(monkeypatch: pytest.MonkeyPatch) -> Limits:
    return Limits(monkeypatch)


RAW = encode(profile("main;serve+parse 1\nmain 2\n[libc.so];? 3"), compress=False)


def test_messages_are_let_in_up_to_the_limit(limits: Limits) -> None:
    met = bounds._Tally()
    bounds._inspect(wire.VALID, "Profile", 0, len(wire.VALID), met)
    assert (
        met.parts == 1 + 1 + 2 + 2 + 2 + 7
    )  # a type, a sample, locations and their lines, functions, strings

    limits.set(MAX_MESSAGES=13)
    assert_same(decode(wire.VALID), decode(wire.VALID))
    limits.set(MAX_MESSAGES=11)
    with pytest.raises(BrokenProfile, match=f"of its {len(wire.VALID)} bytes hold 12 of them"):
        decode(wire.VALID)


def test_numbers_are_let_in_up_to_the_limit(limits: Limits) -> None:
    stacks = wire.profile(samples=wire.sample([2, 1] * 200, [1]) * 3)
    assert len(decode(stacks).stack_locations) == 1200

    limits.set(MAX_NUMBERS=1230)
    assert len(decode(stacks).stack_locations) == 1200
    limits.set(MAX_NUMBERS=1200)
    with pytest.raises(BrokenProfile, match=r"^the first \d+ of its \d+ bytes hold over 1200 numbers$"):
        decode(stacks)


@pytest.mark.parametrize("look", [bounds.bound, bounds.inspect])
def test_whatever_is_cut_or_not_pprof_at_all_ends_the_walk(
    look: Callable[[bytes], None], limits: Limits
) -> None:
    limits.set()
    for size in range(len(RAW)):
        look(RAW[:size])
    for broken in (b"\x12", b"\xff" * 1000, b"\x12" + b"\xff" * 1000, b"\0" * 1000, b"\x16\x17"):
        look(broken)


def test_large_text_is_called_text() -> None:
    with pytest.raises(BrokenProfile, match=r"^this is text, not a pprof profile$"):
        decode(b"2\n2\n" * 1_000_000)


def test_strings_that_nothing_names_change_nothing() -> None:
    spare = wire.profile(texts=wire.strings(*wire.STRINGS, b"\xff" * 100))
    assert_same(decode(spare), decode(wire.VALID))


def test_every_field_of_pprof_has_its_number() -> None:
    assert KINDS["Profile"][6].name == "string_table"
    assert KINDS["Profile"][15].name == "doc_url"
    assert [kind.name for kind in KINDS["Sample"].values()] == ["location_id", "value", "label"]
