"""Synthetic profiles of a stated shape, the same bytes every time: what the engine is measured on.

Stacks are paths through a random call graph, some 30 frames deep, as in a large service; functions have
names and files as Go gives them. Nothing of the engine is used to write them.
"""

import random
import sys
import zlib
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Shape:
    """How many of everything there is."""

    samples: int
    functions: int = 6_000
    locations: int = 16_000
    labels: int = 2
    label_values: int = 40
    stacks: int = 0
    """Distinct stacks; 0: every sample draws its own."""


SHAPES = {
    "s10k": Shape(10_000),
    "s100k": Shape(100_000),
    "s1M": Shape(1_000_000),
    "symbols": Shape(20_000, functions=20_000, locations=24_000),
    "labels": Shape(100_000, labels=5, label_values=2_000, stacks=1_500),
    "small": Shape(5_000, functions=4_900, locations=11_000),
}

_PACKAGES = (
    "net/http",
    "encoding/json",
    "runtime",
    "example.com/shop/cart",
    "example.com/shop/internal/price",
)
_DEPTHS = (12, 20, 28, 34, 40, 46, 52)
_BRANCHES = 6


def write(name: str, folder: Path, seed: int = 0) -> Path:
    """The profile of a shape as a gzipped file, made once."""
    path = folder / (f"{name}.pb.gz" if not seed else f"{name}-{seed}.pb.gz")
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        half = path.with_suffix(".half")
        half.write_bytes(_gzipped(profile(SHAPES[name], seed)))
        half.replace(path)
    return path


def profile(shape: Shape, seed: int = 0) -> bytes:
    """A pprof message: samples first, then its tables, as Go's runtime writes them."""
    draw = random.Random(shape.samples * 31 + shape.functions + seed)  # noqa: S311 - the same every time
    texts = ["", "samples", "count", "cpu", "nanoseconds", *(f"key{at}" for at in range(shape.labels))]
    first_value = len(texts)
    texts += [f"value-{at:06d}" for at in range(shape.label_values)]
    first_name = len(texts)
    texts += [_name(at) for at in range(shape.functions)]
    first_file = len(texts)
    texts += [f"/src/example.com/shop/file_{at:05d}.go" for at in range(shape.functions // 8 + 1)]
    parts = [_blob(1, _number(1, 1), _number(2, 2)), _blob(1, _number(1, 3), _number(2, 4))]
    parts += _samples(shape, draw, first_value)
    parts.append(_blob(3, _number(1, 1), _number(2, 0x400000), _number(3, 0x4000000)))
    for location in range(1, shape.locations + 1):
        function = (location - 1) % shape.functions + 1
        lines = [_blob(4, _number(1, function), _number(2, location % 900 + 1))]
        if location % 10 == 0:  # inlined into another
            lines.append(_blob(4, _number(1, (function * 7) % shape.functions + 1), _number(2, 11)))
        parts.append(
            _blob(4, _number(1, location), _number(2, 1), _number(3, 0x400000 + 64 * location), *lines)
        )
    for function in range(1, shape.functions + 1):
        name, file = first_name + function - 1, first_file + (function - 1) // 8
        parts.append(_blob(5, _number(1, function), _number(2, name), _number(3, name), _number(4, file)))
    parts += [_blob(6, text.encode()) for text in texts]
    parts += [_number(9, 10**18 + seed), _number(10, 60 * 10**9), _blob(11, _number(1, 3), _number(2, 4))]
    return b"".join([*parts, _number(12, 10_000_000)])


def _samples(shape: Shape, draw: random.Random, first_value: int) -> list[bytes]:
    varints = [_varint(at) for at in range(shape.locations + 1)]
    # Where each location's calls go: a few places, so that stacks share their beginnings.
    calls = [
        [draw.randrange(1, shape.locations + 1) for _ in range(_BRANCHES)] for _ in range(shape.locations + 1)
    ]
    known = [_stack(draw, varints, calls) for _ in range(shape.stacks)]
    made = []
    for _ in range(shape.samples):
        stack = draw.choice(known) if known else _stack(draw, varints, calls)
        count = draw.choice((1, 1, 1, 2, 3))
        values = _blob(2, _varint(count), _varint(count * 10_000_000))
        labels = (
            _blob(3, _number(1, 5 + at), _number(2, first_value + draw.randrange(shape.label_values)))
            for at in range(shape.labels)
        )
        made.append(_blob(2, stack, values, *labels))
    return made


def _stack(draw: random.Random, varints: list[bytes], calls: list[list[int]]) -> bytes:
    depth, at, path = draw.choice(_DEPTHS), 1, []
    turns = draw.getrandbits(3 * depth)
    for _ in range(depth):
        path.append(varints[at])
        # Mostly the same way on, as programs go.
        at = calls[at][(0, 0, 1, 1, 2, 3, 4, 5)[turns & 7]]
        turns >>= 3
    path.reverse()
    return _blob(1, *path)


def _name(at: int) -> str:
    return f"{_PACKAGES[at % len(_PACKAGES)]}.(*Type{at % 97:02d}).method{at:05d}"


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 127:  # noqa: PLR2004
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _blob(field: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    return _varint(field << 3 | 2) + _varint(len(content)) + content


def _gzipped(data: bytes) -> bytes:
    stream = zlib.compressobj(6, zlib.DEFLATED, 31)
    return stream.compress(data) + stream.flush()


if __name__ == "__main__":
    for each in sys.argv[2:] or SHAPES:
        print(write(each, Path(sys.argv[1])))
