"""The gate in front of a price list that was looked at: all of a region's list enters, or none of it.

A wrong price list is worse than an old one. What breaks a rule of the list itself is refused; what
is merely unlikely is held until a person accepts it. Nothing here closes a price because it is missing.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from finops.domain.machine import MachineKind
from finops.domain.price import Price
from finops.domain.window import moment_text
from pricing.changes import Change, Changes, Decision, Verdict
from pricing.outliers import crooked
from pricing.regions import currency_of
from pricing.statement import COMPONENTS, amounts, says_the_same


@dataclass(frozen=True, slots=True)
class GateRules:
    """How unlike the stored prices a list may be.

    In four years of AWS's us-east-1 the greatest change was a cut by 44 %, and at most four types of
    870 changed at once.
    """

    least_share_of_stored: Decimal = Decimal("0.80")
    greatest_change: Decimal = Decimal("0.60")
    greatest_share_changed: Decimal = Decimal("0.20")


# Spot prices move by themselves: Google's change every fortnight, two of three at once, and a family's in
# one region fell by 45 % within a year. What no market does is still held.
SPOT_RULES = GateRules(greatest_change=Decimal("0.95"), greatest_share_changed=Decimal(1))
_SPOT = {"spot", "low_priority"}


def rules_of(prices: Sequence[Price]) -> GateRules:
    """How unlike the stored prices a list of such prices may be."""
    is_spot = bool(prices) and all(price.kind.purchase_option in _SPOT for price in prices)
    return SPOT_RULES if is_spot else GateRules()


def gate(
    stored: Sequence[Price],
    fetched: Sequence[Price],
    rules: GateRules | None = None,
    *,
    effective: Mapping[MachineKind, datetime] | None = None,
    accept: bool = False,
) -> Decision:
    """Decide on one source's list of one region against the prices stored from it.

    Args:
        stored: what is known of that source and region; prices already closed do not count.
        fetched: the whole list, each price valid from the moment it was observed.
        rules: how unlike the stored prices it may be.
        effective: since when the list itself says a price holds: believed of a kind that has no
            price yet, so that the hours before the first fetch have one.
        accept: a person has seen why the list was held, and lets it in. Nothing lets in a refused one.
    """
    rules = rules or rules_of(fetched)
    earlier = [price for price in stored if price.valid_to is not None]
    open_ = {price.kind: price for price in stored if price.valid_to is None}
    refusals = [*_broken(fetched), *_against_stored(open_, fetched, rules)]
    if refusals:
        return Decision(Verdict.REFUSED, tuple(refusals))
    known = {price.kind for price in earlier} | set(open_)
    listed = {price.kind: _backdated(price, known, effective or {}) for price in fetched}
    changes = _changes(open_, listed)
    doubts = [*_unlikely(changes, rules), *crooked(fetched, lambda price: _is_known(open_, price))]
    verdict = Verdict.HELD if doubts and not accept else Verdict.ADMITTED
    return Decision(verdict, tuple(doubts), changes)


def _is_known(open_: Mapping[MachineKind, Price], price: Price) -> bool:
    return price.kind in open_ and says_the_same(open_[price.kind], price)


def _broken(fetched: Sequence[Price]) -> Iterator[str]:
    """What a list cannot be, whatever is stored."""
    if not fetched:
        yield "the list is empty"
    lists = sorted({f"{price.kind.cloud} {price.kind.region} from {price.source}" for price in fetched})
    if len(lists) > 1:
        yield f"one list is of one region and source, not of {' and '.join(lists)}"
    seen: dict[MachineKind, Price] = {}
    for price in fetched:
        currency = currency_of(price.kind.cloud, price.kind.region)
        if price.currency != currency:
            yield f"{price.kind} is priced in {price.currency}, its region in {currency}"
        for name, amount in amounts(price, COMPONENTS):
            if not (amount.is_finite() and amount > 0):
                yield f"{price.kind} has {amount} as its price {name}"
        other = seen.setdefault(price.kind, price)
        if not says_the_same(price, other):
            yield f"{price.kind} has two prices: {_told(other)} and {_told(price)}"


def _against_stored(
    open_: Mapping[MachineKind, Price], fetched: Sequence[Price], rules: GateRules
) -> Iterator[str]:
    """What a list cannot be, given what is stored."""
    kinds = {price.kind for price in fetched}
    if len(kinds) < rules.least_share_of_stored * len(open_):
        yield (
            f"the list has {len(kinds)} prices where {len(open_)} are stored, "
            f"less than {rules.least_share_of_stored:.0%}"
        )
    for price in fetched:
        old = open_.get(price.kind)
        if old and price.valid_from <= old.valid_from and not says_the_same(price, old):
            yield (
                f"{price.kind} was observed at {moment_text(price.valid_from)}, not after "
                f"the stored price of {moment_text(old.valid_from)}: did the clock go back?"
            )


def _changes(open_: Mapping[MachineKind, Price], listed: Mapping[MachineKind, Price]) -> Changes:
    both = [(open_[kind], price) for kind, price in listed.items() if kind in open_]
    return Changes(
        new=tuple(price for kind, price in listed.items() if kind not in open_),
        changed=tuple(
            Change(replace(old, valid_to=new.valid_from), new)
            for old, new in both
            if not says_the_same(old, new)
        ),
        unchanged=tuple(old for old, new in both if says_the_same(old, new)),
        absent=tuple(price for kind, price in open_.items() if kind not in listed),
    )


def _unlikely(changes: Changes, rules: GateRules) -> Iterator[str]:
    """Changes that are more often a mistake than a new price list."""
    for change in changes.changed:
        if abs(change.ratio - 1) > rules.greatest_change:
            yield (
                f"{change.new.kind} went from {change.old.hourly} to {change.new.hourly}, "
                f"by more than {rules.greatest_change:.0%}"
            )
    compared = len(changes.changed) + len(changes.unchanged)
    if len(changes.changed) > rules.greatest_share_changed * compared:
        yield (
            f"{len(changes.changed)} of {compared} prices changed, "
            f"more than {rules.greatest_share_changed:.0%}"
        )


def _backdated(price: Price, known: set[MachineKind], effective: Mapping[MachineKind, datetime]) -> Price:
    """A first price, from when its list says it holds; any other, from when it was observed."""
    since = effective.get(price.kind, price.valid_from)
    return price if price.kind in known or since >= price.valid_from else replace(price, valid_from=since)


def _told(price: Price) -> str:
    """A price with what else tells it from another of its kind."""
    shape = f"{price.shape.vcpu} vCPU, {price.shape.memory_mib} MiB"
    return f"{price.hourly} {price.currency} ({shape}{f', sku {price.sku}' if price.sku else ''})"
