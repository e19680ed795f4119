"""`finops prices rates`: rates of exchange by day, for showing amounts in another currency."""

import csv
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

import click

from finops.errors import BrokenInput

if TYPE_CHECKING:
    from finops.storage.fx_rates import FxRate

_MAX_BYTES = 64 << 20
_LONGEST = 24


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--base", metavar="CUR", default="EUR", show_default=True, help="One unit of what is rated.")
@click.option("--source", metavar="S", default="ecb", show_default=True, help="Whose rates they are.")
@click.pass_context
def rates(ctx: click.Context, file: Path, base: str, source: str) -> None:
    """Store rates from a CSV as the European Central Bank publishes it: Date, then a column a currency.

    They show amounts (`finops prices show --in CNY`). Nothing in the ledger is converted.
    """
    from finops.cli.main import configured
    from finops.storage import fx_rates

    app = configured(ctx)
    read = _read(file, base, source)
    with app.sessions.begin() as session:
        stored = fx_rates.record(session, read, app.clock.real())
    click.echo(f"{stored:,} rates of {base} from {source}")


def _read(file: Path, base: str, source: str) -> "list[FxRate]":
    with file.open("rb") as opened:
        data = opened.read(_MAX_BYTES + 1)
    if len(data) > _MAX_BYTES:
        raise BrokenInput(f"{file}: larger than {_MAX_BYTES} bytes")
    try:
        return list(_rows(data.decode("utf-8-sig"), file, base, source))
    except (UnicodeDecodeError, csv.Error) as error:
        raise BrokenInput(f"{file}: this is no table of rates: {error}") from None


def _rows(text: str, file: Path, base: str, source: str) -> "Iterator[FxRate]":
    from finops.domain.window import parse_moment
    from finops.storage.fx_rates import FxRate

    rows = csv.reader(StringIO(text, newline=""))
    heads = [head.strip() for head in next(rows, [])]
    if heads[:1] != ["Date"] or not all(len(head) == 3 for head in heads[1:] if head):  # noqa: PLR2004
        raise BrokenInput(f"{file}: the first line is not Date and a currency a column, as Date,USD,CNY")
    for row in rows:
        if not row:
            continue
        try:
            day = parse_moment(row[0].strip())
            for quote, cell in zip(heads[1:], row[1:], strict=True):
                if quote and cell.strip() not in ("", "N/A"):
                    yield FxRate(base, quote, day, _rate(cell.strip()), source)
        except (ValueError, InvalidOperation) as error:
            raise BrokenInput(f"{file}: line {rows.line_num}: {error}") from None


def _rate(text: str) -> Decimal:
    if len(text) > _LONGEST or set(text) - set("0123456789."):
        raise ValueError(f"{text[:_LONGEST]!r} is no rate")
    return Decimal(text)
