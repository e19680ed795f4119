"""The history of a list's prices: a pure function of all looks at it, in whatever order they arrived.

The rule that must not be broken: a price holds from the first look that saw it to the first that saw
another. A look that comes late may split, shorten or move a price; it never decides by when it came.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from finops.domain.machine import MachineKind
from finops.domain.price import Price
from finops.domain.price_list import PriceList
from pricing.changes import Changes, Decision, Verdict
from pricing.gate import gate
from pricing.statement import amounts, says_the_same


def history(lists: Iterable[PriceList]) -> list[Price]:
    """The prices that some looks at one list come to.

    A machine that a look leaves out keeps its price. The first price of a machine is believed to have held
    since its list says so; of any later one only the look is believed.
    """
    held: dict[MachineKind, list[Price]] = {}
    for look in sorted(lists, key=lambda each: each.observed_at):
        for price in look.prices:
            _see(held.setdefault(price.kind, []), price, look)
    return [price for prices in held.values() for price in prices]


def admit(
    new: PriceList,
    stored: Sequence[Price],
    known: Callable[[], Sequence[PriceList]],
    *,
    is_late: bool,
    accept: bool = False,
) -> Decision:
    """Decide on one look: against the present prices, or, where it comes late, against those of its time.

    Args:
        new: the look.
        stored: the prices that are known of that source and region.
        known: gives the looks that were let in before; asked only about one that comes late.
        is_late: a look at a later moment, or the same, was let in before.
        accept: a person has seen why it was held.
    """
    if not is_late:
        return gate(stored, new.prices, effective=new.effective, accept=accept)
    looks = sorted(known(), key=lambda each: each.observed_at)
    before = [each for each in looks if each.observed_at < new.observed_at]
    then = (
        [replace(price, valid_from=before[-1].observed_at) for price in before[-1].prices] if before else []
    )
    decision = gate(then, new.prices, accept=accept)
    if decision.verdict is not Verdict.ADMITTED:
        return Decision(decision.verdict, decision.reasons)
    if any(each.observed_at == new.observed_at for each in looks):
        said = f"{new} was looked at twice at that very moment, and said two things"
        return Decision(Verdict.REFUSED, (said,))
    return Decision(Verdict.ADMITTED, decision.reasons, _corrections(stored, history([*looks, new])))


def _see(held: list[Price], price: Price, look: PriceList) -> None:
    if not held:
        since = min(look.effective.get(price.kind, look.observed_at), look.observed_at)
        held.append(replace(price, valid_from=since))
    elif not says_the_same(held[-1], price):
        held[-1] = replace(held[-1], valid_to=look.observed_at)
        held.append(replace(price, valid_from=look.observed_at))


def _corrections(stored: Sequence[Price], wanted: Sequence[Price]) -> Changes:
    """What has to be withdrawn and added so that what is stored becomes what is wanted."""
    known, right = {_statement(price) for price in stored}, {_statement(price) for price in wanted}
    return Changes(
        new=tuple(price for price in wanted if _statement(price) not in known),
        unchanged=tuple(price for price in stored if _statement(price) in right),
        withdrawn=tuple(price for price in stored if _statement(price) not in right),
    )


def _statement(price: Price) -> tuple[object, ...]:
    """What a price says: not when its source last looked, nor what it is numbered there."""
    return price.kind, price.valid_from, price.valid_to, price.currency, price.shape, *amounts(price)
