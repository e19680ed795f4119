"""`finops doctor`: what needs doing, and why a number is small."""

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from pathlib import Path

    from finops.reports.doctor import Finding
    from finops.reports.doctor_facts import Facts


@click.command(short_help="What needs doing, and why a number is small.")
@click.option("--json", "as_json", is_flag=True, help="As JSON: what there is, and every finding.")
@click.pass_context
def doctor(ctx: click.Context, *, as_json: bool) -> None:
    """Say what needs doing, and why a number is small, each with what to do about it.

    It looks at the configuration and at the last seven days of the ledger, asks nothing over a network but
    the database, and changes nothing. Exit code 1 if something needs doing, 0 if there are only notes.
    """
    from finops.cli.main import EXIT_FAILED, named
    from finops.cli.shown import echo_json
    from finops.reports.doctor import Level, diagnose

    facts = _facts(named(ctx))
    found = diagnose(facts)
    if as_json:
        echo_json(_document(facts, found))
    else:
        click.echo("\n".join(_lines(facts, found)))
    ctx.exit(EXIT_FAILED if any(each.level is Level.TODO for each in found) else 0)


def _facts(path: "Path") -> "Facts":
    from finops import app as building
    from finops import logs
    from finops.errors import FinopsError
    from finops.reports import doctor_facts
    from jobs.registry import JOBS

    logs.configure()
    app, mistakes = building.examine(path)
    named = doctor_facts.configured(
        app.settings,
        mistakes,
        fleets=[fleet.name for fleet in app.fleets],
        sources=[source.name for source in app.sources],
        price_lists=[scope.name for scope in app.price_scopes],
    )
    stored, unreadable = None, ""
    try:
        with app.readers() as session:
            stored = doctor_facts.stored(session, app.registry, app.clock.now(), list(JOBS))
    except FinopsError as error:
        unreadable = str(error)
    return doctor_facts.Facts(app.clock.now(), app.clock.real(), named, stored, unreadable)


def _document(facts: "Facts", found: "list[Finding]") -> dict[str, Any]:
    from finops.domain.window import moment_text

    named, stored = facts.configured, facts.stored
    until = stored.reached.until if stored else None
    return {
        "configured": {
            "services": len(named.services),
            "fleets": list(named.fleets),
            "sources": list(named.sources),
            "price_lists": list(named.price_lists),
        },
        "ledger_until": moment_text(until) if until else None,
        "provisional_hours": stored.reached.provisional_hours if stored else None,
        "findings": [
            {"subject": each.subject, "level": each.level, "what": each.what, "remedy": each.remedy}
            for each in found
        ],
    }


def _lines(facts: "Facts", found: "list[Finding]") -> list[str]:
    from finops.cli.shown import counted, harmless
    from finops.domain.window import moment_text
    from finops.reports.doctor import Level

    named, stored = facts.configured, facts.stored
    there = [
        counted(len(named.services), "service"),
        counted(len(named.fleets), "fleet"),
        counted(len(named.sources), "profile source"),
        counted(len(named.price_lists), "price list"),
    ]
    lines = [f"configured: {', '.join(there)}"]
    if stored is not None and stored.reached.until is not None:
        lines.append(
            f"ledger: until {moment_text(stored.reached.until)},"
            f" {counted(stored.reached.provisional_hours, 'hour')} may still change"
        )
    for level in Level:
        for each in found:
            if each.level is level:
                lines += [
                    f"{level}  {each.subject}: {harmless(each.what)}",
                    f"      → {harmless(each.remedy)}",
                ]
    if not any(each.level is Level.TODO for each in found):
        lines.append("nothing needs doing")
    return lines
