"""Fleet → machine-hours: which machines ran for whom in each hour."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from finops.app import App
from finops.domain.machine import MachineHours
from finops.domain.ports import FleetSource
from finops.domain.window import Window
from finops.errors import BrokenInput, Unavailable
from finops.storage import machine_hours
from finops.storage.database import Session
from jobs.runner import Done
from jobs.settled import COLLECT_FLEET, open_hours, refuse_final, settle_time, span
from jobs.windows import Due, Key, fingerprint, is_settled


@dataclass(frozen=True, slots=True)
class CollectFleet:
    """One piece of work is one hour of one fleet source."""

    name: str = COLLECT_FLEET

    def inputs(self, app: App, within: Window | None = None) -> Mapping[Key, str]:
        """What each fleet says of each hour that is not final."""
        window = span(app, within)
        if window is None:
            return {}
        with app.readers() as session:
            hours = open_hours(session, window)
        return {
            Key(hour, fleet.name): fingerprint(
                *rows, settled=is_settled(hour, app.clock.now(), settle_time(app))
            )
            for fleet in app.fleets
            for hour, rows in _by_hour(fleet, hours).items()
        }

    def prepare(self, app: App, work: Due) -> list[MachineHours]:
        """The machines of the hour."""
        fleet = next(fleet for fleet in app.fleets if fleet.name == work.key.scope)
        return list(fleet.machine_hours(work.key.window))

    def write(self, app: App, session: Session, work: Due, prepared: list[MachineHours]) -> Done:
        """In place of what this fleet said of the hour before."""
        refuse_final(session, work.key.window)
        machine_hours.replace(session, work.key.scope, work.key.window, prepared, app.clock.real())
        return Done({"machine_rows": len(prepared)})


def _by_hour(fleet: FleetSource, hours: list[Window]) -> dict[Window, list[object]]:
    if not hours:
        return {}
    rows: dict[Window, list[object]] = defaultdict(list)
    try:
        for row in fleet.machine_hours(Window(hours[0].start, hours[-1].end)):
            rows[row.window].append(row)
    except (BrokenInput, Unavailable) as error:
        # Each hour is still due: its run will fail, be seen, and be tried again. Other fleets go on.
        return {hour: [f"unavailable: {error}"] for hour in hours}
    return {hour: rows[hour] for hour in hours}
