"""Services as the registry last described them, and the names that nobody claimed."""

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from finops.domain.service import Service
from finops.storage.portable import upsert
from finops.storage.tables import ServiceRow


def replace(session: Session, services: Iterable[Service]) -> None:
    """Store services in place of what was stored under their names; others stay as they are.

    What decides how costs are computed (other names, shares) stays in the configuration.
    """
    rows = {
        service.name: {
            "name": service.name,
            "team": service.team,
            "cost_centre": service.cost_centre,
            "environment": service.environment,
            "is_claimed": service.is_claimed,
        }
        for service in services
    }
    upsert(session, ServiceRow, [rows[name] for name in sorted(rows)], key={"name"})


def every(session: Session) -> list[Service]:
    """All services ever stored, by name."""
    rows = session.execute(select(ServiceRow.__table__))
    found = [
        Service(
            row.name,
            team=row.team,
            cost_centre=row.cost_centre,
            environment=row.environment,
            is_claimed=row.is_claimed,
        )
        for row in rows
    ]
    return sorted(found, key=lambda service: service.name)
