from datetime import timedelta

from sqlalchemy.orm import Session

from finops.domain.charge import ChargeState
from finops.storage import vitals
from finops.storage.vitals import Reached
from tests.finops.storage.notation import hour, record


def test_an_hour_that_may_still_change_is_counted_however_old_it_is(session: Session) -> None:
    record(session, hour(0))
    record(session, hour(0), service="mail")
    record(session, hour(2000))
    record(session, hour(2001), ChargeState.FINAL)

    assert vitals.reached(session) == Reached(hour(2001).end, 2, hour(0).start)
    since = hour(2000).start - timedelta(days=35)
    assert vitals.reached(session, since) == Reached(hour(2001).end, 1, hour(2000).start)
