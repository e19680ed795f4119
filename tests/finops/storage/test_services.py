"""Services as the registry last described them."""

from sqlalchemy.orm import Session

from finops.domain.service import Service
from finops.storage import services


def test_services_are_kept_by_name_and_brought_up_to_date(session: Session) -> None:
    services.replace(session, [Service("shop", team="web"), Service("mail", is_claimed=False)])
    services.replace(session, [Service("shop", team="sales", cost_centre="4711", environment="prod")])

    assert services.every(session) == [
        Service("mail", is_claimed=False),
        Service("shop", team="sales", cost_centre="4711", environment="prod"),
    ]


def test_nothing_to_store_stores_nothing(session: Session) -> None:
    services.replace(session, [])

    assert services.every(session) == []


def test_of_a_name_given_twice_the_last_counts(session: Session) -> None:
    services.replace(session, [Service("shop", team="web"), Service("shop", team="sales")])

    assert [service.team for service in services.every(session)] == ["sales"]
