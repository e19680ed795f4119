"""Which hours have settled: every source, fleet and price list was asked after the hour had its time."""

from collections.abc import Mapping
from datetime import timedelta

from finops.app import App
from finops.domain.window import Window
from finops.storage import ledger, runs
from finops.storage.database import Session
from jobs.runner import Moved
from jobs.windows import ended_hours, was_settled

COLLECT_PROFILES = "collect_profiles"
COLLECT_FLEET = "collect_fleet"
REFRESH_PRICES = "refresh_prices"


def settle_time(app: App) -> timedelta:
    """How long after its end an hour may still bring something new."""
    return timedelta(hours=app.settings.ledger.settle_hours)


def span(app: App, within: Window | None) -> Window | None:
    """The ended hours that a look concerns: those of a window, or as far as a tick looks back."""
    now = app.clock.now()
    if within is None:
        return ended_hours(app.settings.first_hour(now), now)
    ended = ended_hours(app.settings.ledger.start or within.start, now, now - within.start)
    return ended.overlap(within) if ended else None


def open_hours(session: Session, window: Window) -> list[Window]:
    """The hours of a window of which nothing is final: only these may still be collected."""
    closed = ledger.hours_with_final(session, window)
    return [hour for hour in window.hours() if hour not in closed]


def refuse_final(session: Session, hour: Window) -> None:
    """Raise Moved if something of an hour became final while its inputs were being collected."""
    if ledger.hours_with_final(session, hour):
        raise Moved(f"{hour} became final meanwhile: it changes only by a restatement")


def settled_hours(app: App, session: Session, window: Window) -> set[Window]:
    """The hours of a window for which all that feeds the ledger was asked after they had settled."""
    wanted = {COLLECT_PROFILES: [s.name for s in app.sources], COLLECT_FLEET: [f.name for f in app.fleets]}
    marks: dict[str, Mapping[tuple[Window, str], str]] = {
        job: runs.done(session, job, window) for job in wanted
    }
    priced = {scope for _, scope in runs.done(session, REFRESH_PRICES)}
    if any(scope.name not in priced for scope in app.price_scopes):
        return set()
    return {
        hour
        for hour in window.hours()
        if all(was_settled(marks[job].get((hour, name))) for job, names in wanted.items() for name in names)
    }
