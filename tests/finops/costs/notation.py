"""The notation of these tests: folded stacks, machines and prices in one line each."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal

import numpy as np

from finops.domain.function import Function
from finops.domain.machine import MachineHours, MachineKind, Shape
from finops.domain.price import Price
from finops.domain.profile import ProfileKind, Usage, UsageKey
from finops.domain.window import Window, hour_of
from finops.engine import Trie

HOUR = hour_of(datetime(2026, 11, 2, 6, tzinfo=UTC))
NANOS_PER_HOUR = 3600 * 10**9
CORE_HOUR = NANOS_PER_HOUR
GIB = 1 << 30


@dataclass
class _Node:
    weight: int = 0
    children: dict[Function, "_Node"] = field(default_factory=dict)


def function(name: str) -> Function:
    """`parse` or `parse@json.py`."""
    name, _, file = name.partition("@")
    return Function(name, file)


def trie(folded: str) -> Trie:
    """A call trie of folded stacks, `main;serve;parse 30`; a line of a bare number has no stack."""
    root = _Node()
    for line in folded.splitlines():
        *stack, weight = line.rsplit(maxsplit=1)
        node = root
        for name in stack[0].split(";") if stack else ():
            node = node.children.setdefault(function(name), _Node())
        node.weight += int(weight)
    rows: list[tuple[int, Function, int]] = []
    _walk(root, -1, rows)
    keys = tuple(sorted({key for _, key, _ in rows}))
    return Trie(
        keys=keys,
        parents=np.array([parent for parent, _, _ in rows], np.int32),
        functions=np.array([keys.index(key) for _, key, _ in rows], np.int32),
        selfs=np.array([weight for _, _, weight in rows], np.int64),
        no_stack=root.weight,
    )


def _walk(node: _Node, at: int, rows: list[tuple[int, Function, int]]) -> None:
    for key, child in sorted(node.children.items()):
        rows.append((at, key, child.weight))
        _walk(child, len(rows) - 1, rows)


def usage(
    folded: str,
    kind: ProfileKind = ProfileKind.CPU,
    *,
    beyond_stacks: int = 0,
    times: int = 1,
    observed: int | None = None,
    snapshots: int | None = None,
    interval: int | None = None,
    source: str = "pyroscope",
    version: str = "",
    environment: str = "",
    region: str = "",
    window: Window = HOUR,
) -> Usage:
    """The usage of a service-hour from folded stacks, each weight `times` so much."""
    tree = trie(folded)
    tree = Trie(tree.keys, tree.parents, tree.functions, tree.selfs * times, tree.no_stack * times)
    return Usage(
        key=UsageKey("checkout", window, kind, source, version, environment, region),
        trie=tree,
        total=int(tree.selfs.sum()) + tree.no_stack + beyond_stacks * times,
        observed_nanos=observed,
        snapshots=snapshots,
        sampling_interval=interval,
        profiles=1,
        fingerprint=folded,
    )


def heap(folded: str, **said: object) -> Usage:
    """The live heap of a service-hour, in MiB."""
    return usage(folded, ProfileKind.HEAP, times=1 << 20, **said)  # type: ignore[arg-type]


def price(
    machine_type: str = "c5.2xlarge",
    hourly: str = "0.34",
    *,
    vcpu: str = "8",
    gib: str = "16",
    gpu: str = "0",
    cloud: str = "aws",
    region: str = "us-east-1",
    currency: str = "USD",
    contracted: str | None = None,
    effective: str | None = None,
    components: tuple[str | None, str | None, str | None] = (None, None, None),
    is_estimate: bool = False,
) -> Price:
    """A list price: by default that of the reference machine."""
    vcpu_hourly, gib_hourly, gpu_hourly = (decimal(each) for each in components)
    since = datetime(2026, 7, 20, tzinfo=UTC)
    return Price(
        kind=MachineKind(cloud, region, machine_type),
        currency=currency,
        hourly=Decimal(hourly),
        shape=Shape(Decimal(vcpu), int(Decimal(gib) * 1024), Decimal(gpu)),
        valid_from=since,
        source="catalogue",
        as_of=since,
        contracted=decimal(contracted),
        effective=decimal(effective),
        vcpu_hourly=vcpu_hourly,
        gib_hourly=gib_hourly,
        gpu_hourly=gpu_hourly,
        is_estimate=is_estimate,
    )


def hours(
    kind: MachineKind,
    count: int = 1,
    *,
    instances: int | None = None,
    utilisation: str | None = None,
    resident_gib: str | None = None,
    version: str = "",
    environment: str = "",
    shape: Shape | None = None,
    window: Window = HOUR,
) -> MachineHours:
    """So many machines for a whole hour, with an instance on each unless said otherwise."""
    resident = decimal(resident_gib)
    return MachineHours(
        service="checkout",
        window=window,
        kind=kind,
        machine_nanos=count * NANOS_PER_HOUR,
        instance_nanos=(count if instances is None else instances) * NANOS_PER_HOUR,
        utilisation=decimal(utilisation),
        resident_mib=None if resident is None else resident * 1024,
        version=version,
        environment=environment,
        shape=shape,
        source="config",
    )


def decimal(text: str | None) -> Decimal | None:
    """A Decimal, or None."""
    return None if text is None else Decimal(text)
