"""pprof to columns. A file that google/pprof refuses is refused here, for the same reasons."""

from array import array
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from finops.engine.columns import Columns, LabelColumns, MappingColumns, ValueType
from finops.engine.limits import MAX_INFLATED
from finops.engine.plain.foreign import not_pprof
from finops.engine.plain.inflate import inflate
from finops.engine.plain.messages import (
    LocationMessage,
    Messages,
    ProfileMessage,
    SampleMessage,
    ValueTypeMessage,
)
from finops.engine.plain.schema import parse
from finops.engine.plain.tables import Ids, offsets
from finops.errors import BrokenProfile

Int32s = npt.NDArray[np.int32]
Int64s = npt.NDArray[np.int64]
UInt64s = npt.NDArray[np.uint64]


def decode(data: bytes, max_bytes: int = MAX_INFLATED) -> Columns:
    """The columns of a pprof profile: gzip, zstd or raw.

    Ids of any size become dense indexes in the order of the file. Characters that are not UTF-8
    become U+FFFD. The file's drop_frames is not applied: `prune` does that.

    Raises:
        BrokenProfile: the bytes are no valid pprof. No bytes raise anything else.
    """
    raw = inflate(data, max_bytes)
    if not raw:
        raise BrokenProfile("the profile is empty (0 bytes)")
    message = parse(raw)
    try:
        return _columns(message, _Strings(message.string_table))
    except _BadStringError as error:
        raise not_pprof(raw, str(error)) from error


class _BadStringError(Exception):
    """A string index that the table does not have: a broken pprof, or another format altogether."""


class _Strings(dict[int, str]):
    """The strings of the table that are named, each decoded when it first is: a file may hold many more.

    An index outside of the table is an error, a negative one too.
    """

    def __init__(self, table: Sequence[bytes]) -> None:
        super().__init__()
        if not table:
            raise _BadStringError("it has no string table")
        if table[0]:
            raise _BadStringError("the first string of its table is not empty")
        self._table = table
        self._size = len(table)

    def __missing__(self, index: int) -> str:
        if not 0 <= index < self._size:
            raise _BadStringError(f"it names string {index} of {self._size}")
        text = self[index] = self._table[index].decode(errors="replace")
        return text


def _columns(message: ProfileMessage, strings: _Strings) -> Columns:
    """Put the tables together, the short ones first, as they refuse cheaply.

    Strings are checked before ids, as a wrong one may mean no pprof at all.
    """
    value_types = _value_types(message.sample_type, strings)
    period_types = _value_types(message.period_type, strings)
    drop_frames, keep_frames = strings[message.drop_frames], strings[message.keep_frames]
    comments = tuple(strings[index] for index in message.comment)
    default_type, doc_url = strings[message.default_sample_type], strings[message.doc_url]
    # The last of several wins in protobuf, which would hide that two files were glued together.
    if any(message.time_nanos[:-1]):
        raise BrokenProfile("several profiles in one file: it has two times of collection")
    mappings, mapping_ids = _mappings(message, strings)
    functions = _functions(message, strings)
    labels = _labels(message.sample, strings)
    locations = _locations(message.location, mapping_ids, functions.ids)
    samples = _samples(message.sample, len(value_types), locations.ids)
    return Columns(
        value_types=value_types,
        values=samples.values,
        stack_offsets=samples.stack_offsets,
        stack_locations=samples.stack_locations,
        line_offsets=locations.line_offsets,
        line_functions=locations.line_functions,
        line_numbers=locations.line_numbers,
        location_mappings=locations.mappings,
        location_addresses=locations.addresses,
        location_folded=locations.folded,
        function_names=functions.names,
        function_system_names=functions.system_names,
        function_files=functions.files,
        function_start_lines=functions.start_lines,
        mappings=mappings,
        labels=labels,
        default_type=default_type,
        period_type=period_types[-1] if period_types and any(period_types[-1]) else None,
        period=message.period,
        time_nanos=message.time_nanos[-1] if message.time_nanos else 0,
        duration_nanos=message.duration_nanos,
        drop_frames=drop_frames,
        keep_frames=keep_frames,
        comments=comments,
        doc_url=doc_url,
    )


def _value_types(messages: Messages[ValueTypeMessage], strings: _Strings) -> tuple[ValueType, ...]:
    return tuple(ValueType(strings[message.type], strings[message.unit]) for message in messages)


def _mappings(message: ProfileMessage, strings: _Strings) -> tuple[MappingColumns, Ids]:
    mappings = list(message.mapping)
    columns = MappingColumns(
        files=tuple(strings[mapping.filename] for mapping in mappings),
        build_ids=tuple(strings[mapping.build_id] for mapping in mappings),
        starts=np.array([mapping.memory_start for mapping in mappings], np.uint64),
        limits=np.array([mapping.memory_limit for mapping in mappings], np.uint64),
        offsets=np.array([mapping.file_offset for mapping in mappings], np.uint64),
        flags=tuple(
            (m.has_functions, m.has_filenames, m.has_line_numbers, m.has_inline_frames) for m in mappings
        ),
    )
    return columns, Ids("mapping", [mapping.id for mapping in mappings])


class _Functions(NamedTuple):
    names: tuple[str, ...]
    system_names: tuple[str, ...]
    files: tuple[str, ...]
    start_lines: Int64s
    ids: Ids


def _functions(message: ProfileMessage, strings: _Strings) -> _Functions:
    functions = list(message.function)
    return _Functions(
        names=tuple(strings[function.name] for function in functions),
        system_names=tuple(strings[function.system_name] for function in functions),
        files=tuple(strings[function.filename] for function in functions),
        start_lines=np.array([function.start_line for function in functions], np.int64),
        ids=Ids("function", [function.id for function in functions]),
    )


class _Locations(NamedTuple):
    line_offsets: Int64s
    line_functions: Int32s
    line_numbers: Int64s
    mappings: Int32s
    addresses: UInt64s
    folded: tuple[bool, ...]
    ids: Ids


def _locations(messages: Messages[LocationMessage], mapping_ids: Ids, function_ids: Ids) -> _Locations:
    """An unknown mapping is no mapping, as in google/pprof; an unknown function is an error."""
    ids: list[int] = []
    mappings: list[int] = []
    addresses: list[int] = []
    folded: list[bool] = []
    functions: list[int] = []
    numbers: list[int] = []
    sizes: list[int] = []
    for message in messages:
        ids.append(message.id)
        mappings.append(message.mapping_id)
        addresses.append(message.address)
        folded.append(message.is_folded)
        sizes.append(len(message.line))
        for line in message.line:
            functions.append(line.function_id)
            numbers.append(line.line)
    line_offsets = offsets(sizes)
    line_functions = function_ids.places(np.array(functions, np.uint64))
    if (nameless := np.flatnonzero(line_functions < 0)).size:
        raise BrokenProfile(
            f"location {ids[_owner(line_offsets, nameless[0])]} has a line without a function"
        )
    return _Locations(
        line_offsets=line_offsets,
        line_functions=line_functions,
        line_numbers=np.array(numbers, np.int64),
        mappings=mapping_ids.places(np.array(mappings, np.uint64)),
        addresses=np.array(addresses, np.uint64),
        folded=tuple(folded),
        ids=Ids("location", ids),
    )


class _Samples(NamedTuple):
    values: Int64s
    stack_offsets: Int64s
    stack_locations: Int32s


def _samples(messages: Messages[SampleMessage], types: int, location_ids: Ids) -> _Samples:
    values, wanted = array("q"), array("Q")
    sizes: list[int] = []
    for message in messages:
        if len(message.value) != types:
            raise BrokenProfile(
                f"sample {len(sizes)} has {len(message.value)} values for {types} value types"
            )
        values.extend(message.value[:])
        wanted.extend(message.location_id[:])
        sizes.append(len(message.location_id))
    if sizes and not types:
        raise BrokenProfile("it has samples but does not say what their values are")
    stack_offsets = offsets(sizes)
    stack_locations = location_ids.places(np.frombuffer(wanted, np.uint64))
    if (unknown := np.flatnonzero(stack_locations < 0)).size:
        owner, missing = _owner(stack_offsets, unknown[0]), wanted[unknown[0]]
        raise BrokenProfile(f"sample {owner} names the location {missing}, which is not there")
    return _Samples(np.array(values, np.int64).reshape(len(sizes), types), stack_offsets, stack_locations)


def _owner(starts: Int64s, element: np.signedinteger) -> int:
    """Which of some lists in one array an element belongs to."""
    return int(np.searchsorted(starts, element, side="right")) - 1


def _labels(messages: Messages[SampleMessage], strings: _Strings) -> LabelColumns:
    """As google/pprof reads labels: a text if it has one, else a number with its unit, else nothing."""
    owners: list[int] = []
    keys: list[str] = []
    texts: list[str | None] = []
    numbers: list[int] = []
    units: list[str] = []
    for place, message in enumerate(messages):
        for label in message.label:
            key = strings[label.key]
            if label.str:
                texts.append(strings[label.str])
                numbers.append(0)
                units.append("")
            elif label.num or label.num_unit:
                texts.append(None)
                numbers.append(label.num)
                units.append(strings[label.num_unit])
            else:
                continue
            owners.append(place)
            keys.append(key)
    return LabelColumns(
        samples=np.array(owners, np.int64),
        keys=tuple(keys),
        texts=tuple(texts),
        numbers=np.array(numbers, np.int64),
        units=tuple(units),
    )
