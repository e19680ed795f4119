import json
from dataclasses import replace

import pytest
from sqlalchemy.orm import Session

from finops.app import App
from finops.domain.charge import ChargeKind, CostMetric
from finops.domain.function import Function
from finops.domain.function_cost import FunctionCost
from finops.domain.money import NANOS_PER_HOUR, Money
from finops.domain.price import PriceSplit
from finops.domain.resource import Resource
from finops.domain.service import Registry
from finops.domain.window import Window
from finops.errors import Incomplete, NotFound
from finops.reports import explain, explain_text
from finops.reports.explain import Explanation
from finops.reports.remedies import REMEDIES
from finops.storage import function_costs, machine_hours, prices, usage
from tests.finops.costs.notation import function
from tests.finops.reports.test_shown import HOSTILE
from tests.finops.storage.notation import NOW, book, charge, day, hour, machines, price
from tests.finops.storage.notation import usage as used
from tests.small_ledger import SmallLedger

STEPS = [
    "captures",
    "cpu time",
    "observed",
    "cores",
    "machines",
    "price",
    "split",
    "charge",
    "share",
    "dollar",
]


@pytest.fixture
def shop(session: Session) -> Session:
    """One machine for an hour, profiled all of it, half of whose CPU was used."""
    listed = price()
    split = PriceSplit(listed.id, "aws-9to1", 72, 16, 0, "9 : 1 per vCPU : GiB")
    prices.record(session, [listed], [], NOW)
    prices.record_splits(session, [split])
    machine_hours.replace(session, "fleet", hour(0), [machines()], NOW)
    book_usage(session, "main;serve 30\nmain;serve;parse 10")
    priced = {"price_id": listed.id, "split_id": split.id, "method": "demand"}
    book(
        session,
        charge("0.8", quantity=4 * NANOS_PER_HOUR, **priced),  # type: ignore[arg-type]
        charge("0.8", quantity=4 * NANOS_PER_HOUR, kind=ChargeKind.IDLE, **priced),  # type: ignore[arg-type]
    )
    return session


def book_usage(session: Session, stacks: str, at: int = 0) -> None:
    one = used(stacks, at, raw_digests=("f00d" * 16,))
    usage.replace(session, "pyroscope", "shop", hour(at), one.key.kind, [one], NOW)


def explained(session: Session, name: str = "serve", **words: object) -> Explanation:
    return explain.build(session, Registry(), "shop", name, hour(0), **words)  # type: ignore[arg-type]


def test_a_function_gets_its_share_of_the_used_charge(shop: Session) -> None:
    found = explained(shop)

    assert (found.self_cost, found.total_cost) == (Money.of("0.6"), Money.of("0.8"))
    assert (found.steps[0].self_weight, found.steps[0].total_weight, found.steps[0].weight) == (30, 40, 40)


def test_every_step_is_there_with_its_source(shop: Session) -> None:
    (step,) = explain_text.as_document(explained(shop))["steps"]

    assert list(dict.fromkeys(each["step"] for each in step["chain"] if each["step"])) == STEPS
    assert all(each["said"] and each["source"] for each in step["chain"] if each["said"][:4] != "idle")
    assert step["raw_profiles"] == ["f00d" * 16]


def test_the_text_shows_every_step(shop: Session) -> None:
    lines = explain_text.text(explained(shop)).splitlines()

    assert [line.split("  ")[1].strip() for line in lines[5:] if line[2:3].strip()][:3] == STEPS[:3]
    assert "self 0.600000000 USD, with its callees 0.800000000 USD" in lines[2]
    assert any("USD/vCPU-h" in line for line in lines)


def test_a_name_in_several_files_has_to_be_told_apart(shop: Session) -> None:
    one = used("main;serve 30")
    trie = replace(one.trie, keys=(Function("serve", "a.go"), Function("serve", "b.go")))
    usage.replace(shop, "pyroscope", "shop", hour(0), one.key.kind, [replace(one, trie=trie)], NOW)

    with pytest.raises(Incomplete, match=r"2 files; name one with --file: a\.go, b\.go"):
        explained(shop)
    assert explained(shop, file="a.go").function == ("serve", "a.go")


def test_an_unknown_function_is_named_with_what_is_close(shop: Session) -> None:
    with pytest.raises(NotFound, match="there is serve"):
        explained(shop, "erv")


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_name_is_only_data(shop: Session, name: str) -> None:
    with pytest.raises(NotFound) as raised:
        explained(shop, name)
    assert str(raised.value).isprintable()
    with pytest.raises(NotFound):
        explain.build(shop, Registry(), name, "serve", hour(0))


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_function_can_be_explained(shop: Session, name: str) -> None:
    one = used("serve 30")
    trie = replace(one.trie, keys=(function(name),))
    usage.replace(shop, "pyroscope", "shop", hour(0), one.key.kind, [replace(one, trie=trie)], NOW)
    found = explained(shop, name)

    assert found.self_cost == Money.of("0.8")
    assert all(line.isprintable() for line in explain_text.text(found).splitlines())
    assert json.loads(json.dumps(explain_text.as_document(found)))["function"]["name"] == name


def test_what_is_not_known_is_refused_and_not_zero(shop: Session) -> None:
    with pytest.raises(NotFound, match="no memory charge"):
        explained(shop, resource=Resource.MEMORY)
    with pytest.raises(Incomplete, match="no billed cost"):
        explained(shop, metric=CostMetric.BILLED)


def test_a_held_hour_is_said_to_be_with_what_helps(session: Session) -> None:
    book(session, charge("1", kind=ChargeKind.OVER_CAPACITY, note="claims 3 times too much: measure it"))

    with pytest.raises(Incomplete, match=r"over_capacity \(held: claims 3 times too much: measure it\)"):
        explained(session)


def test_an_hour_without_a_profile_is_said_to_be_with_what_helps(session: Session) -> None:
    book(session, charge("1", kind=ChargeKind.NO_PROFILE), charge("1", kind=ChargeKind.IDLE))

    with pytest.raises(Incomplete) as raised:
        explained(session)
    assert f"no_profile ({REMEDIES[ChargeKind.NO_PROFILE]})" in str(raised.value)
    assert "idle (measured idle" in str(raised.value)


def test_hours_of_which_nothing_was_used_are_noted_beside_the_others(shop: Session) -> None:
    book(shop, charge("1", at=1, kind=ChargeKind.NO_PROFILE), charge("1", at=2, kind=ChargeKind.NO_PROFILE))
    found = explain.build(shop, Registry(), "shop", "serve", Window(hour(0).start, hour(2).end))

    assert len(found.steps) == 1
    (note,) = found.notes
    assert note.startswith("2 hours of the window have no part in it: no_profile (no profile of those hours")
    assert note in explain_text.text(found)
    assert explain_text.as_document(found)["notes"] == [note]
    assert explained(shop).notes == ()


def test_profiles_that_are_gone_are_said_to_be(shop: Session) -> None:
    usage.replace(shop, "pyroscope", "shop", hour(0), used().key.kind, [], NOW)

    with pytest.raises(Incomplete, match="no longer kept"):
        explained(shop)


@pytest.fixture
def company(drained_ledger: SmallLedger) -> App:
    return drained_ledger.app()


@pytest.mark.parametrize("resource", [Resource.CPU, Resource.MEMORY])
@pytest.mark.parametrize("number", [0, 1])
def test_the_hours_of_a_day_add_up_to_the_ledgers_row(company: App, resource: Resource, number: int) -> None:
    with company.readers() as session:
        rows = function_costs.within(session, day(number), service="checkout", resource=resource)
        for row in sampled(rows):
            assert row.function is not None
            found = explain.build(
                session,
                company.registry,
                "checkout",
                row.function.name,
                day(number),
                file=row.function.file,
                resource=resource,
            )
            assert (found.self_cost, found.total_cost) == (row.self_cost, row.total_cost)


def sampled(rows: list[FunctionCost]) -> list[FunctionCost]:
    """A few of the functions: dear ones, cheap ones, and those that others call."""
    named = sorted((row for row in rows if row.function), key=lambda row: -row.self_cost.nanos)
    assert len(named) > 20
    return [*named[:3], *named[len(named) // 2 :: len(named) // 4], named[-1]]


def test_the_hours_alone_add_up_to_the_day(company: App) -> None:
    with company.readers() as session:
        rows = function_costs.within(session, day(0), service="checkout", resource=Resource.CPU)
        name, file = sampled(rows)[0].function or ("", "")

        def cost_of(window: Window) -> Money:
            found = explain.build(session, company.registry, "checkout", name, window, file=file)
            return found.total_cost

        assert cost_of(day(0)) == cost_of(hour(9)) + cost_of(hour(10))


def test_machines_and_charges_of_another_version_are_not_shown(session: Session) -> None:
    rows = [machines(version=version, environment="prod") for version in ("v1", "v2")]
    machine_hours.replace(session, "fleet", hour(0), rows, NOW)
    both = [
        used("main;serve 30", version=version, environment="prod", region="us-east-1")
        for version in ("v1", "v2")
    ]
    usage.replace(session, "pyroscope", "shop", hour(0), both[0].key.kind, both, NOW)
    book(session, *(charge("1", version=version, environment="prod") for version in ("v1", "v2")))
    found = explained(session)

    assert found.self_cost == Money.of("2")
    for step, version in zip(found.steps, ("v1", "v2"), strict=True):
        assert [row.version for row in step.machines] == [version]
        assert [each.version for each in step.charges] == [version]
