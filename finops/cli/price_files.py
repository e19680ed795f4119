"""`finops prices import` and `finops prices export`: price lists as files."""

from pathlib import Path

import click

from finops.cli.price_words import moment
from finops.errors import GateRefused, NotFound

_SHOWN = 200


@click.command("import")
@click.argument(
    "files",
    metavar="FILE...",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)
@click.option("--region", metavar="R", help="Of an offer file of AWS, only this region.")
@click.option("--observed-at", metavar="T", help="When it was looked at, where the file does not say.")
@click.option("--accept", "is_accepted", is_flag=True, help="Let in what would be held as unlikely, too.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_context
def import_(
    ctx: click.Context,
    files: tuple[Path, ...],
    region: str | None,
    observed_at: str | None,
    *,
    is_accepted: bool,
    as_json: bool,
) -> None:
    """Read price lists from FILEs: snapshots of `export`, and AWS's public offer files (CSV or JSON).

    Every list passes the same gates as one that was fetched. Files may come in any order: a list of an
    earlier day corrects the past, and what was known before it is kept.
    """
    from rich.console import Console
    from rich.progress import MofNCompleteColumn, Progress

    from finops.cli.main import configured
    from finops.cli.shown import echo_json
    from finops.storage.price_imports import Cache
    from jobs.price_files import lists_in
    from jobs.price_imports import Imported, import_list

    app = configured(ctx)
    at = moment(observed_at, "--observed-at")
    ended: list[tuple[Path, Imported]] = []
    cache: Cache = {}
    with Progress(
        *Progress.get_default_columns()[:2], MofNCompleteColumn(), console=Console(stderr=True)
    ) as bar:
        task = bar.add_task("prices", total=len(files))
        for path in files:
            for listed, left_out in lists_in(path, region=region, observed_at=at):
                made = import_list(
                    app,
                    listed,
                    origin=path.name,
                    left_out=left_out,
                    cache=cache,
                    accept=is_accepted,
                )
                ended.append((path, made))
            bar.advance(task)
    if as_json:
        echo_json([_document(path, each) for path, each in ended])
    else:
        for path, each in ended:
            click.echo(_line(path, each))
    refused = [each for _, each in ended if not each.is_in]
    if refused:
        raise GateRefused(f"{len(refused)} of {len(ended)} lists were not let in; see `finops prices status`")


@click.command()
@click.option("--cloud", metavar="C", default="aws", show_default=True, help="Of this cloud.")
@click.option("--region", metavar="R", required=True, help="Of this region.")
@click.option("--source", metavar="S", help="Of this list, where a region has several.")
@click.option("--at", "text", metavar="T", help="The prices of then; else those of now.")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Where to; else to the console.",
)
@click.pass_context
def export(
    ctx: click.Context, cloud: str, region: str, source: str | None, text: str | None, out: Path | None
) -> None:
    """Write the prices of one list and moment as a snapshot that `import` reads."""
    from finops.cli.main import configured
    from finops.cli.shown import harmless
    from finops.formats import price_list
    from finops.storage import prices
    from jobs.price_files import snapshot

    app = configured(ctx)
    at = moment(text, "--at") or app.clock.now()
    with app.readers() as session:
        stored = prices.current(session, cloud=cloud, region=region, source=source)
    sources = sorted({price.source for price in stored})
    if not stored:
        raise NotFound(f"no price of {cloud} {region} is stored; see `finops prices status`")
    if len(sources) > 1:
        raise click.UsageError(f"{region} has several lists: give --source, one of {', '.join(sources)}")
    listed = snapshot(stored, at)
    if not listed.prices:
        raise NotFound(f"no price of {sources[0]} {region} was in force at {at:%Y-%m-%d}")
    data = price_list.write(listed)
    if out is None:
        click.echo(data.decode(), nl=False)
    else:
        out.write_bytes(data)
        click.echo(
            f"{harmless(str(out))}: {len(listed.prices)} prices of {listed} at {at:%Y-%m-%dT%H:%M:%SZ}"
        )


def _document(path: Path, each: object) -> dict[str, object]:
    from jobs.price_imports import Imported

    assert isinstance(each, Imported)  # noqa: S101 (named only for its type)
    made = each.made
    return {
        "file": str(path),
        "import": made.id,
        "source": made.source,
        "region": made.region,
        "observed_at": made.observed_at.isoformat().replace("+00:00", "Z"),
        "status": made.status,
        "prices": made.rows,
        "reasons": made.reasons,
        "left_out": made.left_out,
        **each.counts,
    }


def _line(path: Path, each: object) -> str:
    from finops.cli.shown import harmless

    said = _document(path, each)
    names = [name for name in ("new", "changed", "unchanged", "withdrawn") if name in said]
    counts = " ".join(f"{name}={said[name]}" for name in names)
    is_in = said["status"] in ("admitted", "accepted")
    why = "" if is_in else f": {harmless(str(said['reasons']))[:_SHOWN]}"
    what = f"{said['source']} {said['region']} of {said['observed_at']}"
    return f"{harmless(path.name)}: {harmless(what)} {said['status']} {counts}{why}"
