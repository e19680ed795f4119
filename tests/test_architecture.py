"""Rules that no linter knows."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

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
