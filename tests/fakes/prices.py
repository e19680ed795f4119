"""Prices in few words."""

from datetime import UTC, datetime
from decimal import Decimal

from finops.domain.machine import MachineKind, Shape
from finops.domain.price import Price
from finops.domain.window import parse_moment

NOW = datetime(2026, 11, 20, 6, tzinfo=UTC)


def kind(machine_type: str = "c5.2xlarge", region: str = "us-east-1", **how: str) -> MachineKind:
    """A kind of machine of AWS, on demand, unless said otherwise."""
    return MachineKind(**{"cloud": "aws", "region": region, "machine_type": machine_type, **how})


def price(
    hourly: str = "0.34",
    of: str | MachineKind = "c5.2xlarge",
    *,
    since: str = "2026-11-01",
    until: str | None = None,
    shape: Shape | None = None,
    currency: str = "USD",
    sku: str = "",
    source: str = "aws-price-list",
) -> Price:
    """A price of a machine, by default of eight vCPUs."""
    return Price(
        kind=of if isinstance(of, MachineKind) else kind(of),
        currency=currency,
        hourly=Decimal(hourly),
        shape=shape or Shape(Decimal(8), 16 * 1024),
        valid_from=parse_moment(since),
        valid_to=parse_moment(until) if until else None,
        source=source,
        as_of=parse_moment(since),
        sku=sku,
    )
