"""Retention: old hourly charges become daily sums, raw profiles and records of runs leave."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

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
        """Once a day."""
        return {Key(day_of(app.clock.now()), "ledger"): fingerprint("daily")}

    def prepare(self, app: App, work: Due) -> int:  # noqa: ARG002
        """Remove the raw profiles that earlier runs have let go of, and give how many.

        Never those that this run lets go of: until it is written, the ledger refers to them.
        """
        before = app.clock.real() - UNREFERENCED_FOR
        app.blobs.tidy(before)
        with app.readers() as session:
            left = usage.unreferenced(session, list(app.blobs.digests(put_before=before)))
        for digest in left:
            app.blobs.delete(digest)
        return len(left)

    def write(self, app: App, session: Session, work: Due, prepared: int) -> Done:  # noqa: ARG002
        """Let go of what is older than the configuration keeps."""
        now = app.clock.now()
        counts = retention.expire(
            session,
            hourly_before=now - timedelta(days=app.settings.ledger.hourly_days),
            raw_before=now - timedelta(days=app.settings.blobs.keep_days),
            runs_before=app.clock.real() - KEEP_RUNS,
        )
        return Done({**counts, "blobs": prepared})
