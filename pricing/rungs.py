"""The rungs of the ladder, from what was really paid down to no price, and on which of them a price stands.

A charge names its price, and the price's source and how it was bought decide its rung, so that the rung
of every charge is on record.
"""

from enum import StrEnum

from finops.domain.price import Price

FIXED, CATALOGUE, BILL = "fixed", "catalogue", "bill"
OVERRIDE, ESTIMATE = "override", "estimate"
# Prices that the ladder itself made, from others that are stored: they are evidence of nothing.
DERIVED = (OVERRIDE, ESTIMATE)
COMMITMENTS = ("reserved", "savings_plan", "commitment")
ON_DEMAND, SPOT = "on_demand", "spot"


class Rung(StrEnum):
    """Where a price comes from, the most binding first."""

    ACTUAL_BILL = "actual_bill"
    SPOT = "spot"
    OVERRIDE = "override"
    COMMITMENT = "commitment"
    ON_DEMAND = "on_demand"
    CATALOGUE = "catalogue"
    ESTIMATE = "estimate"
    NO_PRICE = "no_price"


def rung_of(price: Price | None) -> Rung:
    """The rung that a price stands on."""
    if price is None:
        return Rung.NO_PRICE
    source = price.source.partition(" ")[0]
    by_source = {
        BILL: Rung.ACTUAL_BILL,
        FIXED: Rung.OVERRIDE,
        OVERRIDE: Rung.OVERRIDE,
        CATALOGUE: Rung.CATALOGUE,
        ESTIMATE: Rung.ESTIMATE,
    }
    if source in by_source:
        return by_source[source]
    if price.kind.purchase_option == SPOT:
        return Rung.SPOT
    return Rung.COMMITMENT if is_commitment(price.kind.purchase_option) else Rung.ON_DEMAND


def is_commitment(purchase_option: str) -> bool:
    """Whether machines bought so are paid for by a commitment.

    >>> is_commitment("reserved-1yr-standard-no-upfront"), is_commitment("on_demand")
    (True, False)
    """
    return purchase_option.startswith(COMMITMENTS)


def is_derived(price: Price) -> bool:
    """Whether the ladder made a price from others."""
    return price.source.partition(" ")[0] in DERIVED
