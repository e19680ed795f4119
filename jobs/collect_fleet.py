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
from jobs.settled import (
    COLLECT_FLEET,
    forgotten,
    has_forgotten,
    open_hours,
    open_names,
    restated_marks,
    settle_time,
)
from jobs.windows import Due, Key, fingerprint, is_settled, stretches


@dataclass(frozen=True, slots=True)
class CollectFleet:
    """One piece of work is one hour of one fleet source."""

    name: str = COLLECT_FLEET

    def inputs(self, app: App, within: Window | None = None) -> Mapping[Key, str]:
        """What each fleet says of each hour that is not final, or was restated."""
        with app.readers() as session:
            hours = open_hours(app, session, within)
            if not hours:
                return {}
            restated = restated_marks(session, Window(hours[0].start, hours[-1].end))
        return {
            Key(hour, fleet.name): fingerprint(
                *rows,
                settled=is_settled(hour, app.clock.now(), settle_time(app)),
                restated=restated.get(hour, ""),
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
        fleet, hour = work.key.scope, work.key.window
        is_open = open_names(app, session, hour)
        if not prepared and has_forgotten(session, hour, machine_hours.sources(session, hour), fleet):
            return Done({"machine_rows": 0}, forgotten(hour))
        machine_hours.replace(session, fleet, hour, prepared, app.clock.real(), is_open)
        return Done({"machine_rows": len(prepared)})


def _by_hour(fleet: FleetSource, hours: list[Window]) -> dict[Window, list[object]]:
    rows: dict[Window, list[object]] = defaultdict(list)
    try:
        for part in stretches(hours):
            for row in fleet.machine_hours(Window(part[0].start, part[-1].end)):
                rows[row.window].append(row)
    except (BrokenInput, Unavailable) as error:
        # Each hour is still due: its run will fail, be seen, and be tried again. Other fleets go on.
        return {hour: [f"unavailable: {error}"] for hour in hours}
    return {hour: rows[hour] for hour in hours}
