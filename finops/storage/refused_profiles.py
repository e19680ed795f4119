"""Refused profiles: what a source had of an hour and nobody could use, and why.

They are kept, so that money which reached no function for their sake says so, and not in the logs alone.
"""

from collections.abc import Iterable

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from finops.domain.profile import ProfileKind, RefusedProfile
from finops.domain.window import Window
from finops.storage.tables import RefusedProfileRow


def replace(session: Session, source: str, hour: Window, refused: Iterable[RefusedProfile]) -> None:
    """Store what of a source's profiles of an hour was refused, in place of what was. The caller commits.

    Raises:
        ValueError: one is of another source or hour.
    """
    refused = list(refused)
    for each in refused:
        if (each.source, each.window) != (source, hour):
            raise ValueError(f"{each.source} {each.window} is not {source} {hour}")
    row = RefusedProfileRow
    session.execute(delete(row).where(row.source == source, row.window_start == hour.start))
    rows = [
        {
            "service": each.service,
            "window_start": hour.start,
            "window_end": hour.end,
            "kind": each.kind.value,
            "source": source,
            "why": each.why,
        }
        for each in refused
    ]
    if rows:
        session.execute(insert(row), rows)


def within(session: Session, window: Window) -> list[RefusedProfile]:
    """What was refused of the hours that begin in a window, in an order that has no chance in it."""
    row = RefusedProfileRow
    query = select(row.__table__).where(row.window_start >= window.start, row.window_start < window.end)
    return sorted(
        RefusedProfile(
            each.service,
            Window(each.window_start, each.window_end),
            ProfileKind(each.kind),
            each.source,
            each.why,
        )
        for each in session.execute(query)
    )
