"""Rules that no linter knows."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Numeric

from finops.storage.tables import Base
from finops.storage.types import Exact

ROOT = Path(__file__).parents[1]
PURE = sorted([*ROOT.glob("finops/domain/*.py"), *ROOT.glob("finops/costs/*.py")])

# Statistics may be floats; the amounts that they give are whole nanos all the same.
STATISTICS = {"interval.py", "change.py"}

# These divide Fractions and Decimals.
EXACT = {"resource.py", "pools.py", "rightsize.py", "fit.py", "split.py", "override.py"}

CLOCKS = {
    "now",
    "utcnow",
    "today",
    "time",
    "time_ns",
    "monotonic",
    "monotonic_ns",
    "perf_counter",
    "perf_counter_ns",
}


def module(file: Path) -> str:
    return ".".join(file.relative_to(ROOT).with_suffix("").parts)


def nodes(file: Path) -> Iterator[ast.AST]:
    return ast.walk(ast.parse(file.read_text("utf-8")))


def test_there_is_something_to_hold_to_the_rules() -> None:
    assert {"finops.domain.money", "finops.costs.allocate"} <= {module(file) for file in PURE}
    assert {file.name for file in PURE} >= STATISTICS


@pytest.mark.parametrize("file", [file for file in PURE if file.name not in STATISTICS], ids=module)
def test_no_float_touches_money(file: Path) -> None:
    floats = [
        node.lineno
        for node in nodes(file)
        if (isinstance(node, ast.Constant) and isinstance(node.value, float))
        or (isinstance(node, ast.Name) and node.id == "float")
    ]

    assert floats == []


@pytest.mark.parametrize("file", [file for file in PURE if file.name not in STATISTICS | EXACT], ids=module)
def test_no_whole_number_is_divided_into_a_float(file: Path) -> None:
    """Of two ints `/` makes a float, and nothing in the text says so."""
    assert [
        node.lineno for node in nodes(file) if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div)
    ] == []


@pytest.mark.parametrize("file", PURE, ids=module)
def test_no_clock_is_read(file: Path) -> None:
    """The time is an argument. Naming datetime, timedelta or UTC is not reading a clock."""
    imported = {
        name
        for node in nodes(file)
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for name in (
            [node.module] if isinstance(node, ast.ImportFrom) else [each.name for each in node.names]
        )
    }
    read = [
        node.lineno
        for node in nodes(file)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CLOCKS
    ]

    assert "time" not in imported
    assert read == []


def test_pure_modules_are_imported_without_numpy() -> None:
    """`finops --help` and small reports answer before numpy would have loaded."""
    imports = "; ".join(f"import {module(file)}" for file in PURE if file.name != "__init__.py")
    heavy = "[name for name in ('numpy', 'google.protobuf', 'zstandard') if name in sys.modules]"
    result = subprocess.run(
        [sys.executable, "-c", f"import sys; {imports}; print({heavy})"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )

    assert result.stdout.strip() == "[]"


# The road of a price from the wire to the database: what parses, decides, stores, and what they share.
STORES = ("prices", "price_imports", "split_fits", "fx_rates")
PRICES = sorted(
    [
        *ROOT.glob("pricing/*.py"),
        *(
            ROOT / "finops/storage" / f"{name}.py"
            for name in ("prices", "price_imports", "split_fits", "fx_rates")
        ),
        *(ROOT / "jobs" / f"{name}.py" for name in ("refresh_prices", "price_imports", "price_files")),
        *(ROOT / "finops/domain" / f"{name}.py" for name in ("price", "price_list", "override", "machine")),
        ROOT / "finops/formats/price_list.py",
    ]
)


def test_there_is_a_road_of_prices_to_hold_to_the_rule() -> None:
    named = {module(file) for file in PRICES}
    assert {"pricing.aws_product", "pricing.azure_item", "pricing.gcp_sku", "finops.storage.prices"} <= named
    assert all(file.exists() for file in PRICES)


@pytest.mark.parametrize("file", PRICES, ids=module)
def test_no_float_is_on_the_way_of_a_price_from_the_wire_to_the_database(file: Path) -> None:
    """Neither written, nor called by name, nor made by a parser that was not told otherwise."""
    found = list(nodes(file))
    floats = [
        node.lineno
        for node in found
        if (isinstance(node, ast.Name) and node.id == "float")
        or (isinstance(node, ast.Attribute) and node.attr in ("fsum", "as_float"))
    ]
    parsers = [
        node.lineno
        for node in found
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("loads", "load")
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "json"
        and not any(
            word.arg == "parse_float" and isinstance(word.value, ast.Name) and word.value.id == "Decimal"
            for word in node.keywords
        )
    ]
    streams = [
        node.lineno
        for node in found
        if isinstance(node, ast.keyword) and node.arg == "use_float"  # what ijson would make floats by
    ]

    assert (floats, parsers, streams) == ([], [], [])


@pytest.mark.parametrize("file", PRICES, ids=module)
def test_no_float_is_written_on_the_way_of_a_price(file: Path) -> None:
    written = [
        node.lineno
        for node in nodes(file)
        if isinstance(node, ast.Constant) and isinstance(node.value, float)
    ]

    assert written == []


def test_every_column_of_a_rate_is_text() -> None:
    """SQLite would keep a NUMERIC as a float."""
    kept = [
        column
        for table in ("prices", "price_splits", "split_fits", "fx_rates")
        for column in Base.metadata.tables[table].columns
        if isinstance(column.type, (Exact, Numeric))
    ]

    assert len(kept) > 15
    assert {type(column.type) for column in kept} == {Exact}
    assert not [
        column
        for table in Base.metadata.tables.values()
        for column in table.columns
        if isinstance(column.type, Numeric)
    ]
