"""Ids to dense indexes and lists of lists to offsets: what every table of a profile needs."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from finops.errors import BrokenProfile

Int32s = npt.NDArray[np.int32]
Int64s = npt.NDArray[np.int64]
UInt64s = npt.NDArray[np.uint64]


# Most files count ids from 1. A table this much larger than the ids is still quicker than searching.
_DENSE = 16


class Ids:
    """The ids of one table of a profile; they may be sparse, huge and in any order."""

    def __init__(self, kind: str, ids: Sequence[int]) -> None:
        """Take the ids in the order of the table; 0 is reserved, and none may come twice."""
        in_order = np.array(ids, np.uint64)
        self._order = np.argsort(in_order, kind="stable").astype(np.int32)
        self._sorted = in_order[self._order]
        if self._sorted.size and self._sorted[0] == 0:
            raise BrokenProfile(f"a {kind} has the reserved id 0")
        if (again := np.flatnonzero(self._sorted[1:] == self._sorted[:-1])).size:
            raise BrokenProfile(f"several {kind}s have the id {self._sorted[again[0]]}")

    def places(self, wanted: UInt64s) -> Int32s:
        """Where in the table each id stands; -1 where it does not.

        >>> Ids("location", [7, 3]).places(np.array([3, 7, 4], np.uint64)).tolist()
        [1, 0, -1]
        """
        if not self._sorted.size:
            return np.full(wanted.size, -1, np.int32)
        last = int(self._sorted[-1])
        if last < _DENSE * self._sorted.size:
            table = np.full(last + 2, -1, np.int32)
            table[self._sorted] = self._order
            return table[np.minimum(wanted, np.uint64(last + 1))]
        at = np.minimum(np.searchsorted(self._sorted, wanted), self._sorted.size - 1)
        return np.where(self._sorted[at] == wanted, self._order[at], np.int32(-1))


def offsets(sizes: Sequence[int]) -> Int64s:
    """Where each of some lists starts when they stand in one array, and where the last one ends.

    >>> offsets([2, 0, 3]).tolist()
    [0, 2, 2, 5]
    """
    ends = np.zeros(len(sizes) + 1, np.int64)
    np.cumsum(sizes, out=ends[1:])
    return ends


def rows(starts: Int64s, chosen: npt.NDArray[np.signedinteger]) -> tuple[Int64s, Int64s]:
    """The places of the elements of chosen lists, one list after another, and the lists' offsets.

    >>> places, bounds = rows(np.array([0, 2, 2, 5]), np.array([2, 0]))
    >>> places.tolist(), bounds.tolist()
    ([2, 3, 4, 0, 1], [0, 3, 5])
    """
    first = starts[chosen]
    bounds = offsets(starts[chosen + 1] - first)
    shift = np.repeat(first - bounds[:-1], np.diff(bounds))
    return np.arange(bounds[-1]) + shift, bounds
