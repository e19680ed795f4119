"""What machines of EC2 have, as EC2 itself says: lists of rates name types and no shapes."""

from collections.abc import Collection, Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

from finops.domain.machine import Shape
from finops.errors import BrokenInput

# The most values that one filter may name.
_MOST_VALUES = 200
_MOST_PAGES = 200


def shapes(ec2: Any, machine_types: Collection[str]) -> dict[str, Shape]:  # noqa: ANN401 (boto3's)
    """The shapes of some machine types; one that EC2 does not know is left out.

    Asked by a filter: a list of names with one unknown among them would be refused as a whole.
    """
    wanted = sorted(set(machine_types))
    found: dict[str, Shape] = {}
    for start in range(0, len(wanted), _MOST_VALUES):
        values = wanted[start : start + _MOST_VALUES]
        request = {"Filters": [{"Name": "instance-type", "Values": values}]}
        for page in pages(ec2.describe_instance_types, request, "NextToken", "the machine types of EC2"):
            for each in page.get("InstanceTypes", ()):
                if shape := _shape(each):
                    found[each["InstanceType"]] = shape
    return found


def with_cpu_options(shape: Shape, cores: int, threads_per_core: int) -> Shape:
    """What a machine has that was started with fewer cores or threads; its price does not change.

    >>> with_cpu_options(Shape(Decimal(8), 16384), 4, 1).vcpu
    Decimal('4')
    """
    return replace(shape, vcpu=Decimal(cores * threads_per_core))


def pages(ask: Any, request: dict[str, Any], token: str, what: str) -> Iterator[dict[str, Any]]:  # noqa: ANN401
    """Every page of an answer; `token` names the key that leads to the next, in requests and answers.

    Raises:
        BrokenInput: they go in a circle, or have no end.
    """
    seen: set[str] = set()
    for _ in range(_MOST_PAGES):
        page = ask(**request)
        yield page
        following = page.get(token)
        if not following:
            return
        if following in seen:
            raise BrokenInput(f"{what}: a page leads back to a page before it")
        seen.add(following)
        request = {**request, token: following}
    raise BrokenInput(f"{what} have more than {_MOST_PAGES} pages")


def _shape(each: dict[str, Any]) -> Shape | None:
    vcpu = each.get("VCpuInfo", {}).get("DefaultVCpus")
    memory = each.get("MemoryInfo", {}).get("SizeInMiB")
    gpus = sum(gpu.get("Count", 0) for gpu in each.get("GpuInfo", {}).get("Gpus", ()))
    if not vcpu or not memory:
        return None
    return Shape(Decimal(vcpu), int(memory), Decimal(gpus))
