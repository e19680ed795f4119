"""Self and total of each function, one walk over the samples as they lie in the file."""

from collections.abc import Mapping

from finops.engine.columns import Columns, Grouping, Totals
from finops.engine.native.decode import Source
from finops.engine.native.frames import Named, named, stack_arrays
from finops.engine.native.refusals import LIMITS, core, refused


def totals(columns: Columns, value: int, by: Grouping = "function") -> Totals:
    """Self and total of what the frames are added up by, over one column of values.

    Self goes to the innermost line of the leaf. A total counts a sample once, however often its
    stack has the function. Samples whose value is 0 are not looked at; negative values, which
    differences between profiles have, are added as they are.

    Raises:
        BrokenProfile: the values do not add up within 64 bits, or a stack is absurdly deep.
    """
    found, source = named(columns, by), columns.loader
    try:
        if isinstance(source, Source):
            value_at = range(len(columns.value_types))[value]
            (groups, selfs, sums, no_stack), total = core.reduce(source.profile, value_at, found.frames)
        else:
            values, starts, places = stack_arrays(columns, value)
            groups, selfs, sums, no_stack = core.reduce_arrays(values, starts, places, found.frames, LIMITS)
            total = int(values.sum())
    except core.Refused as error:
        raise refused(error, value_type=columns.value_types[value]) from None
    return Totals.later(_Sums(found, groups, selfs, sums), total=total, no_stack=no_stack)


def least(columns: Columns, value: int) -> int:
    """The least value of a column; 0 where none is negative."""
    if isinstance(columns.loader, Source):
        return columns.loader.profile.least(range(len(columns.value_types))[value])
    return int(columns.values[:, value].min(initial=0))


class _Sums:
    """Groups that were met, in the order of their keys, and their sums."""

    def __init__(self, found: Named, groups: bytearray, selfs: bytearray, sums: bytearray) -> None:
        self._found, self._groups, self._selfs, self._sums = found, groups, selfs, sums

    def load(self, name: str) -> Mapping[str, object]:
        if name == "keys":
            return {"keys": self._found.keys_of(self._groups)}
        if name == "lists":
            lists = (memoryview(each).cast("q").tolist() for each in (self._selfs, self._sums))
            return {"lists": tuple(lists)}
        import numpy as np  # noqa: PLC0415 - lists of them need none

        return {"selfs": np.frombuffer(self._selfs, np.int64), "totals": np.frombuffer(self._sums, np.int64)}
