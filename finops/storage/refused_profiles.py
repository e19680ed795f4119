"""Refused profiles: what a source had of an hour and nobody could use, and why.

They are kept, so that money which reached no function for their sake says so, and not in the logs alone.
"""

from collections.abc import Callable, Iterable
from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from finops.domain.profile import ProfileKind, RefusedProfile
from finops.domain.window import Window
from finops.storage import ledger
from finops.storage.portable import AnyRow
from finops.storage.tables import RefusedProfileRow
from finops.storage.temporal import retire, standing


def replace(
    session: Session,
    source: str,
    hour: Window,
    refused: Iterable[RefusedProfile],
    now: datetime,
    is_open: Callable[[str], bool] = lambda _name: True,
) -> None:
    """Store what of a source's profiles of an hour was refused, in place of what was. The caller commits.

    What is said of names that are not open is left as it was. What stood once something of the hour had
    been final is kept as superseded.

    Raises:
        ValueError: one is of another source or hour.
    """
    said = sorted(refused)
    for each in said:
        if (each.source, each.window) != (source, hour):
            raise ValueError(f"{each.source} {each.window} is not {source} {hour}")
    said = [each for each in said if is_open(each.service)]
    stored = [row for row in _rows(session, hour) if row.source == source and is_open(row.service)]
    if said == sorted(map(_refused_profile, stored)):
        return
    is_kept = hour in ledger.hours_ever_final(session, hour)
    retire(session, RefusedProfileRow, [row.id for row in stored], is_kept=is_kept, now=now)
    if said:
        session.execute(insert(RefusedProfileRow), [_columns(each, now) for each in said])


def within(session: Session, window: Window, *, as_of: datetime | None = None) -> list[RefusedProfile]:
    """What was refused of the hours that begin in a window, in an order that has no chance in it."""
    return sorted(map(_refused_profile, _rows(session, window, as_of)))


def _rows(session: Session, window: Window, as_of: datetime | None = None) -> list[AnyRow]:
    row = RefusedProfileRow
    query = select(row.__table__).where(
        row.window_start >= window.start, row.window_start < window.end, standing(row, as_of)
    )
    return list(session.execute(query).all())


def _columns(refused: RefusedProfile, now: datetime) -> dict[str, object]:
    return {
        "service": refused.service,
        "window_start": refused.window.start,
        "window_end": refused.window.end,
        "kind": refused.kind.value,
        "source": refused.source,
        "why": refused.why,
        "recorded_at": now,
        "superseded_at": None,
    }


def _refused_profile(row: AnyRow) -> RefusedProfile:
    window = Window(row.window_start, row.window_end)
    return RefusedProfile(row.service, window, ProfileKind(row.kind), row.source, row.why)
