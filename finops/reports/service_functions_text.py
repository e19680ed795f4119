"""The functions of one service as text."""

from collections.abc import Iterator

from finops.domain.charge import ChargeKind
from finops.domain.money import Money, total
from finops.reports.function_tables import both, by_self, money
from finops.reports.service_functions import ResourceFunctions, ServiceFunctions
from finops.reports.shown import counted, cut, harmless

_NAME = 60


def text(found: ServiceFunctions, width: int = 120) -> str:
    """The functions for a person, in lines of at most `width` characters where the numbers leave room."""
    return "\n".join(_lines(found, width)) + "\n"


def _lines(found: ServiceFunctions, width: int) -> Iterator[str]:
    name = cut(harmless(found.service), _NAME)
    yield f"{name}, {found.window}, {found.metric} cost"
    if hours := found.provisional_hours:
        yield f"{counted(hours, 'hour is', 'hours are')} provisional: sources may still bring more"
    for each in found.resources:
        yield from _resource(each, found, width)


def _resource(each: ResourceFunctions, found: ServiceFunctions, width: int) -> Iterator[str]:
    if not each.functions:
        yield f"{each.resource}: nothing of it was {ChargeKind.USED}; `finops report weekly` says why"
        return
    shown = total((line.self_cost for line in each.listed), found.currency)
    left = each.functions - len(each.listed)
    listed = f"; {len(each.listed):,} of {each.functions:,} {found.by}s" if left else ""
    yield f"{each.resource}: {money(each.self_cost)} used{listed}{_of(shown, each.self_cost) if left else ''}"
    if any(line.interval for line in each.listed):
        yield "95 % is the sampling error alone"
    yield ""
    if found.by == "function":
        small = "whatever is too small to be kept by name"
        said = f"the other {left:,}, and {small}" if left else small
        yield both(each.listed, width, each.rest, said)
    else:
        yield by_self([*each.listed, *([each.rest] if each.rest else [])], width, found.by)


def _of(shown: Money, whole: Money) -> str:
    return f" with {money(shown)} of it" if whole.nanos else ""
