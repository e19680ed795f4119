"""Bundled tables of machine types and their shapes, for clouds whose price lists do not say them."""

from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from pathlib import Path

from finops.domain.machine import Shape

_DATA = Path(__file__).parent / "data"


@cache
def bundled(cloud: str) -> Mapping[str, Shape]:
    """The machine types of a cloud, as it spells them, with their shapes.

    >>> bundled("gcp")["n2-standard-4"]
    Shape(vcpu=Decimal('4'), memory_mib=16384, gpu=Decimal('0'))
    """
    found = {}
    for line in (_DATA / f"{cloud}-machines.tsv").read_text("utf-8").splitlines():
        if line.startswith(("#", "machine_type\t")):
            continue
        name, vcpu, memory_mib, gpu = line.split("\t")
        found[name] = Shape(Decimal(vcpu), int(memory_mib), Decimal(gpu))
    return found
