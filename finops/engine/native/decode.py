"""pprof to columns: all of a file is checked at once, and a column is made when it is first looked at."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from finops.engine.columns import Columns, LabelColumns, MappingColumns, ValueType
from finops.engine.limits import MAX_INFLATED
from finops.engine.native.bounds import bound
from finops.engine.native.inflate import inflate
from finops.engine.native.refusals import LIMITS, core, refused
from finops.errors import BrokenProfile

if TYPE_CHECKING:
    from finops.engine.native import _core


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
    bound(raw)
    try:
        profile = core.parse(raw, LIMITS)
    except core.Refused as error:
        raise refused(error, raw) from None
    return Columns.later(Source(profile), **_header(profile))


class Source:
    """A profile that the core has parsed, and what was made of it more than once."""

    def __init__(self, profile: "_core.Profile") -> None:
        """Hold a profile."""
        self.profile = profile
        self._frames: dict[bool, _core.Frames] = {}

    def frames(self, *, by_file: bool) -> "_core.Frames":
        """Its frames by name and file, or by name alone."""
        if by_file not in self._frames:
            self._frames[by_file] = core.name_frames(self.profile, by_file)
        return self._frames[by_file]

    def load(self, name: str) -> Mapping[str, object]:
        """The column of a name, with those that are made along with it."""
        return _COLUMNS[name](self.profile)


def _header(profile: "_core.Profile") -> dict[str, object]:
    known = profile.header()
    period_types = [ValueType(*each) for each in known.pop("period_types")]
    known["value_types"] = tuple(ValueType(*each) for each in known["value_types"])
    known["period_type"] = period_types[-1] if period_types and any(period_types[-1]) else None
    return known


def _values(profile: "_core.Profile") -> Mapping[str, object]:
    import numpy as np  # noqa: PLC0415 - what asks for columns needs numpy anyway; self and total do not

    samples = profile.counts()[0]
    types = len(profile.header()["value_types"])
    return {"values": np.frombuffer(profile.values(), np.int64).reshape(samples, types)}


def _stacks(profile: "_core.Profile") -> Mapping[str, object]:
    import numpy as np  # noqa: PLC0415

    starts, locations = profile.stacks()
    return {
        "stack_offsets": np.frombuffer(starts, np.int64),
        "stack_locations": np.frombuffer(locations, np.int32),
    }


def _lines(profile: "_core.Profile") -> Mapping[str, object]:
    import numpy as np  # noqa: PLC0415

    starts, functions, numbers = profile.lines()
    return {
        "line_offsets": np.frombuffer(starts, np.int64),
        "line_functions": np.frombuffer(functions, np.int32),
        "line_numbers": np.frombuffer(numbers, np.int64),
    }


def _locations(profile: "_core.Profile") -> Mapping[str, object]:
    import numpy as np  # noqa: PLC0415

    mappings, addresses, folded = profile.locations()
    return {
        "location_mappings": np.frombuffer(mappings, np.int32),
        "location_addresses": np.frombuffer(addresses, np.uint64),
        "location_folded": folded,
    }


def _functions(profile: "_core.Profile") -> Mapping[str, object]:
    import numpy as np  # noqa: PLC0415

    names, system_names, files, start_lines = profile.functions()
    return {
        "function_names": names,
        "function_system_names": system_names,
        "function_files": files,
        "function_start_lines": np.frombuffer(start_lines, np.int64),
    }


def _mappings(profile: "_core.Profile") -> Mapping[str, object]:
    import numpy as np  # noqa: PLC0415

    rows = profile.mappings()
    columns = MappingColumns(
        files=tuple(row[0] for row in rows),
        build_ids=tuple(row[1] for row in rows),
        starts=np.array([row[2] for row in rows], np.uint64),
        limits=np.array([row[3] for row in rows], np.uint64),
        offsets=np.array([row[4] for row in rows], np.uint64),
        flags=tuple(row[5] for row in rows),
    )
    return {"mappings": columns}


def _labels(profile: "_core.Profile") -> Mapping[str, object]:
    import numpy as np  # noqa: PLC0415

    samples, keys, texts, numbers, units = profile.labels()
    columns = LabelColumns(
        samples=np.frombuffer(samples, np.int64),
        keys=keys,
        texts=texts,
        numbers=np.frombuffer(numbers, np.int64),
        units=units,
    )
    return {"labels": columns}


_COLUMNS = {
    "values": _values,
    **dict.fromkeys(("stack_offsets", "stack_locations"), _stacks),
    **dict.fromkeys(("line_offsets", "line_functions", "line_numbers"), _lines),
    **dict.fromkeys(("location_mappings", "location_addresses", "location_folded"), _locations),
    **dict.fromkeys(
        ("function_names", "function_system_names", "function_files", "function_start_lines"), _functions
    ),
    "mappings": _mappings,
    "labels": _labels,
}
