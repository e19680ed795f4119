"""What a price states: its amounts, currency and shape, apart from when and by whom they were seen."""

from collections.abc import Sequence
from decimal import Decimal

from finops.domain.price import Price

COMPONENTS = ("vcpu_hourly", "gib_hourly", "gpu_hourly")
_AMOUNTS = ("hourly", "contracted", "effective", *COMPONENTS)


def says_the_same(one: Price, other: Price) -> bool:
    """Whether two prices of a kind differ in nothing but when and by whom they were seen."""
    return (one.currency, one.shape, *amounts(one)) == (other.currency, other.shape, *amounts(other))


def amounts(price: Price, names: Sequence[str] = _AMOUNTS) -> list[tuple[str, Decimal]]:
    """The amounts that a price states, by name."""
    stated = [(name, getattr(price, name)) for name in names]
    return [(name, amount) for name, amount in stated if amount is not None]
