"""From locations to frames, and from frames to what they are added up by. Every reduction goes through here.

A location without lines is one frame, named after its binary, as in google/pprof; so is a line
whose function is missing or has no name.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from finops.engine.columns import Columns, FunctionKey, Grouping
from finops.engine.limits import FREE_FRAMES, MAX_FRAMES, MAX_MEAN_INLINED, MAX_STACK_FRAMES
from finops.engine.plain.packages import package
from finops.engine.plain.tables import offsets, rows
from finops.errors import BrokenProfile

Int32s = npt.NDArray[np.int32]
Int64s = npt.NDArray[np.int64]

# Frames looked at in one go: some 100 MB of arrays at most, however large the profile is.
_CHUNK = 1 << 21


@dataclass(frozen=True, slots=True, eq=False)
class Frames:
    """The frames of every location, innermost first, as indexes of what they are added up by."""

    keys: tuple[FunctionKey, ...]
    """Ordered, without repeats."""
    offsets: Int64s
    """(l + 1,): location j's frames are groups[offsets[j]:offsets[j + 1]]; at least one each."""
    groups: Int32s


def frames(columns: Columns, by: Grouping) -> Frames:
    """The frames of a profile's locations.

    What a frame is added up by, as (name, file):

    - function: the raw name and file; binaries, as everywhere, are `[libc.so]` or `<unknown>` and "".
    - name: the name alone, as `go tool pprof -top` does.
    - file: the file as the name; the binary where it is not known.
    - package: see `package`; the binary where neither name nor file tells one.
    - line: the name, and the file with the line number behind it.
    - binary: the whole path of the binary; `<unknown>` where there is none.
    """
    sizes = np.diff(columns.line_offsets)
    counts = np.maximum(sizes, 1)
    starts = offsets(counts.tolist())
    owners = np.repeat(np.arange(counts.size), counts)
    functions = np.full(owners.size, -1, np.int32)
    has_line = np.repeat(sizes > 0, counts)
    functions[has_line] = columns.line_functions
    numbers = np.zeros(owners.size, np.int64)
    numbers[has_line] = columns.line_numbers
    mappings = columns.location_mappings[owners]
    keys, groups = _intern(_namer(columns, by), functions, mappings, numbers if by == "line" else None)
    return Frames(keys, starts, groups)


_Namer = Callable[[int, int, int], FunctionKey]


def _namer(columns: Columns, by: Grouping) -> _Namer:
    """What names a frame, given its function, its mapping and its line number."""
    names, files = columns.function_names, columns.function_files

    def name(function: int, mapping: int, number: int) -> FunctionKey:
        if by == "binary":
            return FunctionKey((mapping >= 0 and columns.mappings.files[mapping]) or "<unknown>", "")
        if function < 0 or not names[function]:
            return FunctionKey(_binary(columns, mapping), "")
        if by == "function":
            return FunctionKey(names[function], files[function])
        if by == "line":
            return FunctionKey(names[function], f"{files[function]}:{number}")
        if by == "name":
            return FunctionKey(names[function], "")
        text = files[function] if by == "file" else package(names[function], files[function])
        return FunctionKey(text or _binary(columns, mapping), "")

    return name


def _binary(columns: Columns, mapping: int) -> str:
    path = columns.mappings.files[mapping] if mapping >= 0 else ""
    if not path:
        return "<unknown>"
    # As Go's filepath.Base: slashes at the end do not count, and only slashes leave one.
    return f"[{path.rstrip('/').rpartition('/')[2] or '/'}]"


def _intern(
    namer: _Namer, functions: Int32s, mappings: Int32s, numbers: Int64s | None
) -> tuple[tuple[FunctionKey, ...], Int32s]:
    """Name each kind of frame once, and number the names in their order."""
    kinds: dict[tuple[int, int, int], int] = {}
    lines = numbers.tolist() if numbers is not None else [0] * functions.size
    of_frame = [
        kinds.setdefault(kind, len(kinds))
        for kind in zip(functions.tolist(), mappings.tolist(), lines, strict=True)
    ]
    named = [namer(*kind) for kind in kinds]
    keys = tuple(sorted(set(named)))
    place = {key: at for at, key in enumerate(keys)}
    of_kind = np.array([place[key] for key in named], np.int32)
    return keys, of_kind[np.array(of_frame, np.int64)]


class Stacks(NamedTuple):
    """The frames of some samples, leaf first."""

    samples: Int64s
    bounds: Int64s
    """Stack i is groups[bounds[i]:bounds[i + 1]]."""
    groups: Int32s


def stacks(columns: Columns, found: Frames, samples: Int64s) -> Iterator[Stacks]:
    """The frames of the chosen samples, some at a time."""
    ends = np.cumsum(stack_depths(columns, found, samples))
    for part in np.split(samples, np.flatnonzero(np.diff(ends // _CHUNK)) + 1):
        entries, stack_bounds = rows(columns.stack_offsets, part)
        places, frame_bounds = rows(found.offsets, columns.stack_locations[entries])
        yield Stacks(part, frame_bounds[stack_bounds], found.groups[places])


def stack_depths(columns: Columns, found: Frames, samples: Int64s) -> Int64s:
    """How many frames the stacks of the chosen samples have.

    Raises:
        BrokenProfile: a stack, or all of them, have more frames than any program makes.
    """
    in_location = np.diff(found.offsets)
    reached = np.concatenate(([0], np.cumsum(in_location[columns.stack_locations])))
    depths = (reached[columns.stack_offsets[1:]] - reached[columns.stack_offsets[:-1]])[samples]
    if (worst := depths.max(initial=0)) > MAX_STACK_FRAMES:
        sample = samples[int(depths.argmax())]
        raise BrokenProfile(f"the stack of sample {sample} has {worst} frames, over {MAX_STACK_FRAMES}")
    most = min(MAX_FRAMES, FREE_FRAMES + MAX_MEAN_INLINED * columns.stack_locations.size)
    if (whole := depths.sum()) > most:
        entries = columns.stack_locations.size
        raise BrokenProfile(f"the {entries} entries of its stacks make {whole} frames, over {most}")
    return depths
