"""A change, before against after, as text and as a document; always called unadjusted, never confirmed."""

from collections.abc import Iterator
from decimal import Decimal
from itertools import zip_longest
from typing import Any

from finops.costs.change import MoneyChange, RelativeChange, Verdict
from finops.domain.money import Money
from finops.domain.window import HOURS_PER_MONTH
from finops.reports import document
from finops.reports.change import Change, Day, Period
from finops.reports.function_tables import money
from finops.reports.shown import counted, cut, harmless, table, wrapped

_NAME = 60
_WIDTH = 110
_DAYS = 31
_SAID = {
    Verdict.INCONCLUSIVE: "inconclusive (unadjusted)",
    Verdict.LOWER_UNADJUSTED: "lower, unadjusted",
    Verdict.HIGHER_UNADJUSTED: "higher, unadjusted",
}


def as_document(change: Change) -> dict[str, Any]:
    """The change for a program: amounts as decimal strings, a relative change of -0.25 is a quarter less.

    Intervals are of the differences between days, at `level`; a day's cost is null where it is not
    known, and `why` says why. `monthly` is of 730 hours.
    """
    subject = change.subject
    function = subject.function
    return {
        "service": subject.service,
        "function": None if function is None else {"name": function.name, "file": function.file},
        "resource": subject.resource.value,
        "currency": subject.currency,
        "cost_metric": subject.metric.value,
        "before": _period(change.before),
        "after": _period(change.after),
        "verdict": change.verdict.value,
        "is_adjusted": False,
        "is_confirmed": False,
        "reason": change.reason,
        "relative": _relative(change.relative),
        "daily": _money_change(change.daily),
        "monthly": _money_change(change.monthly),
        "level": format(change.level, "f"),
        "provisional_hours": change.provisional_hours,
        "notes": list(change.notes),
    }


def text(change: Change) -> str:
    """The change for a person, in lines of at most 110 characters."""
    return "\n".join(_lines(change)) + "\n"


def _period(period: Period) -> dict[str, Any]:
    return {
        "window": document.window(period.window),
        "total": document.amount(period.sum),
        "mean": document.amount(period.mean),
        "days": [
            {
                "day": f"{each.day.start:%Y-%m-%d}",
                "cost": document.amount(each.cost),
                **({"why": each.why} if each.why else {}),
            }
            for each in period.days
        ],
    }


def _relative(change: RelativeChange | None) -> dict[str, str] | None:
    if change is None:
        return None
    return {name: format(getattr(change, name), "f") for name in ("point", "low", "high")}


def _money_change(change: MoneyChange | None) -> dict[str, str | None] | None:
    if change is None:
        return None
    return {name: document.amount(getattr(change, name)) for name in ("point", "low", "high")}


def _lines(change: Change) -> Iterator[str]:
    subject = change.subject
    service = cut(harmless(subject.service), _NAME)
    if subject.function:
        name = cut(harmless(subject.function.name), _NAME)
        yield f"{name} of {service}: {subject.resource}, with all that it calls"
    else:
        yield f"{service}: {subject.resource} used"
    yield f"{subject.metric} cost by day; the two sides are of the same length"
    yield ""
    rows = [_side("before", change.before), _side("after", change.after)]
    yield table(["", "window", "days", "all", "a day"], rows, left=[0, 1])
    if change.relative and change.daily and change.monthly:
        yield ""
        level = f"{change.level * 100:.0f} %"
        yield table(["change", "", level], _changes(change.relative, change.daily, change.monthly), left=[2])
    yield ""
    yield from wrapped([f"{_SAID[change.verdict]}: {change.reason}"], _WIDTH)
    yield from wrapped(change.notes, _WIDTH)
    if hours := change.provisional_hours:
        yield f"{counted(hours, 'hour is', 'hours are')} provisional: sources may still bring more"
    if len(change.before.days) <= _DAYS:
        yield ""
        yield from _days(change)


def _side(name: str, period: Period) -> list[str]:
    sums = ["unknown" if each is None else money(each) for each in (period.sum, period.mean)]
    return [name, str(period.window), str(len(period.days)), *sums]


def _changes(relative: RelativeChange, daily: MoneyChange, monthly: MoneyChange) -> list[list[str]]:
    return [
        [_percent(relative.point), "", f"{_percent(relative.low)} to {_percent(relative.high)}"],
        *(
            [_signed(each.point), span, f"{_signed(each.low)} to {_signed(each.high)}"]
            for each, span in ((daily, "a day"), (monthly, f"a month of {HOURS_PER_MONTH} h"))
        ),
    ]


def _days(change: Change) -> Iterator[str]:
    pairs = zip_longest(change.before.days, change.after.days)
    yield table(["day", "before", "day", "after"], [[*_day(one), *_day(other)] for one, other in pairs])


def _day(day: Day | None) -> list[str]:
    if day is None:
        return ["", ""]
    return [f"{day.day.start:%a %Y-%m-%d}", "unknown" if day.cost is None else money(day.cost)]


def _percent(share: Decimal) -> str:
    return f"{share:+.1%}"


def _signed(amount: Money) -> str:
    return f"+{money(amount)}" if amount.nanos > 0 else money(amount)
