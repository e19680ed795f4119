"""Damaged profiles, to which both engines must say the same: the same columns and sums, or a refusal.

    python -m benchmarks.mutants [--count 10000] [--seed 1] [DIR]

Bytes are damaged after they were inflated: a checksum would catch them before. Exit code 1 on any
difference.
"""

import argparse
import random
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from finops.engine import Columns, Totals
from finops.engine.native import decode as native
from finops.engine.native import reduce as native_sums
from finops.engine.plain import decode as plain
from finops.engine.plain import reduce as plain_sums
from finops.engine.plain.inflate import inflate
from finops.errors import BrokenProfile

_LARGEST = 40_000
_TELLING = (0, 1, 2, 8, 10, 18, 127, 128, 255)


def mutants(profiles: Sequence[bytes], count: int, seed: int) -> Iterator[bytes]:
    """Profiles with one to three wounds each: bytes overwritten, left out, put in, or an end cut off."""
    draw = random.Random(seed)  # noqa: S311 - the same every time
    for _ in range(count):
        wounded = bytearray(draw.choice(profiles))
        for _ in range(draw.choice((1, 1, 2, 3))):
            at, kind = draw.randrange(len(wounded) + 1), draw.randrange(10)
            if kind < 6:  # noqa: PLR2004
                wounded[at : at + 1] = bytes([draw.choice((*_TELLING, draw.randrange(256)))])
            elif kind < 8:  # noqa: PLR2004
                del wounded[at : at + draw.randint(1, 4)]
            elif kind < 9:  # noqa: PLR2004
                wounded[at:at] = draw.randbytes(draw.randint(1, 6))
            else:
                del wounded[at:]
        yield bytes(wounded)


def difference(data: bytes) -> str | None:
    """What the engines say differently of some bytes; None where they agree."""
    one, other = _read(plain.decode, data), _read(native.decode, data)
    if isinstance(one, BrokenProfile) or isinstance(other, BrokenProfile):
        both = isinstance(one, BrokenProfile) and isinstance(other, BrokenProfile)
        return None if both else f"plain: {_said(one)}; native: {_said(other)}"
    for value in range(len(one.value_types)):
        sums, others = (
            _sums(totals, columns, value)
            for totals, columns in ((plain_sums.totals, one), (native_sums.totals, other))
        )
        if sums != others:
            return f"the sums of column {value} differ"
    return None


def _read(decode: object, data: bytes) -> Columns | BrokenProfile:
    try:
        columns: Columns = decode(data)  # type: ignore[operator]
    except BrokenProfile as error:
        return error
    return columns


def _sums(totals: object, columns: Columns, value: int) -> object:
    try:
        found: Totals = totals(columns, value)  # type: ignore[operator]
    except BrokenProfile:
        return "refused"
    return found.keys, found.lists(), found.total, found.no_stack


def _said(read: Columns | BrokenProfile) -> str:
    return f"refused ({read})" if isinstance(read, BrokenProfile) else "taken"


def profiles(folder: Path) -> Iterator[bytes]:
    """The inflated profiles of a folder that are small enough to be damaged often."""
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        try:
            raw = inflate(path.read_bytes())
            plain.decode(raw)
        except BrokenProfile:
            continue
        if len(raw) <= _LARGEST:
            yield raw


def main() -> int:
    """Damage and compare."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("folder", type=Path, metavar="DIR", nargs="?", default=Path("tests/data/profiles"))
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    found = list(profiles(arguments.folder))
    wrong = taken = 0
    for mutant in mutants(found, arguments.count, arguments.seed):
        why = difference(mutant)
        taken += not isinstance(_read(native.decode, mutant), BrokenProfile)
        if why:
            wrong += 1
            print(f"{why}: {mutant[:64].hex()}…")
    print(
        f"{arguments.count} mutants of {len(found)} profiles, {taken} of them taken: {wrong or 'none'} differ"
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
