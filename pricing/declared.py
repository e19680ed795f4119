"""Prices that somebody states, as the configuration or the bundled catalogue, against those stored of them.

A statement is whole and for all time: what it no longer says is withdrawn, and what it says of the past
corrects the past. (A list that was looked at says only what it is now: that is the gate's.)
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from finops.domain.price import Price
from finops.domain.window import moment_text
from pricing.changes import Changes, Decision, Verdict


def declare(stored: Sequence[Price], declared: Sequence[Price]) -> Decision:
    """Decide on all prices that one source states, against all that are stored from it.

    They are refused where two of one kind of machine hold at the same time, and else admitted: however
    unlike the stored ones they are, somebody meant them.
    """
    clashes = overlaps(declared)
    if clashes:
        return Decision(Verdict.REFUSED, tuple(clashes))
    known, said = {_statement(price) for price in stored}, {_statement(price) for price in declared}
    changes = Changes(
        new=tuple(price for price in declared if _statement(price) not in known),
        unchanged=tuple(price for price in stored if _statement(price) in said),
        withdrawn=tuple(price for price in stored if _statement(price) not in said),
    )
    return Decision(Verdict.ADMITTED, (), changes)


def overlaps(prices: Sequence[Price]) -> list[str]:
    """Prices of one kind that hold at the same time, a sentence each."""
    in_order = sorted(prices, key=lambda price: (price.kind, price.valid_from))
    return [_told(one, next_) for one, next_ in pairwise(in_order) if _overlap(one, next_)]


def _statement(price: Price) -> Price:
    """A price without when its source last looked, which changes nothing."""
    return replace(price, as_of=price.valid_from)


def _overlap(one: Price, next_: Price) -> bool:
    return one.kind == next_.kind and (one.valid_to is None or next_.valid_from < one.valid_to)


def _told(one: Price, other: Price) -> str:
    return (
        f"{one.kind} has two prices at once: {one.hourly} from {moment_text(one.valid_from)} "
        f"and {other.hourly} from {moment_text(other.valid_from)}"
    )
