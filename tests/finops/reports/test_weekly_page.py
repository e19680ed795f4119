import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from sqlalchemy.orm import Session

from finops.domain.charge import ChargeKind
from finops.domain.resource import Resource
from finops.domain.service import Service
from finops.domain.window import Window
from finops.reports import weekly, weekly_page
from finops.reports.weekly import Weekly
from finops.storage import services
from tests.finops.costs.notation import function
from tests.finops.reports.test_shown import HOSTILE
from tests.finops.storage.notation import MONDAY, NOW, book, book_costs, charge, cost, day

WEEK = Window(MONDAY, day(6).end)
NEXT = Window(day(7).start, day(13).end)
# What a browser would ask somebody for, or run.
ASKING = re.compile(
    r"<(script|iframe|object|embed|img|audio|video|source|form|base)\b|@import|url\(|\bsrc=|\bon\w+="
)


class Page(HTMLParser):
    """What a page says, and what it is made of."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.links: list[str] = []
        self.widths: list[list[float]] = []
        self._open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        self._open.append(tag)
        if "href" in said:
            self.links.append(str(said["href"]))
        if tag == "svg":
            self.widths.append([])
        if tag == "rect":
            self.widths[-1].append(float(said["width"] or 0))

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.texts.append(data.strip())


def built(session: Session, window: Window) -> Weekly:
    return weekly.build(session, window, currency="USD")


def page(session: Session, window: Window = WEEK, before: Window | None = None) -> str:
    return weekly_page.render(built(session, window), built(session, before) if before else None)


@pytest.fixture
def shop(session: Session) -> Session:
    """A week of $18 and one of $27, whole to the last hour."""
    services.replace(
        session, [Service("shop", team="payments", cost_centre="42"), Service("mail", team="payments")], NOW
    )
    for on, times in ((0, 1), (7, 2)):
        at = 24 * on
        book(
            session,
            charge(str(9 * times), at=at),
            charge("6", kind=ChargeKind.IDLE, at=at),
            charge("1", resource=Resource.MEMORY, kind=ChargeKind.MEMORY_NOT_MEASURED, at=at),
            charge("2", service="mail", kind=ChargeKind.NO_PROFILE, at=at),
            charge("0", at=at + 24 * 7 - 1),
        )
        book_costs(
            session, cost("serve", str(7 * times), str(9 * times), on=on), cost("gc", str(2 * times), on=on)
        )
    return session


def test_it_says_what_the_week_cost_and_how_it_changed(shop: Session) -> None:
    said = Page(page(shop, NEXT, WEEK)).texts

    assert "$27.00" in said
    assert "+$9.00 (+50.0%) against the week before ($18.00)." in said
    assert "Functions explain $18.00 of the $27.00." in said


def test_a_week_is_compared_only_with_one_that_the_ledger_holds_whole(shop: Session) -> None:
    said = Page(page(shop, WEEK, WEEK.before())).texts

    assert "There is no whole week before it in the ledger to compare with." in said
    assert not any("against" in each for each in said)


def test_services_and_who_owns_them_add_up(shop: Session) -> None:
    said = Page(page(shop, NEXT, WEEK)).texts

    at = said.index("By team")
    assert said[at : at + 20][said[at : at + 20].index("payments") + 1] == "$27.00"
    assert "nobody's" in said[said.index("By cost centre") :]


def test_the_bars_are_as_wide_as_what_they_show(shop: Session) -> None:
    bars = Page(page(shop)).widths

    assert len(bars) == 3, "the fleet's, and one of each service"
    assert bars[0] == pytest.approx([500.0, 333.33, 111.11, 55.56])
    for widths in bars:
        assert sum(widths) == pytest.approx(1000, abs=0.05)


def test_a_function_that_doubled_is_told_and_whether_it_could_be_noise(shop: Session) -> None:
    said = Page(page(shop, NEXT, WEEK)).texts

    at = said.index("Functions that moved most")
    assert "+$7.00 (+100.0%)" in said[at:]
    assert said[at:].index("+$7.00 (+100.0%)") < said[at:].index("+$2.00 (+100.0%)")


def test_it_asks_nobody_for_anything(shop: Session) -> None:
    text = page(shop, NEXT, WEEK)

    assert ASKING.search(re.sub(r"http-equiv=\S+", "", text)) is None
    assert all(link.startswith("#") or link == "data:," for link in Page(text).links)
    assert "default-src 'none'" in text


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_name_is_text(session: Session, name: str) -> None:
    hostile = Service(name[:100], team=name, cost_centre=name)
    services.replace(session, [hostile], NOW)
    book(session, charge("10", service=hostile.name))
    book_costs(session, replace(cost("f", "10"), service=hostile.name, function=function(name)))

    text = page(session)

    assert ASKING.search(re.sub(r"http-equiv=\S+", "", text)) is None
    assert all(char.isprintable() or char == "\n" for char in text)
    assert len(text) < 40_000


def test_a_week_without_anything_is_a_page_too(session: Session) -> None:
    assert "0 of the 168 hours are in the ledger." in Page(page(session)).texts
