"""Services as the registry last described them, and the names that nobody claimed.

What a description took the place of is kept, so that a report as of a moment names who owned what then.
"""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from finops.domain.service import Service
from finops.storage.portable import AnyRow, batches, insert_missing, upsert
from finops.storage.tables import PastServiceRow, ServiceRow


def replace(session: Session, services: Iterable[Service], now: datetime) -> None:
    """Store services in place of what was stored under their names; others stay as they are.

    What decides how costs are computed (other names, shares) stays in the configuration.
    """
    rows = {service.name: _columns(service) for service in services}
    past = [
        {**before, "until": now}
        for batch in batches(rows.keys())
        for row in session.execute(select(ServiceRow.__table__).where(ServiceRow.name.in_(batch)))
        if (before := _columns(_service(row))) != rows[row.name]
    ]
    insert_missing(session, PastServiceRow, past)
    upsert(session, ServiceRow, [rows[name] for name in sorted(rows)], key={"name"})


def every(session: Session, *, as_of: datetime | None = None) -> list[Service]:
    """All services ever stored, by name; as they were described at a moment, where that is asked."""
    found = {row.name: _service(row) for row in session.execute(select(ServiceRow.__table__))}
    if as_of is not None:
        past = PastServiceRow
        query = select(past.__table__).where(past.until > as_of).order_by(past.until.desc())
        found.update((row.name, _service(row)) for row in session.execute(query))  # the earliest is the last
    return [found[name] for name in sorted(found)]


def _service(row: AnyRow) -> Service:
    return Service(
        row.name,
        team=row.team,
        cost_centre=row.cost_centre,
        environment=row.environment,
        is_claimed=row.is_claimed,
    )


def _columns(service: Service) -> dict[str, object]:
    return {
        "name": service.name,
        "team": service.team,
        "cost_centre": service.cost_centre,
        "environment": service.environment,
        "is_claimed": service.is_claimed,
    }
