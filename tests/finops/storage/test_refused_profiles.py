"""What was refused of an hour is what its source said last."""

from dataclasses import replace

import pytest
from sqlalchemy.orm import Session

from finops.domain.charge import ChargeState
from finops.domain.profile import ProfileKind, RefusedProfile
from finops.domain.window import Window
from finops.storage import refused_profiles
from tests.finops.storage.notation import LATER, NOW, day, hour, record

HTML = RefusedProfile("shop", hour(1), ProfileKind.CPU, "captures", "'a.pb.gz': this is an HTML page")


def test_what_is_stored_comes_back_in_one_order(session: Session) -> None:
    heap = replace(HTML, kind=ProfileKind.HEAP)
    cut = replace(HTML, why="'b.pb.gz': it is cut short")
    refused_profiles.replace(session, "captures", hour(1), [cut, heap, HTML], NOW)

    assert refused_profiles.within(session, day()) == [HTML, cut, heap]
    assert refused_profiles.within(session, Window(hour(2).start, day().end)) == []


def test_what_is_said_again_takes_the_place_of_its_hour_and_source_alone(session: Session) -> None:
    of_other_source = replace(HTML, source="pyroscope")
    later = replace(HTML, window=hour(2))
    refused_profiles.replace(session, "captures", hour(1), [HTML], NOW)
    refused_profiles.replace(session, "pyroscope", hour(1), [of_other_source], NOW)
    refused_profiles.replace(session, "captures", hour(2), [later], NOW)

    refused_profiles.replace(session, "captures", hour(1), [], NOW)

    assert refused_profiles.within(session, day()) == [of_other_source, later]


def test_what_stood_while_something_of_the_hour_was_final_is_still_known(session: Session) -> None:
    refused_profiles.replace(session, "captures", hour(1), [HTML], NOW)
    record(session, hour(1), ChargeState.FINAL)

    refused_profiles.replace(session, "captures", hour(1), [], LATER)

    assert refused_profiles.within(session, day()) == []
    assert refused_profiles.within(session, day(), as_of=NOW) == [HTML]


@pytest.mark.parametrize("other", [replace(HTML, source="pyroscope"), replace(HTML, window=hour(2))])
def test_what_is_of_another_hour_or_source_is_no_part_of_it(session: Session, other: RefusedProfile) -> None:
    with pytest.raises(ValueError, match="is not captures"):
        refused_profiles.replace(session, "captures", hour(1), [other], NOW)
