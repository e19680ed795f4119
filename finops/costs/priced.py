"""Machines with their prices: a price that changes within an hour splits the hour's machines by time.

The rule that must not be broken: the parts of a row have its machine time and its instance time between
them, to the nanosecond, and each is charged at the price that held while it ran.
"""

from collections.abc import Sequence
from dataclasses import replace

from finops.costs.fit import Fit
from finops.costs.pools import PricedMachine
from finops.costs.split import split_price
from finops.domain.machine import MachineHours
from finops.domain.ports import PriceLadder
from finops.engine import divide


def priced(
    row: MachineHours, book: PriceLadder, policy: str = "auto", fits: Sequence[Fit] = ()
) -> list[PricedMachine]:
    """A row of machines with the price in force and its split, in parts where the price changed.

    Machines are taken to have run evenly over the row's window.
    """
    found = book.during(row.kind, row.window, row.shape)
    spans = [window.nanoseconds for window, _ in found]
    machine_nanos, instance_nanos = divide(row.machine_nanos, spans), divide(row.instance_nanos, spans)
    made = []
    for (window, price), machines, instances in zip(found, machine_nanos, instance_nanos, strict=True):
        part = replace(row, window=window, machine_nanos=machines, instance_nanos=instances)
        made.append(PricedMachine(part, price, split_price(price, policy, fits) if price else None))
    return made
