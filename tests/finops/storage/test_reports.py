"""Reports are kept as they were made."""

from sqlalchemy.orm import Session

from finops.domain.window import Window
from finops.storage import reports
from tests.finops.storage.notation import LATER, NOW, day

WEEK = Window(day().start, day(7).start)


def test_a_report_is_kept_with_its_pins(session: Session) -> None:
    assert reports.store(session, "weekly", WEEK, "{…}", "[pins]", "f1", NOW) == 1

    found = reports.latest(session, "weekly", WEEK)

    assert found == reports.Report(reports.ReportHeading("weekly", WEEK, 1, NOW, "f1"), "{…}", "[pins]")
    assert reports.latest(session, "weekly", day()) is None
    assert reports.latest(session, "monthly", WEEK) is None


def test_a_report_that_says_the_same_is_no_new_version(session: Session) -> None:
    reports.store(session, "weekly", WEEK, "a", "pins", "f1", NOW)

    assert reports.store(session, "weekly", WEEK, "a", "pins", "f1", LATER) == 1
    assert reports.store(session, "weekly", WEEK, "b", "pins", "f1", LATER) == 2
    assert reports.store(session, "weekly", WEEK, "b", "pins", "f2", LATER) == 3
    assert reports.store(session, "weekly", WEEK, "a", "pins", "f1", LATER) == 4


def test_every_version_can_be_printed_again(session: Session) -> None:
    for document in ("a", "b"):
        reports.store(session, "weekly", WEEK, document, "pins", "f", NOW)

    printed = [reports.find(session, "weekly", WEEK, version) for version in (1, 2, 3)]

    assert [report and report.document for report in printed] == ["a", "b", None]


def test_reports_are_listed_the_latest_first(session: Session) -> None:
    for kind, window, document in (("weekly", WEEK, "a"), ("weekly", WEEK, "b"), ("daily", day(9), "c")):
        reports.store(session, kind, window, document, "", "", NOW)

    listed = [(one.kind, one.window, one.version) for one in reports.listing(session)]

    assert listed == [("daily", day(9), 1), ("weekly", WEEK, 2), ("weekly", WEEK, 1)]
    assert [one.version for one in reports.listing(session, "weekly")] == [2, 1]
