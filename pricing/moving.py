"""Prices that move by themselves, as spot: a list of changes, each with its moment.

The rule that must not be broken: what is stored is a function of all changes that were ever seen, so it
does not matter how often or in what order they were asked for.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from finops.domain.machine import MachineKind
from finops.domain.price import Price
from pricing.changes import Changes, Decision, Verdict
from pricing.regions import currency_of
from pricing.statement import says_the_same


def merge(stored: Sequence[Price], seen: Sequence[Price]) -> Decision:
    """Decide on changes that were seen, each a price from the moment at which it began.

    They are refused where there are none, or where two prices of one kind begin at one moment.
    """
    if not seen:
        return Decision(Verdict.REFUSED, ("the list is empty",))
    begun: dict[MachineKind, dict[datetime, Price]] = {}
    for price in (*stored, *seen):
        moments = begun.setdefault(price.kind, {})
        other = moments.setdefault(price.valid_from, price)
        currency = currency_of(price.kind.cloud, price.kind.region)
        if price.currency != currency:
            said = f"{price.kind} is priced in {price.currency}, its region in {currency}"
            return Decision(Verdict.REFUSED, (said,))
        if not says_the_same(other, price):
            said = f"{price.kind} has two prices from {price.valid_from}: {other.hourly} and {price.hourly}"
            return Decision(Verdict.REFUSED, (said,))
    wanted = {price.id: price for moments in begun.values() for price in _in_turn(moments)}
    known = {price.id: price for price in stored}
    return Decision(
        Verdict.ADMITTED,
        (),
        Changes(
            new=tuple(
                price
                for id_, price in wanted.items()
                if id_ not in known or known[id_].valid_to != price.valid_to
            ),
            unchanged=tuple(
                price
                for id_, price in known.items()
                if id_ in wanted and wanted[id_].valid_to == price.valid_to
            ),
            withdrawn=tuple(price for id_, price in known.items() if id_ not in wanted),
        ),
    )


def _in_turn(moments: dict[datetime, Price]) -> list[Price]:
    held: list[Price] = []
    for moment in sorted(moments):
        price = moments[moment]
        if held and says_the_same(held[-1], price):
            continue
        if held:
            held[-1] = replace(held[-1], valid_to=moment)
        held.append(replace(price, valid_to=None))
    return held
