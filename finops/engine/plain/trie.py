"""Call tries: built from a profile, merged, and added up. One canonical order, whatever came first.

Building and merging are one thing: a forest in which siblings may repeat, whose equal siblings are
folded into one, level by level. A stack is a tree with one branch.
"""

from collections.abc import Sequence
from itertools import chain, pairwise

import numpy as np
import numpy.typing as npt

from finops.engine.columns import Columns, FunctionKey, Totals, Trie
from finops.engine.limits import MAX_NODES
from finops.engine.plain.frames import frames, stacks
from finops.engine.plain.reduce import column
from finops.engine.plain.tables import offsets
from finops.errors import BrokenProfile

Int64s = npt.NDArray[np.int64]

_INT64_MAX = 2**63 - 1

# An array a level costs as much as some hundred nodes one by one; a stack of
# 65,536 frames would take ten seconds.
_NARROW = 100


def trie(columns: Columns, value: int) -> Trie:
    """The call trie of one column of values, by function (name and file).

    Samples whose value is 0 leave no node.

    Raises:
        BrokenProfile: a value is negative, the values do not add up within 64 bits, a stack is
            absurdly deep, or the stacks have too little in common.
    """
    values = column(columns, value)
    if (negative := np.flatnonzero(values < 0)).size:
        raise BrokenProfile(
            f"sample {negative[0]} has the negative value {values[negative[0]]} of"
            f" {columns.value_types[value]}; it cannot be turned into money"
        )
    found = frames(columns, "function")
    grown = _no_nodes(found.keys)
    for samples, bounds, groups in stacks(columns, found, np.flatnonzero(values)):
        weights = values[samples]
        has_stack = np.diff(bounds) > 0
        # Turned around, stacks run from the outermost frame in, and the last sample is the first.
        outermost, leaves = groups.size - bounds[1:][has_stack], groups.size - 1 - bounds[:-1][has_stack]
        parents = np.arange(-1, groups.size - 1)
        parents[outermost] = -1
        selfs = np.zeros(groups.size, np.int64)
        selfs[leaves] = weights[has_stack]
        no_stack = int(weights[~has_stack].sum())
        branches = Trie(found.keys, parents.astype(np.int32), groups[::-1], selfs, no_stack)
        grown = _folded(_joined([grown, branches]))
        if grown.selfs.size > MAX_NODES:
            raise BrokenProfile(f"its stacks make a call tree of over {MAX_NODES} nodes")
    return _without_unmet(grown)


def merge(tries: Sequence[Trie]) -> Trie:
    """The trie of all samples of several; the order of the tries makes no difference.

    Raises:
        BrokenProfile: the weights do not add up within 64 bits.
    """
    weights = [int(one.selfs.sum()) + one.no_stack for one in tries]
    if sum(weights) > _INT64_MAX:
        raise BrokenProfile("the weights of the merged profiles add up beyond 64 bits")
    keys = tuple(sorted(set(chain.from_iterable(one.keys for one in tries))))
    place = {key: at for at, key in enumerate(keys)}
    renumbered = [_no_nodes(keys)]
    for one in tries:
        functions = np.array([place[key] for key in one.keys], np.int32)[one.functions]
        renumbered.append(Trie(keys, one.parents, functions, one.selfs, one.no_stack))
    return _without_unmet(_folded(_joined(renumbered)))


def subtree_sums(trie: Trie) -> Int64s:
    """What was sampled in each node and everything below it."""
    return _added_upwards(_levels(trie.parents), trie.parents, trie.selfs)


def trie_totals(trie: Trie) -> Totals:
    """Self and total of each function: what `totals` says of the profile the trie was built from.

    A node below another of the same function adds nothing to its total.
    """
    count = trie.selfs.size
    levels = _levels(trie.parents)
    sizes = _added_upwards(levels, trie.parents, np.ones(count, np.int64))
    # Nodes of one function stand together, outer ones first. One is below another if a node before
    # it reaches further than where it starts.
    order = np.argsort(trie.functions, kind="stable")
    base = trie.functions[order].astype(np.int64) * (count + 1)
    reach = np.maximum.accumulate(base + order + sizes[order])
    outer = order[np.concatenate(([True], reach[:-1] <= (base + order)[1:]))[:count]]
    selfs, sums = np.zeros(len(trie.keys), np.int64), np.zeros(len(trie.keys), np.int64)
    np.add.at(selfs, trie.functions, trie.selfs)
    np.add.at(sums, trie.functions[outer], _added_upwards(levels, trie.parents, trie.selfs)[outer])
    return Totals(
        keys=trie.keys,
        selfs=selfs,
        totals=sums,
        total=int(trie.selfs.sum()) + trie.no_stack,
        no_stack=trie.no_stack,
    )


def _no_nodes(keys: tuple[FunctionKey, ...]) -> Trie:
    return Trie(keys, np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0, np.int64))


def _joined(tries: Sequence[Trie]) -> Trie:
    """Tries over the same keys side by side: a forest in which siblings may repeat."""
    first = offsets([one.selfs.size for one in tries])[:-1]
    parents = [np.where(one.parents < 0, -1, one.parents + at) for one, at in zip(tries, first, strict=True)]
    return Trie(
        keys=tries[0].keys,
        parents=np.concatenate(parents),
        functions=np.concatenate([one.functions for one in tries]),
        selfs=np.concatenate([one.selfs for one in tries]),
        no_stack=sum(one.no_stack for one in tries),
    )


def _folded(forest: Trie) -> Trie:
    """The trie of a forest: equal siblings become one, nodes stand in canonical order."""
    of_forest = _levels(forest.parents)
    if forest.parents.size < _NARROW * len(of_forest):
        return _folded_one_by_one(forest)
    width = max(len(forest.keys), 1)
    fold = np.empty(forest.parents.size, np.int64)
    levels: list[Int64s] = [np.empty(0, np.int64)]
    count = 0
    for nodes in of_forest:
        # Before the first level no node has a parent; -1 stands for the root.
        above = fold[forest.parents[nodes]] if count else np.full(nodes.size, -1)
        edges, which = np.unique((above + 1) * width + forest.functions[nodes], return_inverse=True)
        fold[nodes] = count + which
        levels.append(edges)
        count += edges.size
    selfs = np.zeros(count, np.int64)
    np.add.at(selfs, fold, forest.selfs)
    above, functions = np.divmod(np.concatenate(levels), width)
    bounds = offsets([level.size for level in levels])
    place = _depth_first(above - 1, bounds)
    parents = np.empty(count, np.int32)
    # The root, -1, finds its own place at the end.
    parents[place] = np.append(place, -1)[above - 1]
    order = np.argsort(place)
    return Trie(forest.keys, parents, functions[order].astype(np.int32), selfs[order], forest.no_stack)


def _folded_one_by_one(forest: Trie) -> Trie:
    """The same, for a forest that is deep and narrow."""
    fold: list[int] = []
    edges: dict[tuple[int, int], int] = {}
    for parent, function in zip(forest.parents.tolist(), forest.functions.tolist(), strict=True):
        fold.append(edges.setdefault((fold[parent] if parent >= 0 else -1, function), len(edges)))
    below: list[list[tuple[int, int]]] = [[] for _ in range(len(edges) + 1)]  # the root's, -1, are the last
    for (above, function), node in edges.items():
        below[above].append((function, node))
    order: list[int] = []
    waiting = sorted(below[-1], reverse=True)
    while waiting:
        order.append(waiting.pop()[1])
        waiting.extend(sorted(below[order[-1]], reverse=True))
    place = np.full(len(edges) + 1, -1)
    place[order] = np.arange(len(edges))
    parents, functions = np.array(list(edges), np.int64).reshape(-1, 2)[order].T
    selfs = np.zeros(len(edges), np.int64)
    np.add.at(selfs, place[fold], forest.selfs)
    return Trie(
        forest.keys, place[parents].astype(np.int32), functions.astype(np.int32), selfs, forest.no_stack
    )


def _depth_first(parents: Int64s, bounds: Int64s) -> Int64s:
    """Where nodes that stand level by level, siblings together, go when children follow their parent."""
    levels = [np.arange(start, end) for start, end in pairwise(bounds)]
    sizes = _added_upwards(levels, parents, np.ones(parents.size, np.int64))
    place = np.zeros(parents.size, np.int64)
    for nodes in levels:
        above = parents[nodes]
        before = np.cumsum(sizes[nodes]) - sizes[nodes]
        eldest = np.searchsorted(above, above)
        place[nodes] = np.where(above < 0, 0, place[above] + 1) + before - before[eldest]
    return place


def _levels(parents: npt.NDArray[np.signedinteger]) -> list[Int64s]:
    """The nodes at each depth, roots first. Twice as far up in every round, so deep tries take few."""
    above = parents.astype(np.int64)
    depths = (above >= 0).astype(np.int64)
    while (below := above >= 0).any():
        depths[below] += depths[above[below]]
        above[below] = above[above[below]]
    order = np.argsort(depths, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(depths[order])) + 1) if order.size else []


def _added_upwards(
    levels: Sequence[Int64s], parents: npt.NDArray[np.signedinteger], amounts: Int64s
) -> Int64s:
    """Each node's amount and that of everything below it."""
    sums = amounts.copy()
    for nodes in levels[:0:-1]:
        np.add.at(sums, parents[nodes], sums[nodes])
    return sums


def _without_unmet(trie: Trie) -> Trie:
    """The trie without keys that no node has."""
    met = np.zeros(len(trie.keys), np.bool_)
    met[trie.functions] = True
    keys = tuple(key for key, is_met in zip(trie.keys, met.tolist(), strict=True) if is_met)
    functions = (np.cumsum(met) - 1)[trie.functions].astype(np.int32)
    return Trie(keys, trie.parents, functions, trie.selfs, trie.no_stack)
