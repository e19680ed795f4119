"""How profiles are damaged: after they were inflated, since a checksum would catch it before.

Most wounds leave the fields whole, so that the damage gets to whoever reads what they say: numbers that name
other things or none, lists cut and swollen, messages that are missing, doubled or out of order. The others
are bytes overwritten, left out, put in or cut off, most of which end with the first length that is wrong.
A mutant is made from a seed and its number alone, and can be made again by itself.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from finops.engine.plain import wire

_BYTES = (0, 1, 2, 8, 10, 18, 127, 128, 255)
_NUMBERS = (0, 1, 2, 3, 127, 128, 1 << 31, (1 << 31) - 1, 1 << 32, (1 << 63) - 1, 1 << 63, (1 << 64) - 1)
# One wound in so many is of bytes; and one message in so many is swollen.
_RAW, _SWOLLEN = 4, 40
_LARGEST = 1 << 20


@dataclass(frozen=True)
class Seed:
    """An inflated profile that is to be damaged."""

    raw: bytes
    parts: list[bytes] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "parts", _fields(self.raw))

    @cached_property
    def places(self) -> list[list[int]]:
        """Where the fields of each number stand: strings must not get most of the wounds for being many."""
        found: dict[int, list[int]] = {}
        for place, part in enumerate(self.parts):
            found.setdefault(part[0] >> 3, []).append(place)
        return list(found.values())


def mutant(seeds: Sequence[Seed], run: int, number: int) -> bytes:
    """The mutant of a number in a run: one of the profiles with one to three wounds."""
    draw = random.Random((run << 40) + number)  # noqa: S311 - the same every time
    seed, wounds = draw.choice(seeds), draw.choice((1, 1, 2, 3))
    if not draw.randrange(_RAW):
        wounded = bytearray(seed.raw)
        for _ in range(wounds):
            _wound_bytes(draw, wounded)
        return bytes(wounded)
    parts = list(seed.parts)
    for _ in range(wounds):
        place = draw.choice(draw.choice(seed.places))
        if place < len(parts):
            _wound(draw, parts, place, "Profile")
    return b"".join(parts)[:_LARGEST]


def _fields(message: bytes) -> list[bytes]:
    """A message in its fields, each with its tag; the last is whatever cannot be read."""
    parts, at = [], 0
    while at < len(message):
        try:
            end = min(wire.field(message, at)[2], len(message))
        except LookupError:
            end = len(message)
        parts.append(message[at:end])
        at = end
    return parts


def _wound(draw: random.Random, parts: list[bytes], place: int, message: str) -> None:
    """Damage a message, in one field or in the order of its fields."""
    kind = draw.randrange(12)
    if kind == 0:
        del parts[place]
    elif kind == 1:
        parts.insert(draw.randrange(len(parts) + 1), parts[place])
    elif kind == 2:  # noqa: PLR2004
        other = draw.randrange(len(parts))
        parts[place], parts[other] = parts[other], parts[place]
    else:
        parts[place] = _wounded(draw, parts[place], message)
        if not draw.randrange(_SWOLLEN):
            parts[place] *= 1 << draw.randrange(9)


def _wounded(draw: random.Random, part: bytes, message: str) -> bytes:
    """One field, damaged."""
    try:
        tag, start, stop = wire.field(part, 0)
    except LookupError:
        return b""
    kind, content = wire.KINDS[message].get(tag >> 3), part[start:stop]
    if kind is None or not draw.randrange(30):
        return (
            _varint(draw.randrange(1, 130) if draw.randrange(2) else tag ^ 1 << draw.randrange(7)) + part[1:]
        )
    if tag & 7 == wire.VARINT:
        return _varint(tag) + _varint(_other(draw, _numbers(content)[0]))
    if kind.type in wire.MESSAGES:
        inner = _fields(content)
        if inner:
            _wound(draw, inner, draw.randrange(len(inner)), kind.type)
        content = b"".join(inner)
    elif kind.is_number:
        return _list(draw, tag >> 3, _numbers(content))
    else:
        text = bytearray(content)
        _wound_bytes(draw, text)
        content = bytes(text)
    return _varint(tag) + _varint(len(content)) + content


def _list(draw: random.Random, number: int, numbers: list[int]) -> bytes:
    """A list of numbers, damaged, in one of the two forms that lists have."""
    at, kind = draw.randrange(len(numbers) + 1), draw.randrange(8)
    if kind == 0:
        numbers = numbers[:at]
    elif kind == 1:
        numbers.insert(at, _other(draw, numbers[at - 1] if numbers else 0))
    elif kind == 2:  # noqa: PLR2004
        numbers *= 1 << draw.randrange(8)
    elif at < len(numbers):
        numbers[at] = draw.choice(numbers) if draw.randrange(2) else _other(draw, numbers[at])
    if not draw.randrange(4):
        return b"".join(_varint(number << 3) + _varint(each) for each in numbers)
    content = b"".join(map(_varint, numbers))
    return _varint(number << 3 | wire.BYTES) + _varint(len(content)) + content


def _other(draw: random.Random, number: int) -> int:
    near = (number + 1, number - 1, number ^ 1 << draw.randrange(64), draw.randrange(40))
    return (draw.choice(near) if draw.randrange(2) else draw.choice(_NUMBERS)) % (1 << 64)


def _wound_bytes(draw: random.Random, wounded: bytearray) -> None:
    at, kind = draw.randrange(len(wounded) + 1), draw.randrange(10)
    if kind < 6:  # noqa: PLR2004
        wounded[at : at + 1] = bytes([draw.choice((*_BYTES, draw.randrange(256)))])
    elif kind < 8:  # noqa: PLR2004
        del wounded[at : at + draw.randint(1, 4)]
    elif kind < 9:  # noqa: PLR2004
        wounded[at:at] = draw.randbytes(draw.randint(1, 6))
    else:
        del wounded[at:]


def _numbers(varints: bytes) -> list[int]:
    numbers, number, shift = [], 0, 0
    for byte in varints:
        number |= (byte & 127) << shift
        shift += 7
        if byte < wire.ONE_BYTE:
            numbers.append(number)
            number = shift = 0
    return numbers or [0]


def _varint(number: int) -> bytes:
    out = bytearray()
    while number >= wire.ONE_BYTE:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)
