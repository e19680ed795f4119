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

from finops.engine.plain.bounds import bound, inspect
from finops.engine.plain.foreign import not_pprof
from finops.engine.plain.messages import ProfileMessage
from finops.engine.plain.wire import KINDS

_SCALARS = {
    "int64": FieldDescriptorProto.TYPE_INT64,
    "uint64": FieldDescriptorProto.TYPE_UINT64,
    "bool": FieldDescriptorProto.TYPE_BOOL,
    "bytes": FieldDescriptorProto.TYPE_BYTES,
}

_PACKAGE = "flamebill.pprof"


def new_profile() -> ProfileMessage:
    """An empty profile message."""
    return cast("ProfileMessage", _profile_class()())


def parse(raw: bytes) -> ProfileMessage:
    """The message that inflated bytes hold; what its fields mean is not looked at.

    As google/pprof does, a known field in the wrong wire form and any group are refused; protobuf
    by itself sets both aside as unknown. What protobuf refuses and google/pprof skips stays refused:
    a field numbered 0 or beyond 2^29, which nobody writes.

    Raises:
        BrokenProfile: the bytes are no pprof, and the message says what they are where that is seen;
            or they hold more than any profile does.
    """
    bound(raw)
    message = _profile_class()()
    try:
        message.ParseFromString(raw)
    except DecodeError as error:
        raise not_pprof(raw, "its protobuf encoding is broken") from error
    size = message.ByteSize()
    message.DiscardUnknownFields()
    # Only a rare file has fields that are not known; only then are they worth a walk in Python.
    if message.ByteSize() != size:
        inspect(raw)
    return cast("ProfileMessage", message)


@cache
def _profile_class() -> type[Message]:
    pool = DescriptorPool()
    file = FileDescriptorProto(name="pprof.proto", package=_PACKAGE, syntax="proto3")
    for name, kinds in KINDS.items():
        message = file.message_type.add(name=name)
        for number, kind in kinds.items():
            field = message.field.add(name=kind.name, number=number)
            field.label = (
                FieldDescriptorProto.LABEL_REPEATED if kind.repeated else FieldDescriptorProto.LABEL_OPTIONAL
            )
            if kind.type in _SCALARS:
                field.type = _SCALARS[kind.type]
            else:
                field.type = FieldDescriptorProto.TYPE_MESSAGE
                field.type_name = f".{_PACKAGE}.{kind.type}"
            if kind.name == "time_nanos":
                field.options.packed = False  # readers expect a plain number
    pool.Add(file)
    return GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.Profile"))
