"""What the commands about prices share: the words that name a machine, moments, and what is stored."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from finops.cli.fleet_options import DEFAULT_REGION
from finops.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from finops.app import App
    from finops.domain.machine import MachineKind
    from finops.domain.price import Price
    from pricing.ladder import Ladder

Command = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class MachineWords:
    """What was typed about a machine beside its type."""

    region: str
    cloud: str
    zone: str
    account: str
    bought: str

    def kind(self, machine_type: str) -> "MachineKind":
        """The kind of machine that is meant."""
        from finops.domain.machine import MachineKind

        option = "on_demand" if self.bought == "on-demand" else self.bought
        return MachineKind(self.cloud, self.region, machine_type, option, self.zone, self.account)


def machine_options(command: Command) -> Command:
    """Give a command the words that tell kinds of a machine apart, as its argument `words`."""

    @wraps(command)
    def with_words(**given: Any) -> None:  # noqa: ANN401 - whatever the command takes
        words = MachineWords(**{field.name: given.pop(field.name) for field in fields(MachineWords)})
        command(words=words, **given)

    for option in reversed(
        (
            click.option(
                "--region",
                metavar="R",
                default=DEFAULT_REGION,
                show_default=True,
                help="Where the machine runs.",
            ),
            click.option(
                "--cloud", metavar="C", default="aws", show_default=True, help="Whose machine it is."
            ),
            click.option("--zone", metavar="Z", default="", help="Its zone, where prices differ by it."),
            click.option("--account", metavar="A", default="", help="The account that pays for it."),
            click.option(
                "--bought",
                metavar="HOW",
                default="on_demand",
                show_default=True,
                help="How it was bought, as spot or reserved-1yr-standard-no-upfront.",
            ),
        )
    ):
        with_words = option(with_words)
    return with_words


def moment(text: str | None, option: str) -> "datetime | None":
    """An option's text as a moment; a usage error where it is none."""
    from finops.domain.window import parse_moment

    try:
        return parse_moment(text) if text is not None else None
    except (ValueError, OverflowError) as error:
        raise click.BadParameter(str(error), param_hint=f"'{option}'") from error


def now(app: "App | None") -> "datetime":
    """The moment that counts as now."""
    from datetime import UTC, datetime

    return app.clock.now() if app else datetime.now(UTC)


def app_if_configured(ctx: click.Context) -> "App | None":
    """The App of the configuration, if there is one."""
    from finops.cli.main import configured

    app: App | None = configured(ctx) if ctx.find_root().obj.exists() else None
    return app


def ladder_of(
    app: "App | None", machine_types: "Iterable[str]", known_at: "datetime | None" = None
) -> "tuple[Ladder, str]":
    """The ladder over what is stored, or over the bundled catalogue where nothing is; with why not."""
    from finops.costs.fit import fits
    from pricing.catalogue import Catalogue
    from pricing.ladder import Ladder

    types = list(machine_types)
    catalogue = Catalogue()
    bundled: list[Price] = [price for name in types for price in catalogue.held(name)]
    of_catalogue = fits(catalogue.current(), catalogue.as_of)
    if app is None:
        return Ladder(bundled, (), of_catalogue), ""
    try:
        with app.readers() as session:
            return app.price_book(session, types, known_at=known_at, bundled=bundled), ""
    except StorageError as error:
        if known_at is not None:
            raise
        return Ladder(
            bundled, app.settings.overrides(), of_catalogue
        ), f"what is stored was not read: {error}"
