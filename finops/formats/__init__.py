"""Bytes to profiles and back: pprof and collapsed stacks."""

from finops.formats.detect import read_any

__all__ = ["read_any"]
