"""`finops worker`: one of several processes that do what the scheduler has queued."""

import click


@click.command(short_help="Do what the scheduler has queued, until stopped.")
@click.option(
    "--jobs",
    "names",
    metavar="NAME,…",
    help="Only these jobs, by their names with commas between; by default all.",
)
@click.option("--drain", is_flag=True, help="Stop once nothing is queued.")
@click.option(
    "--poll",
    "poll_seconds",
    type=click.FloatRange(min=0.05, max=3600),
    default=2.0,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait before looking again into a queue that was empty.",
)
@click.pass_context
def worker(ctx: click.Context, names: str | None, poll_seconds: float, *, drain: bool) -> None:
    """Do what the scheduler has queued, until stopped; run as many as there are cores, on any machine.

    What is due is for `finops scheduler` to find, so at least one of those runs too. Each piece of work is
    claimed before it is done; told to stop, a worker finishes the one at hand. The configuration, what it
    names (files, folders, back-ends) and the folder of blobs have to be the same wherever a worker runs.
    """
    from finops.cli.main import configured
    from jobs.registry import JOBS
    from jobs.worker import work

    wanted = [name.strip() for name in names.split(",")] if names else list(JOBS)
    work(configured(ctx), wanted, drain=drain, poll_seconds=poll_seconds)
