"""Services as the registry last described them."""

from datetime import datetime

from sqlalchemy.orm import Session

from finops.domain.service import Service
from finops.domain.window import HOUR
from finops.storage import services
from tests.finops.storage.notation import LATER, NOW


def test_services_are_kept_by_name_and_brought_up_to_date(session: Session) -> None:
    services.replace(session, [Service("shop", team="web"), Service("mail", is_claimed=False)], NOW)
    services.replace(session, [Service("shop", team="sales", cost_centre="4711", environment="prod")], NOW)

    assert services.every(session) == [
        Service("mail", is_claimed=False),
        Service("shop", team="sales", cost_centre="4711", environment="prod"),
    ]


def test_nothing_to_store_stores_nothing(session: Session) -> None:
    services.replace(session, [], NOW)

    assert services.every(session) == []


def test_of_a_name_given_twice_the_last_counts(session: Session) -> None:
    services.replace(session, [Service("shop", team="web"), Service("shop", team="sales")], NOW)

    assert [service.team for service in services.every(session)] == ["sales"]


def test_a_service_is_described_as_it_was_at_a_moment(session: Session) -> None:
    for number, owner in enumerate(("web", "web", "sales", "ads")):
        services.replace(session, [Service("shop", team=owner)], NOW + number * HOUR)
    services.replace(session, [Service("mail")], LATER)

    def team(as_of: datetime | None) -> str:
        return next(one.team for one in services.every(session, as_of=as_of) if one.name == "shop")

    moments = [NOW, NOW + HOUR, NOW + 2 * HOUR, NOW + 3 * HOUR, None]
    assert [team(moment) for moment in moments] == ["web", "web", "sales", "ads", "ads"]
