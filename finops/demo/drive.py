"""Drives the real thing over the laid-out folder: scheduler, jobs, API. No step of its own."""

import json
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from finops import app as building
from finops.demo.layout import lay_out
from finops.domain.window import WEEK, week_of
from finops.errors import FinopsError
from finops.reports import text, weekly, weekly_page
from finops.storage import database, migrate, runs
from jobs import service
from jobs.registry import JOBS

_ADDRESS = re.compile(r"http://127\.0\.0\.1:[0-9]+")


def drive(folder: Path) -> Iterator[str]:
    """Lay out, run until nothing is due, fetch the report from the API; a line for each step.

    Raises:
        FinopsError: a run failed, or the scheduler was stopped before it was done.
    """
    lay_out(folder)
    yield f"{folder}/config.toml, fleet.csv, profiles/: three weeks laid out from real captures"
    app = building.build(folder / "config.toml")
    migrate.upgrade(database.connect(app.settings.database.url))
    yield "the scheduler runs every job until nothing is due"
    if not service.serve(app, drain=True):
        raise FinopsError("stopped before everything was done; the next run goes on from here")
    with app.readers() as session:
        failed = [run for job in JOBS for run in runs.failures(session, job).values()]
        build = partial(weekly.build, session, currency=app.settings.ledger.currency)
        week = week_of(app.clock.now() - WEEK)
        report, before = build(week), build(week.before())
    if failed:
        raise FinopsError(f"{failed[0].job} {failed[0].window} failed: {failed[0].error}")
    (folder / "weekly.txt").write_text(text.weekly(report))
    (folder / "weekly.html").write_text(weekly_page.render(report, before), encoding="utf-8")
    (folder / "weekly.json").write_text(
        json.dumps(_asked(folder / "config.toml", "reports/weekly?window=lastweek"), indent=2) + "\n"
    )
    yield ""
    yield text.weekly(report).rstrip()
    yield ""
    yield f"{folder}/weekly.txt, and as the API gave it {folder}/weekly.json"
    yield f"look around: finops --config {folder}/config.toml report weekly --window 2026-W45"
    yield f"the report to look at: {folder / 'weekly.html'}"


def _asked(config: Path, path: str) -> object:
    """What `finops serve` answers, over a real socket on loopback."""
    command = [sys.executable, "-m", "finops.cli.main", "--config", str(config), "serve", "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as serving:  # noqa: S603 (our own)
        try:
            said = serving.stderr.readline() if serving.stderr else ""
            if not (where := _ADDRESS.search(said)):
                raise FinopsError(f"finops serve did not start: {said.strip()}")
            # A proxy that the environment names leads elsewhere.
            opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            with opener.open(f"{where[0]}/api/v1/{path}", timeout=60) as reply:
                answer: object = json.load(reply)
        finally:
            serving.terminate()
    return answer
