"""Columns to pprof. The same columns give the same bytes."""

import zlib

import numpy as np

from finops.engine.columns import Columns, ValueType
from finops.engine.plain.messages import Messages, ProfileMessage, SampleMessage, ValueTypeMessage
from finops.engine.plain.schema import new_profile

_GZIP_LEVEL = 6


def encode(columns: Columns, *, compress: bool = True) -> bytes:
    """A pprof profile that decodes to the same columns, gzipped unless told otherwise.

    Ids count from 1. pprof has no line without a function: such a line is written with a function
    that has no name, which every reader shows the same way.
    """
    message = new_profile()
    strings = _Strings()
    _write_types(message.sample_type, columns.value_types, strings)
    _write_samples(message, columns, strings)
    _write_mappings(message, columns, strings)
    _write_locations(message, columns)
    _write_functions(message, columns, strings)
    _write_headers(message, columns, strings)
    message.string_table.extend(strings.table())
    raw = message.SerializeToString(deterministic=True)
    # wbits=31 writes a gzip header without a time.
    return zlib.compress(raw, _GZIP_LEVEL, wbits=31) if compress else raw


class _Strings:
    """The string table as it grows. String 0 is the empty one, which also means "not there"."""

    def __init__(self) -> None:
        self._places: dict[str | None, int] = {"": 0}

    def __getitem__(self, text: str) -> int:
        return self._places.setdefault(text, len(self._places))

    def present(self, text: str) -> int:
        """A place that is not 0, for where an empty text is something else than none."""
        return self[text] or self._places.setdefault(None, len(self._places))

    def table(self) -> list[bytes]:
        """The strings in order."""
        return [_utf8(text or "") for text in self._places]


def _utf8(text: str) -> bytes:
    """The bytes of a text; half a surrogate pair, which UTF-8 cannot hold, becomes U+FFFD."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()


def _write_types(
    messages: Messages[ValueTypeMessage], value_types: tuple[ValueType, ...], strings: _Strings
) -> None:
    for value_type in value_types:
        message = messages.add()
        message.type = strings[value_type.type]
        message.unit = strings[value_type.unit]


def _write_samples(message: ProfileMessage, columns: Columns, strings: _Strings) -> None:
    bounds = columns.stack_offsets.tolist()
    stacks = (columns.stack_locations.astype(np.int64) + 1).tolist()
    samples: list[SampleMessage] = []
    for place, values in enumerate(columns.values.tolist()):
        sample = message.sample.add()
        sample.location_id.extend(stacks[bounds[place] : bounds[place + 1]])
        sample.value.extend(values)
        samples.append(sample)
    labels = columns.labels
    rows = zip(labels.samples.tolist(), labels.keys, labels.texts, labels.numbers, labels.units, strict=True)
    for place, key, text, number, unit in rows:
        label = samples[place].label.add()
        label.key = strings[key]
        if text is not None:
            label.str = strings.present(text)
        else:
            label.num = number
            # Without a number or a unit a label reads as nothing at all.
            label.num_unit = strings[unit] if number else strings.present(unit)


def _write_mappings(message: ProfileMessage, columns: Columns, strings: _Strings) -> None:
    mappings = columns.mappings
    for place, file in enumerate(mappings.files):
        mapping = message.mapping.add()
        mapping.id = place + 1
        mapping.memory_start = int(mappings.starts[place])
        mapping.memory_limit = int(mappings.limits[place])
        mapping.file_offset = int(mappings.offsets[place])
        mapping.filename = strings[file]
        mapping.build_id = strings[mappings.build_ids[place]]
        (
            mapping.has_functions,
            mapping.has_filenames,
            mapping.has_line_numbers,
            mapping.has_inline_frames,
        ) = mappings.flags[place]


def _write_locations(message: ProfileMessage, columns: Columns) -> None:
    bounds = columns.line_offsets.tolist()
    nameless = len(columns.function_names)
    functions = np.where(columns.line_functions < 0, nameless, columns.line_functions).tolist()
    numbers = columns.line_numbers.tolist()
    rows = zip(columns.location_mappings.tolist(), columns.location_addresses.tolist(), strict=True)
    for place, (mapping, address) in enumerate(rows):
        location = message.location.add()
        location.id = place + 1
        location.mapping_id = mapping + 1
        location.address = address
        location.is_folded = columns.location_folded[place]
        for at in range(bounds[place], bounds[place + 1]):
            line = location.line.add()
            line.function_id = functions[at] + 1
            line.line = numbers[at]


def _write_functions(message: ProfileMessage, columns: Columns, strings: _Strings) -> None:
    for place, name in enumerate(columns.function_names):
        function = message.function.add()
        function.id = place + 1
        function.name = strings[name]
        function.system_name = strings[columns.function_system_names[place]]
        function.filename = strings[columns.function_files[place]]
        function.start_line = int(columns.function_start_lines[place])
    if (columns.line_functions < 0).any():
        message.function.add().id = len(columns.function_names) + 1


def _write_headers(message: ProfileMessage, columns: Columns, strings: _Strings) -> None:
    message.drop_frames = strings[columns.drop_frames]
    message.keep_frames = strings[columns.keep_frames]
    if columns.time_nanos:
        message.time_nanos.append(columns.time_nanos)
    message.duration_nanos = columns.duration_nanos
    if columns.period_type is not None:
        _write_types(message.period_type, (columns.period_type,), strings)
    message.period = columns.period
    message.comment.extend(strings[comment] for comment in columns.comments)
    message.default_sample_type = strings[columns.default_type]
    message.doc_url = strings[columns.doc_url]
