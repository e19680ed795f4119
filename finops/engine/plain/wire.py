"""The fields of a pprof and their bytes: what protobuf is told of them, and what is seen before it reads."""

from typing import NamedTuple

VARINT, FIXED64, BYTES, GROUP_START, GROUP_END, FIXED32 = range(6)

# A byte below this is a number of its own, or the last one of a longer number.
ONE_BYTE = 128
_SHIFTS = range(7, 70, 7)
_SIZES = {FIXED64: 8, FIXED32: 4, GROUP_START: 0, GROUP_END: 0}

# message: its fields in order of number, from 1; "*" is repeated.
MESSAGES = {
    "ValueType": "type:int64 unit:int64",
    "Label": "key:int64 str:int64 num:int64 num_unit:int64",
    "Sample": "location_id:uint64* value:int64* label:Label*",
    "Mapping": "id:uint64 memory_start:uint64 memory_limit:uint64 file_offset:uint64 filename:int64"
    " build_id:int64 has_functions:bool has_filenames:bool has_line_numbers:bool has_inline_frames:bool",
    "Line": "function_id:uint64 line:int64 column:int64",
    "Location": "id:uint64 mapping_id:uint64 address:uint64 line:Line* is_folded:bool",
    "Function": "id:uint64 name:int64 system_name:int64 filename:int64 start_line:int64",
    "Profile": "sample_type:ValueType* sample:Sample* mapping:Mapping* location:Location*"
    " function:Function* string_table:bytes* drop_frames:int64 keep_frames:int64 time_nanos:int64*"
    " duration_nanos:int64 period_type:ValueType* period:int64 comment:int64* default_sample_type:int64"
    " doc_url:int64",
}


class Kind(NamedTuple):
    """What the pprof message says of one field."""

    name: str
    type: str
    """A scalar of protobuf, or a message of `MESSAGES`."""
    repeated: bool

    @property
    def is_number(self) -> bool:
        """Whether it holds numbers; several may be packed into bytes."""
        return self.type != "bytes" and self.type not in MESSAGES

    @property
    def wire_types(self) -> tuple[int, ...]:
        """The forms that it may have in a file."""
        if not self.is_number:
            return (BYTES,)
        return (VARINT, BYTES) if self.repeated else (VARINT,)


def _kind(text: str) -> Kind:
    name, kind = text.rstrip("*").split(":")
    return Kind(name, kind, text.endswith("*"))


KINDS = {
    message: dict(enumerate(map(_kind, fields.split()), start=1)) for message, fields in MESSAGES.items()
}
"""The fields of each message by number."""

TAGS = {
    message: {number << 3 | form: kind for number, kind in kinds.items() for form in kind.wire_types}
    for message, kinds in KINDS.items()
}
"""The same by tag, which is the number and the form; one that is not here is unknown or misplaced."""


def field(raw: bytes, at: int) -> tuple[int, int, int]:
    """The tag of the field at a byte, and where its content starts and ends: behind the last byte, perhaps.

    A group's marks are fields without a content, and what stands between them are fields like any other.

    Raises:
        LookupError: protobuf would not read on from here; the bytes end, or they are none of its own.
    """
    tag, at = _varint(raw, at)
    wire_type = tag & 7
    if not tag >> 3:
        raise LookupError("there is no field 0")
    if wire_type == BYTES:
        size, at = _varint(raw, at)
        return tag, at, at + size
    if wire_type == VARINT:
        return tag, at, _varint(raw, at)[1]
    return tag, at, at + _SIZES[wire_type]


def _varint(raw: bytes, at: int) -> tuple[int, int]:
    """The number that starts at a byte, which may be written longer than it need be, and where it ends."""
    byte = raw[at]
    at += 1
    if byte < ONE_BYTE:  # nearly all; a profile may be walked whole
        return byte, at
    number = byte - ONE_BYTE
    for shift in _SHIFTS:
        byte = raw[at]
        at += 1
        if byte < ONE_BYTE:
            return number | byte << shift, at
        number |= (byte - ONE_BYTE) << shift
    raise LookupError("a varint has more than ten bytes")
