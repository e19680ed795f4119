"""Replay a history of prices as the daily snapshots it stands for, in any order, and compare.

The history is a CSV with the columns instance_type, effective_from, effective_to, ondemand_hourly;
without one, that of the bundled catalogue. Every snapshot goes through `finops prices import`.

    python benchmarks/price_history.py [HISTORY.csv] [--order shuffled|forward|backward] [--every DAYS]
"""

import argparse
import csv
import random
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from finops import app as building
from finops.domain.machine import MachineKind, Shape
from finops.domain.price import Price
from finops.domain.price_list import PriceList
from finops.domain.window import parse_moment
from finops.formats import price_list
from finops.storage import prices
from pricing.catalogue import Catalogue

SOURCE, REGION = "history", "us-east-1"
FINOPS = Path(sys.executable).with_name("finops")
# Of what is only in a history, and in no list of shapes; the price is what is replayed.
UNKNOWN_SHAPE = Shape(Decimal(1), 1024)

Row = tuple[str, datetime, datetime | None, Decimal]


def rows_of(path: Path | None) -> list[Row]:
    """The rows of a history."""
    if path is None:
        return [
            (price.kind.machine_type, price.valid_from, price.valid_to, price.hourly)
            for price in Catalogue().prices([])
        ]
    with path.open(newline="") as file:
        return [
            (
                row["instance_type"],
                parse_moment(row["effective_from"]),
                parse_moment(row["effective_to"]) if row["effective_to"] else None,
                Decimal(row["ondemand_hourly"]),
            )
            for row in csv.DictReader(file)
        ]


def snapshots(rows: list[Row], every: int) -> list[PriceList]:
    """A snapshot of each moment at which something changed, and of every so many days between."""
    moments = {since for _, since, _, _ in rows} | {until for _, _, until, _ in rows if until}
    day, last = min(moments), datetime(2026, 7, 21, tzinfo=UTC)
    while every and day < last:
        moments.add(day)
        day += timedelta(days=every)
    shapes = {price.kind.machine_type: price.shape for price in Catalogue().current()}
    made = []
    for moment in sorted(moments):
        held = [
            Price(
                kind=MachineKind("aws", REGION, name),
                currency="USD",
                hourly=hourly,
                shape=shapes.get(name, UNKNOWN_SHAPE),
                valid_from=moment,
                source=SOURCE,
                as_of=moment,
            )
            for name, since, until, hourly in rows
            if since <= moment and (until is None or moment < until)
        ]
        made.append(PriceList("aws", REGION, SOURCE, moment, tuple(held)))
    return made


def main() -> None:
    """Replay, and exit with 1 where what is stored is not the history."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("history", nargs="?", type=Path)
    words.add_argument("--seed", type=int, default=1)
    words.add_argument("--order", choices=["shuffled", "forward", "backward"], default="shuffled")
    words.add_argument("--every", type=int, default=1)
    words.add_argument("--keep", type=Path)
    said = words.parse_args()
    rows = rows_of(said.history)
    looks = snapshots(rows, said.every)
    if said.order == "backward":
        looks.reverse()
    elif said.order == "shuffled":
        random.Random(said.seed).shuffle(looks)  # noqa: S311 - an order, not a secret
    folder = said.keep or Path(tempfile.mkdtemp())
    folder.mkdir(exist_ok=True, parents=True)
    config = folder / "config.toml"
    config.write_text("[prices]\ncatalogue = false\n")
    subprocess.run([FINOPS, "--config", config, "db", "upgrade"], check=True, stdout=subprocess.DEVNULL)
    files = []
    for number, look in enumerate(looks):
        files.append(folder / f"{number:05d}.prices.jsonl")
        files[-1].write_bytes(price_list.write(look))
    began = time.perf_counter()
    done = subprocess.run(
        [FINOPS, "--config", config, "prices", "import", "--accept", *files],
        check=False,
        capture_output=True,
        text=True,
    )
    took = time.perf_counter() - began
    app = building.build(config)
    with app.readers() as session:
        stored = [
            (price.kind.machine_type, price.valid_from, price.valid_to, price.hourly)
            for price in prices.current(session, source=SOURCE)
        ]
    missing, extra = set(rows) - set(stored), set(stored) - set(rows)
    print(f"{len(looks)} snapshots ({said.order}, seed {said.seed}) in {took:.1f} s, exit {done.returncode}")
    print(f"{len(rows)} rows wanted, {len(stored)} stored, {len(missing)} missing, {len(extra)} too many")
    for what, found in (("missing", missing), ("too many", extra)):
        for each in sorted(found, key=str)[:10]:
            print(f"  {what}: {each}")
    print(done.stderr[-1000:] if done.returncode else f"left in {folder}")
    sys.exit(bool(missing or extra or done.returncode))


if __name__ == "__main__":
    main()
