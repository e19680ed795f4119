"""The weekly report as one HTML file that needs nothing else: no script, no font, no request.

The rule that must not be broken: every amount comes from the report's own lines, and every name is text,
escaped by the template and free of characters that act.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from finops.domain.charge import ChargeKind
from finops.domain.function import Function
from finops.domain.money import Money, total
from finops.domain.resource import Resource
from finops.domain.window import Window, moment_text
from finops.reports.charge_lines import ChargeLine
from finops.reports.function_lines import FunctionLine, dearest
from finops.reports.function_tables import between, money
from finops.reports.remedies import REMEDIES
from finops.reports.shown import cut, harmless
from finops.reports.weekly import ServiceLine, Weekly

_FUNCTIONS = 15
_MOVERS = 8
_NAME = 120


@dataclass(frozen=True, slots=True)
class Part:
    """One kind of charge of a picture: where its bar begins and how wide it is, in thousandths."""

    kind: ChargeKind
    amount: Money
    start: str
    width: str
    share: str
    what: str


@dataclass(frozen=True, slots=True)
class Row:
    """What somebody cost, and cost the week before."""

    name: str
    amount: str
    before: str
    change: str
    share: str
    about: tuple[str, ...] = ()
    anchor: str = ""


@dataclass(frozen=True, slots=True)
class Mover:
    """A function that costs more or less than the week before."""

    service: str
    name: str
    before: str
    after: str
    change: str
    is_noise: bool


def render(report: Weekly, before: Weekly | None = None) -> str:
    """The page.

    Args:
        report: the week.
        before: the week before it; None where there is none to compare with, or where the ledger does
            not hold both of them whole.
    """
    if before is not None and not (_is_whole(report) and _is_whole(before)):
        before = None
    lines = (*report.services, *report.unclaimed)
    return _template().render(
        report=report,
        before=before,
        window=report.window,
        last=_last_day(report.window),
        whole=money(report.total) or "no price",
        change=_changed(report.total, before.total if before else None),
        before_whole=money(before.total) if before else "",
        used=money(_of_kind(lines, ChargeKind.USED, report.currency)),
        parts=_parts([charge for line in lines for charge in line.charges], report.currency),
        services=_services(report.services, before.services if before else None, report),
        teams=_owners(report, before, lambda line: line.service.team),
        centres=_owners(report, before, lambda line: line.service.cost_centre),
        movers=_movers(report, before) if before else [],
        details=[_detail(line, report.currency) for line in report.services],
        unclaimed=_services(report.unclaimed, before.unclaimed if before else None, report, is_claimed=False),
        missing=_unaccounted(report),
        named=_named,
        money=money,
        moment=moment_text,
    )


@cache
def _template() -> Template:
    loader = PackageLoader("finops.reports", "pages")
    made = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return made.get_template("weekly.html")


def _is_whole(report: Weekly) -> bool:
    return report.accounted == report.window


def _last_day(window: Window) -> str:
    *_, last = window.days()
    return moment_text(last.start)[:10]


def _unaccounted(report: Weekly) -> str:
    """How much of the window the ledger holds, where that is not all of it."""
    if report.accounted == report.window:
        return ""
    held, hours = (len(list(each.hours())) if each else 0 for each in (report.accounted, report.window))
    return f"{held} of the {hours} hours are in the ledger."


def _of_kind(lines: Iterable[ServiceLine], kind: ChargeKind, currency: str) -> Money:
    charges = (charge for line in lines for charge in line.charges if charge.kind is kind)
    return total((charge.amount for charge in charges if charge.amount is not None), currency)


def _parts(charges: Iterable[ChargeLine], currency: str) -> list[Part]:
    """Every kind with its share of the bar, the largest first; together they are as wide as the bar."""
    sums: dict[ChargeKind, list[Money]] = defaultdict(list)
    for charge in charges:
        if charge.amount is not None:
            sums[charge.kind].append(charge.amount)
    amounts = {kind: total(each, currency) for kind, each in sums.items()}
    whole = sum(amount.nanos for amount in amounts.values())
    found, at = list[Part](), 0
    for kind, amount in sorted(amounts.items(), key=lambda item: -item[1].nanos):
        share = Fraction(amount.nanos, whole) if whole else Fraction(0)
        start = Fraction(at, whole) if whole else Fraction(0)
        what = "used, and explained by function" if kind is ChargeKind.USED else REMEDIES.get(kind, "")
        found.append(
            Part(kind, amount, _thousandths(start), _thousandths(share), f"{float(share):.1%}", what)
        )
        at += amount.nanos
    return found


def _thousandths(share: Fraction) -> str:
    return f"{float(share * 1000):.2f}"


def _services(
    lines: Sequence[ServiceLine],
    earlier: Sequence[ServiceLine] | None,
    report: Weekly,
    *,
    is_claimed: bool = True,
) -> list[Row]:
    """What each of some cost; those that cost something only the week before come last."""
    zero = Money(0, report.currency)
    left = {line.service.name: line.total for line in earlier or ()}
    rows = [
        _row(
            line.service.name,
            line.total,
            left.pop(line.service.name, zero) if earlier is not None else None,
            report.total,
            about=(line.service.team, line.service.cost_centre) if is_claimed else (),
            anchor=f"service-{at}" if is_claimed else "",
        )
        for at, line in enumerate(lines)
    ]
    return [*rows, *(_row(name, zero, amount, report.total) for name, amount in left.items())]


def _owners(report: Weekly, before: Weekly | None, of: Callable[[ServiceLine], str]) -> list[Row]:
    """What teams or cost centres cost; nothing where no service has one."""
    now, then = _sums(report, of), _sums(before, of) if before else {}
    if not any(now) and not any(then):
        return []
    zero = Money(0, report.currency)
    names = sorted(now.keys() | then.keys(), key=lambda name: (-now.get(name, zero).nanos, name))
    return [
        _row(
            name or "nobody's",
            now.get(name, zero),
            then.get(name, zero) if before else None,
            report.total,
        )
        for name in names
    ]


def _sums(report: Weekly, of: Callable[[ServiceLine], str]) -> dict[str, Money]:
    sums: dict[str, list[Money]] = defaultdict(list)
    for line in report.services:
        if line.total is not None:
            sums[of(line)].append(line.total)
    return {name: total(amounts, report.currency) for name, amounts in sums.items()}


def _row(
    name: str,
    amount: Money | None,
    before: Money | None,
    whole: Money | None,
    *,
    about: tuple[str, ...] = (),
    anchor: str = "",
) -> Row:
    share = f"{amount.nanos / whole.nanos:.1%}" if amount is not None and whole and whole.nanos else ""
    return Row(
        name=_named(name),
        amount=money(amount) or "no price",
        before=money(before),
        change=_changed(amount, before),
        share=share,
        about=tuple(_named(each) for each in about),
        anchor=anchor,
    )


def _changed(amount: Money | None, before: Money | None) -> str:
    """A difference with its sign and its share of what was before; "" where either is unknown."""
    if amount is None or before is None:
        return ""
    difference = amount - before
    share = f" ({difference.nanos / before.nanos:+.1%})" if before.nanos else ""
    return f"{'+' if difference.nanos > 0 else ''}{money(difference)}{share}"


def _movers(report: Weekly, before: Weekly) -> list[Mover]:
    """The functions whose own CPU cost changed most, of those that either report lists."""
    now, then = _functions(report), _functions(before)
    both = [(key, now[key], then[key]) for key in now.keys() & then.keys()]
    both.sort(key=lambda each: (-abs((each[1].self_cost - each[2].self_cost).nanos), each[0]))
    return [
        Mover(
            service=_named(service),
            name=_named(function.name),
            before=money(earlier.self_cost),
            after=money(later.self_cost),
            change=_changed(later.self_cost, earlier.self_cost),
            is_noise=_may_be_noise(later, earlier),
        )
        for (service, function), later, earlier in both[:_MOVERS]
        if later.self_cost != earlier.self_cost
    ]


def _functions(report: Weekly) -> dict[tuple[str, Function], FunctionLine]:
    return {
        (line.service.name, each.function): each
        for line in report.services
        for each in line.functions
        if each.resource is Resource.CPU and each.function is not None
    }


def _may_be_noise(one: FunctionLine, other: FunctionLine) -> bool:
    """Whether the sampling errors of two costs overlap, or one of them is unknown."""
    if one.interval is None or other.interval is None:
        return True
    return (
        one.interval.low.nanos <= other.interval.high.nanos
        and other.interval.low.nanos <= one.interval.high.nanos
    )


def _detail(line: ServiceLine, currency: str) -> Mapping[str, object]:
    functions = [each for each in line.functions if each.resource is Resource.CPU]
    memory = [each for each in line.functions if each.resource is Resource.MEMORY]
    return {
        "name": _named(line.service.name),
        "amount": money(line.total) or "no price",
        "parts": _parts(line.charges, currency),
        "tables": [
            (resource.value, money(line.functions_self[resource]), _cells(lines))
            for resource, lines in ((Resource.CPU, functions), (Resource.MEMORY, memory))
            if lines
        ],
    }


def _cells(functions: Sequence[FunctionLine]) -> list[tuple[str, ...]]:
    return [
        (
            _named(each.function.name if each.function else ""),
            _named(each.function.file if each.function else ""),
            money(each.self_cost),
            between(each.interval),
            money(each.total_cost),
        )
        for each in dearest(functions, "self", _FUNCTIONS)
    ]


def _named(text: str) -> str:
    return cut(harmless(text), _NAME)
