"""The shapes that the engine takes and gives: columns, never lists of objects.

Importing this module imports no numpy; the arrays inside are numpy's all the same. What the native
engine gives is filled in when a column is first looked at: a command that only wants the ten largest
functions neither loads numpy nor makes a column.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol, Self, cast

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Int32s = npt.NDArray[np.int32]
    Int64s = npt.NDArray[np.int64]
    UInt64s = npt.NDArray[np.uint64]

Grouping = Literal["function", "name", "file", "package", "line", "binary"]
"""What frames are added up by; "function" is name and file, "name" is pprof's own grouping."""


class ValueType(NamedTuple):
    """What a column of values measures: pprof's (type, unit), as ("cpu", "nanoseconds")."""

    type: str
    unit: str

    def __str__(self) -> str:
        return f"{self.type}/{self.unit}"


class FunctionKey(NamedTuple):
    """What tells one function from another: its raw name and its file ("" where unknown)."""

    name: str
    file: str


class Loader(Protocol):
    """What makes columns when they are first looked at."""

    def load(self, name: str) -> Mapping[str, object]:
        """The column of a name, with those that are made along with it."""


class Later:
    """Columns that are not there yet. `replace` and pickling see ordinary columns."""

    __slots__ = ("_loader",)

    @classmethod
    def later(cls, loader: Loader, **known: object) -> Self:
        """An instance of which some columns are known; a loader makes the others."""
        made = cls.__new__(cls)
        object.__setattr__(made, "_loader", loader)
        for name, column in known.items():
            object.__setattr__(made, name, column)
        return made

    @property
    def loader(self) -> Loader | None:
        """What makes the columns; None where they were given."""
        loader: Loader | None = getattr(self, "_loader", None)
        return loader

    # A type checker sees the fields of the subclass, and would take any name for one if it saw this too.
    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> object:
            """Only called where a slot is empty."""
            if name not in self.__dataclass_fields__ or self.loader is None:
                raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
            made = self.loader.load(name)
            for each, column in made.items():
                object.__setattr__(self, each, column)
            return made[name]


@dataclass(frozen=True, slots=True, eq=False)
class LabelColumns:
    """The labels of all samples, one row a label, ordered by sample.

    A row holds either a text or a number with its unit ("" where the profile gives none).
    """

    samples: "Int64s"
    keys: tuple[str, ...]
    texts: tuple[str | None, ...]
    numbers: "Int64s"
    units: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class MappingColumns:
    """The binaries of a profile: one row a mapping, in the order of the file."""

    files: tuple[str, ...]
    build_ids: tuple[str, ...]
    starts: "UInt64s"
    limits: "UInt64s"
    offsets: "UInt64s"
    flags: tuple[tuple[bool, bool, bool, bool], ...]
    """has_functions, has_filenames, has_line_numbers, has_inline_frames."""


@dataclass(frozen=True, slots=True, eq=False)
class Columns(Later):
    """One decoded profile. n samples, k value types, m stack entries, l locations, f functions.

    Ids of the file are replaced by dense indexes; stacks run from the leaf up, and so do the lines
    of a location (the first is the innermost inlined one), as in pprof.
    """

    value_types: tuple[ValueType, ...]
    values: "Int64s"
    """(n, k): the values as the file has them, negative ones included."""
    stack_offsets: "Int64s"
    """(n + 1,): sample i's stack is stack_locations[stack_offsets[i]:stack_offsets[i + 1]]."""
    stack_locations: "Int32s"
    """(m,): indexes of locations."""
    line_offsets: "Int64s"
    """(l + 1,): location j's lines are line_functions[line_offsets[j]:line_offsets[j + 1]]."""
    line_functions: "Int32s"
    """Indexes of functions; -1 where a line names none."""
    line_numbers: "Int64s"
    location_mappings: "Int32s"
    """(l,): indexes of mappings; -1 where there is none."""
    location_addresses: "UInt64s"
    location_folded: tuple[bool, ...]
    function_names: tuple[str, ...]
    function_system_names: tuple[str, ...]
    function_files: tuple[str, ...]
    function_start_lines: "Int64s"
    mappings: MappingColumns
    labels: LabelColumns
    default_type: str
    """The sample type that the file itself prefers; "" where it does not say."""
    period_type: ValueType | None
    period: int
    time_nanos: int
    duration_nanos: int
    drop_frames: str
    keep_frames: str
    comments: tuple[str, ...]
    doc_url: str


@dataclass(frozen=True, slots=True, eq=False)
class Totals(Later):
    """Self and total of each group of frames, in the column's own unit, ordered by key."""

    keys: tuple[FunctionKey, ...]
    selfs: "Int64s"
    totals: "Int64s"
    """Once per stack: a recursive function counts a sample's value once."""
    total: int
    """The sum of all samples; at least the sum of selfs, the rest had no stack."""
    no_stack: int
    """The sum of samples whose stack is empty."""

    def lists(self) -> tuple[list[int], list[int]]:
        """Selfs and totals as plain numbers, without numpy where it is not loaded yet."""
        if self.loader is None:
            selfs, totals = self.selfs, self.totals
            return selfs.tolist(), totals.tolist()
        return cast("tuple[list[int], list[int]]", self.loader.load("lists")["lists"])


@dataclass(frozen=True, slots=True, eq=False)
class Trie:
    """A call tree in columns: one row a node, parents before their children.

    Nodes stand in depth-first order with the children of a node ordered by (name, file), so that
    two tries of the same stacks are the same columns whatever order the samples came in.
    """

    keys: tuple[FunctionKey, ...]
    """The functions met, ordered by (name, file), without repeats."""
    parents: "Int32s"
    """Index of the parent node; -1 for the outermost frames."""
    functions: "Int32s"
    """Index into keys."""
    selfs: "Int64s"
    """What was sampled in the node itself, in the column's own unit; never negative."""
    no_stack: int = 0
    """The weight of samples whose stack is empty; it belongs to no node."""
