"""Each check over facts that are written down: what it says, and that it is silent where all is well."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from finops.config import Mistake
from finops.domain.charge import ChargeKind
from finops.domain.money import Money
from finops.domain.window import DAY, HOUR, Window, day_of
from finops.reports.doctor import Finding, Level, diagnose
from finops.reports.doctor_facts import Configured, Facts, Stored
from finops.storage.charge_sums import ChargeSum
from finops.storage.runs import Outcome, Run
from finops.storage.vitals import Reached

NOW = datetime(2026, 11, 10, 12, 30, tzinfo=UTC)
HOUR_AGO = NOW - HOUR
JOBS = ("refresh_prices", "collect_fleet", "collect_profiles", "attribute_costs", "expire")


def paid(amount: str | None, kind: ChargeKind = ChargeKind.USED, service: str = "shop") -> ChargeSum:
    return ChargeSum(
        group=(service, "cpu", kind.value),
        currency="USD",
        quantity=1,
        amount=None if amount is None else Money.of(amount),
        unpriced_charges=0,
        unpriced_quantity=0,
        is_estimate=False,
        is_provisional=False,
    )


def facts(configured: dict[str, object] | None = None, **stored: object) -> Facts:
    """A service of which all is well, but for what a test says."""
    well = Stored(
        window=Window(day_of(NOW).start - 7 * DAY, day_of(NOW).end),
        last_ok=dict.fromkeys(JOBS, HOUR_AGO),
        done_until={("collect_fleet", "vms"): HOUR_AGO, ("collect_profiles", "parca"): HOUR_AGO},
        reached=Reached(HOUR_AGO, 2, NOW - 3 * HOUR),
        machines_until={"vms": HOUR_AGO},
        profiles_until={"parca": HOUR_AGO},
        prices_as_of={"aws": NOW - 30 * DAY},
        charges=[paid("100")],
        coverage={"shop": Decimal("0.9")},
        unsymbolised={"shop": Decimal("0.01")},
    )
    named = Configured(services=["shop"], fleets=["vms"], sources=["parca"], price_lists=["aws"])
    return Facts(
        now=NOW,
        real=NOW,
        configured=replace(named, **configured or {}),  # type: ignore[arg-type]
        stored=replace(well, **stored),  # type: ignore[arg-type]
    )


def failed(job: str, error: str) -> Run:
    window = Window(NOW - HOUR, NOW)
    return Run(job, window, "vms", 1, "host:1", Outcome.FAILED, "f", NOW, NOW, NOW, NOW, {}, error)


def test_where_all_is_well_nothing_is_said() -> None:
    assert diagnose(facts()) == []


@pytest.mark.parametrize(
    ("found", "subject", "words"),
    [
        (facts({"mistakes": [Mistake("api.port", "is no port")]}), "configuration", "api.port: is no port"),
        (facts({"fleets": []}), "configuration", "no fleet is configured"),
        (facts({"sources": []}), "configuration", "no profile source is configured"),
        (facts({"price_lists": []}), "configuration", "no price list is configured"),
        (facts(last_ok={}), "jobs", "no job has ever run"),
        (facts(last_ok=dict.fromkeys(JOBS[:-1], HOUR_AGO)), "jobs", "expire has never run"),
        (
            facts(last_ok=dict.fromkeys(JOBS, HOUR_AGO) | {"refresh_prices": NOW - 3 * DAY}),
            "jobs",
            "refresh_prices since 2026-11-07T12:30:00Z has not run",
        ),
        (
            facts(done_until={("collect_fleet", "vms"): HOUR_AGO}),
            "jobs",
            "collect_profiles has never done an hour of 'parca'",
        ),
        (
            facts(
                done_until={("collect_fleet", "vms"): HOUR_AGO, ("collect_profiles", "parca"): NOW - 5 * HOUR}
            ),
            "jobs",
            "collect_profiles is behind: 'parca' was last asked about the hour before 2026-11-10T07:30:00Z",
        ),
        (
            facts(failures=[failed("collect_fleet", "vms is down"), failed("collect_fleet", "earlier")]),
            "jobs",
            f"2 pieces of work of collect_fleet failed; {Window(HOUR_AGO, NOW)} vms: vms is down",
        ),
        (facts(machines_until={}), "fleet", "'vms' has never had a machine"),
        (
            facts(profiles_until={"parca": NOW - 9 * DAY}),
            "source",
            "'parca' has had no profile since 2026-11-01",
        ),
        (facts(refused_profiles=3), "profiles", "3 profiles were refused in seven days"),
        (
            facts(charges=[paid("100"), paid("7", service="batch")], unclaimed=["batch", "gone"]),
            "services",
            "1 name claimed by no service, with $7.00: batch",
        ),
        (facts(without_machines=["web"]), "services", "profiles, but no machines, of web"),
        (facts(unpriced=[("rack-7", "here")]), "prices", "no price is known of rack-7 in here"),
        (
            facts(held={"shop": ["more was used than paid for: measure"]}),
            "ledger",
            "hours of shop are held: more",
        ),
        (facts(reached=Reached(HOUR_AGO, 40, NOW - 2 * DAY)), "ledger", "40 hours may still change"),
    ],
)
def test_what_needs_doing_is_said_with_what_to_do(found: Facts, subject: str, words: str) -> None:
    (finding,) = diagnose(found)

    assert (finding.subject, finding.level) == (subject, Level.TODO)
    assert words in finding.what
    assert finding.remedy


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (facts({"services": []}), "no service is declared"),
        (facts({"is_pinned": True}), "the clock is pinned"),
        (facts(prices_as_of={"catalogue": NOW - 200 * DAY}), "the prices of catalogue are of 2026-04-24"),
        (
            facts(charges=[paid("60"), paid("30", ChargeKind.NO_PROFILE), paid("10", ChargeKind.IDLE)]),
            "30% of the cpu cost of shop is no_profile: $30.00",
        ),
        (facts(coverage={"shop": Decimal("0.012")}), "the profiles of shop cover 1.2% of the time"),
        (
            facts(unsymbolised={"shop": Decimal("0.4")}),
            "40% of the CPU cost of shop is in frames without a name",
        ),
    ],
)
def test_why_a_number_is_small_is_a_note(found: Facts, words: str) -> None:
    (finding,) = diagnose(found)

    assert finding.level is Level.NOTE
    assert words in finding.what
    assert finding.remedy


@pytest.mark.parametrize(
    ("amounts", "words"),
    [
        ([None], "1 name claimed by no service, and no price is known of them: job-0"),
        (["7", None], "2 names claimed by no service, with $7.00, 1 of them without a price: job-0, job-1"),
    ],
)
def test_a_name_without_a_price_costs_not_nothing(amounts: list[str | None], words: str) -> None:
    charges = [paid(amount, service=f"job-{at}") for at, amount in enumerate(amounts)]
    found = diagnose(facts(charges=charges, unclaimed=[f"job-{at}" for at in range(len(amounts))]))

    assert words in [each.what for each in found]


def test_a_price_that_the_configuration_states_is_of_no_age() -> None:
    assert diagnose(facts(prices_as_of={"fixed": NOW - 900 * DAY})) == []


def test_by_a_pinned_clock_no_job_is_late() -> None:
    late = facts({"is_pinned": True}, last_ok=dict.fromkeys(JOBS, NOW - timedelta(days=900)))

    assert [finding.subject for finding in diagnose(late)] == ["configuration"]


def test_of_a_database_that_cannot_be_read_only_the_reason_is_said() -> None:
    found = diagnose(replace(facts(), stored=None, unreadable="it is locked"))

    assert found == [Finding("database", Level.TODO, "it is locked", found[0].remedy)]


def test_many_names_are_counted() -> None:
    names = [f"job-{number}" for number in range(9)]
    found = facts(charges=[paid("1", service=name) for name in names], unclaimed=names)

    assert diagnose(found)[0].what.endswith("job-0, job-1, job-2, job-3, job-4 and 4 more")
