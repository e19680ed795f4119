"""google/pprof's profile.proto, as files and back-ends give it: gzip, zstd or raw."""

from finops import engine
from finops.engine import Columns
from finops.errors import NotFound


def read(data: bytes) -> Columns:
    """The profile in a pprof, without the frames that the file itself says to drop.

    Raises:
        BrokenProfile: the bytes are no valid pprof.
    """
    return engine.prune(engine.decode(data))


def write(columns: Columns) -> bytes:
    """A gzipped pprof that any viewer opens."""
    return engine.encode(columns)


def value_index(columns: Columns, wanted: str | None = None) -> int:
    """Which column of values is meant: as `go tool pprof -sample_index` takes it.

    A wanted type is given by its name, by name/unit, or by its number; `inuse_space` also finds
    `space`. Without one it is the profile's own default, else its last type.

    Raises:
        NotFound: no type is meant by that; the message lists those that there are.
    """
    types = columns.value_types
    names = [value_type.type for value_type in types]
    if not types:
        raise NotFound("the profile has no value types")
    if not wanted:
        return names.index(columns.default_type) if columns.default_type in names else len(names) - 1
    accepted = {wanted, wanted.removeprefix("inuse_")}
    for place, value_type in enumerate(types):
        if accepted & {str(place), value_type.type, str(value_type)}:
            return place
    raise NotFound(f"the profile has no type {wanted!r}; it has {', '.join(map(str, types))}")
