from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from finops.config import MachineRow
from finops.domain.machine import MachineHours, MachineKind, Shape
from finops.domain.window import HOUR, Window, hour_of, parse_moment
from finops.fleet.hours import Timeline

HOUR_NANOS = 3600 * 10**9
DAY = Window(datetime(2026, 11, 2, tzinfo=UTC), datetime(2026, 11, 3, tzinfo=UTC))


def row(**keys: object) -> MachineRow:
    base = {"service": "checkout", "region": "us-east-1", "machine_type": "c5.2xlarge", "count": 20}
    return MachineRow.model_validate(base | keys)


def window(start: str, end: str) -> Window:
    return Window(parse_moment(f"2026-11-02T{start}Z"), parse_moment(f"2026-11-02T{end}Z"))


def cut(of: MachineRow, within: Window, source: str = "test") -> list[MachineHours]:
    return list(Timeline([of]).hourly(within, source))


def hours(of: MachineRow, within: Window = DAY) -> dict[str, int]:
    return {f"{part.window.start:%H:%M}": part.machine_nanos for part in cut(of, within)}


def test_a_row_carries_what_it_says_into_each_hour() -> None:
    of = row(
        cloud="gcp",
        zone="b",
        account="a",
        purchase_option="spot",
        instances=40,
        utilisation="0.7",
        resident_gib="11.5",
        version="v42",
        environment="production",
        vcpu="8",
        memory_gib="16",
        gpu="0.5",
    )

    assert cut(of, window("06:00", "07:00"), "cmdb") == [
        MachineHours(
            service="checkout",
            window=window("06:00", "07:00"),
            kind=MachineKind("gcp", "us-east-1", "c5.2xlarge", "spot", "b", "a"),
            machine_nanos=20 * HOUR_NANOS,
            instance_nanos=40 * HOUR_NANOS,
            utilisation=Decimal("0.7"),
            resident_mib=Decimal(11776),
            version="v42",
            environment="production",
            shape=Shape(Decimal(8), 16384, Decimal("0.5")),
            source="cmdb",
        )
    ]


def test_a_row_without_ends_runs_in_every_hour() -> None:
    assert hours(row()) == {f"{hour:02}:00": 20 * HOUR_NANOS for hour in range(24)}


def test_half_hours_and_nanoseconds_are_exact() -> None:
    of = row(**{"from": "2026-11-02T06:30:00Z", "to": "2026-11-02T08:00:00.000001Z"})

    assert hours(of) == {"06:00": 10 * HOUR_NANOS, "07:00": 20 * HOUR_NANOS, "08:00": 20 * 1000}


def test_instances_are_the_machines_unless_said_otherwise() -> None:
    [one] = cut(row(), window("06:00", "07:00"))
    [other] = cut(row(instances=3), window("06:00", "07:00"))

    assert (one.instance_nanos, other.instance_nanos) == (20 * HOUR_NANOS, 3 * HOUR_NANOS)


def test_an_hour_is_whole_whichever_window_asks_for_it() -> None:
    of = row(**{"from": "2026-11-02T06:15:00Z", "to": "2026-11-02T06:45:00Z"})

    assert hours(of, window("06:50", "07:10")) == {"06:00": 10 * HOUR_NANOS}
    assert hours(of, window("06:00", "06:10")) == {"06:00": 10 * HOUR_NANOS}
    assert hours(of, window("07:00", "07:10")) == {}


def test_the_end_is_not_inside() -> None:
    assert hours(row(to="2026-11-02T06:00:00Z"), window("05:00", "07:00")) == {"05:00": 20 * HOUR_NANOS}


def test_short_and_long_rows_are_found_on_both_sides_of_an_edge() -> None:
    rows = [
        row(service=name, **{"from": f"2026-11-0{start}Z", "to": f"2026-11-0{end}Z"})
        for name, start, end in (
            ("a day before", "1T06:00", "2T06:00"),
            ("a day until", "1T07:00", "2T07:00"),
            ("a minute", "2T06:59", "2T07:00"),
            ("a minute after", "2T07:00", "2T07:01"),
            ("days", "1T00:00", "3T00:00"),
            ("days before", "1T00:00", "2T06:00"),
        )
    ]

    parts = Timeline(rows).hourly(window("06:00", "07:00"), "test")

    assert [part.service for part in parts] == ["a day until", "a minute", "days"]


def test_alike_rows_add_up() -> None:
    assert len(list(Timeline([row(), row()]).hourly(window("06:00", "07:00"), "test"))) == 2


moments = st.datetimes(datetime(2026, 11, 2), datetime(2026, 11, 4), timezones=st.just(UTC))  # noqa: DTZ001


@given(moments, moments, st.integers(1, 100))
def test_the_hours_add_up_to_the_span_and_each_lies_within_one(
    start: datetime, end: datetime, count: int
) -> None:
    start, end = min(start, end), max(start, end) + timedelta(microseconds=1)
    parts = cut(row(**{"from": start, "to": end, "count": count}), Window(start, end))

    assert sum(part.machine_nanos for part in parts) == count * Window(start, end).nanoseconds
    assert all(part.window == hour_of(part.window.start) for part in parts)
    assert all(0 < part.machine_nanos <= count * HOUR_NANOS for part in parts)
    assert [part.window.start for part in parts] == [
        hour_of(start).start + i * HOUR for i in range(len(parts))
    ]
