"""What commands share when they print."""

from collections.abc import Mapping, Sequence
from typing import Any

import click

from finops.reports.shown import as_json, counted, cut, dollars, harmless, sized, table

__all__ = ["counted", "cut", "dollars", "echo_json", "harmless", "sized", "table"]


def echo_json(document: Mapping[str, Any] | Sequence[Any]) -> None:
    """Print a document as JSON."""
    click.echo(as_json(document))
