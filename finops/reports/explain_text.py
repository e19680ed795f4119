"""An explanation as text and as a document: one line a step, its source at the end."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from finops.costs.interval import Interval
from finops.domain.charge import Charge, CostMetric
from finops.domain.machine import MachineHours
from finops.domain.money import Money
from finops.domain.price import Price, PriceSplit
from finops.domain.profile import Usage
from finops.domain.resource import UNITS, Resource, shown_quantity
from finops.domain.window import moment_text
from finops.reports import document
from finops.reports.explain import Explanation
from finops.reports.explained_step import Step
from finops.reports.price_sheet import rates
from finops.reports.shown import counted, harmless

_DIGEST = 12
_BLOBS = 3
_SECOND = 10**9
_RATES = (("cpu", "vCPU-h"), ("memory", "GiB-h"), ("gpu", "GPU-h"))
_MIB = 1 << 20


def text(explanation: Explanation) -> str:
    """The explanation for a person: the sum, then the chain of every hour."""
    return "\n".join(_lines(explanation)) + "\n"


def as_document(explanation: Explanation) -> dict[str, Any]:
    """The explanation for a program."""
    return {
        "service": explanation.service,
        "function": {"name": explanation.function.name, "file": explanation.function.file},
        "resource": explanation.resource.value,
        "cost_metric": explanation.metric.value,
        "window": document.window(explanation.window),
        "self": document.amount(explanation.self_cost),
        "total": document.amount(explanation.total_cost),
        "steps": [_step(step) for step in explanation.steps],
        "notes": list(explanation.notes),
    }


def _lines(explanation: Explanation) -> Iterator[str]:
    function = explanation.function
    where = f" ({harmless(function.file)})" if function.file else ""
    yield f"{harmless(function.name)}{where}"
    service = harmless(explanation.service)
    yield f"{explanation.resource} of {service}, {explanation.window}, {explanation.metric} cost"
    yield f"self {_money(explanation.self_cost)}, with its callees {_money(explanation.total_cost)}"
    yield from map(harmless, explanation.notes)
    for step in explanation.steps:
        yield ""
        yield f"{step.hour} ({step.state})"
        for name, said, source in _chain(step):
            yield f"  {name:<10} {said}" + (f"  [{source}]" if source else "")


def _chain(step: Step) -> Iterator[tuple[str, str, str]]:
    """Every step by its name: what is said, and who says so."""
    for used in step.usage:
        yield "captures", _captures(used), _source(used)
        yield from _observed(used)
    yield from _demand(step)
    for row in step.machines:
        yield "machines", _machines(row), f"fleet source {harmless(row.source)}"
    for price, split in step.prices:
        yield "price", f"{price.hourly} {price.currency} an hour", _origin(price)
        yield "split", _split(price, split), f"{split.method}: {split.basis}"
    for charge in step.charges:
        why = ", ".join(filter(None, (charge.method, _ratio(charge), charge.note)))
        yield "charge", _charge(charge, step.metric), harmless(why)
    unit = _unit(step.resource)
    yield "share", _share("self", step.self_weight, step.weight, unit), "the profile's stacks"
    yield "", _share("total", step.total_weight, step.weight, unit), "each stack once"
    own = f"self {_money(step.self_cost)}{_between(step.self_interval)}"
    yield "dollar", own, "largest remainder of the used charge"
    whole = f"total {_money(step.total_cost)}{_between(step.total_interval)}"
    yield "", whole, "the sum of its nodes in the call tree"


def _captures(used: Usage) -> str:
    digests = [digest[:_DIGEST] for digest in used.raw_digests]
    more = f" and {len(digests) - _BLOBS} more" if len(digests) > _BLOBS else ""
    blobs = f"blobs {', '.join(digests[:_BLOBS])}{more}" if digests else "blobs not kept"
    version = f" of version {harmless(used.key.version)}" if used.key.version else ""
    return f"{counted(used.profiles, f'{used.key.kind} profile')}{version}, {blobs}"


def _source(used: Usage) -> str:
    return f"profile source {harmless(used.key.source)}, as {harmless(used.key.service)}"


def _observed(used: Usage) -> Iterator[tuple[str, str, str]]:
    if used.key.kind.resource is Resource.MEMORY:
        snapshots = (
            "an unknown number of snapshots"
            if used.snapshots is None
            else counted(used.snapshots, "snapshot")
        )
        yield "live heap", f"{used.total:,} bytes ({used.total / _MIB:,.2f} MiB) over {snapshots}", "profile"
        return
    interval = used.sampling_interval
    every = "" if interval is None else f", one observation every {interval / 10**6:g} ms"
    yield "cpu time", f"{used.total:,} ns ({used.total / _SECOND:,.3f} s){every}", "profile"
    if used.observed_nanos is None:
        yield "observed", "not known: taken as the running time of all instances", "rule"
    else:
        yield "observed", f"{used.observed_nanos / _SECOND:,.3f} s of one instance", "source"


def _demand(step: Step) -> Iterator[tuple[str, str, str]]:
    """What all running instances used, on average over the hour."""
    if not step.running_nanos:
        return
    running = step.running_nanos / (3600 * _SECOND)
    if step.resource is Resource.CPU:
        each = step.measured / step.observed_nanos
        said = f"{each:,.4f} an instance × {running:,.4g} instances = {each * running:,.4f} cores"
        yield "cores", said, "cpu time ÷ observed × running instances"
    elif step.snapshots:
        each = step.measured / _MIB / step.snapshots
        said = f"{each:,.2f} MiB an instance × {running:,.4g} instances = {each * running / 1024:,.4f} GiB"
        yield "live", said, "live heap ÷ snapshots × running instances"


def _machines(row: MachineHours) -> str:
    count, instances = (
        f"{(Decimal(nanos) / (3600 * _SECOND)).normalize():f}"
        for nanos in (row.machine_nanos, row.instance_nanos)
    )
    measured = [f"{instances} instances"]
    measured += [f"measured busy {row.utilisation:.2%}"] if row.utilisation is not None else []
    measured += [f"resident {row.resident_mib:.0f} MiB each"] if row.resident_mib is not None else []
    return f"{count} × {harmless(str(row.kind))}: {', '.join(measured)}"


def _split(price: Price, split: PriceSplit) -> str:
    whole = split.cpu + split.memory + split.gpu
    hours = zip((split.cpu, split.memory, split.gpu), _RATES, rates(price, split), strict=True)
    return ", ".join(
        f"{name} {Decimal(part) / whole:.4%}" + (f" ({rate} {price.currency}/{unit})" if rate else "")
        for part, (name, unit), rate in hours
        if part
    )


def _origin(price: Price) -> str:
    return f"{price.source}, as of {moment_text(price.as_of)[:10]}, price {price.id}"


def _charge(charge: Charge, metric: CostMetric) -> str:
    unit = UNITS[charge.resource].shown.replace("_", "-")
    amount = charge.amounts.of(metric)
    cost = "no price" if amount is None else _money(amount)
    return f"{charge.kind}: {shown_quantity(charge.resource, charge.quantity):,.4f} {unit}, {cost}"


def _ratio(charge: Charge) -> str:
    return f"the profiler claimed {charge.claim_ratio} of that" if charge.claim_ratio else ""


def _share(name: str, part: int, whole: int, unit: tuple[int, str]) -> str:
    size, word = unit
    return f"{name} {part / size:,.3f} of {whole / size:,.3f} {word}: {part / whole:.4%}"


def _unit(resource: Resource) -> tuple[int, str]:
    return (_MIB, "MiB") if resource is Resource.MEMORY else (_SECOND, "s")


def _between(interval: Interval | None) -> str:
    if interval is None:
        return ""
    return f", {_money(interval.low)} to {_money(interval.high)} (95 % sampling error)"


def _money(money: Money) -> str:
    return f"{money.amount:f} {money.currency}"


def _step(step: Step) -> dict[str, Any]:
    return {
        "window": document.window(step.hour),
        "state": step.state,
        "chain": [{"step": name, "said": said, "source": source} for name, said, source in _chain(step)],
        "self": document.amount(step.self_cost),
        "total": document.amount(step.total_cost),
        "interval": document.interval(step.self_interval),
        "total_interval": document.interval(step.total_interval),
        "self_weight": step.self_weight,
        "total_weight": step.total_weight,
        "weight": step.weight,
        "raw_profiles": [digest for used in step.usage for digest in used.raw_digests],
    }
