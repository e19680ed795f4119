import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from finops.domain.machine import Shape
from finops.domain.price import Price
from finops.domain.window import parse_moment
from finops.errors import BrokenInput, NotFound
from pricing.book import Book
from pricing.catalogue import BUNDLED, Catalogue
from pricing.changes import Verdict
from pricing.declared import declare
from pricing.gate import gate
from pricing.outliers import outliers
from tests.fakes.prices import kind

CATALOGUE = Catalogue()
NOW = parse_moment("2026-11-02")


def hourly(machine_type: str, at: str) -> str | None:
    found = CATALOGUE.find(kind(machine_type), parse_moment(at))
    return str(found.hourly) if found else None


def test_it_says_what_it_holds() -> None:
    assert CATALOGUE.title == "aws us-east-1 on-demand Linux, as of 2026-07-20"
    assert CATALOGUE.as_of == parse_moment("2026-07-20")
    assert "karpenter-provider-aws" in CATALOGUE.origin
    assert len(CATALOGUE.current()) == 1364
    assert len(CATALOGUE.unpriced) == 5


def test_every_row_passes_the_gate_of_a_live_list() -> None:
    decision = gate((), CATALOGUE.current())

    assert decision.reasons == ()
    assert decision.verdict == Verdict.ADMITTED


def test_prices_out_of_line_are_known_by_name() -> None:
    compared, found = outliers(CATALOGUE.current())

    assert compared == 1236
    assert {each.price.kind.machine_type for each in found} == {
        *("inf1.xlarge", "inf1.2xlarge", "inf2.xlarge", "inf2.8xlarge", "m3.medium"),
        *("m8gb.metal-24xl", "r8gb.metal-24xl", "x8i.96xlarge", "x8i.metal-96xl"),
    }


@pytest.mark.parametrize(
    ("machine_type", "price", "vcpu", "memory_mib", "gpu", "since"),
    [
        ("c5.2xlarge", "0.34", 8, 16384, "0", "2022-07-05"),
        ("m5.xlarge", "0.192", 4, 16384, "0", "2022-07-05"),
        ("c7g.large", "0.0725", 2, 4096, "0", "2022-07-05"),
        ("t3.nano", "0.0052", 2, 512, "0", "2022-07-05"),
        ("p5.48xlarge", "55.04", 192, 2097152, "8", "2025-06-23"),
        ("g6f.large", "0.202", 2, 8192, "0.125", "2025-08-04"),
        ("gr6f.4xlarge", "1.066", 16, 131072, "0.5", "2025-08-04"),
        ("i4i.metal", "10.982", 128, 1048576, "0", "2022-07-05"),
    ],
)
def test_figures(machine_type: str, price: str, vcpu: int, memory_mib: int, gpu: str, since: str) -> None:
    found = CATALOGUE.machine(machine_type)

    assert found.hourly == Decimal(price)
    assert found.shape == Shape(Decimal(vcpu), memory_mib, Decimal(gpu))
    assert CATALOGUE.shape(machine_type) == found.shape
    assert (found.valid_from, found.valid_to) == (parse_moment(since), None)
    assert (found.source, found.currency, found.as_of) == ("catalogue", "USD", CATALOGUE.as_of)
    assert found.kind == kind(machine_type)
    assert not found.is_estimate


def test_a_price_cut_leaves_the_past_as_it_was() -> None:
    assert hourly("p5.48xlarge", "2023-08-07T23:00:00Z") is None
    assert hourly("p5.48xlarge", "2025-06-22T23:00:00Z") == "98.32"
    assert hourly("p5.48xlarge", "2025-06-23T00:00:00Z") == "55.04"
    assert hourly("u7i-12tb.224xlarge", "2025-03-24") == "135.22775"
    assert hourly("u7i-12tb.224xlarge", "2026-03-24") == "125.58182"


def test_a_window_before_the_first_price_has_none() -> None:
    assert hourly("c5.2xlarge", "2016-07-05") is None
    assert hourly("c5.2xlarge", "2022-07-05") == "0.34"


def test_a_zone_and_an_account_do_not_hide_the_list_price() -> None:
    found = CATALOGUE.find(kind(zone="us-east-1a", account="123456789012"), NOW)

    assert found == CATALOGUE.machine("c5.2xlarge")


def test_it_answers_for_nothing_but_its_own() -> None:
    assert CATALOGUE.find(kind(purchase_option="spot"), NOW) is None
    assert CATALOGUE.find(kind(region="us-east-2"), NOW) is None
    assert CATALOGUE.find(kind(cloud="gcp"), NOW) is None
    assert CATALOGUE.find(kind("m99.large"), NOW) is None


def test_there_is_one_price_in_force_of_each_type() -> None:
    prices = CATALOGUE.current()

    assert len({price.kind for price in prices}) == len(prices) == 1364
    assert all(price.valid_to is None for price in prices)


def test_as_a_source_it_states_ended_prices_too_and_no_two_at_once() -> None:
    prices = CATALOGUE.prices(["eu-west-1", "us-east-1"])

    assert prices == CATALOGUE.prices([])
    assert len(prices) == 1373
    assert declare((), prices).admitted().new == tuple(prices)
    assert Book(prices).find(kind("p5.48xlarge"), parse_moment("2025-01-01")) in prices
    assert CATALOGUE.prices(["eu-west-1"]) == []


def metals() -> list[Price]:
    return [price for price in CATALOGUE.current() if ".metal" in price.kind.machine_type]


def test_the_surcharge_of_dedicated_tenancy_is_taken_off_bare_metal() -> None:
    for metal, sibling in {
        "c6g.metal": "c6g.16xlarge",
        "c6gd.metal": "c6gd.16xlarge",
        "m6g.metal": "m6g.16xlarge",
        "m6gd.metal": "m6gd.16xlarge",
        "r6g.metal": "r6g.16xlarge",
        "r6gd.metal": "r6gd.16xlarge",
        "m5zn.metal": "m5zn.12xlarge",
        "x2gd.metal": "x2gd.16xlarge",
        "r5b.metal": "r5b.24xlarge",
        "c7i.metal-24xl": "c7i.24xlarge",
        "i7ie.metal-48xl": "i7ie.48xlarge",
        "m8gb.metal-24xl": "m8gb.48xlarge",
    }.items():
        price = CATALOGUE.machine(metal)

        assert price.hourly == CATALOGUE.machine(sibling).hourly
        assert price.is_estimate
        assert CATALOGUE.note(metal) == f"derived from {sibling}"


def test_only_corrected_bare_metal_is_an_estimate() -> None:
    corrected = [price for price in metals() if price.is_estimate]

    assert len(metals()) == 142
    assert len(corrected) == 59
    assert [price for price in CATALOGUE.current() if price.is_estimate] == corrected


def test_bare_metal_costs_what_its_sibling_costs_but_for_two() -> None:
    siblings = {(price.kind.machine_type.split(".")[0], price.shape): price for price in CATALOGUE.current()
                if ".metal" not in price.kind.machine_type}  # fmt: skip
    off = {}
    for price in metals():
        sibling = siblings.get((price.kind.machine_type.split(".")[0], price.shape))
        if sibling and abs(price.hourly / sibling.hourly - 1) > Decimal("0.0001"):
            off[price.kind.machine_type] = price.hourly / sibling.hourly

    assert off == {"m8gb.metal-24xl": 2, "r8gb.metal-24xl": 2}


@pytest.mark.parametrize(
    "machine_type", ["cc2.8xlarge", "cr1.8xlarge", "g2.2xlarge", "g2.8xlarge", "hs1.8xlarge"]
)
def test_a_type_without_a_shape_is_named_with_the_reason(machine_type: str) -> None:
    assert CATALOGUE.find(kind(machine_type), NOW) is None
    with pytest.raises(NotFound, match=rf"{machine_type}: no price .*: .* its vCPU and memory are not known"):
        CATALOGUE.machine(machine_type)


def test_an_unknown_type_is_told_with_those_that_are_close() -> None:
    with pytest.raises(NotFound) as raised:
        CATALOGUE.machine("m99.large")

    assert str(raised.value) == (
        "m99.large: no price in the bundled catalogue (aws us-east-1 on-demand Linux, as of 2026-07-20); "
        "did you mean m9g.large or m9gd.large or m9g.xlarge?"
    )


@pytest.mark.parametrize("machine_type", ["C5.2XLARGE", " c5.2xlarge"])
def test_a_type_in_another_spelling_is_close(machine_type: str) -> None:
    with pytest.raises(NotFound, match=r"did you mean c5\.2xlarge or"):
        CATALOGUE.machine(machine_type)


@pytest.mark.parametrize("machine_type", ["", "zzz", "x" * 10_000, "c5"])
def test_what_is_like_nothing_has_nothing_close(machine_type: str) -> None:
    with pytest.raises(NotFound, match="no price in the bundled catalogue") as raised:
        CATALOGUE.machine(machine_type)
    assert len(str(raised.value)) < 300


def test_another_region_is_not_guessed() -> None:
    with pytest.raises(NotFound, match=r"c5\.2xlarge in eu-west-1: .* has no other region"):
        CATALOGUE.machine("c5.2xlarge", "eu-west-1")


def test_a_row_that_was_touched_is_noticed(tmp_path: Path) -> None:
    touched = tmp_path / "touched.tsv"
    touched.write_text(BUNDLED.read_text().replace("\t0.34\t", "\t0.31\t"))

    with pytest.raises(BrokenInput, match="not those that its head counts"):
        Catalogue(touched).machine("c5.2xlarge")


def test_another_file_is_not_a_catalogue(tmp_path: Path) -> None:
    other = tmp_path / "other.tsv"
    other.write_text("machine_type\tprice\n")

    with pytest.raises(BrokenInput, match="not a catalogue of the format"):
        Catalogue(other).machine("c5.2xlarge")


def table(path: Path, *lines: str) -> Path:
    path.write_text("".join(f"{','.join(line.split())}\n" for line in lines).replace("-,", ","))
    return path


def test_the_script_writes_a_catalogue_that_can_be_read(tmp_path: Path) -> None:
    at = "2026-07-20T13:44:30Z"
    prices = table(
        tmp_path / "prices.csv",
        "instance_type region vcpu memory_gib gpu_count gpu_name gpu_memory_mib_each currency "
        "ondemand_hourly price_as_of",
        f"c9x.large     us-east-1 2 4 0 -  -    USD 0.100000 {at}",
        f"c9x.xlarge    us-east-1 4 8 0 -  -    USD 0.200000 {at}",
        f"c9x.metal     us-east-1 4 8 0 -  -    USD 0.220000 {at}",
        f"c9x.metal-2xl us-east-1 4 8 0 -  -    USD 0.333000 {at}",
        f"c9x.large     eu-west-1 2 4 0 -  -    USD 0.110000 {at}",
        f"g9x.large     us-east-1 2 4 1 l9 1000 USD 0.900000 {at}",
        f"g9f.large     us-east-1 2 4 0 l9 125  USD 0.200000 {at}",
        f"old.large     us-east-1 - - 0 -  -    USD 0.200000 {at}",
    )
    history = table(
        tmp_path / "history.csv",
        "instance_type effective_from effective_to ondemand_hourly",
        "c9x.large 2024-01-01T00:00:00Z 2025-01-01T12:00:00Z 0.120000",
        "c9x.large 2025-01-01T12:00:00Z - 0.100000",
    )
    written = tmp_path / "catalogue.tsv"
    script = Path(__file__).parents[2] / "benchmarks/catalogue/build_catalogue.py"

    subprocess.run([sys.executable, script, prices, history, "--out", written], check=True)

    catalogue = Catalogue(written)
    assert {price.kind.machine_type: str(price.hourly) for price in catalogue.current()} == {
        "c9x.large": "0.1",
        "c9x.metal": "0.2",
        "c9x.xlarge": "0.2",
        "g9f.large": "0.2",
        "g9x.large": "0.9",
    }
    assert catalogue.note("c9x.metal") == "derived from c9x.xlarge"
    assert catalogue.unpriced == {
        "c9x.metal-2xl": "0.333 an hour fits none of its siblings",
        "old.large": "0.2 USD an hour on 2026-07-20, but its vCPU and memory are not known",
    }
    assert catalogue.shape("g9f.large").gpu == Decimal("0.125")
    before = catalogue.find(kind("c9x.large"), parse_moment("2024-06-01"))
    assert before is not None
    assert before.hourly == Decimal("0.12")
