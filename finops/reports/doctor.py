"""What needs doing, and why a number is small: one small pure function a check, over facts read once.

A finding says what is so and what to do. Only what a person can put right is `todo`; what merely explains
a number is a `note`. A check that finds nothing gives nothing, and its subject is fine.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum

from finops.domain.charge import ChargeKind
from finops.domain.money import Money, total
from finops.domain.resource import Resource
from finops.domain.window import HOUR, moment_text
from finops.reports.doctor_facts import Facts, Stored
from finops.reports.remedies import REMEDIES
from finops.reports.shown import counted, dollars

# An hour is collected within minutes of its end; after three something does not run.
LATE = timedelta(hours=3)
# What runs once a day and has not for two did not run yesterday.
SLOW = timedelta(days=2)
# Once every source was asked after an hour had settled, it is final; a day later something is in the way.
STUCK = timedelta(days=1)
# Price lists change a few times a year; one that was not looked at for two quarters is another year's.
OLD_PRICES = timedelta(days=180)
# Below a tenth, nobody would do anything about it.
SMALL = Decimal("0.10")
# Below that, a mean over what was seen says little of what was not.
LOW_COVERAGE = Decimal("0.50")
# So many of a kind are named, the rest counted.
_NAMED = 5

COLLECTING = ("collect_fleet", "collect_profiles")
DAILY = ("refresh_prices", "expire")
# What is said of money that reached no function, by service; the others have findings of their own.
_EXPLAINED = (
    ChargeKind.NO_PROFILE,
    ChargeKind.UNPROFILED_OR_IDLE,
    ChargeKind.NOT_PROFILED,
    ChargeKind.IDLE,
    ChargeKind.NO_STACK,
    ChargeKind.SOURCE_UNATTRIBUTED,
    ChargeKind.NO_HEAP_PROFILE,
    ChargeKind.MEMORY_NOT_MEASURED,
    ChargeKind.BEYOND_RETENTION,
)


class Level(StrEnum):
    """Whether somebody should do something."""

    TODO = "todo"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found: about what, what is so, and what to do."""

    subject: str
    level: Level
    what: str
    remedy: str


def diagnose(facts: Facts) -> list[Finding]:
    """Everything there is to say, in the order in which a dollar meets it."""
    found = [finding for check in _OF_ALL for finding in check(facts)]
    if facts.stored is not None:
        found += [finding for check in _OF_STORED for finding in check(facts, facts.stored)]
    return found


def configuration(facts: Facts) -> Iterator[Finding]:
    """What is wrong in the file, and what it leaves out."""
    named = facts.configured
    for mistake in named.mistakes:
        yield _todo("configuration", str(mistake), "correct it, and see `finops config check`")
    if not named.fleets:
        yield _todo(
            "configuration",
            "no fleet is configured: nothing has machines, so nothing costs",
            "add a [[fleet]]",
        )
    if not named.sources:
        yield _todo(
            "configuration",
            "no profile source is configured: no cost reaches a function",
            "add a [[sources]]",
        )
    if not named.price_lists:
        yield _todo(
            "configuration", "no price list is configured", "set prices.catalogue, or add a [[prices.fixed]]"
        )
    if not named.services:
        yield _note(
            "configuration",
            "no service is declared: every name of a fleet or a profiler is a service of its own",
            "declare [[services]] with their other names and their teams",
        )
    if named.is_pinned:
        yield _note(
            "configuration",
            f"the clock is pinned: it is always {moment_text(facts.now)}",
            "take `now` out of the configuration, unless this is a demonstration",
        )


def database(facts: Facts) -> Iterator[Finding]:
    """Whether the ledger can be read at all."""
    if facts.stored is None:
        yield _todo("database", facts.unreadable, "put that right first; nothing else could be looked at")


def running(facts: Facts, stored: Stored) -> Iterator[Finding]:
    """Whether the jobs run; by a pinned clock nothing new is ever due."""
    if not stored.last_ok:
        yield _todo("jobs", "no job has ever run", "start `finops scheduler`, or see `finops jobs list`")
        return
    if facts.configured.is_pinned:
        return
    for job in DAILY if facts.configured.price_lists else DAILY[1:]:
        last = stored.last_ok.get(job)
        if last is None or facts.real - last > SLOW:
            since = "has never" if last is None else f"since {moment_text(last)} has not"
            yield _todo("jobs", f"{job} {since} run", "see whether `finops scheduler` runs, and its log")


def collecting(facts: Facts, stored: Stored) -> Iterator[Finding]:
    """Whether each fleet and each source was asked about the hours that have ended."""
    asked = zip(COLLECTING, (facts.configured.fleets, facts.configured.sources), strict=True)
    for job, names in asked:
        for name in names if stored.last_ok else ():
            until = stored.done_until.get((job, name))
            if until is None:
                yield _todo("jobs", f"{job} has never done an hour of {name!r}", f"`finops jobs run {job}`")
            elif facts.now - until > LATE:
                yield _todo(
                    "jobs",
                    f"{job} is behind: {name!r} was last asked about the hour before {moment_text(until)}",
                    f"see `finops jobs list --job {job}` and whether `finops scheduler` runs",
                )


def failing(facts: Facts, stored: Stored) -> Iterator[Finding]:  # noqa: ARG001 (every check takes both)
    """Work whose latest attempt failed, by job, with the latest reason."""
    for job in dict.fromkeys(run.job for run in stored.failures):
        runs = [run for run in stored.failures if run.job == job]
        yield _todo(
            "jobs",
            f"{counted(len(runs), 'piece', 'pieces')} of work of {job} failed;"
            f" {runs[0].window} {runs[0].scope}: {runs[0].error or runs[0].outcome}",
            f"put that right; it is tried again by itself (`finops jobs list --job {job} --outcome failed`)",
        )


def fresh(facts: Facts, stored: Stored) -> Iterator[Finding]:
    """Whether fleets and sources that were asked had anything to say lately."""
    for what, names, until in (
        ("fleet", facts.configured.fleets, stored.machines_until),
        ("source", facts.configured.sources, stored.profiles_until),
    ):
        thing = "machine" if what == "fleet" else "profile"
        for name in names if stored.last_ok else ():
            last = until.get(name)
            if last is None:
                yield _todo(
                    what, f"{name!r} has never had a {thing}", f"see what it names, and its log: {what}"
                )
            elif last < stored.window.start:
                yield _todo(
                    what,
                    f"{name!r} has had no {thing} since {moment_text(last)}",
                    "see whether it still is where the configuration says",
                )


def refused(facts: Facts, stored: Stored) -> Iterator[Finding]:  # noqa: ARG001
    """Profiles that came and could not be used."""
    if stored.refused_profiles:
        yield _todo(
            "profiles",
            f"{counted(stored.refused_profiles, 'profile was', 'profiles were')} refused in seven days",
            "each with its reason: `finops jobs list --job collect_profiles --json`",
        )


def unclaimed(facts: Facts, stored: Stored) -> Iterator[Finding]:  # noqa: ARG001
    """Names with a cost that no service of the configuration claims."""
    costs = {name: _paid(stored, name) for name in stored.unclaimed}
    names = sorted(
        (name for name in costs if _has_charges(stored, name)), key=lambda name: -costs[name].nanos
    )
    if names:
        priced = [name for name in names if _has_price(stored, name)]
        whole = _shown(total((costs[name] for name in priced), costs[names[0]].currency))
        said = f"with {whole}" if priced else "and no price is known of them"
        if priced and len(priced) < len(names):
            said += f", {len(names) - len(priced)} of them without a price"
        yield _todo(
            "services",
            f"{counted(len(names), 'name')} claimed by no service, {said}: {_listed(names)}",
            "add them to the `names` of a [[services]], or declare services of their own",
        )


def without_machines(facts: Facts, stored: Stored) -> Iterator[Finding]:  # noqa: ARG001
    """Profiles whose name no machine has: they cost nothing, whatever they use."""
    if stored.without_machines:
        yield _todo(
            "services",
            f"profiles, but no machines, of {_listed(stored.without_machines)}: they divide no cost",
            "give the service both names (its profiler's, its fleet's) in [[services]] names",
        )


def unpriced(facts: Facts, stored: Stored) -> Iterator[Finding]:  # noqa: ARG001
    """Machines that ran and whose price nobody knows."""
    if stored.unpriced:
        kinds = [f"{machine} in {region}" for machine, region in stored.unpriced]
        yield _todo(
            "prices",
            f"no price is known of {_listed(kinds)}: they are in no total",
            "state it under [[prices.fixed]], or ask a list that has it under [prices]",
        )


def old_prices(facts: Facts, stored: Stored) -> Iterator[Finding]:
    """Price lists that nobody has looked at for long."""
    for source, moment in sorted(stored.prices_as_of.items()):
        if source != "fixed" and facts.now - moment > OLD_PRICES:
            yield _note(
                "prices",
                f"the prices of {source} are of {moment:%Y-%m-%d}",
                "upgrade for a later catalogue, or ask the cloud under [prices]",
            )


def held(facts: Facts, stored: Stored) -> Iterator[Finding]:  # noqa: ARG001
    """Hours whose numbers are shown and not believed."""
    for service, messages in sorted(stored.held.items()):
        yield _todo("ledger", f"hours of {service} are held: {messages[0]}", "do what the message says")


def settling(facts: Facts, stored: Stored) -> Iterator[Finding]:
    """Hours that should be final by now."""
    oldest = stored.reached.oldest_provisional
    if oldest is not None and facts.now - (oldest + HOUR) > facts.configured.settle + STUCK:
        yield _todo(
            "ledger",
            f"{counted(stored.reached.provisional_hours, 'hour')} may still change,"
            f" the oldest of them {moment_text(oldest)}",
            "an hour is final once every fleet, source and price list was asked after it: one does not answer"
            " (see the jobs), or `finops jobs backfill --window` has to reach that far back",
        )


def explained(facts: Facts, stored: Stored) -> Iterator[Finding]:  # noqa: ARG001
    """Why the functions of a service are given less than the service costs: the largest kind by resource."""
    for service in sorted({str(row.group[0]) for row in stored.charges}):
        for resource in (Resource.CPU, Resource.MEMORY):
            whole = _paid(stored, service, resource)
            parts = {kind: _paid(stored, service, resource, kind) for kind in _EXPLAINED}
            largest = max(parts, key=lambda kind: parts[kind].nanos)
            share = Decimal(parts[largest].nanos) / whole.nanos if whole.nanos else Decimal(0)
            if share >= SMALL:
                yield _note(
                    "functions",
                    f"{share:.0%} of the {resource} cost of {service} is {largest}: {_shown(parts[largest])}",
                    REMEDIES[largest],
                )


def covered(facts: Facts, stored: Stored) -> Iterator[Finding]:  # noqa: ARG001
    """Services of which the profiler saw few of the instances that ran."""
    for service, share in sorted(stored.coverage.items()):
        if share < LOW_COVERAGE:
            yield _note(
                "functions",
                f"the profiles of {service} cover {share:.1%} of the time that its instances ran,"
                " and stand for all of it",
                "profile more instances, or longer, if the observations of its functions are too few",
            )


def symbolised(facts: Facts, stored: Stored) -> Iterator[Finding]:  # noqa: ARG001
    """Services whose costs lie in frames without a name."""
    for service, share in sorted(stored.unsymbolised.items()):
        if share >= SMALL:
            yield _note(
                "functions",
                f"{share:.0%} of the CPU cost of {service} is in frames without a name of their own",
                "give the profiler the symbols: build without stripping, or upload debug information",
            )


_OF_ALL: Sequence[Callable[[Facts], Iterator[Finding]]] = (configuration, database)
_OF_STORED: Sequence[Callable[[Facts, Stored], Iterator[Finding]]] = (
    running,
    collecting,
    failing,
    fresh,
    refused,
    unclaimed,
    without_machines,
    unpriced,
    old_prices,
    held,
    settling,
    explained,
    covered,
    symbolised,
)


def _todo(subject: str, what: str, remedy: str) -> Finding:
    return Finding(subject, Level.TODO, what, remedy)


def _note(subject: str, what: str, remedy: str) -> Finding:
    return Finding(subject, Level.NOTE, what, remedy)


def _has_price(stored: Stored, name: str) -> bool:
    return any(each.group[0] == name and each.amount is not None for each in stored.charges)


def _has_charges(stored: Stored, service: str) -> bool:
    return any(row.group[0] == service for row in stored.charges)


def _paid(
    stored: Stored, service: str, resource: Resource | None = None, kind: ChargeKind | None = None
) -> Money:
    """What a service was charged by the list; of one resource, of one kind."""
    rows = [
        row
        for row in stored.charges
        if row.amount is not None
        and row.group[0] == service
        and (resource is None or row.group[1] == resource)
        and (kind is None or row.group[2] == kind)
    ]
    return total((row.amount for row in rows if row.amount), rows[0].currency if rows else "USD")


def _shown(money: Money) -> str:
    return dollars(money.amount, money.currency)


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_NAMED])
    return f"{shown} and {len(names) - _NAMED:,} more" if len(names) > _NAMED else shown
