"""What is killed: from which stage, doing what, and how it is brought to its end afterwards.

Whoever finishes does what the product's own scheduler and commands do, an hour later: leases are over.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.crash_company import EXPIRED, Companies, Company
from benchmarks.crash_process import command, duration
from finops import app as building
from finops.app import SystemClock
from finops.storage import backup, database, migrate
from jobs import runner
from jobs.registry import JOBS

Act = Callable[[], object]

# The oldest schema that a database of today's data goes back to.
_OLDEST = "0001"
_BACKUP = "ledger.tar.zst"
# What is due though nothing is stored yet.
_FIRST = ("refresh_prices", "collect_fleet", "collect_profiles")


@dataclass(frozen=True)
class Kind:
    """One kind of process to kill."""

    name: str
    stage: Callable[[Company], object]
    victim: Callable[[Company], Act]
    finish: Callable[[Company], object]
    on: Sequence[str] = ("sqlite", "postgresql")


def kinds() -> list[Kind]:
    """All that is killed: each job, all of them, the scheduler, a worker, a migration, backup and restore."""
    each = [Kind(name, _before(name), _looking(name), _finish) for name in JOBS if name != "expire"]
    return [
        *each,
        Kind("expire", _expiring, _looking("expire"), _expire),
        Kind("all jobs", Company.upgrade, lambda company: lambda: company.drain(own_clock(company)), _finish),
        Kind("scheduler", Company.upgrade, _commanded("scheduler", "--drain"), _finish),
        Kind("worker", _queued, _commanded("worker", "--drain"), _finish),
        Kind("db upgrade", _old, _commanded("db", "upgrade"), _upgrade),
        Kind("backup", _drained, _backing_up, _restore_elsewhere, on=("sqlite",)),
        Kind("restore", _empty_with_backup, _restoring, _restore, on=("sqlite",)),
    ]


def staged(companies: Companies, kind: Kind) -> Company:
    """A company at the stage at which a kind begins."""
    company = companies.laid_out()
    duration(lambda: kind.stage(company), company.log)
    return company


def own_clock(company: Company) -> SystemClock:
    """The clock of whoever is to be killed: its leases are over for those who come an hour later."""
    return SystemClock(building.build(company.config, {}).settings.now)


def finished(kind: Kind, company: Company) -> Act:
    """Bring a company to its end, and write its dump."""

    def act() -> None:
        kind.finish(company)

    return act


def _finish(company: Company) -> None:
    company.drain()
    company.dump()


def _before(name: str) -> Callable[[Company], object]:
    names = list(JOBS)

    def stage(company: Company) -> None:
        company.upgrade()
        app = company.app()
        while sum(runner.look(app, JOBS[each]).due for each in names[: names.index(name)]):
            pass

    return stage


def _looking(name: str) -> Callable[[Company], Act]:
    return lambda company: lambda: company.look(name, own_clock(company))


def _commanded(*words: str) -> Callable[[Company], Act]:
    return lambda company: command(company.config, *words)


def _drained(company: Company) -> None:
    company.upgrade()
    company.drain()


def _expiring(company: Company) -> None:
    _drained(company)
    company.write(EXPIRED)


def _expire(company: Company) -> None:
    company.look("expire")
    company.dump()


def _queued(company: Company) -> None:
    company.upgrade()
    app = company.app()
    for name in _FIRST:
        runner.look(app, JOBS[name], is_over=lambda: True)


def _old(company: Company) -> None:
    _drained(company)
    engine = database.connect(company.url)
    migrate.downgrade(engine, _OLDEST)
    engine.dispose()


def _upgrade(company: Company) -> None:
    company.upgrade()
    engine = database.connect(company.url)
    migrate.check(engine)
    engine.dispose()
    company.dump()


def _backing_up(company: Company) -> Act:
    return command(company.config, "backup", str(company.folder / _BACKUP))


def _restore_elsewhere(company: Company) -> None:
    """What lies under the backup's name is whole; where nothing does, it is made again."""
    file, target = company.folder / _BACKUP, company.folder / "restored.db"
    app = company.app()
    if not file.exists():
        backup.write(company.url, app.blobs, file, app.clock.real())
    backup.restore(file, f"sqlite:///{target}", app.blobs)
    company.dump(f"sqlite:///{target}")


def _empty_with_backup(company: Company) -> None:
    _drained(company)
    app, file = company.app(), company.folder / _BACKUP
    backup.write(company.url, app.blobs, file, app.clock.real())
    for suffix in ("", "-wal", "-shm"):
        Path(f"{company.folder / 'finops.db'}{suffix}").unlink(missing_ok=True)
    company.upgrade()


def _restoring(company: Company) -> Act:
    return command(company.config, "restore", str(company.folder / _BACKUP), "--force")


def _restore(company: Company) -> None:
    backup.restore(company.folder / _BACKUP, company.url, company.app().blobs, force=True)
    company.dump()
