"""Write the bundled catalogue from a table of prices and shapes, and a table of when each price held.

    python benchmarks/catalogue/build_catalogue.py PRICES.csv HISTORY.csv [--out FILE] [--as-of DATE]

PRICES has the columns instance_type, region, vcpu, memory_gib, gpu_count, gpu_name, gpu_memory_mib_each,
currency, ondemand_hourly, price_as_of; HISTORY has instance_type, effective_from, effective_to,
ondemand_hourly. Both are read as text: no figure passes through a float. What the catalogue says of its
origin is written here, so look at ORIGIN before another table is carried over.
"""

import argparse
import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from hashlib import sha256
from pathlib import Path

from pricing.catalogue import BUNDLED, COLUMNS, FORMAT, Catalogue
from pricing.declared import declare
from pricing.gate import gate

REGION = "us-east-1"

ORIGIN = (
    "prices, shapes and history from aws/karpenter-provider-aws (pkg/providers/pricing and the "
    "instance-types pages of its website, at 1d92708, and 68 snapshots of that table since 2022-07-05)"
)
LICENCE = (
    "the figures are Amazon's published list prices, carried over as facts; "
    "the repository they were read from is Apache-2.0"
)
NOTES = (
    "types named .metal whose listed price is 5 to 11 % above their virtual sibling's were asked for with "
    "Dedicated tenancy: they carry the sibling's price, as estimates (docs/decisions/0002-metal-prices.md)"
)

# A .metal type that lists within half a per cent of its sibling is what it says; Dedicated tenancy lists
# at 1.06 to 1.10 of it. Anything else has no explanation, so it is named and not priced.
SAME = Decimal("0.005")
SURCHARGE = (Decimal("1.05"), Decimal("1.11"))


@dataclass(frozen=True)
class Row:
    """One line of the catalogue to be."""

    machine_type: str
    vcpu: Decimal
    memory_mib: int
    gpu: Decimal
    hourly: Decimal
    valid_from: str
    note: str = ""

    @property
    def family(self) -> str:
        """What stands before the size."""
        return self.machine_type.partition(".")[0]

    @property
    def is_metal(self) -> bool:
        """Whether it is rented without a hypervisor."""
        return ".metal" in self.machine_type

    def __str__(self) -> str:
        cells = [self.machine_type, plain(self.vcpu), str(self.memory_mib), plain(self.gpu)]
        cells += [plain(self.hourly), self.valid_from, *([self.note] if self.note else [])]
        return "\t".join(cells)


def plain(number: Decimal) -> str:
    """A number without an exponent or trailing zeros."""
    return format(number.normalize(), "f")


def main() -> None:
    """Read both tables, write the catalogue, and read it back through the gate."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("prices", type=Path)
    parser.add_argument("history", type=Path)
    parser.add_argument("--out", type=Path, default=BUNDLED)
    parser.add_argument("--as-of", default="2026-07-20")
    asked = parser.parse_args()
    with asked.prices.open(newline="") as table:
        records = [record for record in csv.DictReader(table) if record["region"] == REGION]
    with asked.history.open(newline="") as table:
        history = list(csv.DictReader(table))
    rows, unpriced = catalogue(records, history)
    asked.out.write_text(text(rows, unpriced, asked.as_of), encoding="utf-8")
    check(Catalogue(asked.out))


def catalogue(
    records: Sequence[dict[str, str]], history: Sequence[dict[str, str]]
) -> tuple[list[Row], dict[str, str]]:
    """The rows, those of earlier prices included, and the types that have none, with the reason."""
    whole = {r["gpu_name"]: Decimal(r["gpu_memory_mib_each"]) for r in records if int(r["gpu_count"] or 0)}
    since = {r["instance_type"]: r["effective_from"][:10] for r in history if not r["effective_to"]}
    unpriced = {
        r["instance_type"]: f"{plain(Decimal(r['ondemand_hourly']))} {r['currency']} an hour on "
        f"{r['price_as_of'][:10]}, but its vCPU and memory are not known"
        for r in records
        if not (r["vcpu"] and r["memory_gib"])
    }
    listed = [
        Row(
            machine_type=r["instance_type"],
            vcpu=Decimal(r["vcpu"]),
            memory_mib=round(Decimal(r["memory_gib"]) * 1024),
            gpu=gpus(r, whole),
            hourly=Decimal(r["ondemand_hourly"]),
            valid_from=since.get(r["instance_type"], r["price_as_of"][:10]),
        )
        for r in records
        if r["instance_type"] not in unpriced
    ]
    rows = []
    for row in listed:
        corrected = without_surcharge(row, listed)
        if corrected is None:
            unpriced[row.machine_type] = f"{plain(row.hourly)} an hour fits none of its siblings"
        else:
            rows.append(corrected)
    return sorted([*rows, *earlier(rows, history)], key=lambda r: (r.machine_type, r.valid_from)), unpriced


def gpus(record: dict[str, str], whole: dict[str, Decimal]) -> Decimal:
    """How many GPUs: the count, or, where a part of one is rented, its share of the whole one's memory."""
    count = Decimal(record["gpu_count"] or 0)
    if count or not record["gpu_memory_mib_each"]:
        return count
    return Decimal(record["gpu_memory_mib_each"]) / whole[record["gpu_name"]]


def without_surcharge(row: Row, listed: Sequence[Row]) -> Row | None:
    """The row, with its sibling's price where its own is that of Dedicated tenancy; None if neither fits."""
    kin = [other for other in listed if other.family == row.family and not other.is_metal]
    same = [other for other in kin if (other.vcpu, other.memory_mib) == (row.vcpu, row.memory_mib)]
    if not row.is_metal or not same or abs(row.hourly / same[0].hourly - 1) <= SAME:
        return row
    for sibling in [*same, *sorted(kin, key=lambda other: other.vcpu, reverse=True)]:
        if SURCHARGE[0] <= row.hourly / sibling.hourly <= SURCHARGE[1]:
            since = max(row.valid_from, sibling.valid_from)
            note = f"derived from {sibling.machine_type}"
            return replace(row, hourly=sibling.hourly, valid_from=since, note=note)
    return None


def earlier(rows: Iterable[Row], history: Iterable[dict[str, str]]) -> Iterator[Row]:
    """The prices that held before, each with the day it ended."""
    current = {row.machine_type: row for row in rows}
    for record in history:
        if record["effective_to"] and record["instance_type"] in current:
            yield replace(
                current[record["instance_type"]],
                hourly=Decimal(record["ondemand_hourly"]),
                valid_from=record["effective_from"][:10],
                note=f"until {record['effective_to'][:10]}",
            )


def text(rows: Sequence[Row], unpriced: dict[str, str], as_of: str) -> str:
    """The file: what it is, what it leaves out, and the rows."""
    body = "".join(f"{row}\n" for row in rows)
    head = {
        "format": FORMAT,
        "cloud": "aws",
        "region": REGION,
        "what": "on-demand Linux",
        "currency": "USD",
        "as_of": as_of,
        "origin": ORIGIN,
        "licence": LICENCE,
        "notes": NOTES,
        "rows": str(len(rows)),
        "sha256": sha256(body.encode()).hexdigest(),
    }
    lines = [f"# {key}: {value}\n" for key, value in head.items()]
    lines += [f"# unpriced {name}: {why}\n" for name, why in sorted(unpriced.items())]
    return "".join([*lines, "\t".join(COLUMNS) + "\n", body])


def check(written: Catalogue) -> None:
    """Read it back, through the gate, and print what was corrected.

    Raises:
        GateRefused: a row would not be let in from a live price list.
    """
    prices = written.current()
    gate((), prices).admitted()
    declare((), written.prices([])).admitted()
    corrected = [price for price in prices if price.is_estimate]
    for price in corrected:
        print(f"{price.kind.machine_type:20} {price.hourly:>10}  {written.note(price.kind.machine_type)}")
    print(f"{len(prices)} types, {len(corrected)} corrected, {len(written.unpriced)} named and not priced")


if __name__ == "__main__":
    main()
