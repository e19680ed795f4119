import re
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import get_args

import pytest
from apscheduler.triggers.cron import CronTrigger
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from finops.config import CsvFleet, Machines, Settings, examine, load
from finops.config.cron import cron
from finops.config.values import PLACEHOLDERS
from finops.domain.machine import MachineKind, Shape
from finops.domain.money import Money
from finops.domain.service import Service
from finops.errors import ConfigError
from finops.sources.pattern import expression

DATA = Path(__file__).parents[1] / "data" / "config"
EXAMPLE = Path(__file__).parents[2] / "config.example.toml"
NOW = datetime(2026, 11, 23, 1, 30, tzinfo=UTC)


def good(name: str) -> Settings:
    return load(DATA / f"{name}.good.toml", {})


def written(folder: Path, text: str) -> Path:
    path = folder / "config.toml"
    path.write_text(text)
    return path


def mistakes(path: Path, environ: dict[str, str] | None = None) -> str:
    with pytest.raises(ConfigError) as caught:
        load(path, environ or {})
    return str(caught.value).replace(str(path), path.name)


@pytest.mark.parametrize("path", sorted(DATA.glob("*.good.toml")), ids=lambda path: path.name)
def test_a_good_file_loads(path: Path) -> None:
    load(path, {})


@pytest.mark.parametrize("path", sorted(DATA.glob("*.bad.toml")), ids=lambda path: path.name)
def test_a_bad_file_has_its_message(path: Path) -> None:
    assert mistakes(path) + "\n" == path.with_suffix(".txt").read_text()


def test_five_mistakes_are_five_lines() -> None:
    assert len(mistakes(DATA / "five-mistakes.bad.toml").splitlines()) == 1 + 5


def test_a_missing_file_says_how_to_begin(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"

    assert mistakes(path) == "config.toml: no such file; copy config.example.toml to begin"


def test_what_is_no_text_is_no_configuration(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(b"\xff\xfe")

    assert "config.toml: this is not TOML: " in mistakes(path)
    assert mistakes(tmp_path).endswith("Is a directory")


def test_an_empty_file_is_all_defaults(tmp_path: Path) -> None:
    settings = good("empty")

    assert settings.now is None
    assert settings.ledger.smallest_share == Decimal("0.0001")
    assert settings.prices.aws is None
    assert settings.registry().services == ()
    assert settings.first_hour(NOW) == datetime(2026, 11, 16, tzinfo=UTC)


def test_relative_paths_are_meant_from_the_folder_of_the_file(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        """
        [[fleet]]
        kind = "csv"
        name = "cmdb"
        path = "fleet.csv"
        [[sources]]
        kind = "directory"
        name = "captures"
        path = "../captures"
        index = "index.csv"
        """,
    )
    settings = load(path, {})
    file = settings.fleet[0]

    assert settings.database.url == f"sqlite:///{tmp_path}/finops.db"
    assert settings.blobs.path == tmp_path / "blobs"
    assert isinstance(file, CsvFleet)
    assert file.path == tmp_path / "fleet.csv"
    assert settings.sources[0].path == tmp_path / "../captures"
    assert settings.sources[0].index == Path("index.csv")


@pytest.mark.parametrize(
    ("url", "resolved"),
    [
        ("sqlite:///data/finops.db?timeout=5", "sqlite:///{folder}/data/finops.db?timeout=5"),
        ("sqlite:////var/finops.db", "sqlite:////var/finops.db"),
        ("sqlite://", "sqlite://"),
        ("sqlite:///:memory:", "sqlite:///:memory:"),
        ("postgresql+psycopg://finops@db/finops", "postgresql+psycopg://finops@db/finops"),
    ],
)
def test_only_a_relative_sqlite_file_is_resolved(tmp_path: Path, url: str, resolved: str) -> None:
    path = written(tmp_path, f'database.url = "{url}"')

    assert load(path, {}).database.url == resolved.format(folder=tmp_path)


def test_a_variable_overrides_the_file_and_is_checked_like_it(tmp_path: Path) -> None:
    path = written(tmp_path, "api.port = 81")
    environ = {
        "FINOPS__DATABASE__URL": "postgresql://db/finops",
        "FINOPS__API__PORT": "82",
        "FINOPS__NOW": "2026-11-23T01:00:00Z",
        "FINOPS__LEDGER__SMALLEST_SHARE": "0.01",
        "FINOPS__PRICES__CATALOGUE": "false",
        "FINOPS_TOKEN": "not for us",
        "HOME": "/root",
    }
    settings = load(path, environ)

    assert settings.database.url == "postgresql://db/finops"
    assert settings.api.port == 82
    assert settings.now == datetime(2026, 11, 23, 1, tzinfo=UTC)
    assert settings.ledger.smallest_share == Decimal("0.01")
    assert not settings.prices.catalogue


def test_a_mistake_in_a_variable_names_the_variable(tmp_path: Path) -> None:
    path = written(tmp_path, "[[fleet]]\nkind = 'csv'\nname = 'a'\npath = 'a.csv'\n[[prices.fixed]]")
    environ = {
        "FINOPS__API__PORT": "eighty",
        "FINOPS__DATABASE__URI": "x",
        "FINOPS__FLEET__0__PATH": "b.csv",
        "FINOPS__SOURCES": "[]",
        "FINOPS__PRICES__FIXED__0__HOURLY": "1",
        "FINOPS__PRICES__SPLIT": "auto",
        "FINOPS__PRICES__SPLIT__BY": "x",
    }
    cannot = "a variable cannot reach into"
    lines = mistakes(path, environ).splitlines()

    assert lines[:5] == [
        "config.toml cannot be used:",
        f"  FINOPS__FLEET__0__PATH: {cannot} [[fleet]]; write it into the file",
        f"  FINOPS__PRICES__FIXED__0__HOURLY: {cannot} [[prices.fixed]]; write it into the file",
        "  FINOPS__PRICES__SPLIT__BY: split is not a table",
        f"  FINOPS__SOURCES: {cannot} [[sources]]; write it into the file",
    ]
    assert "  database.uri: there is no such key (from FINOPS__DATABASE__URI)" in lines
    assert lines[-1] == (
        "  api.port: Input should be a valid integer, unable to parse string as an integer (got 'eighty') "
        "(from FINOPS__API__PORT)"
    )


def test_no_secret_is_in_a_message_or_in_what_led_to_it() -> None:
    with pytest.raises(ConfigError) as caught:
        load(DATA / "secrets.bad.toml", {})

    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_a_token_is_read_from_the_variable_that_is_named() -> None:
    api = good("api").api

    assert api.token({"FINOPS_TOKEN": "secret"}) == "secret"
    assert good("empty").api.token({}) is None
    with pytest.raises(ConfigError, match="the environment variable FINOPS_TOKEN is not set"):
        api.token({"FINOPS_TOKEN": ""})


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "::1", "localhost"])
def test_a_loopback_address_needs_no_token(tmp_path: Path, host: str) -> None:
    assert load(written(tmp_path, f'api.host = "{host}"'), {}).api.token_env is None


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "finops.example.com"])  # noqa: S104
def test_an_address_that_can_be_reached_needs_a_token(tmp_path: Path, host: str) -> None:
    assert "api.token_env: host" in mistakes(written(tmp_path, f'api.host = "{host}"'))


def test_machines_know_their_kind_shape_and_moments() -> None:
    checkout, search, _ = good("fleet").fleet

    assert isinstance(checkout, Machines)
    assert (checkout.instances, checkout.start, checkout.end, checkout.shape()) == (None, None, None, None)
    assert isinstance(search, Machines)
    assert search.machine_kind() == MachineKind("gcp", "europe-west1", "n2-standard-8", "spot")
    assert search.shape() == Shape(Decimal(8), 32 * 1024)
    assert search.resident_mib() == Decimal(11776)
    assert search.start == datetime(2026, 11, 2, 4, 30, tzinfo=UTC)
    assert search.end == datetime(2026, 11, 9, tzinfo=UTC)


def test_services_become_a_registry() -> None:
    registry = good("services").registry()

    assert registry.claim("checkout-canary") == Service(
        name="checkout",
        names=("checkout-*", "shop.checkout"),
        team="payments",
        cost_centre="4711",
        environment="production",
        profiler_gives_shares=True,
        accepts_memory_shares=True,
    )


def test_fixed_prices_are_exact_and_in_the_ledgers_currency() -> None:
    settings = good("prices")
    always, dated = settings.fixed_prices(NOW)

    assert always.hourly == Decimal("0.3400000001")
    assert always.rate.cost_of(3600 * 10**10) == Money(3_400_000_001, "EUR")
    assert (always.currency, dated.currency) == ("EUR", "EUR")
    assert always.as_of == settings.ledger.start == datetime(2026, 11, 2, tzinfo=UTC)
    assert (always.valid_from.year, always.valid_to) == (1970, None)
    assert dated.valid_from == dated.as_of == datetime(2026, 10, 1, 6, tzinfo=UTC)
    assert dated.valid_to == datetime(2027, 1, 1, tzinfo=UTC)
    assert dated.shape == Shape(Decimal(64), 512 * 1024, Decimal(2))
    assert (dated.vcpu_hourly, dated.gib_hourly, dated.gpu_hourly) == (
        Decimal("0.01"),
        Decimal("0.001"),
        Decimal("0.2"),
    )


def test_a_fixed_price_is_the_same_price_whenever_it_is_read(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        """
        [[prices.fixed]]
        cloud = "on_prem"
        region = "berlin"
        machine_type = "r740"
        hourly = "0.34"
        vcpu = 32
        memory_gib = 256
        """,
    )
    settings = load(path, {})
    [one] = settings.fixed_prices(NOW)
    [other] = settings.fixed_prices(NOW.replace(day=30))

    assert one.id == other.id


def test_what_has_no_mistake_in_it_is_examined(tmp_path: Path) -> None:
    """A table of an array is left out by itself, any other with all its keys."""
    path = written(
        tmp_path,
        """
        now = 1
        [ledger]
        currency = "EUR"
        settle_hours = -1
        [prices]
        catalogue = false
        [[prices.fixed]]
        cloud = "aws"
        region = "r"
        machine_type = "m"
        hourly = 1
        currency = "EUR"
        vcpu = 1
        memory_gib = 1
        [[fleet]]
        kind = "machines"
        [[fleet]]
        kind = "csv"
        name = "cmdb"
        path = "fleet.csv"
        """,
    )
    settings, found = examine(path, {"FINOPS__API__PORT": "0", "FINOPS__FLEET": "x"})

    assert [mistake.place for mistake in found] == [
        *("FINOPS__FLEET", "now", "ledger.settle_hours"),
        *(f"fleet.0.{key}" for key in ("service", "region", "machine_type", "count")),
        "api.port",
    ]
    assert [table.kind for table in settings.fleet] == ["csv"]
    assert settings.model_fields_set == {"database", "blobs", "fleet"}


def test_settings_do_not_change() -> None:
    with pytest.raises(ValueError, match="frozen"):
        good("empty").api.port = 81


part = st.one_of(
    st.just("*"),
    st.builds("*/{}".format, st.integers(0, 99)),
    st.builds(str, st.integers(0, 70)),
    st.builds("{}-{}".format, st.integers(0, 70), st.integers(0, 70)),
    st.builds("{}/{}".format, st.integers(0, 70), st.integers(0, 70)),
    st.builds("{}-{}/{}".format, st.integers(0, 70), st.integers(0, 70), st.integers(0, 70)),
    st.sampled_from(["mon", "sun-mon", "mon-fri", "jan", "jan-mar", "feb-jan", "last", "-1", "1-", "/2", ""]),
)
fields = st.lists(st.lists(part, min_size=1, max_size=3).map(",".join), min_size=5, max_size=6)


@given(fields.map(" ".join))
def test_the_scheduler_takes_every_cron_that_is_let_in(text: str) -> None:
    names = ("second", "minute", "hour", "day", "month", "day_of_week")
    try:
        values = cron(text).split()
    except ValueError:
        return
    CronTrigger(**dict(zip(names[-len(values) :], values, strict=True)), timezone=UTC)


def test_every_default_cron_is_one() -> None:
    for name, value in good("empty").schedule:
        if isinstance(value, str):
            assert cron(value) == value, name


def test_every_placeholder_has_its_expression() -> None:
    for name in PLACEHOLDERS:
        assert name in expression(f"{{{name}}}").groupindex


def keys(model: type[BaseModel], place: str = "") -> Iterator[str]:
    """Every key of a section and of the sections below it, dotted."""
    for name, field in model.model_fields.items():
        here = f"{place}{field.alias or name}"
        yield here
        for section in sections(field.annotation):
            yield from keys(section, f"{here}.")


def sections(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from sections(inner)


def shown(table: dict[str, object], place: str = "") -> Iterator[str]:
    """Every key of a file, dotted."""
    for key, value in table.items():
        yield f"{place}{key}"
        for inner in value if isinstance(value, list) else [value]:
            if isinstance(inner, dict):
                yield from shown(inner, f"{place}{key}.")


def every_key_set() -> str:
    """The example with the keys that it only shows."""
    return re.sub(r"(?m)^#(?=[a-z\[])", "", EXAMPLE.read_text())


def test_the_example_as_it_stands_is_the_defaults() -> None:
    settings = load(EXAMPLE, {})

    assert settings == Settings(database=settings.database, blobs=settings.blobs)


def test_the_example_loads_with_every_key_set(tmp_path: Path) -> None:
    text = every_key_set().replace('index = "index.csv"\n', "")  # each of the two excludes another key
    text = text.replace('hourly = "0.30"\n', "")
    settings = load(written(tmp_path, text), {})

    assert [table.kind for table in settings.fleet] == ["machines", "csv"]
    assert settings.prices.aws
    assert settings.now


def test_the_example_has_every_key_and_no_other() -> None:
    assert set(shown(tomllib.loads(every_key_set()))) == set(keys(Settings))


def test_every_key_of_the_example_follows_a_sentence() -> None:
    lines = EXAMPLE.read_text().splitlines()
    unexplained = [
        line
        for above, line in pairwise(lines)
        if re.match(r"#?[a-z_]+ = ", line) and not re.fullmatch(r"# .*[.]", above)
    ]

    assert unexplained == []


def test_a_variable_of_a_table_that_there_is_none_of_is_named(tmp_path: Path) -> None:
    said = mistakes(written(tmp_path, ""), {"FINOPS__DATABSE__URL": "x"})

    assert "  databse: there is no such key (from FINOPS__DATABSE__URL)" in said.splitlines()
