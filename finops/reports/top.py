"""The functions of a capture, largest first, and what each costs of a fleet's month.

The rule that must not be broken: loaded costs with what is paid beside CPU time, and used costs with
everything that is left, each add up to what the fleet costs, to the nano.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from finops.costs.attribute import attribute
from finops.domain.charge import ChargeKind
from finops.domain.function import Function
from finops.domain.money import Money, rounded, total
from finops.domain.resource import Resource
from finops.engine import Grouping, ValueType, divide
from finops.errors import Incomplete
from finops.reports.files import Capture, refusals
from finops.reports.fleet_month import FleetMonth, Rest, Utilisation, captured_utilisation
from finops.reports.sums import Sums

Measure = Literal["self", "total"]
_SHOWN = 40


@dataclass(frozen=True, slots=True)
class Cost:
    """What something costs on both bases; `used` is None where utilisation is not known."""

    loaded: Money
    used: Money | None


@dataclass(frozen=True, slots=True)
class FunctionRow:
    """One function, or (`function` is None) those left out together, which have no total."""

    function: Function | None
    self: int
    total: int | None
    observations: int | None
    self_cost: Cost | None = None
    total_cost: Cost | None = None
    left_out: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Divided:
    """A fleet's month divided by a capture. Costs are in the order of its sums.

    `rest` is all that reached no function on the used basis. On the loaded one functions bear all of
    CPU, and only what is paid for beside CPU is left.
    """

    self_costs: list[Cost]
    total_costs: list[Cost]
    rest: tuple[Rest, ...]
    utilisation: Utilisation | None


@dataclass(frozen=True, slots=True, eq=False)
class Top:
    """The functions of a capture.

    Attributes:
        total: the sum of all samples; `no_stack` of it has an empty stack.
        functions: how many there are, listed or not.
        rest: what the fleet's month has beside functions on the used basis; empty without a fleet.
        notes: sentences that must stand beside the figures.
    """

    names: tuple[str, ...]
    value_type: ValueType
    total: int
    no_stack: int
    has_negative: bool
    duration_nanos: int | None
    functions: int
    rows: tuple[FunctionRow, ...]
    by: Grouping = "function"
    sort: Measure = "self"
    rest: tuple[Rest, ...] = ()
    month: FleetMonth | None = None
    utilisation: Utilisation | None = None
    notes: tuple[str, ...] = ()


def build(
    capture: Capture,
    *,
    by: Grouping = "function",
    sort: Measure = "self",
    limit: int = 20,
    month: FleetMonth | None = None,
    utilisation: Utilisation | None = None,
) -> Top:
    """The functions of a capture, the largest first; differences by their size without sign.

    Args:
        capture: of any type; of CPU time where there is a month.
        by: what frames are added up by.
        sort: by what they are ordered.
        limit: how many are listed; the rest becomes one row. 0 lists all.
        month: a fleet, of which the capture is taken to be a fair sample.
        utilisation: as measured; without it, what the capture used of one machine.

    Raises:
        Incomplete: with a month: the capture is not of CPU time, or there is nothing in it.
        BrokenProfile: its values do not add up within 64 bits.
    """
    said: list[str] = refusals(capture)
    sums = capture.sums(by)
    divided = None
    if month:
        capture.require_cpu()
        if utilisation is None:
            utilisation, note = captured_utilisation(capture, sums.total, month)
            said.append(note)
        divided = divide_month(capture, by, sums, month, utilisation)
    return Top(
        names=capture.names,
        value_type=capture.value_type,
        total=sums.total,
        no_stack=sums.no_stack,
        has_negative=capture.has_negative,
        duration_nanos=capture.duration_nanos,
        functions=len(sums.keys),
        rows=tuple(_rows(sums, capture.observations(by), divided, sort, limit)),
        by=by,
        sort=sort,
        rest=divided.rest if divided else (),
        month=month,
        utilisation=utilisation,
        notes=tuple(said),
    )


def divide_month(
    capture: Capture, by: Grouping, sums: Sums, month: FleetMonth, utilisation: Utilisation | None
) -> Divided:
    """Divide a fleet's month over the functions of a capture, on both bases.

    Loaded: all CPU dollars, over what stands in stacks. Used: the utilised part of them, less what has
    no stack.

    Raises:
        Incomplete: no sample has a stack, so that nothing can be divided.
    """
    if not sums.stacked:
        kind = capture.value_type.type[:_SHOWN]
        raise Incomplete(
            f"{capture.names[0]}: no sample of its {kind!r} values has a stack, so"
            f" {month.cpu.amount:,.2f} {month.cpu.currency} of CPU time cannot be divided over functions"
        )
    loaded = _parts(capture, by, sums, month.cpu)
    if utilisation is None:
        return Divided(*_costs(loaded, None), tuple(month.beside_cpu), None)
    share = utilisation.share
    used_cpu, unused = month.cpu.split([share.numerator, share.denominator - share.numerator])
    used, no_stack = used_cpu.split([sums.stacked, sums.no_stack])
    rest = [
        Rest(Resource.CPU, utilisation.rest, unused),
        Rest(Resource.CPU, ChargeKind.NO_STACK, no_stack),
    ]
    return Divided(
        *_costs(loaded, _parts(capture, by, sums, used)),
        rest=(*(each for each in rest if each.cost.nanos), *month.beside_cpu),
        utilisation=utilisation,
    )


@dataclass(frozen=True, slots=True)
class _Parts:
    """An amount over the groups of some sums: self and total of each."""

    selfs: list[Money]
    totals: list[Money]


def _parts(capture: Capture, by: Grouping, sums: Sums, charge: Money) -> _Parts:
    """A charge over functions by their call trie; over other groups by their selfs."""
    if by == "function":
        divided = attribute(charge, capture.trie())
        place = {key: at for at, key in enumerate(divided.keys)}
        order = [place[key] for key in sums.keys]
        selfs = [divided.self_nanos[at] for at in order]
        totals = [divided.total_nanos[at] for at in order]
    else:
        selfs = divide(charge.nanos, sums.selfs)
        # A group's total is its share of the charge, but never less than its self after rounding.
        totals = [
            max(own, rounded(charge.nanos * weight, sums.stacked))
            for own, weight in zip(selfs, sums.totals, strict=True)
        ]
    currency = charge.currency
    return _Parts([Money(each, currency) for each in selfs], [Money(each, currency) for each in totals])


def _costs(loaded: _Parts, used: _Parts | None) -> tuple[list[Cost], list[Cost]]:
    if used is None:
        return [Cost(each, None) for each in loaded.selfs], [Cost(each, None) for each in loaded.totals]
    return (
        [Cost(*each) for each in zip(loaded.selfs, used.selfs, strict=True)],
        [Cost(*each) for each in zip(loaded.totals, used.totals, strict=True)],
    )


def _rows(
    sums: Sums, observed: Sums | None, divided: Divided | None, sort: Measure, limit: int
) -> list[FunctionRow]:
    first, second = (sums.selfs, sums.totals) if sort == "self" else (sums.totals, sums.selfs)
    # The keys are in order already, and sorting keeps equals in theirs.
    order = sorted(range(len(sums.keys)), key=lambda at: (-abs(first[at]), -abs(second[at])))
    listed = order[:limit] if limit else order
    counts = dict(zip(observed.keys, observed.selfs, strict=True)) if observed else None
    rows = [
        FunctionRow(
            function=sums.keys[at],
            self=sums.selfs[at],
            total=sums.totals[at],
            observations=counts.get(sums.keys[at], 0) if counts is not None else None,
            self_cost=divided.self_costs[at] if divided else None,
            total_cost=divided.total_costs[at] if divided else None,
        )
        for at in listed
    ]
    left_out = order[len(listed) :]
    return [*rows, _other(left_out, sums, counts, divided)] if left_out else rows


def _other(
    left_out: Sequence[int], sums: Sums, counts: dict[Function, int] | None, divided: Divided | None
) -> FunctionRow:
    return FunctionRow(
        function=None,
        self=sum(sums.selfs[at] for at in left_out),
        total=None,
        observations=sum(counts.get(sums.keys[at], 0) for at in left_out) if counts is not None else None,
        self_cost=summed([divided.self_costs[at] for at in left_out]) if divided else None,
        left_out=len(left_out),
    )


def summed(costs: Sequence[Cost]) -> Cost:
    """The sum of at least one cost; self costs only, as totals must not be added up."""
    used = [cost.used for cost in costs if cost.used is not None]
    return Cost(total([cost.loaded for cost in costs]), total(used) if used else None)
