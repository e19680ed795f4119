"""The company that crashes: one day of two services, in a folder, at whatever stage of its road.

The day is Sunday 25 October 2026, on which Berlin's clocks go back: a week ends with it, so that every job
has something to do. A stage is made once and copied for each round.
"""

import json
import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import text

from finops import app as building
from finops.app import App, SystemClock
from finops.domain.ports import Clock
from finops.storage import database, dump, migrate
from jobs import runner
from jobs.registry import JOBS
from tests.postgresql import Server
from tests.small_ledger import HOUR, MONDAY, HandClock, SmallLedger, captured, captures, machines

SUNDAY = datetime(2026, 10, 25, tzinfo=UTC)
# The day is over and has settled, and so has its week.
NOW = SUNDAY + timedelta(days=1, hours=3)
# Once its hours have had their time.
EXPIRED = NOW + timedelta(days=1, hours=2)
PROFILED = (1, 20)


@dataclass
class Company:
    """A folder, its database, and what is done with them."""

    folder: Path
    url: str

    @property
    def config(self) -> Path:
        """Its configuration."""
        return self.folder / "config.toml"

    @property
    def log(self) -> Path:
        """What its processes say."""
        return self.folder / "said.log"

    def write(self, now: datetime = NOW) -> None:
        """Write the configuration, the fleet and the index."""
        url = "" if self.url.startswith("sqlite") else self.url  # a file goes where the folder goes
        ledger = SmallLedger(self.folder, start=SUNDAY, url=url, keep="hourly_days = 1")
        ledger.clock = HandClock(now)
        ledger.fleet = list(_fleet())
        first = (SUNDAY - MONDAY) // HOUR
        ledger.index = [row for number in PROFILED for row in captures(first + number)]
        for name in sorted({str(row["path"]) for row in ledger.index}):
            ledger.put(name, captured(name))
        ledger.write()
        text_ = self.config.read_text().replace("lease_seconds = 2", "lease_seconds = 1")
        self.config.write_text(text_)

    def app(self, clock: Clock | None = None) -> App:
        """The configured service; its leases are over, unless another clock is given."""
        app = building.build(self.config, {})
        return replace(app, clock=clock or LaterClock(app.settings.now))

    def drain(self, clock: Clock | None = None) -> None:
        """Looks of all jobs until a whole round found nothing due. RuntimeError if that does not come."""
        app = self.app(clock)
        until = time.monotonic() + 120
        while sum(runner.look(app, job).due for job in JOBS.values()):
            if time.monotonic() > until:
                raise RuntimeError("it is never done")
            time.sleep(0.01)

    def look(self, name: str, clock: Clock | None = None) -> None:
        """Looks of one job until nothing of it is due."""
        app = self.app(clock)
        while runner.look(app, JOBS[name]).due:
            time.sleep(0.01)

    def upgrade(self) -> None:
        """Bring the database to this release's schema."""
        engine = database.connect(self.url)
        migrate.upgrade(engine)
        engine.dispose()

    def dump(self, url: str = "") -> None:
        """Write the canonical dump into a file of the folder."""
        engine = database.connect(url or self.url)
        try:
            with database.sessions(engine, is_reading=True)() as session:
                lines = list(dump.canonical(session))
        finally:
            engine.dispose()
        (self.folder / "dump.jsonl").write_text("".join(f"{line}\n" for line in lines))

    def dumped(self) -> str:
        """The dump that was written last."""
        path = self.folder / "dump.jsonl"
        found = path.read_text() if path.exists() else ""
        path.unlink(missing_ok=True)
        return found

    def at_hand(self) -> list[str]:
        """The jobs of which a run is begun and not over, as the record has it."""
        return [str(row[0]) for row in self.ask("SELECT job FROM job_runs WHERE outcome = 'running'")]

    def outcomes(self) -> dict[str, int]:
        """How many runs ended in each way."""
        found = self.ask("SELECT outcome, count(*) FROM job_runs GROUP BY outcome")
        return {str(outcome): int(str(number)) for outcome, number in found}

    def ask(self, question: str) -> list[tuple[object, ...]]:
        """What the database answers; nothing where it has no tables."""
        engine = database.connect(self.url)
        try:
            with database.sessions(engine, is_reading=True)() as session:
                return [tuple(row) for row in session.execute(text(question))]
        except Exception as error:  # what was killed may have left no table
            if "job_runs" in str(error):
                return []
            raise
        finally:
            engine.dispose()


@dataclass(frozen=True, slots=True)
class LaterClock(SystemClock):
    """A clock an hour on: whatever a dead process had claimed is over, and what failed has rested."""

    def real(self) -> datetime:
        """The machine's time, an hour on."""
        return datetime.now(UTC) + timedelta(hours=1)


@dataclass
class Companies:
    """Where companies are made: each in a folder of its own, on SQLite or on a server."""

    root: Path
    server: Server | None = None
    _stack: ExitStack = field(default_factory=ExitStack)
    _made: int = 0

    @contextmanager
    def copied(self, stage: Company, name: str = "round") -> Iterator[Company]:
        """A copy of a stage, for as long as a round lasts."""
        folder = self.root / name
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(stage.folder, folder)
        if self.server is None:
            yield Company(folder, f"sqlite:///{folder}/finops.db")
            return
        with self.server.copy(stage.url) as url:
            company = Company(folder, url)
            company.config.write_text(company.config.read_text().replace(stage.url, url))
            yield company

    def laid_out(self) -> Company:
        """A company as it begins, with no table in its database."""
        self._made += 1
        folder = self.root / "stages" / f"{self._made}"
        (folder / "profiles").mkdir(parents=True)
        url = f"sqlite:///{folder}/finops.db"
        if self.server is not None:
            url = self._stack.enter_context(self.server.database(empty=True))
        company = Company(folder, url)
        company.write()
        return company

    def close(self) -> None:
        """Drop the databases of the stages."""
        self._stack.close()


def last_editions(dumped: str) -> str:
    """A dump with no report but the last edition of each, whichever number it has."""
    last: dict[tuple[str, str], dict[str, object]] = {}
    kept: list[str] = []
    for text_ in dumped.splitlines():
        line = json.loads(text_)
        if line["table"] != "reports":
            kept.append(text_)
            continue
        key = (line["kind"], line["window_start"])
        if key not in last or int(str(last[key]["version"])) < line["version"]:
            last[key] = line
    kept += [json.dumps(line | {"version": 1}, sort_keys=True) for line in last.values()]
    return "\n".join(kept)


def differs(ours: str, theirs: str) -> str:
    """Where two dumps part, in words; "" if nowhere."""
    if ours == theirs:
        return ""
    mine, other = set(ours.splitlines()), set(theirs.splitlines())
    tables = sorted({json.loads(line)["table"] for line in mine ^ other})
    return (
        f"{len(mine - other)} lines too many, {len(other - mine)} missing, in {', '.join(tables) or 'order'}"
    )


def _fleet() -> Iterator[dict[str, object]]:
    end = "2026-10-26T00:00:00Z"
    yield {
        **machines("shop-checkout", "c5.large", 2, utilisation="0.3", resident_gib="0.5", start="2026-10-24"),
        "to": end,
    }
    yield {**machines("search", "m5.xlarge", 1, start="2026-10-24"), "to": end}
