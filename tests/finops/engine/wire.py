"""pprof written byte by byte, for the forms that no library writes."""

from collections.abc import Iterable, Sequence

STRINGS = ("", "cpu", "nanoseconds", "main", "main.go", "leaf", "leaf.go")


def varint(number: int) -> bytes:
    """A number as protobuf writes it; negative ones take ten bytes."""
    number &= 2**64 - 1
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def number(field: int, value: int) -> bytes:
    return varint(field << 3) + varint(value)


def numbers(field: int, values: Iterable[int]) -> bytes:
    """A repeated number, unpacked, as Go's runtime writes short lists."""
    return b"".join(number(field, value) for value in values)


def packed(field: int, values: Iterable[int]) -> bytes:
    return blob(field, b"".join(map(varint, values)))


def blob(field: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    return varint(field << 3 | 2) + varint(len(content)) + content


def value_type(type_index: int, unit_index: int, field: int = 1) -> bytes:
    return blob(field, number(1, type_index), number(2, unit_index))


def sample(locations: Sequence[int], values: Sequence[int], *labels: bytes) -> bytes:
    return blob(2, packed(1, locations), packed(2, values), *(blob(3, label) for label in labels))


def mapping(mapping_id: int, *rest: bytes) -> bytes:
    return blob(3, number(1, mapping_id), *rest)


def location(location_id: int, *functions: int, mapping_id: int = 0) -> bytes:
    lines = (blob(4, number(1, function), number(2, 7)) for function in functions)
    return blob(4, number(1, location_id), number(2, mapping_id), *lines)


def function(function_id: int, name: int = 3, file: int = 4) -> bytes:
    return blob(5, number(1, function_id), number(2, name), number(4, file))


def strings(*texts: str | bytes) -> bytes:
    return b"".join(blob(6, text if isinstance(text, bytes) else text.encode()) for text in texts)


# One sample of 10 nanoseconds in leaf, called by main.
TYPES = value_type(1, 2)
FUNCTIONS = function(1) + function(2, 5, 6)
LOCATIONS = location(1, 1) + location(2, 2)
SAMPLES = sample([2, 1], [10])
VALID = TYPES + SAMPLES + LOCATIONS + FUNCTIONS + strings(*STRINGS)


def profile(
    *extra: bytes,
    types: bytes = TYPES,
    samples: bytes = SAMPLES,
    locations: bytes = LOCATIONS,
    functions: bytes = FUNCTIONS,
    texts: bytes | None = None,
) -> bytes:
    """The valid profile with a part of it replaced, or with something more at its end."""
    table = strings(*STRINGS) if texts is None else texts
    return b"".join((types, samples, locations, functions, table, *extra))
