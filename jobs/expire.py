"""Retention: old hourly charges become daily sums, raw profiles and records of runs leave."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from finops.app import App
from finops.domain.window import Window, day_of
from finops.storage import retention, usage
from finops.storage.database import Session
from jobs.runner import Done
from jobs.windows import Due, Key, fingerprint

# Records of runs are for looking into what happened lately; what is done stays known for ever.
KEEP_RUNS = timedelta(days=90)

# A profile is kept before the run that refers to it is written; no run takes a day.
UNREFERENCED_FOR = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Expire:
    """One piece of work is one day's clearing of the whole ledger."""

    name: str = "expire"

    def inputs(self, app: App, within: Window | None = None) -> Mapping[Key, str]:  # noqa: ARG002
        """Once a day, and again where the configuration keeps things for another time."""
        kept = (app.settings.ledger.hourly_days, app.settings.blobs.keep_days)
        return {Key(day_of(app.clock.now()), "ledger"): fingerprint("daily", *kept)}

    def prepare(self, app: App, work: Due) -> int:  # noqa: ARG002
        """Remove the raw profiles that earlier runs have let go of, and give how many.

        Never those that this run lets go of: until it is written, the ledger refers to them.
        """
        app.blobs.tidy(app.clock.real() - UNREFERENCED_FOR)
        with app.readers() as session:
            left = _unreferenced(app, session)
        for digest in left:
            app.blobs.delete(digest)
        return len(left)

    def write(self, app: App, session: Session, work: Due, prepared: int) -> Done:  # noqa: ARG002
        """Let go of what is older than the configuration keeps."""
        return Done({**retention.expire(session, **_limits(app)), "blobs": prepared})


def planned(app: App) -> Mapping[str, int]:
    """What a run would let go of now, in the counts that it would record; nothing is changed."""
    with app.readers() as session:
        counts = retention.plan(session, **_limits(app))
        return {**counts, "blobs": len(_unreferenced(app, session))}


def _limits(app: App) -> dict[str, datetime]:
    """The moments before which things have had their time."""
    now = app.clock.now()
    return {
        "hourly_before": now - timedelta(days=app.settings.ledger.hourly_days),
        "raw_before": now - timedelta(days=app.settings.blobs.keep_days),
        "runs_before": app.clock.real() - KEEP_RUNS,
    }


def _unreferenced(app: App, session: Session) -> set[str]:
    """The blobs that nothing refers to any more."""
    put_before = app.clock.real() - UNREFERENCED_FOR
    return usage.unreferenced(session, list(app.blobs.digests(put_before=put_before)))
