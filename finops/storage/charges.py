"""Charges: the ledger. Only the version of each service-hour that stands is read.

Hours older than their retention live on as daily sums: a reader of whole days gets the same money from
either. What only the hours could answer is refused, never guessed.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import and_, delete, insert, select
from sqlalchemy.orm import Session

from finops.domain.charge import Amounts, Charge, ChargeKind, ChargeState, CostMetric
from finops.domain.money import Money
from finops.domain.resource import Resource
from finops.domain.window import HOUR, Window, day_of, hour_of, moment_text
from finops.errors import CurrencyMismatch, Incomplete
from finops.storage import ledger
from finops.storage.kinds import kind_columns, machine_kind
from finops.storage.portable import AnyRow, AnySelect
from finops.storage.tables import ChargeDayRow, ChargeRow, LedgerWindowRow
from finops.storage.temporal import standing

Pins = Mapping[tuple[str, Window], int]
"""The ledger version of each service-hour that a report read."""


def replace(
    session: Session, service: str, hour: Window, charges: Iterable[Charge], ledger_version: int
) -> None:
    """Store what a version of a service-hour charges, in place of what that version charged before.

    It is read once `ledger.record` has said that the version stands.

    Raises:
        ValueError: `hour` is none, or a charge is of another service or window.
        CurrencyMismatch: an amount is not in the currency of its charge.
        StorageError: the hours of that day have left the ledger.
    """
    if hour != hour_of(hour.start):
        raise ValueError(f"{hour} is not an hour")
    rows = [_columns(charge, service, hour, ledger_version) for charge in charges]
    ledger.refuse_expired(session, service, hour)
    row = ChargeRow
    session.execute(
        delete(row).where(
            row.service == service, row.window_start == hour.start, row.ledger_version == ledger_version
        )
    )
    if rows:
        session.execute(insert(row), rows)


def within(
    session: Session,
    window: Window,
    *,
    service: str | None = None,
    as_of: datetime | None = None,
    pins: Pins | None = None,
) -> list[Charge]:
    """The charges of a window, in an order that has no chance in it.

    Days whose hours have left the ledger are given as daily sums, each with its day as its window.
    `as_of` gives the versions that stood at that moment, one that was provisional then as it was last
    written. `pins` gives exactly these versions, of these service-hours alone.

    Raises:
        Incomplete: the window cuts a day, or asks for versions, whose hours have left the ledger.
    """
    refuse_cut_days(session, window, service)
    refuse_restated_days(session, window, service, as_of)
    of_day = within_window(select(ChargeDayRow.__table__), ChargeDayRow, window, service)
    days = [_charge(row) for row in session.execute(of_day)]
    if pins is None:
        hours = [_charge(row) for row in session.execute(standing_hours(window, service, as_of))]
    else:
        query = within_window(select(ChargeRow.__table__), ChargeRow, window, service)
        hours = [
            _charge(row)
            for row in session.execute(query)
            if pins.get((row.service, Window(row.window_start, row.window_end))) == row.ledger_version
        ]
        days = _pinned_days(session, window, service, days, pins)
    return sorted(days + hours, key=_order)


def standing_hours(window: Window, service: str | None = None, as_of: datetime | None = None) -> AnySelect:
    """The hourly charges of a window, of the versions that stand or stood at a moment."""
    query = within_window(select(ChargeRow.__table__), ChargeRow, window, service)
    return query.where(ledger.stands(ChargeRow, window, service=service, as_of=as_of))


def refuse_cut_days(session: Session, window: Window, service: str | None) -> None:
    """Raise Incomplete if a window cuts a day of which only the sum is left."""
    moments = (window.start, window.end)
    cut = sorted({day_of(moment).start for moment in moments if moment != day_of(moment).start})
    query = select(ChargeDayRow.window_start).where(ChargeDayRow.window_start.in_(cut))
    if service is not None:
        query = query.where(ChargeDayRow.service == service)
    day = session.scalars(query.limit(1)).first() if cut else None
    if day is not None:
        raise Incomplete(f"the hours of {day:%Y-%m-%d} have left the ledger: ask for whole days")


def refuse_restated_days(
    session: Session, window: Window, service: str | None, as_of: datetime | None
) -> None:
    """Raise Incomplete if a day of which only the sum is left was written after the moment asked for."""
    if as_of is None:
        return
    version, day = LedgerWindowRow, ChargeDayRow
    same_day = and_(
        day.service == version.service,
        day.window_start <= version.window_start,
        day.window_end >= version.window_end,
    )
    query = within_window(select(version.service, day.window_start), version, window, service)
    query = query.join(day, same_day).where(
        version.grain == ledger.HOURLY, standing(version), ledger.last_written(version) > as_of
    )
    found = session.execute(query.limit(1)).first()
    if found is not None:
        raise Incomplete(
            f"{found[0]} on {found[1]:%Y-%m-%d} was written since {moment_text(as_of)},"
            " and its hours have left the ledger"
        )


def within_window(
    query: AnySelect,
    table: type[ChargeRow] | type[ChargeDayRow] | type[LedgerWindowRow],
    window: Window,
    service: str | None,
) -> AnySelect:
    """A query narrowed to the rows wholly inside a window, of all services or of one."""
    query = query.where(
        table.window_start >= window.start, table.window_start < window.end, table.window_end <= window.end
    )
    return query if service is None else query.where(table.service == service)


def _pinned_days(
    session: Session, window: Window, service: str | None, days: list[Charge], pins: Pins
) -> list[Charge]:
    """Of daily sums, those whose hours were pinned; they must stand as they were pinned."""
    if not days:
        return []
    states = ledger.states(session, window, service, grain=HOUR)
    standing_versions = _by_day({key: state.version for key, state in states.items()})
    pinned = _by_day(pins)
    kept = [charge for charge in days if (charge.service, charge.window) in pinned]
    for key in {(charge.service, charge.window) for charge in kept}:
        if pinned[key] != standing_versions.get(key):
            raise Incomplete(f"{key[0]} {key[1]} was restated since, and its hours have left the ledger")
    return kept


def _by_day(versions: Pins) -> dict[tuple[str, Window], dict[Window, int]]:
    days: dict[tuple[str, Window], dict[Window, int]] = defaultdict(dict)
    for (service, hour), version in versions.items():
        days[service, day_of(hour.start)][hour] = version
    return days


def _order(charge: Charge) -> tuple[object, ...]:
    """All that tells two charges apart, and then what they say."""
    amounts = [charge.amounts.of(metric) for metric in CostMetric]
    return (
        *(charge.window, charge.service, charge.resource, charge.kind, charge.machine),
        *(charge.version, charge.environment, charge.price_id, charge.split_id, charge.currency),
        *(charge.method, charge.state, charge.is_estimate, charge.claim_ratio, charge.note),
        *(charge.ledger_version, charge.quantity),
        *(-1 if amount is None else amount.nanos for amount in amounts),
    )


def _columns(charge: Charge, service: str, hour: Window, ledger_version: int) -> dict[str, object]:
    if (charge.service, charge.window) != (service, hour):
        raise ValueError(f"a charge of {charge.service} {charge.window} is not one of {service} {hour}")
    return {
        "service": service,
        "window_start": hour.start,
        "window_end": hour.end,
        "version": charge.version,
        "environment": charge.environment,
        **kind_columns(charge.machine),
        "resource": charge.resource.value,
        "kind": charge.kind.value,
        "quantity": charge.quantity,
        **{f"{metric}_nanos": _nanos(charge, metric) for metric in CostMetric},
        "currency": charge.currency,
        "price_id": charge.price_id,
        "split_id": charge.split_id,
        "method": charge.method,
        "claim_ratio": charge.claim_ratio,
        "note": charge.note,
        "is_estimate": charge.is_estimate,
        "state": charge.state.value,
        "ledger_version": ledger_version,
    }


def _nanos(charge: Charge, metric: CostMetric) -> int | None:
    amount = charge.amounts.of(metric)
    if amount is not None and amount.currency != charge.currency:
        raise CurrencyMismatch(f"{amount} is not in {charge.currency}, the currency of its charge")
    return None if amount is None else amount.nanos


def _charge(row: AnyRow) -> Charge:
    nanos = {metric.value: getattr(row, f"{metric}_nanos") for metric in CostMetric}
    return Charge(
        service=row.service,
        window=Window(row.window_start, row.window_end),
        machine=machine_kind(row),
        resource=Resource(row.resource),
        kind=ChargeKind(row.kind),
        quantity=row.quantity,
        amounts=Amounts(
            **{name: None if value is None else Money(value, row.currency) for name, value in nanos.items()}
        ),
        currency=row.currency,
        version=row.version,
        environment=row.environment,
        price_id=row.price_id,
        split_id=row.split_id,
        method=row.method,
        claim_ratio=row.claim_ratio,
        note=row.note,
        is_estimate=row.is_estimate,
        state=ChargeState(row.state),
        ledger_version=row.ledger_version,
    )
