"""The hot path behind one face: inflate, decode, reduce, build and merge call tries, divide, pack.

Callers import from here and never from an implementation. Whatever runs below gives the same
numbers to the last unit; only the speed differs. Importing this package imports neither numpy nor
protobuf nor zstandard: a function is loaded when it is first named.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from finops.engine.columns import (
    Columns,
    FunctionKey,
    Grouping,
    LabelColumns,
    MappingColumns,
    Totals,
    Trie,
    ValueType,
)
from finops.engine.limits import MAX_INFLATED, MAX_PROFILE_BYTES
from finops.engine.plain.divide import divide

if TYPE_CHECKING:
    from finops.engine.plain.blocks import decode_block, decode_trie, encode_block, encode_trie
    from finops.engine.plain.decode import decode
    from finops.engine.plain.encode import encode
    from finops.engine.plain.foreign import explain, is_plain_text
    from finops.engine.plain.inflate import inflate
    from finops.engine.plain.prune import prune, prune_refusal
    from finops.engine.plain.reduce import totals
    from finops.engine.plain.trie import merge, subtree_sums, trie, trie_totals

__all__ = [
    "MAX_INFLATED",
    "MAX_PROFILE_BYTES",
    "Columns",
    "FunctionKey",
    "Grouping",
    "LabelColumns",
    "MappingColumns",
    "Totals",
    "Trie",
    "ValueType",
    "decode",
    "decode_block",
    "decode_trie",
    "divide",
    "encode",
    "encode_block",
    "encode_trie",
    "explain",
    "inflate",
    "is_plain_text",
    "merge",
    "prune",
    "prune_refusal",
    "subtree_sums",
    "totals",
    "trie",
    "trie_totals",
]

_HOMES = {
    "decode": "decode",
    "decode_block": "blocks",
    "decode_trie": "blocks",
    "encode": "encode",
    "encode_block": "blocks",
    "encode_trie": "blocks",
    "explain": "foreign",
    "inflate": "inflate",
    "is_plain_text": "foreign",
    "merge": "trie",
    "prune": "prune",
    "prune_refusal": "prune",
    "subtree_sums": "trie",
    "totals": "reduce",
    "trie": "trie",
    "trie_totals": "trie",
}

# A type checker sees the imports above and would take any name for an object if it saw this too.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        """Load the module that a function lives in, the first time the function is named."""
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        found = getattr(import_module(f"{__name__}.plain.{_HOMES[name]}"), name)
        globals()[name] = found
        return found
