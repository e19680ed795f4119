"""The commands about price lists, as a shell sees them."""

import json
from pathlib import Path

import pytest

from finops.storage import database, migrate
from tests.finops.cli.running import Ran, finops

HEAD = {"format": "flamebill-prices/1", "cloud": "aws", "region": "us-east-1", "source": "history"}
SIZES = {"large": "0.085", "xlarge": "0.17", "2xlarge": "0.34", "4xlarge": "0.68", "9xlarge": "1.53"}
VCPUS = {"large": 2, "xlarge": 4, "2xlarge": 8, "4xlarge": 16, "9xlarge": 36}


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("empty") / "finops.db"
    engine = database.connect(f"sqlite:///{path}")
    migrate.upgrade(engine)
    engine.dispose()
    return path.read_bytes()


@pytest.fixture
def folder(tmp_path: Path, template: bytes) -> Path:
    """A configuration with a database that holds nothing yet."""
    (tmp_path / "finops.db").write_bytes(template)
    (tmp_path / "config.toml").write_text("now = 2026-11-23T01:00:00Z\n")
    return tmp_path


def snapshot(folder: Path, day: str, **changed: str) -> Path:
    rows = [
        {
            "machine_type": f"c5.{size}",
            "currency": "USD",
            "hourly": changed.get(f"c5_{size}", hourly),
            "vcpu": str(VCPUS[size]),
            "memory_mib": VCPUS[size] * 2048,
        }
        for size, hourly in SIZES.items()
    ]
    path = folder / f"{day}.jsonl"
    path.write_text("\n".join(json.dumps(each) for each in [{**HEAD, "observed_at": day}, *rows]) + "\n")
    return path


def prices(folder: Path, *words: object) -> Ran:
    return finops("--config", folder / "config.toml", "prices", *words)


def test_snapshots_are_imported_in_any_order_and_shown_by_moment(folder: Path) -> None:
    files = [snapshot(folder, "2026-11-20", c5_large="0.09"), snapshot(folder, "2026-11-01")]

    assert prices(folder, "import", *files).code == 0

    early = prices(folder, "show", "c5.large", "--at", "2026-11-10", "--json").document
    late = prices(folder, "show", "c5.large", "--at", "2026-11-21", "--json").document
    assert (early["hourly"], early["source"], late["hourly"]) == ("0.085", "history", "0.09")
    told = prices(folder, "history", "c5.large", "--json").document
    assert [(each["hourly"], each["valid_to"]) for each in told] == [
        ("0.085", "2026-11-20T00:00:00Z"),
        ("0.09", None),
    ]
    prices(folder, "import", snapshot(folder, "2026-11-15", c5_large="0.088"))
    assert len(prices(folder, "history", "c5.large", "--json").document) == 3
    assert len(prices(folder, "history", "c5.large", "--corrections", "--json").document) == 4


def test_why_shows_every_rung_and_the_one_that_answered(folder: Path) -> None:
    prices(folder, "import", snapshot(folder, "2026-11-01"))

    document = prices(folder, "show", "c5.large", "--at", "2026-11-10", "--why", "--json").document

    assert [step["rung"] for step in document["why"]] == [
        *("actual_bill", "spot", "override", "commitment", "on_demand", "catalogue", "estimate"),
    ]
    answered = [step["rung"] for step in document["why"] if step["price_id"]]
    assert answered[0] == "on_demand"
    out = prices(folder, "show", "c5.large", "--at", "2026-11-10", "--why").out
    assert "→ on_demand    0.085 USD" in out
    assert document["price_id"] in out


def test_what_was_negotiated_comes_before_the_list(folder: Path) -> None:
    prices(folder, "import", snapshot(folder, "2026-11-01"))
    with (folder / "config.toml").open("a") as config:
        config.write('[[prices.negotiated]]\nname = "contract"\ncloud = "aws"\nfamily = "c5"\npercent = 10\n')

    out = prices(folder, "show", "c5.large", "--at", "2026-11-10", "--why").out

    assert "→ override     0.085 USD (0.0765 contracted) contract: 10 % off the list" in out


def test_a_spot_machine_has_no_price_and_says_why(folder: Path) -> None:
    ran = prices(folder, "show", "c5.large", "--bought", "spot", "--zone", "use1-az1", "--why")

    assert ran.code == 1
    assert "spot: no spot price of use1-az1 is known at that time" in ran.err
    assert "on_demand: a machine bought as spot never takes the on-demand price" in ran.err


def test_a_held_list_is_named_by_status_and_let_in_by_accept(folder: Path) -> None:
    prices(folder, "import", snapshot(folder, "2026-11-01"))
    ran = prices(folder, "import", snapshot(folder, "2026-11-02", c5_large="0.5"))
    assert ran.code == 3
    assert "held" in ran.out

    (status,) = prices(folder, "status", "--json").document
    assert status["let_in"]["observed_at"] == "2026-11-01T00:00:00Z"
    (held,) = status["held"]
    assert "c5.large on-demand in aws us-east-1 went from 0.085 to 0.5" in held["reasons"]
    assert f"import {held['import']}" in prices(folder, "status").out
    assert 'finops_price_list_held{cloud="aws",region="us-east-1",source="history"} 1' in (
        prices(folder, "status", "--metrics").out
    )

    assert prices(folder, "accept", held["import"]).code == 0
    assert prices(folder, "show", "c5.large", "--json").document["hourly"] == "0.5"
    assert prices(folder, "status", "--json").document[0]["held"] == []


def test_a_refused_list_leaves_the_prices_and_status_names_the_key(folder: Path) -> None:
    first = snapshot(folder, "2026-11-01")
    prices(folder, "import", first)
    twice = snapshot(folder, "2026-11-02")
    twice.write_text(twice.read_text() + twice.read_text().splitlines()[1].replace("0.085", "0.086") + "\n")

    assert prices(folder, "import", twice).code == 3

    assert "c5.large on-demand in aws us-east-1 has two prices" in prices(folder, "status").out
    assert len(prices(folder, "history", "c5.large", "--json").document) == 1
    assert 'finops_price_list_refused{cloud="aws",region="us-east-1",source="history"} 1' in (
        prices(folder, "status", "--metrics").out
    )


def test_diff_says_what_changed_between_two_days(folder: Path) -> None:
    prices(folder, "import", snapshot(folder, "2026-11-01"), snapshot(folder, "2026-11-20", c5_large="0.102"))

    found = prices(folder, "diff", "2026-11-02", "2026-11-21", "--json").document

    assert [(each["machine"], each["before"], each["after"], each["change"]) for each in found] == [
        ("c5.large", "0.085", "0.102", "0.200000")
    ]
    assert "+20.0 %" in prices(folder, "diff", "2026-11-02", "2026-11-21").out
    assert prices(folder, "diff", "2026-11-21", "2026-11-02").code == 2


def test_what_is_exported_is_imported_elsewhere_as_it_was(
    folder: Path, tmp_path: Path, template: bytes
) -> None:
    prices(folder, "import", snapshot(folder, "2026-11-01"))
    assert prices(folder, "export", "--region", "us-east-1", "--out", folder / "out.jsonl").code == 0
    other = tmp_path / "other"
    other.mkdir()
    (other / "finops.db").write_bytes(template)
    (other / "config.toml").write_text("now = 2026-11-23T01:00:00Z\n")

    assert prices(other, "import", folder / "out.jsonl").code == 0

    assert prices(other, "show", "c5.4xlarge", "--at", "2026-11-10", "--json").document["hourly"] == "0.68"


def test_refresh_asks_every_configured_list_with_progress(folder: Path) -> None:
    ran = prices(folder, "refresh")

    assert (ran.code, ran.out) == (0, ran.out)
    assert ran.out.startswith("catalogue: ok, ")
    assert "fetched=1373" in ran.out
    assert prices(folder, "refresh", "--json").document[0]["outcome"] == "ok"
    assert prices(folder, "refresh", "--cloud", "gcp").code == 1


def test_a_price_is_shown_in_another_currency_with_the_day_and_source_of_the_rate(folder: Path) -> None:
    (folder / "rates.csv").write_text("Date,USD,CNY,\n2026-11-20,1.0500,7.5600,\n2026-11-19,1.04,N/A,\n")
    assert prices(folder, "rates", folder / "rates.csv").code == 0

    shown = prices(folder, "show", "c5.large", "--in", "CNY", "--json").document["shown_in"]

    assert shown == {
        "amount": "0.612",
        "currency": "CNY",
        "rate": "7.200000000",
        "day": "2026-11-20",
        "source": "ecb",
    }
    assert prices(folder, "show", "c5.large", "--in", "JPY").code == 1


@pytest.mark.parametrize("text", ["", "Date;USD\n", "Date,USD\n2026-11-20,NaN\n", "Date,USD\nsoon,1\n"])
def test_what_are_no_rates_is_refused(folder: Path, text: str) -> None:
    (folder / "rates.csv").write_text(text)

    assert prices(folder, "rates", folder / "rates.csv").code == 1


def test_every_policy_is_shown_side_by_side_and_why_one_is_the_default() -> None:
    document = finops("--config", "/nowhere", "prices", "split", "m5.xlarge", "--json").document

    shares = {each["policy"]: each.get("cpu_share") for each in document["policies"]}
    assert document["chosen"] == "aws-9to1"
    assert "AWS divides its own bills so" in document["why"]
    assert {policy: share and f"{float(share):.3f}" for policy, share in shares.items()} == {
        "native": None,
        "aws-9to1": "0.692",
        "nnls": "0.721",
        "opencost": "0.651",
    }
    assert "→" in finops("--config", "/nowhere", "prices", "split", "m5.xlarge").out


def test_a_gpu_machine_says_what_share_its_gpus_have_without_the_disks() -> None:
    document = finops(
        "--config", "/nowhere", "prices", "split", "p5.48xlarge", "--at", "2026-08-01", "--json"
    ).document

    nnls = next(each for each in document["policies"] if each["policy"] == "nnls")
    assert "GPUs are 65 % of the price" in nnls["basis"]
