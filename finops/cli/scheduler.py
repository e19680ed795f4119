"""`finops scheduler`: the clock that lets every job look for work."""

import click


@click.command(short_help="Run the jobs by their crons, until stopped.")
@click.option(
    "--drain",
    is_flag=True,
    help="Work at once, whatever the crons say, and stop once a whole round of the jobs found nothing due.",
)
@click.pass_context
def scheduler(ctx: click.Context, *, drain: bool) -> None:
    """Run the jobs by their crons, until stopped; run as a process of its own.

    What is due is queued, and done here or by any `finops worker`. Two of them on one database are harmless:
    each piece of work is claimed before it is done.
    """
    from finops.cli.main import configured
    from jobs.service import serve

    serve(configured(ctx), drain=drain)
