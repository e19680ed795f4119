import pytest

from tests.finops.cli.running import finops


def test_a_price_needs_no_configuration() -> None:
    document = finops("--config", "/nowhere/config.toml", "prices", "show", "c5.2xlarge", "--json").document

    assert (document["hourly"], document["currency"]) == ("0.34", "USD")
    assert (document["vcpu"], document["memory_gib"], document["gpu"]) == (8, 16, 0)
    assert document["split"] == {
        "method": "aws-9to1",
        "basis": "9 : 1 per vCPU : GiB, as the split cost allocation of AWS",
        "is_estimate": False,
        "vcpu_hour": "0.034772727",
        "gib_hour": "0.003863636",
        "gpu_hour": None,
    }
    assert document["source"] == "catalogue"
    assert document["purchase_option"] == "on_demand"
    assert document["as_of"] > document["valid_from"]


def test_text_says_all_of_it() -> None:
    out = finops("prices", "show", "c5.2xlarge").out

    for words in (
        "0.34 USD an hour",
        "8 vCPU, 16 GiB",
        "on-demand",
        "catalogue: aws us-east-1",
        "0.034772727 USD/vCPU-h, 0.003863636 USD/GiB-h",
        "aws-9to1",
        "from 2022-07-05",
    ):
        assert words in out


def test_a_gpu_has_its_own_rate() -> None:
    assert finops("prices", "show", "p3.2xlarge", "--json").document["split"]["gpu_hour"] == "2.465015000"
    assert "1 GPU" in finops("prices", "show", "p3.2xlarge").out


def test_the_price_of_a_moment_can_be_asked_for() -> None:
    assert finops("prices", "show", "c5.2xlarge", "--at", "2024-06-01", "--json").document["hourly"] == "0.34"
    ran = finops("prices", "show", "c5.2xlarge", "--at", "2019-01-01")
    assert ran.code == 1
    assert "no price at 2019-01-01" in ran.err


def test_what_is_not_known_fails_with_what_is_close() -> None:
    ran = finops("prices", "show", "c52xlarge")
    assert (ran.code, ran.out) == (1, "")
    assert "no price" in ran.err
    assert "c5.2xlarge" in ran.err
    assert finops("prices", "show", "c5.2xlarge", "--region", "mars-1").code == 1
    assert "vCPU and memory are not known" in finops("prices", "show", "g2.2xlarge").err


def test_a_family_is_listed_from_the_cheapest_on() -> None:
    document = finops("prices", "show", "--family", "c5", "--json").document

    names = [price["machine"] for price in document["prices"]]
    assert names[:3] == ["c5.large", "c5.xlarge", "c5.2xlarge"]
    assert all(name.startswith("c5.") for name in names)
    assert document["found"] == len(names)


def test_the_whole_list_is_cut_and_says_how_much_is_left() -> None:
    assert len(finops("prices", "show", "--limit", 3).out.splitlines()) == 8
    assert "more: --limit 0 shows all" in finops("prices", "show", "--limit", 3).out
    assert len(finops("prices", "show", "--limit", 0, "--json").document["prices"]) > 1000


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--at", "yesterday"), 2),
        (("c5.large", "--family", "c5"), 2),
        (("--family", "c99"), 1),
        (("--region", "mars-1"), 1),
        (("--family", "c5", "--at", "2000-01-01"), 1),
    ],
)
def test_questions_without_an_answer(words: tuple[str, ...], code: int) -> None:
    ran = finops("prices", "show", *words)

    assert (ran.code, ran.out) == (code, "")
    assert ran.err
