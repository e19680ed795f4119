"""`finops jobs`: what ran, and how to run it by hand."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import click

from finops.errors import ConfigError, Unavailable

if TYPE_CHECKING:
    from datetime import datetime

    from finops.app import App
    from finops.domain.window import Window

_SHOWN_ERROR = 60
# What was left out: so many runs are shown, each in a line that fits a terminal.
_SHOWN_RUNS, _SHOWN_REASON = 3, 100


@click.group(short_help="The jobs: list, run, backfill.")
def jobs() -> None:
    """The jobs: list, run, backfill."""


@jobs.command("list")
@click.option(
    "--limit", type=click.IntRange(min=1), default=50, show_default=True, help="The latest so many."
)
@click.option("--job", help="Only this job.")
@click.option(
    "--outcome",
    type=click.Choice(["queued", "running", "ok", "failed", "skipped", "lost", "fenced"]),
    help="Only runs that ended so, or have not.",
)
@click.option("--json", "as_json", is_flag=True, help="As JSON, with whole messages.")
@click.pass_context
def list_(ctx: click.Context, limit: int, job: str | None, outcome: str | None, *, as_json: bool) -> None:
    """List the latest runs: job, window, scope, attempt, outcome, counts, error."""
    from finops.cli.main import configured
    from finops.cli.shown import echo_json, harmless, table
    from finops.domain.window import moment_text
    from finops.storage import runs
    from jobs.registry import named

    if job is not None:
        named(job)  # a job that is none has no runs, which would look as if it never ran
    with configured(ctx).readers() as session:
        found = runs.recent(session, limit, job=job, outcome=runs.Outcome(outcome) if outcome else None)
    if as_json:
        echo_json(
            [
                {
                    "job": run.job,
                    "window": {"start": moment_text(run.window.start), "end": moment_text(run.window.end)},
                    "scope": run.scope,
                    "attempt": run.attempt,
                    "outcome": run.outcome,
                    "worker": run.worker,
                    "started": moment_text(run.started_at) if run.has_begun else None,
                    "finished": moment_text(run.finished_at) if run.finished_at else None,
                    "counts": dict(run.counts),
                    "error": run.error,
                }
                for run in found
            ]
        )
        return
    rows = [
        [
            moment_text(run.started_at.replace(microsecond=0)) if run.has_begun else "",
            run.job,
            str(run.window),
            harmless(run.scope),
            str(run.attempt),
            run.outcome,
            " ".join(f"{name}={count}" for name, count in run.counts.items()),
            harmless(run.error)[:_SHOWN_ERROR],
        ]
        for run in found
    ]
    heads = ["started", "job", "window", "scope", "attempt", "outcome", "counts", "error"]
    click.echo(table(heads, rows, left=[0, 1, 2, 3, 5, 6, 7]))


@jobs.command("run")
@click.argument("name")
@click.option("--window", "text", help="Only work that overlaps it; by default all that is due.")
@click.option(
    "--plan", is_flag=True, help="Say what it would do, and of `expire` what it would delete; do nothing."
)
@click.pass_context
def run_(ctx: click.Context, name: str, text: str | None, *, plan: bool) -> None:
    """Run one job now, for whatever it has due (see `finops jobs list`)."""
    if plan:
        click.echo("\n".join(_plan(ctx, name, text)))
    else:
        _run(ctx, [name], text, title=name)


@jobs.command()
@click.option(
    "--window", "text", required=True, help="The span to fill, as 2026-11-02/2026-11-09 or 2026-W45."
)
@click.pass_context
def backfill(ctx: click.Context, text: str) -> None:
    """Fill a span of the past: every job, in order, with a progress bar."""
    from jobs.registry import JOBS

    _run(ctx, list(JOBS), text, title="backfill")


def _plan(ctx: click.Context, name: str, text: str | None) -> Iterator[str]:
    """What a job has due, each piece of work in a line; what `expire` would delete, in counts."""
    from finops.cli.main import configured
    from finops.cli.shown import counted, harmless
    from jobs import expire, runner
    from jobs.registry import named

    app, job = configured(ctx), named(name)
    due = runner.pending(app, job, _window(app, text) if text else None)
    yield f"{name}: {len(due)} due"
    yield from (f"  {work.key.window} {harmless(work.key.scope)}" for work in due)
    if isinstance(job, expire.Expire):
        what = expire.planned(app)
        yield f"{counted(what['charge_hours'], 'hourly charge')} would become"
        yield f"  {counted(what['charge_days'], 'daily sum')} of the same money"
        yield f"{counted(what['raw_profiles'], 'reference')} to raw profiles would be deleted"
        yield f"{counted(what['blobs'], 'raw profile')} that nothing refers to would be deleted"
        yield f"{counted(what['job_runs'], 'record')} of runs would be deleted"


def _run(ctx: click.Context, names: list[str], text: str | None, title: str) -> None:
    from rich.console import Console
    from rich.progress import MofNCompleteColumn, Progress, TaskID, TimeRemainingColumn

    from finops.cli.main import configured
    from jobs import runner
    from jobs.registry import named

    app = configured(ctx)
    window = _window(app, text) if text else None

    def shown(task: TaskID) -> Callable[[int, int], None]:
        return lambda done, whole: bar.update(task, completed=done, total=whole)

    failed = 0
    console = Console(stderr=True)
    with Progress(
        *Progress.get_default_columns()[:2], MofNCompleteColumn(), TimeRemainingColumn(), console=console
    ) as bar:
        for name in names:
            job = named(name)
            task = bar.add_task(name, total=None)
            began = app.clock.real()
            summary = runner.look(app, job, window, shown(task))
            bar.update(task, completed=summary.due, total=summary.due)
            head, *lines = _left_out(app, name, summary.due, began)
            click.echo("\n".join([f"{name}: {summary}{head}", *lines]))
            failed += summary.failed
    if failed:
        raise Unavailable(f"{title}: {failed} runs failed; see `finops jobs list --outcome failed`")


def _window(app: "App", text: str) -> "Window":
    """The window of some words; what of it is nobody's work is said."""
    from finops.domain.window import hour_of, moment_text, parse_window

    now, start = app.clock.now(), app.settings.ledger.start
    try:
        window = parse_window(text, now)
    except ValueError as error:
        raise ConfigError(f"--window: {error}") from error
    why = ""
    if hour_of(window.start).end > now:
        why = f"no hour of it has ended: it is {moment_text(now)}"
    elif start is not None and window.end <= start:
        why = f"the ledger starts after it: ledger.start is {moment_text(start)}"
    elif start is not None and window.start < start:
        why = f"its hours before ledger.start, {moment_text(start)}, are left out"
    if why:
        click.echo(f"--window: {window}: {why}", err=True)
    return window


def _left_out(app: "App", name: str, due: int, began: "datetime") -> Iterator[str]:
    """How many profiles the runs of this look refused, for the end of its line; then why, a line a run."""
    from finops.cli.shown import counted, cut, harmless
    from finops.storage import runs
    from jobs.runner import worker_name

    found = []
    if due:
        with app.readers() as session:
            own = [run for run in runs.recent(session, due, job=name) if run.worker == worker_name()]
        found = [run for run in own[::-1] if run.started_at >= began and run.counts.get("refused")]
    refused = sum(run.counts["refused"] for run in found)
    yield f"; {counted(refused, 'profile')} refused" if refused else ""
    for run in found[:_SHOWN_RUNS]:
        yield f"  {run.window} {cut(harmless(f'{run.scope}: {run.error}'), _SHOWN_REASON)}"
    if refused:
        more = (
            f"and of {counted(len(found) - _SHOWN_RUNS, 'run more', 'runs more')}; "
            if len(found) > _SHOWN_RUNS
            else ""
        )
        yield f"  {more}whole messages: `finops jobs list --job {name} --json`"
