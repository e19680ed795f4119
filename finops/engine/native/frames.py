"""What frames are added up by where the core does not name them itself, and columns that it did not parse.

The core names functions. Packages, files, lines and binaries are named here, once for each kind of frame.
"""

from array import array
from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from finops.engine.columns import Columns, FunctionKey, Grouping
from finops.engine.native.decode import Source
from finops.engine.native.refusals import core
from finops.engine.plain.packages import package

if TYPE_CHECKING:
    from finops.engine.columns import Int32s, Int64s
    from finops.engine.native import _core

_UNKNOWN = "<unknown>"


class Named(NamedTuple):
    """Frames, and the keys of their groups; None where the core has the names."""

    frames: "_core.Frames"
    keys: tuple[FunctionKey, ...] | None

    def keys_of(self, groups: bytearray) -> tuple[FunctionKey, ...]:
        """The keys of some groups."""
        if self.keys is not None:
            return tuple(self.keys[group] for group in memoryview(groups).cast("i"))
        return tuple(map(FunctionKey._make, zip(*self.frames.names(groups), strict=True)))


def named(columns: Columns, by: Grouping) -> Named:
    """The frames of a profile's locations, by a grouping."""
    source = columns.loader
    if isinstance(source, Source) and by in ("function", "name"):
        return Named(source.frames(by_file=by == "function"), None)
    kinds: dict[tuple[int, int, int], int] = {}
    offsets, of_frame = array("q", [0]), array("i")
    for frames in _locations(columns, numbered=by == "line"):
        of_frame.extend(kinds.setdefault(frame, len(kinds)) for frame in frames)
        offsets.append(len(of_frame))
    names = [_name(columns, by, *kind) for kind in kinds]
    keys = tuple(sorted(set(names)))
    place = {key: at for at, key in enumerate(keys)}
    groups = [place[name] for name in names]
    made = core.frames_of(offsets, array("i", [groups[kind] for kind in of_frame]), len(keys))
    return Named(made, keys)


def _locations(columns: Columns, *, numbered: bool) -> Iterator[list[tuple[int, int, int]]]:
    """The frames of each location as (function or -1, mapping or -1, line number if that counts)."""
    functions = columns.line_functions.tolist()
    numbers = columns.line_numbers.tolist() if numbered else [0] * len(functions)
    bounds = pairwise(columns.line_offsets.tolist())
    for (start, end), mapping in zip(bounds, columns.location_mappings.tolist(), strict=True):
        lines = [(functions[at], mapping, numbers[at]) for at in range(start, end)]
        yield lines or [(-1, mapping, 0)]


def _name(columns: Columns, by: Grouping, function: int, mapping: int, number: int) -> FunctionKey:
    """The key of a kind of frame; see `Grouping` and the plain engine's `frames`."""
    path = columns.mappings.files[mapping] if mapping >= 0 else ""
    if by == "binary":
        return FunctionKey(path or _UNKNOWN, "")
    name = columns.function_names[function] if function >= 0 else ""
    if not name:
        return FunctionKey(_binary(path), "")
    file = columns.function_files[function]
    if by in ("file", "package"):
        return FunctionKey((file if by == "file" else package(name, file)) or _binary(path), "")
    shown = {"function": file, "name": "", "line": f"{file}:{number}"}
    return FunctionKey(name, shown[by])


def _binary(path: str) -> str:
    """A frame without a name goes by its binary, as in google/pprof."""
    parts = path.rstrip("/").split("/")
    return f"[{parts[-1] or '/'}]" if path else _UNKNOWN


def stack_arrays(columns: Columns, value: int) -> tuple["Int64s", "Int64s", "Int32s"]:
    """One column of values, offsets and locations of stacks, as the core takes arrays."""
    import numpy as np  # noqa: PLC0415 - columns that somebody made are numpy's already

    return (
        np.ascontiguousarray(columns.values[:, value], np.int64),
        np.ascontiguousarray(columns.stack_offsets, np.int64),
        np.ascontiguousarray(columns.stack_locations, np.int32),
    )
