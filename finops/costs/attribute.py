"""A service's used charge, divided over its functions.

The rule that must not be broken: rounding happens once. The charge is divided over functions, each
function's part over its nodes, and everything else is a sum of those nodes; a list of functions and a
flame graph therefore agree to the nano, and a rerun gives the same rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from finops.domain.function import Function
from finops.domain.money import Money
from finops.engine import Trie, divide


@dataclass(frozen=True, slots=True)
class Attribution:
    """What each function and each node of a trie cost. Columns of whole numbers, exact at any size.

    Attributes:
        charge: what was divided.
        keys: the functions, ordered by (name, file); the columns below but `node_nanos` follow them.
        self_nanos: what was spent in the function itself; these add up to the charge.
        total_nanos: with its callees, once per stack; never to be added up.
        node_nanos: what was spent in each node of the trie; these add up to the charge too.
        self_weights, total_weights: the same in the profile's unit.
        sampling_interval: nanoseconds or bytes of one observation; None where unknown.
    """

    charge: Money
    keys: tuple[Function, ...]
    self_nanos: list[int]
    total_nanos: list[int]
    node_nanos: list[int]
    self_weights: list[int]
    total_weights: list[int]
    sampling_interval: int | None = None


def attribute(charge: Money, trie: Trie, sampling_interval: int | None = None) -> Attribution:
    """Divide a charge over the functions of a trie, and each function's part over its nodes.

    Both divisions are by self weight and largest remainder, in the order of the keys and of the nodes.
    A function's total is the sum of all nodes at and below its topmost ones, so that a recursive
    function counts a stack once.

    Raises:
        ValueError: the charge is not zero and nothing in the trie weighs anything.
    """
    parents, functions = trie.parents.tolist(), trie.functions.tolist()
    weights: list[int] = trie.selfs.tolist()
    nodes: list[list[int]] = [[] for _ in trie.keys]
    for node, function in enumerate(functions):
        nodes[function].append(node)
    self_weights = [sum(weights[node] for node in own) for own in nodes]
    self_nanos = _parts(charge.nanos, self_weights)
    node_nanos = [0] * len(weights)
    for nanos, own in zip(self_nanos, nodes, strict=True):
        for node, part in zip(own, _parts(nanos, [weights[node] for node in own]), strict=True):
            node_nanos[node] = part
    tops = topmost(parents, functions)
    return Attribution(
        charge=charge,
        keys=trie.keys,
        self_nanos=self_nanos,
        total_nanos=_totals(len(nodes), functions, tops, subtree_sums(parents, node_nanos)),
        node_nanos=node_nanos,
        self_weights=self_weights,
        total_weights=_totals(len(nodes), functions, tops, subtree_sums(parents, weights)),
        sampling_interval=sampling_interval,
    )


def _parts(amount: int, weights: Sequence[int]) -> list[int]:
    """The amount in proportion to weights; nothing at all may be divided over nothing."""
    if len(weights) == 1 and (weights[0] or not amount):
        return [amount]
    return divide(amount, weights) if amount or any(weights) else [0] * len(weights)


def _totals(count: int, functions: Sequence[int], tops: Sequence[int], sums: Sequence[int]) -> list[int]:
    totals = [0] * count
    for node in tops:
        totals[functions[node]] += sums[node]
    return totals


def subtree_sums(parents: Sequence[int], values: Sequence[int]) -> list[int]:
    """Each node's value with those of all nodes below it. Parents stand before their children.

    >>> subtree_sums([-1, 0, 1, 0], [0, 50, 30, 20])
    [100, 80, 30, 20]
    """
    sums = list(values)
    for node in range(len(sums) - 1, -1, -1):
        if parents[node] >= 0:
            sums[parents[node]] += sums[node]
    return sums


def topmost(parents: Sequence[int], functions: Sequence[int]) -> list[int]:
    """The nodes that have no node of their own function above them, in order.

    Their subtrees hold a recursive function's stacks once each.

    >>> topmost([-1, 0, 1, 1], [0, 1, 0, 2])
    [0, 1, 3]
    """
    found: list[int] = []
    path: list[int] = []
    depths: dict[int, int] = {}
    for node, function in enumerate(functions):
        while path and path[-1] != parents[node]:
            depths[functions[path.pop()]] -= 1
        if not depths.get(function):
            found.append(node)
        depths[function] = depths.get(function, 0) + 1
        path.append(node)
    return found
