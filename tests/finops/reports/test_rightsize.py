from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy.orm import Session

from finops.domain.machine import MachineHours, MachineKind
from finops.domain.price import Price, PriceSplit
from finops.domain.service import Registry, Service
from finops.domain.window import Window
from finops.errors import Incomplete, NotFound
from finops.reports import rightsize
from finops.storage import machine_hours, prices
from tests.finops.storage.notation import FLEET, NOW, book, charge, hour, hours, machines, price, record

SIX_HOURS = hours(0, 6)
REGISTRY = Registry((Service("shop", names=("shop-*",)),))


def busy(at: int, count: int, share: str | None, **words: object) -> MachineHours:
    return machines("shop-fleet", at, count, utilisation=None if share is None else Decimal(share), **words)


def ran(session: Session, *rows: MachineHours) -> None:
    machine_hours.replace(session, "fleet", SIX_HOURS, rows, NOW)
    for at in (0, 5):
        record(session, hour(at), service="others")


def charged(session: Session, listed: Price, at: int) -> None:
    split = PriceSplit(listed.id, "aws-9to1", 72, 16, 0, "9 : 1 per vCPU : GiB")
    prices.record(session, [listed], [], NOW)
    prices.record_splits(session, [split])
    book(session, charge("1", at=at, price_id=listed.id, split_id=split.id))


@pytest.fixture
def shop(session: Session) -> Session:
    """Three machines at night and seven by day, one price."""
    ran(session, *(busy(at, 3, "0.2") for at in range(4)), busy(4, 7, "0.8"), busy(5, 7, "0.75"))
    charged(session, price(), 0)
    return session


def sized(session: Session, window: Window = SIX_HOURS, **words: Any) -> dict[str, Any]:  # noqa: ANN401
    return rightsize.of_service(session, REGISTRY, "shop", window, **{"remove": Decimal("0.4"), **words})


def test_means_are_rounded_so_that_they_never_flatter(shop: Session) -> None:
    document = sized(shop, target=Decimal("0.6"))
    # (4 x 3 + 2 x 7) / 6 = 4.33; (12 x 0.2 + 7 x 0.8 + 7 x 0.75) / 26 = 0.50961…
    assert document["count"] == 4
    assert document["measured"]["machines"] == "4.3333"
    assert document["measured"]["utilisation"] == "0.5097"
    assert document["instances"] == 3
    assert any(
        "rounded down to 4" in each and "rounded up to 0.5097" in each for each in document["assumptions"]
    )


def test_the_peak_is_told_beside_the_mean(shop: Session) -> None:
    document = sized(shop, target=Decimal("0.6"))

    assert document["measured"]["peak"] == {
        "window": {"start": "2026-11-02T04:00:00Z", "end": "2026-11-02T05:00:00Z"},
        "machines": "7",
        "utilisation": "0.8",
        "instances": 6,
        "target": "0.6",
    }
    assert any("The mean hides peaks" in each and "7 machines" in each for each in document["assumptions"])


def test_the_interval_reaches_to_whole_machines_in_each_hour(session: Session) -> None:
    """By day 1.1 machines' work is left, by night 0.1: one machine for the mean, two and one by the hour."""
    ran(session, *(busy(at, 4, "0.275") for at in range(3)), *(busy(at, 2, "0.05") for at in range(3, 6)))
    charged(session, price(), 0)
    document = sized(session, remove=Decimal("0.1"), target=Decimal("0.9"))

    assert document["instances"] == 1
    assert document["saving"]["total"] == "496.400000000"
    interval = document["interval"]
    assert interval["basis"].endswith(", and whole machines in each hour")
    assert interval["instances"] == {"low": 1, "high": 2}
    # (18 - 9) / 6 machines x 730 h x 0.34
    assert interval["saving"]["low"] == "372.300000000"
    assert (
        "Whole machines in each hour, at the same target, are 1.50 in the mean, and save $372.30 a month "
        "of what 3.00 cost."
    ) in document["assumptions"]


def test_the_peak_is_the_hour_with_most_work_not_with_most_machines(session: Session) -> None:
    ran(session, busy(0, 5, "0.1"), busy(1, 4, "0.95"))
    charged(session, price(), 0)

    peak = sized(session, Window(hour(0).start, hour(1).end))["measured"]["peak"]
    assert (peak["machines"], peak["utilisation"]) == ("4", "0.95")


def test_the_saving_is_of_the_price_that_was_charged_last(shop: Session) -> None:
    assert sized(shop)["price"]["hourly"] == "0.34"
    charged(shop, price("0.17", valid_from=hour(5).start), 5)

    document = sized(shop)
    assert document["price"]["hourly"] == "0.17"
    assert document["present"] == "496.400000000"


def test_a_price_of_another_window_does_not_count(shop: Session) -> None:
    charged(shop, price("9.99", valid_from=hour(30).start), 30)

    assert sized(shop)["price"]["hourly"] == "0.34"


def test_hours_without_machines_count_as_none_and_are_said(session: Session) -> None:
    ran(session, busy(0, 12, "0.5"))
    charged(session, price(), 0)
    document = sized(session)

    assert document["count"] == 2
    assert "In 5 of 6 hours none ran, which count as none." in document["assumptions"]


def test_one_row_that_is_not_measured_is_enough_to_refuse(shop: Session) -> None:
    rows = [busy(at, 3, "0.2") for at in range(5)]
    ran(shop, *rows, busy(5, 3, None))

    with pytest.raises(Incomplete, match=r"c5\.2xlarge.* is not measured in 1 hour of the window"):
        sized(shop)


def test_two_kinds_of_machine_are_named(shop: Session) -> None:
    ran(shop, busy(0, 3, "0.2"), busy(0, 1, "0.2", kind=replace(FLEET, machine_type="m5.large")))

    with pytest.raises(Incomplete, match=r"2 kinds of machine, and one is needed: c5\.2xlarge.*, m5\.large"):
        sized(shop)


def test_all_that_is_missing_is_named_at_once(shop: Session) -> None:
    ran(shop, busy(0, 3, None), busy(0, 1, "0.2", kind=replace(FLEET, purchase_option="spot")))

    with pytest.raises(Incomplete, match=r"2 kinds of machine.*; .* is not measured"):
        sized(shop)


def test_zones_and_accounts_are_one_kind(shop: Session) -> None:
    zones = [replace(FLEET, zone=zone, account="1") for zone in ("a", "b", "c")]
    ran(shop, *(busy(at, 1, "0.5", kind=kind) for at in range(6) for kind in zones))

    assert sized(shop)["count"] == 3


def test_without_a_price_there_is_nothing_to_save(session: Session) -> None:
    ran(session, busy(0, 6, "0.5"))
    book(session, charge("1"))

    with pytest.raises(Incomplete, match="charged no price"):
        sized(session)


def test_two_prices_at_once_are_refused(shop: Session) -> None:
    listed = [price(), price("0.5", machine_type="c5.2xlarge", valid_from=hour(1).start)]
    prices.record(shop, listed, [], NOW)
    splits = [PriceSplit(each.id, "aws-9to1", 72, 16, 0, "9 : 1") for each in listed]
    prices.record_splits(shop, splits)
    book(shop, *(charge("1", at=5, price_id=each.price_id, split_id=each.id) for each in splits))

    with pytest.raises(Incomplete, match="2 prices"):
        sized(shop)


@pytest.mark.parametrize(("count", "share"), [(1, "0"), (1, "0.9"), (12, "0")])
def test_less_than_a_machine_or_no_work_cannot_be_sized(session: Session, count: int, share: str) -> None:
    ran(session, busy(0, count, share))
    charged(session, price(), 0)

    with pytest.raises(Incomplete, match="nothing to right-size"):
        sized(session)


def test_machines_of_other_services_are_not_counted(shop: Session) -> None:
    rows = [busy(at, 4, "0.5") for at in range(6)]
    ran(shop, *rows, machines("another", 0, 100, utilisation=Decimal(1)))

    assert sized(shop)["count"] == 4
    with pytest.raises(NotFound, match="no machines of 'nobody'"):
        rightsize.of_service(shop, REGISTRY, "nobody", SIX_HOURS, remove=Decimal("0.4"))


def test_values_out_of_bounds_are_refused(shop: Session) -> None:
    with pytest.raises(ValueError, match="remove is 1"):
        sized(shop, remove=Decimal(1))
    with pytest.raises(ValueError, match="target is 0"):
        sized(shop, target=Decimal(0))


def test_a_saving_never_comes_without_its_interval(shop: Session) -> None:
    interval = sized(shop, target=Decimal("0.6"))["interval"]

    assert Decimal(interval["saving"]["low"]) <= Decimal(interval["saving"]["high"])
    assert interval["basis"]


def test_a_hostile_machine_type_is_harmless_in_a_refusal(shop: Session) -> None:
    kind = MachineKind("aws", "us-east-1", "\x1b[31mc5\u202e" + "x" * 50)
    ran(shop, busy(0, 3, "0.2"), busy(0, 1, "0.2", kind=kind))

    with pytest.raises(Incomplete) as raised:
        sized(shop)
    assert str(raised.value).isprintable()
    assert len(str(raised.value)) < 400


def test_hours_beyond_the_ledger_are_not_hours_without_machines(shop: Session) -> None:
    document = sized(shop, hours(0, 24))

    assert document["measured"]["machines"] == "4.3333"
    assert document["measured"]["accounted"] == document["measured"]["window"] | {
        "end": "2026-11-02T06:00:00Z"
    }
    assert (
        "The ledger holds 6 of the 24 hours asked for; what ran in the others is not known."
        in document["assumptions"]
    )
    assert not any("none ran" in each for each in document["assumptions"])
