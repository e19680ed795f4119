"""`finops jobs`: what ran, and how to run it by hand."""

from collections.abc import Callable

import click

from finops.errors import ConfigError, Unavailable

_SHOWN_ERROR = 60


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
    type=click.Choice(["running", "ok", "failed", "skipped", "lost", "fenced"]),
    help="Only runs that ended so.",
)
@click.option("--json", "as_json", is_flag=True, help="As JSON, with whole messages.")
@click.pass_context
def list_(ctx: click.Context, limit: int, job: str | None, outcome: str | None, *, as_json: bool) -> None:
    """List the latest runs: job, window, scope, attempt, outcome, counts, error."""
    from finops.cli.main import configured
    from finops.cli.shown import echo_json, harmless, table
    from finops.domain.window import moment_text
    from finops.storage import runs

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
                    "started": moment_text(run.started_at),
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
            moment_text(run.started_at.replace(microsecond=0)),
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
@click.pass_context
def run_(ctx: click.Context, name: str, text: str | None) -> None:
    """Run one job now, for whatever it has due (see `finops jobs list`)."""
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


def _run(ctx: click.Context, names: list[str], text: str | None, title: str) -> None:
    from rich.console import Console
    from rich.progress import MofNCompleteColumn, Progress, TaskID, TimeRemainingColumn

    from finops.cli.main import configured
    from finops.domain.window import parse_window
    from jobs import runner
    from jobs.registry import named

    app = configured(ctx)
    try:
        window = parse_window(text, app.clock.now()) if text else None
    except ValueError as error:
        raise ConfigError(f"--window: {error}") from error

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
            summary = runner.look(app, job, window, shown(task))
            bar.update(task, completed=summary.due, total=summary.due)
            click.echo(f"{name}: {summary}")
            failed += summary.failed
    if failed:
        raise Unavailable(f"{title}: {failed} runs failed; see `finops jobs list --outcome failed`")
