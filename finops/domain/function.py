"""Functions: a name and a file, because a name alone is ambiguous in Python or C."""

from functools import lru_cache
from hashlib import sha256

from finops.engine.columns import FunctionKey as Function

__all__ = ["OTHER", "Function", "digest"]

# The row that holds the functions too small to be kept by name.
OTHER = "[other]"


# The functions of a service come back every hour.
@lru_cache(maxsize=1 << 16)
def digest(function: Function) -> bytes:
    """Sixteen bytes that are the same wherever the function is met, to be its key among databases."""
    name, file = (part.encode("utf-8", "surrogatepass") for part in function)
    return sha256(len(name).to_bytes(8, "big") + name + file).digest()[:16]
