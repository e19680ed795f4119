"""Prices that do not stand in line with their siblings': the mark of a list asked the wrong way.

Machines of one family with the same memory per vCPU cost in proportion to their vCPUs. Rows of Dedicated
tenancy stand 6 to 10 % above that line, and rows of another unit far off it.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from statistics import median

from finops.domain.price import Price

# How far from its siblings' median a price per vCPU may be and still count as in line. Of 7,667 rows that
# can be compared in 35 regions of AWS (March 2025), all are.
IN_LINE = Decimal("0.006")
# How many may stand off. In the bundled catalogue of us-east-1 (July 2026) 9 of 1,236 do, 0.7 %, for
# reasons of their own (a machine with an accelerator costs more than its share of vCPUs); in the same
# table with its .metal types at the price of Dedicated tenancy, 66, 5.3 %.
MOST_SHARE = Decimal("0.025")
MOST_ANYWHERE = 5
# How many times dearer or cheaper than its siblings a price may be; the greatest real case is 2.8.
FARTHEST = Decimal(4)
# Two prices cannot tell which of them is wrong.
_FEWEST_SIBLINGS = 3


@dataclass(frozen=True, slots=True)
class Outlier:
    """A price off the line of its siblings, and how many times their price per vCPU it has."""

    price: Price
    ratio: Decimal

    def __str__(self) -> str:
        return f"{self.price.kind.machine_type} (× {self.ratio:.2f})"


def crooked(prices: Iterable[Price], is_known: Callable[[Price], bool] = lambda _: False) -> list[str]:
    """What is wrong with a list's proportions, a sentence each; nothing, if it may be a true one.

    A price that `is_known` stands off the line since it was let in, and is not asked about again.
    """
    compared, found = outliers(prices)
    found = [each for each in found if not is_known(each.price)]
    far = [each for each in found if not 1 / FARTHEST <= each.ratio <= FARTHEST]
    said = [
        f"{each} stands more than {FARTHEST} times off the price per vCPU of its siblings" for each in far
    ]
    if len(found) > MOST_ANYWHERE and len(found) > MOST_SHARE * compared:
        worst = sorted(found, key=lambda each: abs(each.ratio - 1), reverse=True)[:5]
        said.append(
            f"{len(found)} of {compared} prices stand off the line of their siblings, more than "
            f"{MOST_SHARE:.1%}: {', '.join(map(str, worst))}, …; are they all of shared tenancy?"
        )
    return said


def outliers(prices: Iterable[Price]) -> tuple[int, list[Outlier]]:
    """How many prices have siblings to be compared with, and those that are not in line with them."""
    groups: dict[object, list[Price]] = {}
    for price in prices:
        family, dot, _ = price.kind.machine_type.partition(".")
        if dot and not price.shape.gpu and price.kind.purchase_option == "on_demand":
            gib_per_vcpu = round(price.shape.memory_mib / price.shape.vcpu / 1024, 2)
            groups.setdefault((price.kind.region, price.kind.zone, family, gib_per_vcpu), []).append(price)
    large = [group for group in groups.values() if len(group) >= _FEWEST_SIBLINGS]
    return sum(map(len, large)), [outlier for group in large for outlier in _off_the_line(group)]


def _off_the_line(siblings: Sequence[Price]) -> list[Outlier]:
    line = median(_per_vcpu(price) for price in siblings)
    compared = [Outlier(price, _per_vcpu(price) / line) for price in siblings]
    return [each for each in compared if abs(each.ratio - 1) > IN_LINE]


def _per_vcpu(price: Price) -> Decimal:
    return price.hourly / price.shape.vcpu
