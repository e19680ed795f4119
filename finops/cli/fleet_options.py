"""The words that say what a capture's CPU time costs, shared by `top` and `compare`."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from finops.reports.fleet_month import FleetMonth, Utilisation

DEFAULT_REGION = "us-east-1"
# Nobody measures finer, and a number of 1e-999999999 would take all memory to be made exact.
_MOST_DECIMALS = 12
_SHOWN = 40


def exact_number(_ctx: click.Context, _param: click.Parameter, text: str | None) -> Decimal | None:
    """An option's text as a Decimal; a usage error where it is no number."""
    if text is None:
        return None
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise click.BadParameter(f"{text[:_SHOWN]!r} is not a number, as 0.70") from None
    if not number.is_finite() or int(number.as_tuple().exponent) < -_MOST_DECIMALS:
        raise click.BadParameter(f"{text[:_SHOWN]!r}: give a number with at most {_MOST_DECIMALS} decimals")
    return number


def share(ctx: click.Context, param: click.Parameter, text: str | None) -> Decimal | None:
    """An option's text as a share: above nothing and at most one."""
    number = exact_number(ctx, param, text)
    if number is not None and not 0 < number <= 1:
        raise click.BadParameter(f"{number} is no share: give a number above 0 and at most 1, as 0.70")
    return number


@dataclass(frozen=True, slots=True)
class FleetWords:
    """What was typed about the fleet; they go together or not at all."""

    machine: str | None
    count: int | None
    region: str | None
    utilisation: Decimal | None
    cost: str | None

    def __post_init__(self) -> None:
        if self.machine and self.cost:
            raise click.UsageError("--machine and --cost are two ways to price a fleet: give one")
        if not self.machine and (self.count is not None or self.region):
            word = "--count" if self.count is not None else "--region"
            raise click.UsageError(f"{word} is about machines: give --machine too")
        if self.utilisation is not None and not (self.machine or self.cost):
            raise click.UsageError("--utilisation is about a fleet: give --machine or --cost too")

    def month(self) -> "FleetMonth | None":
        """What the fleet costs in a month; None where no fleet was named."""
        from finops.reports import fleet_month

        if self.machine:
            return fleet_month.listed(self.machine, self.region or DEFAULT_REGION, self.count or 1)
        if self.cost:
            try:
                return fleet_month.stated(self.cost)
            except ValueError as error:
                raise click.BadParameter(str(error), param_hint="'--cost'") from error
        return None

    def measured(self) -> "Utilisation | None":
        """The utilisation that was given, which counts as measured."""
        from fractions import Fraction

        from finops.reports.fleet_month import Utilisation

        if self.utilisation is None:
            return None
        return Utilisation(Fraction(self.utilisation), is_measured=True)


def fleet_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options, and their words as its argument `fleet`."""

    @wraps(command)
    def with_words(
        *,
        machine: str | None,
        count: int | None,
        region: str | None,
        utilisation: Decimal | None,
        cost: str | None,
        **others: Any,  # noqa: ANN401 - whatever else the command takes
    ) -> None:
        command(fleet=FleetWords(machine, count, region, utilisation, cost), **others)

    for option in reversed(
        (
            click.option(
                "--machine", metavar="M", help="A machine type, as c5.2xlarge: show dollars at list."
            ),
            click.option(
                "--count", type=click.IntRange(1, 10**9), metavar="N", help="How many machines.  [default: 1]"
            ),
            click.option("--region", metavar="R", help=f"Where they run.  [default: {DEFAULT_REGION}]"),
            click.option(
                "--utilisation", callback=share, metavar="U", help="Measured mean CPU utilisation, as 0.70."
            ),
            click.option(
                "--cost", metavar="AMOUNT", help="The fleet's CPU cost, as 27.80/h or 20307.27/month."
            ),
        )
    ):
        with_words = option(with_words)
    return with_words
