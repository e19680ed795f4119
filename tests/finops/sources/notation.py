"""The notation of these tests: pprof files from collapsed stacks, with the headers that matter."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from finops.domain.window import Window, hour_of
from finops.engine import ValueType
from finops.formats import folded, pprof

STACKS = "main;serve;parse 3\nmain;gc 2\n"
SIX = hour_of(datetime(2026, 11, 2, 6, tzinfo=UTC))
DAY = Window(datetime(2026, 11, 2, tzinfo=UTC), datetime(2026, 11, 3, tzinfo=UTC))

GO_CPU = {"samples/count": 1, "cpu/nanoseconds": 10_000_000}
GO_HEAP = {
    "alloc_objects/count": 9,
    "alloc_space/bytes": 9000,
    "inuse_objects/count": 1,
    "inuse_space/bytes": 1000,
}


def value_type(text: str) -> ValueType:
    """`cpu/nanoseconds`."""
    kind, _, unit = text.partition("/")
    return ValueType(kind, unit)


def capture(
    types: Mapping[str, int] | None = None,
    *,
    stacks: str = STACKS,
    period: str = "",
    at: str = "",
    duration_nanos: int = 0,
) -> bytes:
    """A gzipped pprof: each type's values are the stacks' counts times its number.

    `period` is as "10000000 cpu/nanoseconds", `at` as "2026-11-02T06:15:00".
    """
    columns = folded.read(stacks.encode())
    types = GO_CPU if types is None else types
    every, _, of = period.partition(" ")
    time = datetime.fromisoformat(at).replace(tzinfo=UTC) if at else None
    return pprof.write(
        replace(
            columns,
            value_types=tuple(value_type(text) for text in types),
            values=np.column_stack([columns.values[:, 0] * factor for factor in types.values()]),
            period_type=value_type(of) if of else None,
            period=int(every or 0),
            time_nanos=int(time.timestamp()) * 10**9 if time else 0,
            duration_nanos=duration_nanos,
        )
    )


def go_cpu(at: str = "", duration_nanos: int = 30 * 10**9) -> bytes:
    """As runtime/pprof writes thirty seconds of CPU profile."""
    return capture(GO_CPU, period="10000000 cpu/nanoseconds", at=at, duration_nanos=duration_nanos)


def go_heap(at: str = "") -> bytes:
    """As runtime/pprof writes a heap profile."""
    return capture(GO_HEAP, period="524288 space/bytes", at=at)


def put(folder: Path, files: Mapping[str, object]) -> Path:
    """Write files below a folder: bytes as they are, all else as text."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else str(content).encode())
    return folder
