"""Usage blocks. What a block is, and every version ever written, is said and read in the plain engine."""

from finops.engine.plain.blocks import decode_block, decode_trie, encode_block, encode_trie

__all__ = ["decode_block", "decode_trie", "encode_block", "encode_trie"]
