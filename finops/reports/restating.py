"""What a restatement is about, before it is made; and what it changed, once its hours are final again."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from finops.domain.money import Money, total
from finops.domain.window import HOUR, Window
from finops.reports import document, ledger_history
from finops.reports.ledger_history import Version
from finops.reports.shown import counted, harmless, table
from finops.storage import charge_sums, ledger, restatement
from finops.storage.database import Session


@dataclass(frozen=True, slots=True)
class Restating:
    """The final hours of one service in a window, and what they cost as they stand."""

    service: str
    hours: int
    amount: Money


@dataclass(frozen=True, slots=True)
class Plan:
    """What is restated, service by service, and how many service-hours follow their inputs anyway."""

    window: Window
    lines: tuple[Restating, ...]
    provisional: int

    @property
    def hours(self) -> int:
        """All service-hours that are restated."""
        return sum(line.hours for line in self.lines)

    @property
    def amount(self) -> Money:
        """What they cost as they stand."""
        return total(line.amount for line in self.lines)


def plan(session: Session, window: Window, service: str | None, currency: str) -> Plan:
    """What a restatement of a window of whole hours is about, by list cost.

    Raises:
        NotFound, StorageError: as `restatement.affected`.
    """
    found = restatement.affected(session, window, service)
    versions = {
        (name, hour): state.version
        for (name, hour), state in ledger.states(session, window, service, grain=HOUR).items()
    }
    hours: dict[str, list[Window]] = defaultdict(list)
    for name, hour in found.final:
        hours[name].append(hour)
    lines = []
    for name, of_it in sorted(hours.items()):
        amounts = charge_sums.by_version(session, name, window, currency=currency)
        nothing = Money(0, currency)
        amount = total((amounts.get((hour, versions[name, hour]), nothing) for hour in of_it), currency)
        lines.append(Restating(name, len(of_it), amount))
    return Plan(window, tuple(lines), len(found.provisional))


def changes(session: Session, made: Plan, moment: datetime, currency: str) -> dict[str, Version]:
    """What the restatement of a moment came to, by service."""
    found = {}
    for line in made.lines:
        history = ledger_history.build(session, line.service, made.window, currency=currency)
        found[line.service] = next(each for each in history.versions if each.recorded_at == moment)
    return found


def as_document(made: Plan) -> document.Document:
    """A plan for a program."""
    return {
        "window": document.window(made.window),
        "hours": made.hours,
        "amount": document.amount(made.amount),
        "provisional": made.provisional,
        "services": [
            {"service": line.service, "hours": line.hours, "amount": document.amount(line.amount)}
            for line in made.lines
        ],
    }


def as_text(made: Plan) -> Iterator[str]:
    """A plan for a person, in lines."""
    rows = [
        [f"{line.hours:,}", f"{line.amount.amount:,f}", harmless(line.service)] for line in made.lines
    ] + [[f"{made.hours:,}", f"{made.amount.amount:,f}", "together"]]
    yield from table(["hours", made.amount.currency, "service"], rows, left=[2]).splitlines()
    if made.provisional:
        hours = counted(made.provisional, "service-hour is", "service-hours are")
        yield f"{hours} provisional: what is provisional follows its inputs by itself"


def changes_text(found: dict[str, Version]) -> Iterator[str]:
    """What a restatement came to, for a person."""
    rows = [
        [
            f"{each.hours:,}",
            "final" if each.is_final else "provisional",
            "unknown" if each.difference is None else f"{each.difference.amount:+,f}",
            harmless(service),
        ]
        for service, each in sorted(found.items())
    ]
    yield from table(["hours", "now", "difference", "service"], rows, left=[1, 3]).splitlines()


def changes_document(found: dict[str, Version]) -> list[document.Document]:
    """What a restatement came to, for a program."""
    return [
        {
            "service": service,
            "hours": each.hours,
            "state": "final" if each.is_final else "provisional",
            "difference": document.amount(each.difference),
        }
        for service, each in sorted(found.items())
    ]
