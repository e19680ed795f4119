"""Spot prices of AWS, by zone, as EC2 remembers them: ninety days back."""

from collections.abc import Sequence
from contextlib import closing
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from finops.domain.machine import MachineKind, Shape
from finops.domain.price import Price
from finops.errors import Incomplete
from pricing.aws_machines import pages, shapes
from pricing.aws_sdk import Session, asked, client
from pricing.fetched import Fetched, Rejection, tally
from pricing.regions import currency_of

SOURCE = "aws-spot"
# How far back EC2 remembers.
REMEMBERED = timedelta(days=90)
# Accounts from before 2013 know the second name only, all others the first.
_LINUX = ("Linux/UNIX", "Linux/UNIX (Amazon VPC)")


class AwsSpot:
    """Spot prices of some machine types, a region at a time, in all its zones."""

    name = SOURCE

    def __init__(self, machine_types: Sequence[str], session: Session | None = None) -> None:
        self._machine_types = tuple(machine_types)
        self._session = session

    def prices(self, regions: Sequence[str]) -> list[Price]:
        """Spot prices move: they are asked for since a moment.

        Raises Incomplete, always.
        """
        raise Incomplete(f"{self.name} is asked since a moment, by region: {', '.join(regions) or 'none'}")

    def changes(self, region: str, since: datetime, now: datetime) -> Fetched:
        """Every change of price since a moment, with the last before it, and what was left out.

        Raises PricesUnavailable when asking again later may help, and BrokenInput when it will not.
        """
        action = "ec2:DescribeSpotPriceHistory and ec2:DescribeInstanceTypes"
        with asked(f"{self.name} in {region}", action), closing(client("ec2", region, self._session)) as ec2:
            known = shapes(ec2, self._machine_types)
            request = {
                "InstanceTypes": sorted(known),
                "ProductDescriptions": list(_LINUX),
                "StartTime": max(since, now - REMEMBERED),
                "EndTime": now,
                "MaxResults": 1000,
            }
            rows = (
                [
                    row
                    for page in pages(
                        ec2.describe_spot_price_history, request, "NextToken", f"{self.name} in {region}"
                    )
                    for row in page.get("SpotPriceHistory", ())
                ]
                if known
                else []
            )
        found: dict[tuple[MachineKind, datetime, Decimal], Price] = {}
        unknown = [
            Rejection("machine types that EC2 does not know", each)
            for each in self._machine_types
            if each not in known
        ]
        for row in rows:
            read = _read(row, region, known, now)
            if isinstance(read, Rejection):
                unknown.append(read)
            else:
                found[read.kind, read.valid_from, read.hourly] = read
        return Fetched("aws", region, tuple(found.values()), rejected=tally(unknown))


def _read(row: dict[str, Any], region: str, known: dict[str, Shape], now: datetime) -> Price | Rejection:
    what = f"{row.get('InstanceType')} in {row.get('AvailabilityZone')}"
    shape = known.get(row.get("InstanceType", ""))
    text, moment = row.get("SpotPrice"), row.get("Timestamp")
    if shape is None or row.get("ProductDescription") not in _LINUX:
        return Rejection("of other machines or systems", what)
    if not isinstance(text, str) or not text.replace(".", "", 1).isdigit() or not Decimal(text):
        return Rejection("with a price that is no number above zero", what)
    if not isinstance(moment, datetime) or moment > now or not row.get("AvailabilityZone"):
        return Rejection("without a zone or a moment that has come", what)
    return Price(
        kind=MachineKind("aws", region, row["InstanceType"], "spot", row["AvailabilityZone"]),
        currency=currency_of("aws", region),
        hourly=Decimal(text),
        shape=shape,
        valid_from=moment,
        source=SOURCE,
        as_of=moment,
    )
