"""What a month of a fleet costs when nothing is configured: at list, from the bundled catalogue alone.

The rule that must not be broken: the parts add up to the whole, and only what was measured idle is
called idle.
"""

import re
from dataclasses import dataclass
from fractions import Fraction

from finops.costs.split import split_price
from finops.domain.charge import ChargeKind
from finops.domain.money import NANOS_PER_HOUR, Money, exact_decimal
from finops.domain.price import Price, PriceSplit
from finops.domain.resource import Resource
from finops.domain.window import HOURS_PER_MONTH
from finops.reports.files import Capture
from pricing.catalogue import Catalogue

_STATED = re.compile(r"\$?(?P<amount>[0-9]{1,12}(\.[0-9]{1,9})?)/(?P<span>h|month)")


@dataclass(frozen=True, slots=True)
class Rest:
    """Money of a fleet that reaches no function, and why."""

    resource: Resource
    kind: ChargeKind
    cost: Money


@dataclass(frozen=True, slots=True)
class FleetMonth:
    """What a fleet costs in a month of 730 hours; `cpu`, `memory` and `gpu` add up to `total`.

    Attributes:
        count, price, split: None where the caller stated a cost, which is all CPU.
        title: what the price list is and of when.
    """

    total: Money
    cpu: Money
    memory: Money
    gpu: Money
    count: int | None = None
    price: Price | None = None
    split: PriceSplit | None = None
    title: str = ""

    @property
    def beside_cpu(self) -> list[Rest]:
        """What is paid for beside CPU time, none of which a CPU profile can divide."""
        rest = [
            Rest(Resource.MEMORY, ChargeKind.MEMORY_NOT_MEASURED, self.memory),
            Rest(Resource.GPU, ChargeKind.NO_PROFILE, self.gpu),
        ]
        return [each for each in rest if each.cost.nanos]


@dataclass(frozen=True, slots=True)
class Utilisation:
    """The share of its vCPUs that a fleet uses, above 0 to 1.

    `is_measured`: the caller gave it as measured; else it is what a capture used of one machine.
    """

    share: Fraction
    is_measured: bool

    @property
    def rest(self) -> ChargeKind:
        """What the CPU time beyond it is called."""
        return ChargeKind.IDLE if self.is_measured else ChargeKind.UNPROFILED_OR_IDLE


def listed(machine: str, region: str, count: int, catalogue: Catalogue | None = None) -> FleetMonth:
    """Some machines of one type for a month, at the list price now in force.

    Raises:
        NotFound: the bundled catalogue has no price of it there; the message names close types.
    """
    catalogue = catalogue or Catalogue()
    price = catalogue.machine(machine, region)
    split = split_price(price)
    whole = price.rate.cost_of(count * HOURS_PER_MONTH * NANOS_PER_HOUR)
    return FleetMonth(
        whole, *split.parts(whole), count=count, price=price, split=split, title=catalogue.title
    )


def stated(text: str) -> FleetMonth:
    """A CPU cost that the caller states, as 27.80/h or 20307.27/month, in dollars.

    Raises:
        ValueError: it is neither, or nothing.
    """
    match = _STATED.fullmatch(text)
    if not match or not exact_decimal(match["amount"]):
        raise ValueError(
            f"{text[:40]!r} is not a cost: give dollars by hour or month, as 27.80/h or 20307.27/month,"
            " below a trillion and with at most nine decimals"
        )
    whole = Money.of(match["amount"]) * (HOURS_PER_MONTH if match["span"] == "h" else 1)
    nothing = Money(0, whole.currency)
    return FleetMonth(whole, whole, nothing, nothing)


def captured_utilisation(capture: Capture, total: int, month: FleetMonth) -> tuple[Utilisation | None, str]:
    """The share of one machine that a capture used, and one sentence about it or about why it is not known.

    Args:
        capture: of CPU time.
        total: the sum of its values.
        month: the machines that it ran on.

    Raises:
        Incomplete: the capture is not of CPU time.
    """
    read, duration = capture.require_cpu(), capture.duration_nanos
    if month.price is None:
        return None, "What is used is not known without --utilisation: a stated cost has no vCPUs."
    if capture.is_declared_cpu or duration is None:
        return None, "What is used is not known: the capture does not tell its duration. Give --utilisation."
    vcpu = Fraction(month.price.shape.vcpu)
    share = Fraction(total * read.factor) / (duration * vcpu)
    what = f"the capture's CPU time over its duration and the {vcpu} vCPUs of one machine"
    if not 0 < share <= 1:
        return None, f"What is used is not known: {what} comes to {float(share):.1%}. Give --utilisation."
    return Utilisation(share, is_measured=False), (
        f"Utilisation {float(share):.2%}: {what}; whatever else ran there is not in it."
    )
