"""All types, regions and ways to buy of one cloud: how long prices load, and how long a look-up takes.

1,369 types × 35 regions × 25 options are 1.2 million prices. They are stored a region at a time through
`finops.storage.prices`, as a refresh stores them, and looked up as the ledger looks them up.

    python benchmarks/price_load.py [--types N] [--regions N] [--options N] [--url DATABASE]
"""

import argparse
import resource
import statistics
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from finops.domain.machine import MachineKind, Shape
from finops.domain.price import Price
from finops.storage import database, migrate, prices
from pricing.catalogue import Catalogue

AT = datetime(2026, 11, 20, tzinfo=UTC)
OPTIONS = ("on_demand", *(f"reserved-{number}" for number in range(12)), *(f"plan-{n}" for n in range(12)))


def rows(region: str, types: list[Price], options: int) -> Iterator[Price]:
    """Every type and option of one region."""
    for price in types:
        for number, option in enumerate(OPTIONS[:options]):
            yield Price(
                kind=MachineKind("aws", region, price.kind.machine_type, option),
                currency="USD",
                hourly=price.hourly * (100 - number) / 100,
                shape=Shape(price.shape.vcpu, price.shape.memory_mib, price.shape.gpu),
                valid_from=AT,
                source="benchmark",
                as_of=AT,
            )


def main() -> None:
    """Load, look up, and print."""
    words = argparse.ArgumentParser(description=__doc__)
    for name, default in (("types", 1369), ("regions", 35), ("options", 25)):
        words.add_argument(f"--{name}", type=int, default=default)
    words.add_argument("--url")
    said = words.parse_args()
    folder = Path(tempfile.mkdtemp())
    engine = database.connect(said.url or f"sqlite:///{folder}/prices.db")
    migrate.upgrade(engine)
    types = Catalogue().current()
    types = (types * (said.types // len(types) + 1))[: said.types]
    # Types beyond those that are known get names of their own.
    named = [
        Price(
            kind=MachineKind("aws", "us-east-1", f"{price.kind.machine_type}{number // 1366 or ''}"),
            currency="USD",
            hourly=price.hourly,
            shape=price.shape,
            valid_from=AT,
            source="benchmark",
            as_of=AT,
        )
        for number, price in enumerate(types)
    ]
    sessions = database.sessions(engine)
    began, stored = time.perf_counter(), 0
    for number in range(said.regions):
        with sessions.begin() as session:
            stored += prices.record(session, rows(f"region-{number}", named, said.options), [], AT)
    took = time.perf_counter() - began
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    size = f", {(folder / 'prices.db').stat().st_size >> 20} MiB" if not said.url else ""
    print(f"{stored:,} prices in {took:.1f} s ({engine.dialect.name}{size}), {memory} MiB of memory at most")
    looked = []
    with sessions() as session:
        for number in range(500):
            kind = MachineKind(
                "aws",
                f"region-{number % said.regions}",
                named[number * 7 % len(named)].kind.machine_type,
                OPTIONS[number % said.options],
            )
            start = time.perf_counter()
            found = prices.find(session, kind, AT)
            looked.append(time.perf_counter() - start)
            assert found[0].hourly > Decimal(0)  # noqa: S101 - a benchmark of what is not there says nothing
    print(f"a look-up takes {statistics.median(looked) * 1000:.2f} ms, {max(looked) * 1000:.2f} at most")


if __name__ == "__main__":
    main()
