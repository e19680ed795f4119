"""How the quantity of one resource divides into kinds of charge, machine row by machine row.

The rules that must not be broken: the kinds of a row add up to what was paid for; what was measured
bounds what a profile claims; and what is neither claimed nor measured gets a name that says so.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from finops.costs.pools import PricedMachine
from finops.domain.charge import ChargeKind
from finops.domain.money import rounded
from finops.domain.profile import Usage
from finops.domain.resource import Resource
from finops.engine import divide

# Samplers of Python's threads were seen to claim 1.9 and 2.3 times what was measured, and are still right
# about proportions. Beyond five times it was hardly CPU that they sampled: a person has to look.
BELIEVED_OF_MEASURED = 5
# Without a measurement nothing tells a wrong claim from a full machine, so that only what rounding and
# replaced instances explain is believed.
BELIEVED_TENTHS_OF_PAID = 11

DEMAND = "demand"
LIVE_HEAP = "live_heap"
CAPPED_AT_MEASURED = "capped_at_measured"
CAPPED_AT_PAID = "capped_at_paid"
BY_SHARES = "by_shares"


@dataclass(frozen=True, slots=True)
class Rest:
    """What the rest of a row is called: in use but in no profile, and neither profiled nor measured."""

    unseen: ChargeKind
    unmeasured: ChargeKind


@dataclass(frozen=True, slots=True)
class Words:
    """How a claim is spoken of: who makes it, what bounds it, and what helps when it is past belief.

    `remedy` is for where what was measured bounds it, `unmeasured` for where nothing or not all was.
    """

    claimant: str
    measured: str
    paid: str
    remedy: str
    unmeasured: str


@dataclass(frozen=True, slots=True)
class Capacity:
    """What was paid for and what was measured in use, a row each, in the resource's stored unit."""

    paid: tuple[int, ...]
    measured: tuple[int | None, ...]

    @classmethod
    def of(cls, machines: Sequence[PricedMachine], resource: Resource) -> "Capacity":
        """The capacity of machines whose shape is known."""
        return cls(
            tuple(machine.paid(resource) for machine in machines),
            tuple(machine.measured(resource) for machine in machines),
        )

    @property
    def is_mixed(self) -> bool:
        """Whether some rows are measured and some are not."""
        return None in self.measured and any(each is not None for each in self.measured)

    @property
    def is_exceeded(self) -> bool:
        """Whether more was measured on some row than was paid for."""
        return any(
            each is not None and each > paid for each, paid in zip(self.measured, self.paid, strict=True)
        )

    @property
    def bounds(self) -> tuple[int, ...]:
        """What usage may come to on each row: what was measured if all rows were, else what was paid for."""
        known = tuple(each for each in self.measured if each is not None)
        return known if self.is_measured else self.paid

    @property
    def is_measured(self) -> bool:
        """Whether every row is measured."""
        return None not in self.measured


@dataclass(frozen=True, slots=True)
class Counted:
    """What of a claim counts, row by row, how that was found, and claim over count where they differ."""

    rows: tuple[int, ...]
    method: str = ""
    claim_ratio: str = ""
    note: str = ""
    is_held: bool = False


@dataclass(frozen=True, slots=True)
class Division:
    """The kinds of each row, in the order of the machines; a row's quantities add up to what was paid for."""

    rows: tuple[dict[ChargeKind, int], ...]
    method: str = ""
    claim_ratio: str = ""
    note: str = ""
    is_held: bool = False
    messages: tuple[str, ...] = ()


def count(claim: int, capacity: Capacity, laid_by: Sequence[int], method: str, words: Words) -> Counted:
    """Hold a claim of usage against what was measured, else against what was paid for.

    A claim within bounds counts, laid over the rows in proportion to `laid_by`. A believable excess
    counts as the bounds. Beyond that nothing counts, and the pool is held.
    """
    bound = sum(capacity.bounds)
    if claim <= bound:
        return Counted(_laid(claim, laid_by, capacity.bounds), method)
    ratio, what = ratio_text(claim, bound), words.measured if capacity.is_measured else words.paid
    excess = f"{words.claimant} claims {f'{ratio} times the' if ratio else 'some where there was no'} {what}"
    if capacity.is_measured and claim <= BELIEVED_OF_MEASURED * bound:
        return Counted(capacity.bounds, CAPPED_AT_MEASURED, ratio, f"{excess}, which is what counts as used")
    if not capacity.is_measured and 10 * claim <= BELIEVED_TENTHS_OF_PAID * bound:
        return Counted(capacity.bounds, CAPPED_AT_PAID, ratio, f"{excess}, which is what counts as used")
    remedy = words.remedy if capacity.is_measured else words.unmeasured
    return Counted((), "", ratio, f"{excess}: {remedy}", is_held=True)


def by_shares(claim: int | None, capacity: Capacity) -> Counted:
    """All that the bounds allow: the profile only says in what proportions."""
    bound = sum(capacity.bounds)
    ratio = "" if claim is None or claim == bound else ratio_text(claim, bound)
    return Counted(capacity.bounds, BY_SHARES, ratio)


def exceeded(note: str) -> Counted:
    """Nothing counts, because more was measured on a row than was paid for."""
    return Counted((), note=note, is_held=True)


def settled(
    capacity: Capacity, counted: Counted, usage: Sequence[Usage], rest: Rest, messages: Sequence[str] = ()
) -> Division:
    """The kinds of each row when so much of it counts: used, of empty stacks, without stacks, and the rest.

    Where the claim is held, everything paid for is one kind that reaches no function.
    """
    weights = [
        sum(each.stacked for each in usage),
        sum(each.no_stack for each in usage),
        sum(each.source_unattributed for each in usage),
    ]
    if counted.is_held:
        rows = [{ChargeKind.OVER_CAPACITY: paid} for paid in capacity.paid]
    else:
        measured = capacity.measured if capacity.is_measured else (None,) * len(capacity.paid)
        columns = zip(capacity.paid, measured, counted.rows, strict=True)
        rows = [_row(paid, busy, part, weights, rest) for paid, busy, part in columns]
    return Division(
        rows=tuple(rows),
        method=counted.method,
        claim_ratio=counted.claim_ratio,
        note=counted.note,
        is_held=counted.is_held,
        messages=(*messages, *([counted.note] if counted.note else [])),
    )


def unclaimed(capacity: Capacity, rest: Rest, messages: Sequence[str] = ()) -> Division:
    """The kinds of each row when no profile claims any of it; each row by its own measurement."""
    columns = zip(capacity.paid, capacity.measured, strict=True)
    rows = tuple(_row(paid, busy, 0, [], rest) for paid, busy in columns)
    return Division(rows, messages=tuple(messages))


def ratio_text(claim: int, bound: int) -> str:
    """A ratio to four decimals, half to even, as text; "" over nothing.

    >>> ratio_text(10, 8), ratio_text(1, 0)
    ('1.2500', '')
    """
    if not bound:
        return ""
    whole, part = divmod(rounded(claim * 10**4, bound), 10**4)
    return f"{whole}.{part:04d}"


def _laid(claim: int, laid_by: Sequence[int], bounds: Sequence[int]) -> tuple[int, ...]:
    """A claim within the sum of bounds, over rows.

    Where a row would get more than its bound although all together suffice, the bounds themselves are
    the weights: that exceeds none, keeps the claim whole, and needs no order among rows. It gives up
    `laid_by` for the other rows too; spilling only the excess would keep to it longer, but a part that
    no machine can hold says that `laid_by` is wrong, not where the excess is.
    """
    if not claim:
        return (0,) * len(bounds)
    parts = divide(claim, laid_by)
    if any(part > bound for part, bound in zip(parts, bounds, strict=True)):
        parts = divide(claim, bounds)
    return tuple(parts)


def _row(
    paid: int, measured: int | None, counted: int, weights: Sequence[int], rest: Rest
) -> dict[ChargeKind, int]:
    parts = divide(counted, weights) if counted else [0, 0, 0]
    claimed = (ChargeKind.USED, ChargeKind.NO_STACK, ChargeKind.SOURCE_UNATTRIBUTED)
    kinds = dict(zip(claimed, parts, strict=True))
    if measured is None:
        return {**kinds, rest.unmeasured: paid - counted}
    return {**kinds, rest.unseen: measured - counted, ChargeKind.IDLE: paid - measured}
