"""The shapes of the pprof messages, for the type checker; schema.py makes them at run time."""

from collections.abc import Iterator, MutableSequence
from typing import Protocol, TypeVar

M_co = TypeVar("M_co", covariant=True)


class Messages(Protocol[M_co]):
    """A repeated message field."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[M_co]: ...

    def add(self) -> M_co:
        """A new empty message at the end."""


class ValueTypeMessage(Protocol):
    """String indexes of a type and its unit."""

    type: int
    unit: int


class LabelMessage(Protocol):
    """String indexes of a key and a text, or a number and the string index of its unit."""

    key: int
    str: int
    num: int
    num_unit: int


class SampleMessage(Protocol):
    """A stack of location ids, leaf first, and one value a type."""

    location_id: MutableSequence[int]
    value: MutableSequence[int]
    label: "Messages[LabelMessage]"


class MappingMessage(Protocol):
    """A binary in memory."""

    id: int
    memory_start: int
    memory_limit: int
    file_offset: int
    filename: int
    build_id: int
    has_functions: bool
    has_filenames: bool
    has_line_numbers: bool
    has_inline_frames: bool


class LineMessage(Protocol):
    """A function and where in it, 0 where not known."""

    function_id: int
    line: int


class LocationMessage(Protocol):
    """A place in the program; several lines are functions inlined into one another, innermost first."""

    id: int
    mapping_id: int
    address: int
    line: "Messages[LineMessage]"
    is_folded: bool


class FunctionMessage(Protocol):
    """String indexes of a function's names and file."""

    id: int
    name: int
    system_name: int
    filename: int
    start_line: int


class ProfileMessage(Protocol):
    """A whole profile."""

    sample_type: "Messages[ValueTypeMessage]"
    sample: "Messages[SampleMessage]"
    mapping: "Messages[MappingMessage]"
    location: "Messages[LocationMessage]"
    function: "Messages[FunctionMessage]"
    string_table: MutableSequence[bytes]
    drop_frames: int
    keep_frames: int
    time_nanos: MutableSequence[int]
    duration_nanos: int
    period_type: "Messages[ValueTypeMessage]"
    period: int
    comment: MutableSequence[int]
    default_sample_type: int
    doc_url: int

    def SerializeToString(self, *, deterministic: bool = False) -> bytes:  # noqa: N802 - protobuf's name
        """The bytes of the message."""
