"""Call tries: built from a profile, merged one after another, and added up."""

from array import array
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from finops.engine.columns import Columns, FunctionKey, Totals, Trie
from finops.engine.native.decode import Source
from finops.engine.native.frames import named, stack_arrays
from finops.engine.native.refusals import LIMITS, core, refused
from finops.errors import BrokenProfile

Int64s = npt.NDArray[np.int64]

_INT64_MAX = 2**63 - 1


def trie(columns: Columns, value: int) -> Trie:
    """The call trie of one column of values, by function (name and file).

    Samples whose value is 0 leave no node.

    Raises:
        BrokenProfile: a value is negative, the values do not add up within 64 bits, or a stack is
            absurdly deep.
    """
    found, forest, source = named(columns, "function"), core.forest(), columns.loader
    try:
        if isinstance(source, Source):
            forest.grow(source.profile, range(len(columns.value_types))[value], found.frames)
        else:
            forest.grow_arrays(*stack_arrays(columns, value), found.frames, LIMITS)
    except core.Refused as error:
        raise refused(error, value_type=columns.value_types[value]) from None
    groups, grown = forest.ordered(found.frames)
    return _trie(found.keys_of(groups), *grown)


def merge(tries: Iterable[Trie]) -> Trie:
    """The trie of all samples of several; the order of the tries makes no difference.

    They are taken one after another, so that a generator of a thousand needs the memory of one and of
    what they come to.

    Raises:
        BrokenProfile: the weights do not add up within 64 bits.
    """
    forest, numbers, weight = core.forest(), dict[FunctionKey, int](), 0
    for one in tries:
        weight += int(one.selfs.sum()) + one.no_stack
        if weight > _INT64_MAX:
            raise BrokenProfile("the weights of the merged profiles add up beyond 64 bits")
        renumbered = array("i", [numbers.setdefault(key, len(numbers)) for key in one.keys])
        _take(forest, one, renumbered)
    met = forest.met(len(numbers))
    keys = tuple(sorted(key for key, is_met in zip(numbers, met, strict=True) if is_met))
    ranks = array("i", bytes(4 * len(numbers)))
    for rank, key in enumerate(keys):
        ranks[numbers[key]] = rank
    return _trie(keys, *forest.ranked(ranks))


def _take(forest: "core.Forest", one: Trie, renumbered: "array[int]") -> None:
    try:
        forest.merge(
            np.ascontiguousarray(one.parents, np.int32),
            np.ascontiguousarray(one.functions, np.int32),
            np.ascontiguousarray(one.selfs, np.int64),
            renumbered,
            one.no_stack,
        )
    except core.Refused as error:
        raise refused(error) from None


def subtree_sums(trie: Trie) -> Int64s:
    """What was sampled in each node and everything below it."""
    parents, selfs = np.ascontiguousarray(trie.parents, np.int32), np.ascontiguousarray(trie.selfs, np.int64)
    try:
        return np.frombuffer(core.subtree_sums(parents, selfs), np.int64)
    except core.Refused as error:
        raise refused(error) from None


def trie_totals(trie: Trie) -> Totals:
    """Self and total of each function: what `totals` says of the profile the trie was built from.

    A node below another of the same function adds nothing to its total.
    """
    columns = (
        np.ascontiguousarray(trie.parents, np.int32),
        np.ascontiguousarray(trie.functions, np.int32),
        np.ascontiguousarray(trie.selfs, np.int64),
    )
    try:
        selfs, sums = core.trie_totals(*columns, len(trie.keys))
    except core.Refused as error:
        raise refused(error) from None
    return Totals(
        keys=trie.keys,
        selfs=np.frombuffer(selfs, np.int64),
        totals=np.frombuffer(sums, np.int64),
        total=int(trie.selfs.sum()) + trie.no_stack,
        no_stack=trie.no_stack,
    )


def _trie(
    keys: tuple[FunctionKey, ...], parents: bytearray, functions: bytearray, selfs: bytearray, no_stack: int
) -> Trie:
    return Trie(
        keys=keys,
        parents=np.frombuffer(parents, np.int32),
        functions=np.frombuffer(functions, np.int32),
        selfs=np.frombuffer(selfs, np.int64),
        no_stack=no_stack,
    )
