"""The hot path behind one face: inflate, decode, reduce, build and merge call tries, divide, pack.

Callers import from here and never from an implementation. Two of them give the same numbers to the last
unit and refuse the same bytes: `native`, in C, and `plain`, which runs where nothing was compiled.
Importing this package imports neither numpy nor protobuf nor zstandard: a function is loaded when it is
first named.
"""

import os
from functools import cache
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

if TYPE_CHECKING:
    from finops.engine.plain.blocks import decode_block, decode_trie, encode_block, encode_trie
    from finops.engine.plain.decode import decode
    from finops.engine.plain.divide import divide
    from finops.engine.plain.encode import encode
    from finops.engine.plain.foreign import explain, is_plain_text
    from finops.engine.plain.inflate import inflate
    from finops.engine.plain.prune import prune, prune_refusal
    from finops.engine.plain.reduce import least, totals
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
    "least",
    "merge",
    "name",
    "prune",
    "prune_refusal",
    "subtree_sums",
    "totals",
    "trie",
    "trie_totals",
]

# Whoever compares the two, or doubts one, chooses by this variable; it is read before any configuration is.
_CHOICE = "FLAMEBILL_ENGINE"

_HOMES = {
    "decode": "decode",
    "decode_block": "blocks",
    "decode_trie": "blocks",
    "divide": "divide",
    "encode": "encode",
    "encode_block": "blocks",
    "encode_trie": "blocks",
    "explain": "foreign",
    "inflate": "inflate",
    "is_plain_text": "foreign",
    "least": "reduce",
    "merge": "trie",
    "prune": "prune",
    "prune_refusal": "prune",
    "subtree_sums": "trie",
    "totals": "reduce",
    "trie": "trie",
    "trie_totals": "trie",
}

# What both share: the writer, and what says what foreign bytes are.
_ONLY_PLAIN = {"encode", "foreign"}

# The first of these that a program names is what makes it slow where nothing was compiled.
_SLOW = {"decode", "merge", "trie"}


@cache
def name() -> str:
    """Which engine runs: "native" or "plain"."""
    if os.environ.get(_CHOICE) == "plain":
        return "plain"
    try:
        import_module(f"{__name__}.native.refusals")
    except ImportError:
        return "plain"
    return "native"


@cache
def _warn() -> None:
    import logging

    logging.getLogger(__name__).warning(
        "finops: the engine's core was not compiled, so that profiles are read by the plain engine, many"
        " times slower; install a C compiler and Python's headers, then install flamebill again"
    )


# A type checker sees the imports above and would take any name for an object if it saw this too.
if not TYPE_CHECKING:

    def __getattr__(wanted: str) -> object:
        """Load the module that a function lives in, the first time the function is named."""
        if wanted not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {wanted!r}")
        home = _HOMES[wanted]
        engine = "plain" if home in _ONLY_PLAIN else name()
        if engine == "plain" and wanted in _SLOW and os.environ.get(_CHOICE) != "plain":
            _warn()
        found = getattr(import_module(f"{__name__}.{engine}.{home}"), wanted)
        globals()[wanted] = found
        return found
