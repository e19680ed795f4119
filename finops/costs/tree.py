"""Call tries with money: several usages as one trie, and dollars at its nodes for a flame graph.

The rule that must not be broken: a node's dollars are those that attribution gave it, so that a flame
graph and a list of functions always agree.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from finops import engine
from finops.costs.attribute import Attribution, subtree_sums
from finops.costs.usage import agreed
from finops.domain.function import Function
from finops.domain.profile import Usage
from finops.engine import Trie


@dataclass(frozen=True, slots=True)
class DollarTree:
    """A flame graph in columns: one row a node, parents before their children, amounts in nanos.

    Attributes:
        parents: index of the parent node; -1 for the outermost frames.
        functions: index into keys.
        self_nanos: what was spent in the node itself; these add up to the charge.
        total_nanos: with the nodes below it: the width of its frame.
    """

    keys: tuple[Function, ...]
    parents: list[int]
    functions: list[int]
    self_nanos: list[int]
    total_nanos: list[int]
    currency: str


def merged(usage: Sequence[Usage]) -> tuple[Trie, int | None]:
    """The trie of several usages of one kind, and the sampling interval where they share one.

    Raises:
        ValueError: there is no usage at all.
    """
    if not usage:
        raise ValueError("no usage to merge")
    trie = usage[0].trie if len(usage) == 1 else engine.merge([each.trie for each in usage])
    return trie, agreed(each.sampling_interval for each in usage)


def dollar_tree(trie: Trie, attribution: Attribution) -> DollarTree:
    """A trie with the nanos that an attribution gave its nodes.

    Raises:
        ValueError: the attribution is of another trie.
    """
    if attribution.keys != trie.keys or len(attribution.node_nanos) != len(trie.parents):
        raise ValueError("the attribution is of another trie")
    parents = trie.parents.tolist()
    return DollarTree(
        keys=trie.keys,
        parents=parents,
        functions=trie.functions.tolist(),
        self_nanos=list(attribution.node_nanos),
        total_nanos=subtree_sums(parents, attribution.node_nanos),
        currency=attribution.charge.currency,
    )
