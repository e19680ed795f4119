"""Drives the real thing over the laid-out folder: scheduler, jobs, API. No step of its own."""

import json
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from finops import app as building
from finops.api import server
from finops.app import App
from finops.demo.layout import lay_out
from finops.domain.window import WEEK, week_of
from finops.errors import FinopsError
from finops.reports import text, weekly
from finops.storage import database, migrate, runs
from finops.storage.runs import Outcome
from jobs import service


def drive(folder: Path) -> Iterator[str]:
    """Lay out, run until nothing is due, fetch the report from the API; a line for each step.

    Raises:
        FinopsError: a run failed.
    """
    lay_out(folder)
    yield f"{folder}/config.toml, fleet.csv, profiles/: three weeks laid out from real captures"
    app = building.build(folder / "config.toml")
    migrate.upgrade(database.connect(app.settings.database.url))
    yield "the scheduler runs every job until nothing is due"
    service.serve(app, drain=True)
    with app.readers() as session:
        failed = runs.recent(session, 1, outcome=Outcome.FAILED)
        report = weekly.build(session, week_of(app.clock.now() - WEEK), currency=app.settings.ledger.currency)
    if failed:
        raise FinopsError(f"{failed[0].job} {failed[0].window} failed: {failed[0].error}")
    (folder / "weekly.txt").write_text(text.weekly(report))
    (folder / "weekly.json").write_text(
        json.dumps(_asked(app, "reports/weekly?window=lastweek"), indent=2) + "\n"
    )
    yield ""
    yield text.weekly(report).rstrip()
    yield ""
    yield f"{folder}/weekly.txt, and as the API gave it {folder}/weekly.json"
    yield f"look around: finops --config {folder}/config.toml report weekly --window 2026-W45"


def _asked(app: App, path: str) -> object:
    """What the API answers, over a real socket on loopback."""
    listening = server.listen(app, port=0)
    threading.Thread(target=listening.run, name="api", daemon=True).start()
    url = f"http://{listening.effective_host}:{listening.effective_port}/api/v1/{path}"
    with urllib.request.urlopen(url, timeout=60) as reply:
        answer: object = json.load(reply)
    listening.close()
    return answer
