"""Profiles in a notation one can read, the same profiles at random, and what to compare them by."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st

from finops.engine import (
    Columns,
    FunctionKey,
    LabelColumns,
    MappingColumns,
    Totals,
    Trie,
    ValueType,
)

CPU = ValueType("cpu", "nanoseconds")

# Drawing a whole profile takes a while on a busy machine; half the usual number finds as much.
unhurried = settings(deadline=None, max_examples=50)


@dataclass(frozen=True)
class Location:
    """A location: its frames, innermost first, and its binary ("" for none)."""

    frames: tuple[FunctionKey, ...]
    binary: str = ""


@dataclass(frozen=True)
class Sample:
    """A stack, outermost location first, and its values."""

    stack: tuple[Location, ...]
    values: tuple[int, ...]


def profile(text: str, types: Sequence[ValueType] = (CPU,), *, drop: str = "", keep: str = "") -> Columns:
    """The profile that some lines describe, one a sample: the stack from the root, then its values.

        main;serve+parse;parse@b.c;[libc.so];? 30

    `serve+parse` is one location in which parse was inlined into serve, `parse@b.c` is in another
    file than `parse`, `[libc.so]` has a binary and no line, `?` has neither.
    """
    samples = []
    for line in text.strip().splitlines():
        words = line.split()
        stack, values = words[: -len(types)], words[-len(types) :]
        samples.append(Sample(_stack(" ".join(stack)), tuple(map(int, values))))
    return columns_of(samples, types, drop=drop, keep=keep)


def _stack(text: str) -> tuple[Location, ...]:
    return tuple(map(_location, text.split(";"))) if text else ()


def _location(text: str) -> Location:
    if text == "?":
        return Location(())
    if text.startswith("["):
        return Location((), f"/usr/lib/{text.strip('[]')}")
    return Location(tuple(_key(frame) for frame in reversed(text.split("+"))), "/bin/shop")


def _key(text: str) -> FunctionKey:
    name, _, file = text.partition("@")
    return FunctionKey(name, file or "a.c")


def columns_of(
    samples: Sequence[Sample], types: Sequence[ValueType] = (CPU,), *, drop: str = "", keep: str = ""
) -> Columns:
    """The columns of some samples; equal locations, functions and binaries become one."""
    locations: dict[Location, int] = {}
    for sample in samples:
        for location in sample.stack:
            locations.setdefault(location, len(locations))
    functions: dict[FunctionKey, int] = {}
    binaries: dict[str, int] = {}
    lines: list[int] = []
    line_offsets = [0]
    for location in locations:
        lines += [functions.setdefault(frame, len(functions)) for frame in location.frames]
        line_offsets.append(len(lines))
        if location.binary:
            binaries.setdefault(location.binary, len(binaries))
    stacks = [[locations[location] for location in reversed(sample.stack)] for sample in samples]
    return Columns(
        value_types=tuple(types),
        values=np.array([sample.values for sample in samples], np.int64).reshape(len(samples), len(types)),
        stack_offsets=np.cumsum([0, *map(len, stacks)], dtype=np.int64),
        stack_locations=np.array([place for stack in stacks for place in stack], np.int32),
        line_offsets=np.array(line_offsets, np.int64),
        line_functions=np.array(lines, np.int32),
        line_numbers=np.arange(1, len(lines) + 1, dtype=np.int64),
        location_mappings=np.array([binaries.get(one.binary, -1) for one in locations], np.int32),
        location_addresses=np.arange(len(locations), dtype=np.uint64) * np.uint64(16),
        location_folded=(False,) * len(locations),
        function_names=tuple(key.name for key in functions),
        function_system_names=("",) * len(functions),
        function_files=tuple(key.file for key in functions),
        function_start_lines=np.zeros(len(functions), np.int64),
        mappings=MappingColumns(
            files=tuple(binaries),
            build_ids=("",) * len(binaries),
            starts=np.arange(len(binaries), dtype=np.uint64) * np.uint64(4096),
            limits=np.arange(1, len(binaries) + 1, dtype=np.uint64) * np.uint64(4096),
            offsets=np.zeros(len(binaries), np.uint64),
            flags=((True, True, True, True),) * len(binaries),
        ),
        labels=LabelColumns(np.zeros(0, np.int64), (), (), np.zeros(0, np.int64), ()),
        default_type="",
        period_type=None,
        period=0,
        time_nanos=0,
        duration_nanos=0,
        drop_frames=drop,
        keep_frames=keep,
        comments=(),
        doc_url="",
    )


def assert_same(one: object, other: object) -> None:
    """Two profiles, tables or tries are equal column by column, types of the arrays included."""
    assert type(one) is type(other)
    assert is_dataclass(one)
    for field in fields(one):
        left, right = getattr(one, field.name), getattr(other, field.name)
        if isinstance(left, np.ndarray):
            assert left.dtype == right.dtype, field.name
            assert left.shape == right.shape, field.name
            assert left.tolist() == right.tolist(), field.name
        elif is_dataclass(left):
            assert_same(left, right)
        else:
            assert left == right, field.name


def table(totals: Totals) -> dict[str, tuple[int, int]]:
    """Self and total by name."""
    rows = zip(totals.keys, totals.selfs.tolist(), totals.totals.tolist(), strict=True)
    return {key.name: (self_value, total) for key, self_value, total in rows}


def tree(trie: Trie) -> dict[str, int]:
    """The self of every node of a trie by its path, in the order of the nodes."""
    paths: list[str] = []
    for parent, function in zip(trie.parents.tolist(), trie.functions.tolist(), strict=True):
        above = f"{paths[parent]};" if parent >= 0 else ""
        paths.append(above + trie.keys[function].name)
    return dict(zip(paths, trie.selfs.tolist(), strict=True))


def by_hand(samples: Sequence[Sample], value: int = 0) -> Mapping[FunctionKey, tuple[int, int]]:
    """Self and total of every function, added up one sample after another."""
    found: dict[FunctionKey, tuple[int, int]] = {}
    for sample in samples:
        amount = sample.values[value]
        frames = [frame for location in sample.stack for frame in reversed(shown_frames(location))]
        for frame in set(frames) if amount else ():
            self_value, total = found.get(frame, (0, 0))
            found[frame] = (self_value + amount * (frame == frames[-1]), total + amount)
    return found


def shown_frames(location: Location) -> list[FunctionKey]:
    """The frames of a location as they are shown, innermost first."""
    binary = f"[{location.binary.rpartition('/')[2]}]" if location.binary else "<unknown>"
    return [frame if frame.name else FunctionKey(binary, "") for frame in location.frames] or [
        FunctionKey(binary, "")
    ]


_names = st.sampled_from(["main", "serve", "parse", "", "operator()(int)", "ünïcode", "a;b"])
_keys = st.builds(FunctionKey, _names, st.sampled_from(["", "a.c", "/src/b.go"]))
_locations = st.builds(
    Location,
    st.lists(_keys, max_size=3).map(tuple),
    st.sampled_from(["", "/usr/lib/libc.so", "/bin/shop"]),
)


def samples(least: int = 0, types: int = 1) -> st.SearchStrategy[list[Sample]]:
    """Samples at random: recursion, inlined frames, frames without a name, empty stacks, zeros."""
    values = st.one_of(st.just(0), st.integers(least, 10**6), st.integers(least, 2**53))
    return st.lists(
        st.builds(
            Sample,
            st.lists(_locations, max_size=5).map(tuple),
            st.tuples(*[values] * types),
        ),
        max_size=8,
    )
