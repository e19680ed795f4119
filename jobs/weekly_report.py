"""The ledger → a weekly report, kept as it was made, with the ledger versions that it read."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from finops.app import App
from finops.domain.window import Window, week_of
from finops.reports import document, weekly
from finops.storage import ledger, reports, restatement, runs
from finops.storage.database import Session
from jobs import runner
from jobs.attribute_costs import AttributeCosts
from jobs.runner import Done, Moved
from jobs.settled import span
from jobs.windows import Due, Key, fingerprint

NAME = "weekly_report"

# What a worker left behind when it died is taken over within its lease, and what is queued is begun; a day
# later, its source is gone.
TAKEN_OVER_WITHIN = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class WeeklyReport:
    """One piece of work is one ISO week that has ended."""

    name: str = NAME

    def inputs(self, app: App, within: Window | None = None) -> Mapping[Key, str]:
        """Each ended week of which the ledger holds something, by the state of its windows.

        One of which something was restated is among them however old it is.
        """
        keys: dict[Key, str] = {}
        with app.readers() as session:
            for week in _weeks(app, session, within):
                states = ledger.states(session, week)
                if states:
                    keys[Key(week, "all")] = fingerprint(
                        *sorted(
                            f"{name} {hour} {state.version} {state.state} {state.fingerprint}"
                            for (name, hour), state in states.items()
                        )
                    )
        return keys

    def prepare(self, app: App, work: Due) -> tuple[str, str]:
        """The document and the ledger versions that it read.

        Raises Moved while something of the week is not done yet that will be: a report that was made in
        between would leave out what a worker had at hand.
        """
        if waits_for := _unfinished(app, work.key.window):
            raise Moved(f"{waits_for} is not done yet")
        with app.readers() as session:
            report = weekly.build(session, work.key.window, currency=app.settings.ledger.currency)
            pins = {
                f"{name} {window}": state.version
                for (name, window), state in ledger.states(session, work.key.window).items()
            }
        return json.dumps(document.weekly(report), indent=2), json.dumps(pins, sort_keys=True)

    def write(self, app: App, session: Session, work: Due, prepared: tuple[str, str]) -> Done:
        """A new version of the week's report, unless it reads as the last one did."""
        made, pins = prepared
        version = reports.store(
            session, "weekly", work.key.window, made, pins, work.fingerprint, app.clock.real()
        )
        return Done({"version": version})


def _weeks(app: App, session: Session, within: Window | None) -> list[Window]:
    """The ended weeks that a look concerns."""
    window = span(app, within)
    weeks = {week_of(day.start) for day in restatement.restated_days(session)}
    if within is not None:
        weeks = {week for week in weeks if week.overlap(within)}
    if window is not None:
        weeks |= {week_of(day.start) for day in window.days()}
    return sorted(week for week in weeks if week.end <= app.clock.now())


def _unfinished(app: App, week: Window) -> str:
    """The first thing of a week that is queued, being done or due, or ""; what failed is not waited for."""
    job = AttributeCosts()
    with app.readers() as session:
        begun = runs.unfinished(session, week)
        failed = runs.failures(session, job.name, week)
    for run in begun:
        is_alive = run.lease_until + TAKEN_OVER_WITHIN > app.clock.real()
        if is_alive and run.job != NAME:
            return f"{run.job} {run.window} {run.scope}"
    for work in runner.pending(app, job, week):
        if (work.key.window, work.key.scope) not in failed:
            return f"{job.name} {work.key.window} {work.key.scope}"
    return ""
