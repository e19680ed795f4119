"""Self and total of each function, equal to `go tool pprof -top` to the last unit."""

import numpy as np
import numpy.typing as npt

from finops.engine.columns import Columns, Grouping, Totals
from finops.engine.plain.frames import frames, stacks
from finops.errors import BrokenProfile

Int64s = npt.NDArray[np.int64]

_INT64_MAX = 2**63 - 1
# Below this a sum of floats is far enough from the limit that its rounding cannot matter.
_SURELY_FITS = 2.0**62


def totals(columns: Columns, value: int, by: Grouping = "function") -> Totals:
    """Self and total of what the frames are added up by, over one column of values.

    Self goes to the innermost line of the leaf. A total counts a sample once, however often its
    stack has the function. Samples whose value is 0 are not looked at; negative values, which
    differences between profiles have, are added as they are.

    Raises:
        BrokenProfile: the values do not add up within 64 bits, or a stack is absurdly deep.
    """
    values = column(columns, value)
    found = frames(columns, by)
    size = len(found.keys)
    selfs, sums = np.zeros(size, np.int64), np.zeros(size, np.int64)
    met = np.zeros(size, np.bool_)
    no_stack = 0
    for samples, bounds, groups in stacks(columns, found, np.flatnonzero(values)):
        weights = values[samples]
        depths = np.diff(bounds)
        no_stack += int(weights[depths == 0].sum())
        np.add.at(selfs, groups[bounds[:-1][depths > 0]], weights[depths > 0])
        # A function met twice in one stack is one pair. (np.unique hashes, which takes ten times as long.)
        pairs = np.sort(np.repeat(np.arange(depths.size), depths) * size + groups)
        pairs = pairs[np.diff(pairs, prepend=-1) > 0]
        np.add.at(sums, pairs % size, weights[pairs // size])
        met[groups] = True
    return Totals(
        keys=tuple(key for key, is_met in zip(found.keys, met.tolist(), strict=True) if is_met),
        selfs=selfs[met],
        totals=sums[met],
        total=int(values.sum()),
        no_stack=no_stack,
    )


def least(columns: Columns, value: int) -> int:
    """The least value of a column; 0 where none is negative."""
    return int(columns.values[:, value].min(initial=0))


def column(columns: Columns, value: int) -> Int64s:
    """One column of values, of which any sum fits into 64 bits."""
    values = columns.values[:, value]
    if np.abs(values.astype(np.float64)).sum() > _SURELY_FITS and sum(map(abs, values.tolist())) > _INT64_MAX:
        raise BrokenProfile(f"the values of {columns.value_types[value]} add up beyond 64 bits")
    return values
