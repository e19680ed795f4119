"""The documents say what the program does: what they name exists, what they quote is so.

`pytest tests/test_docs.py --update-golden` writes anew what is quoted from the program; read the diff.
"""

import ast
import inspect
import json
import operator
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import click
import pytest
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families

from finops import app as building
from finops.api import server
from finops.app import App
from finops.cli.main import finops
from finops.domain.charge import Charge, ChargeKind, ChargeState, CostMetric
from finops.domain.money import Money
from finops.domain.resource import Resource
from finops.domain.window import hour_of
from finops.reports import explain
from finops.storage import charges
from finops.storage.runs import Outcome
from finops.storage.tables import Base
from jobs.registry import JOBS

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
TEXTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.rglob("*.md"))]

ARCHITECTURE = DOCS / "architecture.md"
OPERATIONS = DOCS / "operations.md"
WORKED = DOCS / "how-a-dollar-is-computed.md"
GLOSSARY = DOCS / "glossary.md"
CLI = DOCS / "cli.md"
API = DOCS / "api.md"
POLICY = DOCS / "aws-iam-policy.json"

# The hour and the function that how-a-dollar-is-computed.md works through.
HOUR = hour_of(datetime(2026, 11, 10, 12, tzinfo=UTC))
SERVICE, FUNCTION = "checkout", "encoding/json.Marshal"
HOST = "http://127.0.0.1:8080"

LINK = re.compile(r"\[[^]]*\]\((?P<file>[^)#\s]*)(?:#(?P<heading>[^)\s]+))?\)")
NAMED = re.compile(r"`(?P<path>[\w./-]+(?:\.\w+|/))(?::(?P<name>\w+))?`")
FENCED = re.compile(r"^```.*?^```\n", re.DOTALL | re.MULTILINE)
CALCULATIONS = re.compile(r"^```calculation\n(?P<lines>.*?)^```\n", re.DOTALL | re.MULTILINE)
CONSOLE = re.compile(r"(?<=^```console\n)\$ .*?(?=^```\n)", re.DOTALL | re.MULTILINE)
ASKED = re.compile(
    rf"(?<=\$ curl ')(?P<asked>{HOST}(?P<path>[^']+)'\n```\n\n```json\n)(?P<body>.*?)(?=^```\n)",
    re.DOTALL | re.MULTILINE,
)
OPERATORS = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv}

Current = Callable[[Path, str], None]


@pytest.fixture
def current(request: pytest.FixtureRequest) -> Current:
    """Compare what a document should say with what it says."""

    def compare(path: Path, text: str) -> None:
        if request.config.getoption("--update-golden"):
            path.write_text(text, "utf-8")
        assert path.read_text("utf-8") == text, f"{path.name} is not current: pytest --update-golden"

    return compare


@pytest.fixture
def ledger(demo_output: Path) -> App:
    return building.build(demo_output / "config.toml")


@pytest.fixture
def client(ledger: App) -> FlaskClient:
    return server.application(ledger).test_client()


# Every document.


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_links_lead_somewhere(path: Path) -> None:
    text = FENCED.sub("", path.read_text("utf-8"))
    lost = [
        link[0]
        for link in LINK.finditer(text)
        if not link["file"].startswith(("http:", "https:")) and not leads_somewhere(path, link)
    ]

    assert lost == []


def leads_somewhere(path: Path, link: re.Match[str]) -> bool:
    target = path.parent / link["file"] if link["file"] else path
    return target.exists() and (link["heading"] is None or link["heading"] in anchors(target))


def anchors(path: Path) -> set[str]:
    """The anchors of a document's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", FENCED.sub("", path.read_text("utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_document_can_be_reached_from_the_readme() -> None:
    reached, to_read = set[Path](), [ROOT / "README.md"]
    while to_read:
        path = to_read.pop().resolve()
        if path in reached or not path.exists():
            continue
        reached.add(path)
        if path.is_dir():
            to_read += path.glob("*.md")
        elif path.suffix == ".md":
            to_read += [path.parent / link["file"] for link in LINK.finditer(path.read_text("utf-8"))]

    assert {path for path in DOCS.rglob("*") if path.is_file()} - reached == set()


# architecture.md


def test_what_the_architecture_names_exists() -> None:
    text = ARCHITECTURE.read_text("utf-8")
    named = [(match["path"], match["name"]) for match in NAMED.finditer(text) if "/" in match["path"]]

    assert len(named) > 50
    assert [path for path, _ in named if not (ROOT / path).exists()] == []
    assert [f"{path}:{name}" for path, name in named if name and not defines(ROOT / path, name)] == []


def defines(path: Path, name: str) -> bool:
    return bool(
        re.search(rf"^\s*(?:(?:def|class) {name}\b|{name}\b.* = )", path.read_text("utf-8"), re.MULTILINE)
    )


def test_the_architecture_has_every_room_job_and_table() -> None:
    text = ARCHITECTURE.read_text("utf-8")
    rooms = [
        f"finops/{path.name}/" for path in (ROOT / "finops").iterdir() if (path / "__init__.py").exists()
    ]
    jobs = [f"`{name}`" for name in JOBS]
    tables = [f"`{name}`" for name in Base.metadata.tables]

    assert [word for word in (*rooms, *jobs, *tables) if word not in text] == []


# glossary.md and the table of kinds


@pytest.mark.parametrize("kind", ChargeKind)
def test_every_kind_of_charge_has_its_row(kind: ChargeKind) -> None:
    assert f"\n| `{kind}` |" in WORKED.read_text("utf-8")


@pytest.mark.parametrize("kind", ChargeKind)
def test_who_operates_it_is_told_what_to_do_about_every_kind_of_charge(kind: ChargeKind) -> None:
    rows = [line for line in OPERATIONS.read_text("utf-8").splitlines() if line.startswith("| `")]

    assert any(f"`{kind}`" in line.split("|")[1] for line in rows)


@pytest.mark.parametrize("word", [*ChargeKind, *ChargeState, *CostMetric, *Outcome, *Resource])
def test_the_glossary_has_the_words_of_the_ledger(word: str) -> None:
    assert f"`{word}`" in GLOSSARY.read_text("utf-8")


# cli.md


def commands(command: click.Command, words: tuple[str, ...] = ("finops",)) -> Iterator[click.Context]:
    """Every command, each group before what is in it."""
    context = click.Context(command, info_name=" ".join(words), help_option_names=[])
    yield context
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None
            yield from commands(found, (*words, name))


def test_every_command_and_option_says_what_it_does() -> None:
    silent = [
        f"{context.info_name} {parameter.opts[-1] if parameter else ''}".rstrip()
        for context in commands(finops)
        for parameter in [None, *(each for each in context.command.params if isinstance(each, click.Option))]
        if not (context.command.help if parameter is None else parameter.help)
    ]

    assert silent == []


def test_the_reference_of_the_command_line_is_current(current: Current) -> None:
    sections = [reference(context) for context in commands(finops)]

    current(CLI, "\n".join([INTRODUCTION, *sections]))


INTRODUCTION = """\
# The command line

Every command with its arguments and options, as `--help` has them; `--help` works everywhere. Written by
`pytest tests/test_docs.py --update-golden`.

Exit codes: 0 fine, 1 failed, 2 wrong usage or configuration, 3 a gate's "no", 4 inconclusive. A name that
nothing known has, of a machine, a service, a function, a sample type or a job, is a failure: there is no
answer.
"""


def reference(context: click.Context) -> str:
    """A command's section of the reference."""
    command = context.command
    usage = " ".join([context.info_name or "", *command.collect_usage_pieces(context)])
    lines = [f"## `{context.info_name}`", "", "```", usage, "```", "", inspect.cleandoc(command.help or "")]
    given = [each for each in command.params if isinstance(each, click.Option)]
    options = [record for each in given if (record := each.get_help_record(context))]
    lines += ["", *(f"- `{names}`: {said}" for names, said in options)] if options else []
    return "\n".join([*lines, ""])


# api.md


def test_every_route_and_parameter_is_documented(client: FlaskClient) -> None:
    text = API.read_text("utf-8")
    document = client.get("/openapi/v1.json", base_url=HOST).get_json()
    missing = []
    for path, methods in document["paths"].items():
        for method, route in methods.items():
            heading, _, section = text.partition(f"\n## `{method.upper()} {path}`\n")
            section = section.partition("\n## ")[0]
            names = [f"`{each['name']}`" for each in route.get("parameters", [])]
            missing += (
                [path] if heading == text else [f"{path} {name}" for name in names if name not in section]
            )

    assert missing == []


def test_the_answers_of_the_api_are_current(client: FlaskClient, current: Current) -> None:
    def answered(match: re.Match[str]) -> str:
        answer = client.get(match["path"], base_url=HOST)
        return match["asked"] + json.dumps(shortened(answer.get_json()), indent=2) + "\n"

    text = API.read_text("utf-8")

    assert len(ASKED.findall(text)) >= len(re.findall(r"^## `GET (?!/metrics)", text, re.MULTILINE))
    current(API, ASKED.sub(answered, text))


def test_every_metric_has_its_row_with_its_labels_and_no_other_has_one(client: FlaskClient) -> None:
    families = list(text_string_to_metric_families(client.get("/metrics", base_url=HOST).text))
    labels = {
        family.name: sorted({label for sample in family.samples for label in sample.labels})
        for family in families
    }
    rows = re.findall(r"^\| `(flamebill_\w+)` \| (.*?) \|", API.read_text("utf-8"), re.MULTILINE)

    assert {name: sorted(re.findall(r"`(\w+)`", said)) for name, said in rows} == labels


def shortened(document: Any) -> Any:  # noqa: ANN401 (whatever JSON holds)
    """A document with every list cut to its first item."""
    if isinstance(document, dict):
        return {key: shortened(value) for key, value in document.items()}
    return [shortened(each) for each in document[:1]] if isinstance(document, list) else document


# aws-iam-policy.json


def test_the_policy_allows_what_is_called_and_nothing_else() -> None:
    sources = "".join(path.read_text("utf-8") for path in (ROOT / "pricing").glob("aws*.py"))
    called = set(re.findall(r"\.((?:get|describe)_[a-z_]+)\(?", sources)) - {"get_service_model"}
    statements = json.loads(POLICY.read_text())["Statement"]
    allowed = [action for statement in statements for action in statement["Action"]]

    assert {action.partition(":")[2] for action in allowed} == {
        name.title().replace("_", "") for name in called
    }
    assert len(allowed) == len(called) == 4


# how-a-dollar-is-computed.md: the worked hour


def calculations() -> list[tuple[str, str]]:
    """The calculations that the document shows: an expression and its result."""
    lines = "".join(match["lines"] for match in CALCULATIONS.finditer(WORKED.read_text("utf-8"))).splitlines()
    found = [re.split(r"\s{2,}", line, maxsplit=1)[1].rpartition(" = ") for line in lines]
    return [(expression.strip(), result.strip()) for expression, _, result in found]


def test_the_calculations_are_right() -> None:
    """Less than one unit of the last decimal off: the largest remainder may round either way."""
    wrong = [
        f"{expression} = {float(value)}, not {result}"
        for expression, result in calculations()
        if abs((value := evaluated(expression)) - Fraction(result)) >= Fraction(1, 10 ** decimals(result))
    ]

    assert len(calculations()) > 20
    assert wrong == []


def evaluated(expression: str) -> Fraction:
    """An expression as a pocket calculator has it, without its rounding.

    >>> evaluated("1.19 × 18 ÷ 22")
    Fraction(1071, 1100)
    """
    text = expression.replace("×", "*").replace("÷", "/")

    def value(node: ast.expr) -> Fraction:
        if isinstance(node, ast.BinOp):
            result: Fraction = OPERATORS[type(node.op)](value(node.left), value(node.right))
            return result
        return Fraction(ast.get_source_segment(text, node) or "")

    return value(ast.parse(text, mode="eval").body)


def decimals(number: str) -> int:
    return len(number.partition(".")[2])


def test_the_worked_hour_is_the_ledgers(ledger: App) -> None:
    with ledger.readers() as session:
        held = charges.within(session, HOUR, service=SERVICE)
        explained = [
            explain.build(session, ledger.registry, SERVICE, FUNCTION, HOUR, resource=resource)
            for resource in (Resource.CPU, Resource.MEMORY)
        ]
    results = {Decimal(result) for _, result in calculations()}
    amounts = [charge.amounts.list for charge in held]
    (cpu,), (memory,) = (each.steps for each in explained)
    by_resource = [total(held, resource) for resource in (Resource.CPU, Resource.MEMORY)]
    figures = [*amounts, *by_resource, cpu.self_cost, memory.self_cost]
    between = [cpu.total_interval.low, cpu.total_interval.high] if cpu.total_interval else []

    assert len(held) == 6
    assert {quantity(charge.resource, charge.quantity) for charge in held} - results == set()
    assert {money.amount for money in figures if money} - results == set()
    assert [
        money for money in (cpu.total_cost, *between) if f"${money.amount}" not in WORKED.read_text("utf-8")
    ] == []


def total(held: list[Charge], resource: Resource) -> Money:
    return Money(
        sum(
            charge.amounts.list.nanos
            for charge in held
            if charge.resource is resource and charge.amounts.list
        )
    )


def quantity(resource: Resource, stored: int) -> Decimal:
    """In core-seconds or MiB-seconds, as the document counts."""
    return Decimal(stored).scaleb(-9) if resource is Resource.CPU else Decimal(stored)


def test_what_the_document_shows_of_the_console_is_what_is_printed(
    demo_output: Path, tmp_path: Path, current: Current
) -> None:
    (tmp_path / "demo-output").symlink_to(demo_output)
    (tmp_path / "pricing").symlink_to(ROOT / "pricing")
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])

    def printed(match: re.Match[str]) -> str:
        lines = []
        for line in match[0].splitlines():
            if line.startswith("$ "):
                done = subprocess.run(
                    ["bash", "-c", line.removeprefix("$ ")],
                    cwd=tmp_path,
                    env={**os.environ, "PATH": path},
                    capture_output=True,
                    text=True,
                    check=True,
                )
                lines.append(f"{line}\n{done.stdout}")
        return "".join(lines)

    text = WORKED.read_text("utf-8")

    assert len(CONSOLE.findall(text)) > 1
    current(WORKED, CONSOLE.sub(printed, text))
