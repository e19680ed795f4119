"""Prices: fetch → gate → store. A refused list leaves what was stored as it was."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from finops.app import App, PriceScope
from finops.domain.machine import MachineKind
from finops.domain.price import Price
from finops.domain.window import Window, day_of
from finops.storage import prices
from finops.storage.database import Session
from jobs.runner import Done
from jobs.settled import REFRESH_PRICES, price_mark
from jobs.windows import Due, Key
from pricing.declared import declare
from pricing.fetched import Fetcher
from pricing.gate import gate


@dataclass(frozen=True, slots=True)
class Listed:
    """A price list as it was fetched: its prices, since when it says they hold, what it held besides."""

    prices: list[Price]
    effective: Mapping[MachineKind, datetime] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class RefreshPrices:
    """One piece of work is one day of one price list: a source, or one region of it."""

    name: str = REFRESH_PRICES

    def inputs(self, app: App, within: Window | None = None) -> Mapping[Key, str]:  # noqa: ARG002
        """Each price list once a day, and again when the configuration changes what it says."""
        today = day_of(app.clock.now())
        return {Key(today, scope.name): price_mark(app, scope) for scope in app.price_scopes}

    def prepare(self, app: App, work: Due) -> Listed:
        """The price list as it is now."""
        scope = _scope(app, work)
        source = scope.source
        if isinstance(source, Fetcher):
            fetched = [source.fetch(region) for region in scope.regions]
            return Listed(
                prices=[price for each in fetched for price in each.prices],
                effective={kind: since for each in fetched for kind, since in each.effective.items()},
                left_out=[str(rejected) for each in fetched for rejected in each.rejected],
            )
        return Listed(list(source.prices(scope.regions)))

    def write(self, app: App, session: Session, work: Due, prepared: Listed) -> Done:
        """What the gate lets in, as one whole; nothing if it refuses."""
        scope = _scope(app, work)
        stored = [
            price
            for price in prices.current(session, source=scope.source.name)
            if not scope.regions or price.kind.region in scope.regions
        ]
        if scope.is_declared:
            decision = declare(stored, prepared.prices)
        else:
            decision = gate(stored, prepared.prices, effective=prepared.effective)
        changes = decision.admitted()
        prices.record(session, changes.to_store, changes.withdrawn, app.clock.real())
        return Done(
            {
                "fetched": len(prepared.prices),
                "new": len(changes.new),
                "changed": len(changes.changed),
                "unchanged": len(changes.unchanged),
                "absent": len(changes.absent),
                "withdrawn": len(changes.withdrawn),
            },
            "; ".join(prepared.left_out),
        )


def _scope(app: App, work: Due) -> PriceScope:
    return next(scope for scope in app.price_scopes if scope.name == work.key.scope)
