"""The weekly report as plain text: for a terminal, a mail or a file. Money to the cent; names harmless.

The rule that must not be broken: the lines of the head add up to what the fleet cost, and whatever
reached no function is called by its kind.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from finops.domain.charge import ChargeKind
from finops.domain.money import Money, total
from finops.domain.resource import UNITS, Resource, shown_quantity
from finops.domain.window import moment_text
from finops.reports.charge_lines import ChargeLine
from finops.reports.function_lines import FunctionLine, dearest
from finops.reports.function_tables import by_self, by_total, money
from finops.reports.remedies import REMEDIES
from finops.reports.shown import counted, cut, fitted, harmless, table, wrapped
from finops.reports.weekly import ServiceLine, Weekly, share

WIDTH = 110
_NAME, _OWNER, _SAID = 40, 20, 75
_FUNCTIONS = 10
_HELD = 10


def weekly(report: Weekly) -> str:
    """The weekly report, in lines of at most 110 characters."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Weekly) -> Iterator[str]:
    yield f"What the fleet cost, {report.window}, {report.metric} cost"
    yield ""
    if not report.services and not report.unclaimed:
        reached = report.reached
        known = (
            f"reaches from {moment_text(reached.start)} to {moment_text(reached.end)}"
            if reached
            else "is empty"
        )
        yield f"  The ledger holds nothing of this window: it {known}."
        return
    yield from _indented(_head(report))
    yield ""
    yield "  Each amount is rounded to the cent by itself; `--json` has them to the nano, and adds up."
    for line in report.services:
        yield ""
        yield from _service(line)
    for part in (_unclaimed, _without_machines, _reasons, _held, _refused, _prices):
        if said := list(part(report)):
            yield ""
            yield from said


def _head(report: Weekly) -> Iterator[str]:
    """Where the money went, in lines that add up to all of it."""
    kinds = _by_kind((*report.services, *report.unclaimed))
    used, idle = (kinds.pop(kind, Money(0, report.currency)) for kind in (ChargeKind.USED, ChargeKind.IDLE))
    neither = total(kinds.values(), report.currency)
    named = ", ".join(f"{kind} {money(amount)}" for kind, amount in kinds.items())
    who = f"all machines of {counted(len(report.services), 'service')}"
    if report.unclaimed:
        names = counted(len(report.unclaimed), "name that", "names that")
        who += f" and of {names} no service claims"
    rows: list[tuple[Money | None, str]] = [
        (report.total, who),
        (used, "used, and explained by function"),
        (idle, "measured idle"),
        (neither, f"neither: {named}" if named else "neither"),
    ]
    cells = [
        [*([_money(amount), _share(amount, report.total)] if not at else ["", ""]), part]
        for amount, said in rows
        for at, part in enumerate(wrapped([said], _SAID))
    ]
    yield from table(["", "", ""], cells, left=[2]).splitlines()[1:]
    yield from _unaccounted(report)
    if hours := report.provisional_hours:
        yield f"{counted(hours, 'hour is', 'hours are')} provisional: sources may still bring more"
    yield from _past(report)
    for line in report.unpriced:
        yield f"without a price, so in no total: {harmless(str(line.kind))} ({harmless(line.service)})"


def _unaccounted(report: Weekly) -> Iterator[str]:
    """That the window is longer than what the ledger holds of it."""
    accounted, whole = report.accounted, report.window
    if accounted is not None and accounted != whole:
        held, hours = (len(list(window.hours())) for window in (accounted, whole))
        edges = [f"begins {moment_text(accounted.start)}"] if accounted.start > whole.start else []
        edges += [f"ends {moment_text(accounted.end)}"] if accounted.end < whole.end else []
        yield f"{held} of the {hours} hours are in the ledger, which {' and '.join(edges)}"


def _past(report: Weekly) -> Iterator[str]:
    """What a reader of an earlier report of this window has to know."""
    if (restated := report.restated) is not None:
        hours = counted(restated.hours, "hour was", "hours were")
        yield cut(f"{hours} restated; the newest reason: {harmless(restated.reason)}", WIDTH - 2)
    if (rewritten := report.rewritten) is not None:
        hours, days = counted(rewritten.hours, "hour"), counted(rewritten.days, "day")
        yield f"as of {moment_text(rewritten.as_of)}: {hours} and the functions of {days} were provisional"
        yield "then, and are shown as they were last written"


def _by_kind(lines: Iterable[ServiceLine]) -> dict[ChargeKind, Money]:
    """What all services paid for each reason, the largest first."""
    sums: dict[ChargeKind, list[Money]] = defaultdict(list)
    for line in lines:
        for charge in line.charges:
            if charge.amount is not None:
                sums[charge.kind].append(charge.amount)
    kinds = {kind: total(amounts) for kind, amounts in sums.items()}
    return dict(sorted(kinds.items(), key=lambda item: -item[1].nanos))


def _service(line: ServiceLine) -> Iterator[str]:
    owner = (line.service.team, line.service.cost_centre)
    about = ", ".join(cut(harmless(text), _OWNER) for text in owner if text)
    yield f"{_named(line.service.name)}{f' ({about})' if about else ''}: {_money(line.total)}"
    yield ""
    if line.charges:
        yield from _indented(_charges(line.charges, line.total))
    for resource in (Resource.CPU, Resource.MEMORY):
        functions = [each for each in line.functions if each.resource is resource]
        if functions:
            yield ""
            yield from _indented(_functions(resource, functions, line.functions_self))


def _charges(charges: Sequence[ChargeLine], whole: Money | None) -> Iterator[str]:
    rows = [
        [
            _money(line.amount),
            _share(line.amount, whole),
            *_quantity(line),
            f"{line.resource} {line.kind}",
        ]
        for line in charges
    ]
    yield from table(["amount", "share", "quantity", "", "kind"], rows, left=[3, 4]).splitlines()


def _quantity(line: ChargeLine) -> list[str]:
    """How much of the resource; of a machine whose shape nobody knows there is no number."""
    if not line.quantity and line.amount is None:
        return ["unknown", ""]
    unit = UNITS[line.resource].shown.replace("_", "-")
    return [f"{shown_quantity(line.resource, line.quantity):,.2f}", unit]


def _functions(
    resource: Resource, functions: Sequence[FunctionLine], used: Mapping[Resource, Money]
) -> Iterator[str]:
    """Where the work is done and, of CPU, what calls it. Of memory only what holds it is of use."""
    error = "; 95 % is the sampling error" if any(each.interval for each in functions) else ""
    yield f"{resource} by function, {money(used[resource])} used: the dearest by themselves{error}"
    yield from by_self(dearest(functions, "self", _FUNCTIONS), WIDTH - 2).splitlines()
    if resource is Resource.CPU:
        yield ""
        yield f"{resource} by function with all that it calls; these overlap and do not add up"
        yield from by_total(dearest(functions, "total", _FUNCTIONS), WIDTH - 2).splitlines()


def _unclaimed(report: Weekly) -> Iterator[str]:
    if report.unclaimed:
        yield "Names that no service claims (add them to a [[services]] table)"
        yield ""
        for at, line in enumerate(report.unclaimed):
            yield from [""] if at and line.charges else []
            yield f"  {_named(line.service.name)}: {_money(line.total)}"
            if line.charges:
                yield from _indented(_charges(line.charges, line.total), 4)


def _without_machines(report: Weekly) -> Iterator[str]:
    if report.without_machines:
        yield "Profiled, and on no machine that the fleet knows (is it by another name there? add an alias)"
        yield ""
        yield from _indented(wrapped([harmless(name) for name in report.without_machines], WIDTH - 2))


def _reasons(report: Weekly) -> Iterator[str]:
    lines = (*report.services, *report.unclaimed)
    kinds = {charge.kind for line in lines for charge in line.charges} & REMEDIES.keys()
    if kinds:
        yield "What reached no function"
        yield ""
        rows = [[kind, REMEDIES[kind]] for kind in ChargeKind if kind in kinds]
        yield from _indented(table(["", ""], rows, left=[0, 1]).splitlines()[1:])


def _held(report: Weekly) -> Iterator[str]:
    if not report.held:
        return
    yield f"{counted(len(report.held), 'hour')} held, for a person to look at"
    for line in report.held[:_HELD]:
        yield ""
        yield f"  {_named(line.service)} {line.window}"
        yield from _indented(wrapped([line.message], WIDTH - 4), 4)
    if len(report.held) > _HELD:
        yield ""
        yield f"  and {len(report.held) - _HELD:,} more: `finops report weekly --json` has them all"


def _refused(report: Weekly) -> Iterator[str]:
    if not report.refused:
        return
    yield f"{counted(len(report.refused), 'service-hour')} with profiles that were refused"
    for each in report.refused[:_HELD]:
        yield ""
        yield f"  {_named(each.service)} {each.window} {each.kind}, from {_named(each.source)}"
        yield from _indented(wrapped([harmless(each.why)], WIDTH - 4), 4)
    if len(report.refused) > _HELD:
        yield ""
        yield f"  and {len(report.refused) - _HELD:,} more: `finops report weekly --json` has them all"


def _prices(report: Weekly) -> Iterator[str]:
    if not report.prices:
        return
    yield "Prices"
    yield ""
    rows = [
        [
            f"{line.price.hourly} {line.price.currency}/h",
            f"{line.price.source}, as of {moment_text(line.price.as_of)[:10]}",
            f"split {line.split}" + (" (estimate)" if line.is_estimate else ""),
            harmless(str(line.price.kind)),
        ]
        for line in report.prices
    ]
    yield from _indented(
        fitted(["price", "source", "split", "machine"], rows, WIDTH - 2, left=[1, 2]).splitlines()
    )


def _money(amount: Money | None) -> str:
    return "no price" if amount is None else money(amount)


def _share(part: Money | None, whole: Money | None) -> str:
    found = None if part is None or whole is None else share(part, whole)
    return "" if found is None else f"{found:.1%}"


def _named(text: str) -> str:
    return cut(harmless(text), _NAME)


def _indented(lines: Iterable[str], by: int = 2) -> Iterator[str]:
    """Lines moved to the right, and cut where they would not fit."""
    return (f"{' ' * by}{cut(line, WIDTH - by)}".rstrip() for line in lines)
