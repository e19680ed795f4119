"""Sizes as people write them, in GiB, to sizes as the ledger counts them, in MiB."""

from decimal import Decimal

from finops.domain.machine import Shape
from finops.domain.money import rounded

MIB_PER_GIB = 1024


def machine_shape(vcpu: Decimal, memory_gib: Decimal, gpu: Decimal) -> Shape:
    """The shape of a machine; its memory is kept in whole MiB.

    >>> machine_shape(Decimal(2), Decimal("0.5"), Decimal(0)).memory_mib
    512
    """
    return Shape(vcpu, whole_mib(memory_gib), gpu)


def whole_mib(gib: Decimal) -> int:
    """The nearest whole number of MiB.

    Raises:
        ValueError: there is not even one.
    """
    numerator, denominator = gib.as_integer_ratio()
    mib = rounded(numerator * MIB_PER_GIB, denominator)
    if mib < 1:
        raise ValueError(f"{gib} GiB is less than one MiB")
    return mib
