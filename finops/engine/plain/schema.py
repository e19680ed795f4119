"""The pprof message, described in code: no compiled file that could demand another protobuf.

Two fields differ from google's profile.proto without a difference on the wire. `string_table` holds
bytes, because one bad character would otherwise refuse a whole profile that every other reader
takes. `time_nanos` and `period_type` are repeated, so that a second one, which the official message
would silently let win, is seen.
"""

from functools import cache
from typing import cast

from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import DecodeError, Message
from google.protobuf.message_factory import GetMessageClass
from google.protobuf.unknown_fields import UnknownFieldSet

from finops.engine.plain.foreign import explain
from finops.engine.plain.messages import ProfileMessage
from finops.errors import BrokenProfile

# message: its fields in order of number, from 1; "*" is repeated.
_MESSAGES = {
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

_SCALARS = {
    "int64": FieldDescriptorProto.TYPE_INT64,
    "uint64": FieldDescriptorProto.TYPE_UINT64,
    "bool": FieldDescriptorProto.TYPE_BOOL,
    "bytes": FieldDescriptorProto.TYPE_BYTES,
}

_PACKAGE = "flamebill.pprof"
_GROUP_START = 3


def new_profile() -> ProfileMessage:
    """An empty profile message."""
    return cast("ProfileMessage", _profile_class()())


def parse(raw: bytes) -> ProfileMessage:
    """The message that inflated bytes hold; what its fields mean is not looked at.

    As google/pprof does, a known field in the wrong wire form and any group are refused; protobuf
    by itself sets both aside as unknown. What protobuf refuses and google/pprof skips stays refused:
    a field numbered 0 or beyond 2^29, which nobody writes.

    Raises:
        BrokenProfile: the bytes are no pprof; the message says what they are where that is seen.
    """
    try:
        message = _parse(raw)
    except DecodeError as error:
        raise not_pprof(raw, "its protobuf encoding is broken") from error
    size = message.ByteSize()
    message.DiscardUnknownFields()
    # Only a rare file has fields that are not known; only then are they worth a walk in Python.
    if message.ByteSize() != size and _has_misplaced_fields(_parse(raw)):
        raise not_pprof(raw, "a field has the wrong wire type")
    return cast("ProfileMessage", message)


def not_pprof(raw: bytes, why: str) -> BrokenProfile:
    """The refusal of bytes that are no pprof message."""
    return BrokenProfile(explain(raw) or f"this is not a pprof profile: {why}")


def _parse(raw: bytes) -> Message:
    message = _profile_class()()
    message.ParseFromString(raw)
    return message


def _has_misplaced_fields(message: Message) -> bool:
    known = message.DESCRIPTOR.fields_by_number
    unknown = UnknownFieldSet(message)
    for place in range(len(unknown)):
        if unknown[place].wire_type == _GROUP_START or unknown[place].field_number in known:
            return True
    return any(
        _has_misplaced_fields(child)
        for field, children in message.ListFields()
        if field.message_type is not None
        for child in children
    )


@cache
def _profile_class() -> type[Message]:
    pool = DescriptorPool()
    file = FileDescriptorProto(name="pprof.proto", package=_PACKAGE, syntax="proto3")
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for number, text in enumerate(fields.split(), start=1):
            field_name, kind = text.rstrip("*").split(":")
            field = message.field.add(name=field_name, number=number)
            repeated = text.endswith("*")
            field.label = (
                FieldDescriptorProto.LABEL_REPEATED if repeated else FieldDescriptorProto.LABEL_OPTIONAL
            )
            if kind in _SCALARS:
                field.type = _SCALARS[kind]
            else:
                field.type = FieldDescriptorProto.TYPE_MESSAGE
                field.type_name = f".{_PACKAGE}.{kind}"
            if field_name == "time_nanos":
                field.options.packed = False  # readers expect a plain number
    pool.Add(file)
    return GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.Profile"))
