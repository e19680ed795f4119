"""What a service was said to have cost, version by version: when, why, by whom, and by how much it changed.

The rule that must not be broken: each total is the one before it plus its difference, because both come
from the charges as each version of each hour stores them.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from finops.domain.charge import ChargeState, CostMetric
from finops.domain.money import Money, total
from finops.domain.window import Window, day_of, moment_text
from finops.errors import NotFound
from finops.reports import document
from finops.reports.shown import fitted, harmless
from finops.storage import charge_sums, ledger
from finops.storage.database import Session
from finops.storage.ledger import LedgerState

WIDTH = 110


@dataclass(frozen=True, slots=True)
class Version:
    """What became of a window at one moment: it was charged for the first time, or some of it was restated.

    Attributes:
        number: 1 for what was first charged; of a single hour it is the ledger's own number.
        hours: how many hours this moment was about.
        is_final: none of these hours may change under this version any more.
        recorded_at: when it began; of the first version, when the last of its hours was.
        total: of the whole window, once these hours stand as they do in this version.
        difference: from the version before; None of the first one. Both are None where the hours have
            left the ledger, or where nothing has a cost by the metric.
    """

    number: int
    hours: int
    is_final: bool
    is_held: bool
    recorded_at: datetime
    reason: str
    restated_by: str
    total: Money | None
    difference: Money | None


@dataclass(frozen=True, slots=True)
class History:
    """The versions of a window of one service, the first one first."""

    service: str
    window: Window
    metric: CostMetric
    currency: str
    versions: tuple[Version, ...]
    have_hours_left: bool


def build(
    session: Session,
    service: str,
    window: Window,
    *,
    currency: str,
    metric: CostMetric = CostMetric.LIST,
) -> History:
    """The history of a window of whole hours: an hour, a day, a week.

    Raises:
        NotFound: the ledger holds nothing of the service in it.
    """
    states = ledger.versions(session, service, window)
    if not states:
        raise NotFound(f"the ledger holds nothing of {service} in {window}")
    amounts = charge_sums.by_version(session, service, window, metric=metric, currency=currency)
    days = Window(day_of(window.start).start, day_of(states[-1][0].start).end)
    have_left = any(name == service for name, _ in ledger.summed_days(session, days))
    return History(
        service=service,
        window=window,
        metric=metric,
        currency=currency,
        versions=tuple(_versions(states, None if have_left or not amounts else amounts, currency)),
        have_hours_left=have_left,
    )


def as_document(history: History) -> document.Document:
    """The history for a program."""
    return {
        "service": history.service,
        "window": document.window(history.window),
        "currency": history.currency,
        "cost_metric": history.metric.value,
        "versions": [
            {
                "version": each.number,
                "hours": each.hours,
                "state": _state(each),
                "is_held": each.is_held,
                "recorded_at": moment_text(each.recorded_at),
                "reason": each.reason,
                "restated_by": each.restated_by,
                "total": document.amount(each.total),
                "difference": document.amount(each.difference),
            }
            for each in history.versions
        ],
    }


def as_text(history: History) -> str:
    """The history for a person, with all nanos: a difference may be small."""
    lines = [f"What {harmless(history.service)} cost, {history.window}, {history.metric} cost", ""]
    rows = [
        [
            str(each.number),
            f"{each.hours:,}",
            _state(each) + (", held" if each.is_held else ""),
            moment_text(each.recorded_at.replace(microsecond=0)),
            "unknown" if each.total is None else f"{each.total.amount:,f}",
            "" if each.difference is None else f"{each.difference.amount:+,f}",
            _why(each),
        ]
        for each in history.versions
    ]
    heads = ["version", "hours", "state", "recorded", f"total, {history.currency}", "difference", "why"]
    lines += fitted(heads, rows, WIDTH, left=[2, 3]).splitlines()
    if history.have_hours_left:
        lines += [
            "",
            "Its hours have left the ledger for daily sums: what each version charged is not kept.",
        ]
    return "\n".join(lines) + "\n"


def _versions(
    states: Sequence[tuple[Window, LedgerState]],
    amounts: Mapping[tuple[Window, int], Money] | None,
    currency: str,
) -> list[Version]:
    first = [(hour, state) for hour, state in states if state.version == 1]
    later: dict[datetime, list[tuple[Window, LedgerState]]] = defaultdict(list)
    for hour, state in states:
        if state.version > 1:
            later[state.recorded_at].append((hour, state))
    made: list[Version] = []
    for number, step in enumerate([first, *(later[moment] for moment in sorted(later))], start=1):
        difference = None if amounts is None else _difference(step, amounts, currency)
        before = made[-1].total if made else Money(0, currency)
        newest = max((state for _, state in step), key=lambda state: state.recorded_at)
        made.append(
            Version(
                number=number,
                hours=len(step),
                is_final=all(state.state is ChargeState.FINAL for _, state in step),
                is_held=any(state.is_held for _, state in step),
                recorded_at=newest.recorded_at,
                reason=newest.reason,
                restated_by=newest.restated_by,
                total=None if difference is None or before is None else before + difference,
                difference=difference if number > 1 else None,
            )
        )
    return made


def _difference(
    step: Sequence[tuple[Window, LedgerState]], amounts: Mapping[tuple[Window, int], Money], currency: str
) -> Money:
    """What the hours of a version cost more than they did in the version before each of them."""
    nothing = Money(0, currency)
    return total(
        (
            amounts.get((hour, state.version), nothing) - amounts.get((hour, state.version - 1), nothing)
            for hour, state in step
        ),
        currency,
    )


def _state(version: Version) -> str:
    return "final" if version.is_final else "provisional"


def _why(version: Version) -> str:
    if version.number == 1:
        return "first charged"
    return harmless(version.reason + (f" ({version.restated_by})" if version.restated_by else ""))
