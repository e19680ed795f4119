"""Which hours may be collected, and which have settled.

An hour has settled once every source, fleet and price list was asked after it had its time; one that was
restated, once they were asked after that. What is final of an hour is never collected anew, whoever else
of that hour was restated.
"""

from collections.abc import Callable, Collection, Mapping
from datetime import timedelta

from finops.app import App, PriceScope
from finops.domain.charge import ChargeState
from finops.domain.window import HOUR, Window, day_of
from finops.storage import ledger, restatement, runs
from finops.storage.database import Session
from jobs.runner import Moved
from jobs.windows import ended_hours, fingerprint, was_settled

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


def open_hours(app: App, session: Session, within: Window | None) -> list[Window]:
    """The hours that may be collected: those of which nothing is final, and those that were restated.

    A restated hour is among them however old it is.
    """
    window = span(app, within)
    hours = set(window.hours()) if window else set()
    if window is not None:
        hours -= ledger.hours_with_final(session, window)
    return sorted(hours | restatement.reopened(session, within))


def open_names(app: App, session: Session, hour: Window) -> Callable[[str], bool]:
    """Of which names an hour may be collected: of all while nothing of it is final, else of who was restated.

    What is said of another service, or of a name that was charged nothing, stays as it was said: a final
    charge is explained by what it was made of, and nobody is charged by somebody else's restatement.

    Raises Moved if the hour became final meanwhile.
    """
    states = {name: state for (name, _), state in ledger.states(session, hour, grain=HOUR).items()}
    may_change = {name for name, state in states.items() if state.state is not ChargeState.FINAL}
    if len(may_change) == len(states):
        return lambda _name: True
    if not any(states[name].version > 1 for name in may_change):
        raise Moved(f"{hour} became final meanwhile: it changes only by a restatement")
    return lambda name: app.registry.claim(name).name in may_change


def reopened_days(session: Session, within: Window | None) -> set[Window]:
    """The days that hold an hour that was restated and is not final again."""
    return {day_of(hour.start) for hour in restatement.reopened(session, within)}


def has_forgotten(session: Session, hour: Window, stored: Collection[str], source: str) -> bool:
    """Whether a source that says nothing of a restated hour said something of it before.

    It may have thrown it away by now, as profilers do after some weeks; that is no word that there was
    nothing.
    """
    return source in stored and hour in restatement.reopened(session, hour)


def forgotten(hour: Window) -> str:
    """What a run says that left such an hour as it was."""
    return f"nothing is said of {hour} any more: what was said before stays"


def restated_marks(session: Session, window: Window) -> dict[Window, str]:
    """What the fingerprint of an hour that was restated begins with, so that it is asked for once more."""
    return {hour: f"{fingerprint(*who)[:8]}-" for hour, who in restatement.marks(session, window).items()}


def price_mark(app: App, scope: PriceScope) -> str:
    """The fingerprint of what the configuration says of a price list."""
    return fingerprint(scope.name, *app.settings.prices.fixed)


def settled_hours(app: App, session: Session, window: Window) -> set[Window]:
    """The hours of a window for which all that feeds the ledger was asked after they had settled."""
    wanted = {COLLECT_PROFILES: [s.name for s in app.sources], COLLECT_FLEET: [f.name for f in app.fleets]}
    marks: dict[str, Mapping[tuple[Window, str], str]] = {
        job: runs.done(session, job, window) for job in wanted
    }
    priced = {scope: mark for (_, scope), mark in sorted(runs.done(session, REFRESH_PRICES).items())}
    if any(scope.name not in priced for scope in app.price_scopes):
        return set()
    restated = restated_marks(session, window)
    are_prices_current = all(priced[scope.name] == price_mark(app, scope) for scope in app.price_scopes)
    return {
        hour
        for hour in window.hours()
        if (hour not in restated or are_prices_current)
        and all(
            was_settled(marks[job].get((hour, name)), restated.get(hour, ""))
            for job, names in wanted.items()
            for name in names
        )
    }
