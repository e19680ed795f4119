"""The notation of these tests: profile files from collapsed stacks, and fleets from the catalogue."""

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np

from finops.engine import ValueType
from finops.formats import folded, pprof
from finops.reports.files import Capture, read_files
from finops.reports.fleet_month import FleetMonth, Utilisation, listed

CAPTURES = sorted((Path(__file__).parents[3] / "finops" / "demo" / "captures").glob("*.cpu.pb.gz"))

GO_CPU = {"samples/count": 1, "cpu/nanoseconds": 10_000_000}
GO_HEAP = {"alloc_space/bytes": 9000, "inuse_space/bytes": 1000}
TEN_MS = "10000000 cpu/nanoseconds"
THIRTY_SECONDS = 30 * 10**9

# One function has 32 % of 100 samples, and a hundred machines are 70 % busy.
CASE = "main;serve;json.Marshal 32\nmain;serve 50\nmain;gc 18\n"


def pprof_of(
    stacks: str,
    types: Mapping[str, int] | None = None,
    *,
    period: str = TEN_MS,
    duration_nanos: int = THIRTY_SECONDS,
    default_type: str = "",
    sign: int = 1,
) -> bytes:
    """A gzipped pprof: each type's values are the stacks' counts times its number."""
    columns = folded.read(stacks.encode())
    types = GO_CPU if types is None else types
    every, _, of = period.partition(" ")
    return pprof.write(
        replace(
            columns,
            value_types=tuple(_value_type(text) for text in types),
            values=np.column_stack([columns.values[:, 0] * factor * sign for factor in types.values()]),
            period_type=_value_type(of) if of else None,
            period=int(every or 0),
            duration_nanos=duration_nanos,
            default_type=default_type,
        )
    )


def _value_type(text: str) -> ValueType:
    kind, _, unit = text.partition("/")
    return ValueType(kind, unit)


def capture(*files: bytes, wanted: str | None = None) -> Capture:
    """Files as one capture, called a, b, c."""
    return read_files(list(zip("abcdefgh", files, strict=False)), wanted)


def go(stacks: str = CASE, duration_nanos: int = THIRTY_SECONDS) -> Capture:
    """As Go's CPU profiler writes thirty seconds, a sample being 10 ms."""
    return capture(pprof_of(stacks, duration_nanos=duration_nanos))


def fleet(machine: str = "c5.2xlarge", count: int = 100) -> FleetMonth:
    """A month of machines in us-east-1."""
    return listed(machine, "us-east-1", count)


def busy(share: str) -> Utilisation:
    """A measured utilisation."""
    return Utilisation(Fraction(share), is_measured=True)
