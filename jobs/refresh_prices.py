"""Prices: fetch → gate → store. A refused list leaves what was stored as it was."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256

from finops.app import App, PriceScope
from finops.domain.price import Price
from finops.domain.price_list import PriceList
from finops.domain.window import Window, day_of, hour_of, moment_text
from finops.errors import BrokenInput, Unavailable
from finops.storage import price_imports, prices
from finops.storage.database import Session
from finops.storage.price_imports import ImportStatus
from jobs.price_imports import counted, decide, store
from jobs.runner import Done
from jobs.settled import REFRESH_PRICES, price_mark
from jobs.windows import Due, Key, fingerprint
from pricing.changes import Decision, Verdict
from pricing.declared import declare
from pricing.fetched import Fetcher

# Lists of all regions are not asked for in the same minute, and always each at its own time.
_JITTER_SECONDS = 3 * 3600


@dataclass(frozen=True, slots=True)
class Prepared:
    """A price list as it was looked at, or the prices that somebody states, with what was left out."""

    listed: PriceList | None
    stated: tuple[Price, ...] = ()
    left_out: str = ""


@dataclass(frozen=True, slots=True)
class RefreshPrices:
    """One piece of work is one period of one price list: a source, or one region of it."""

    name: str = REFRESH_PRICES

    def inputs(self, app: App, within: Window | None = None) -> Mapping[Key, str]:  # noqa: ARG002
        """Each price list once in its period, and again when the configuration changes what it says."""
        return {Key(_period(app, scope), scope.name): price_mark(app, scope) for scope in app.price_scopes}

    def prepare(self, app: App, work: Due) -> Prepared:
        """The price list as it is now. One that is not to be let in is recorded, with the reason."""
        scope = _scope(app, work)
        if not isinstance(scope.source, Fetcher):
            return Prepared(None, tuple(scope.source.prices(scope.regions)))
        prepared = _looked_at(app, scope, scope.source)
        assert prepared.listed is not None  # noqa: S101 (a Fetcher gives a list)
        with app.readers() as session:
            decision = decide(session, prepared.listed)
        if decision.verdict is not Verdict.ADMITTED:
            with app.sessions.begin() as session:
                store(
                    session,
                    prepared.listed,
                    decision,
                    app.clock.real(),
                    origin="refresh",
                    left_out=prepared.left_out,
                )
            decision.admitted()
        return prepared

    def write(self, app: App, session: Session, work: Due, prepared: Prepared) -> Done:
        """What the gate lets in, as one whole; nothing if it refuses."""
        now = app.clock.real()
        if prepared.listed is None:
            counts = _state(session, _scope(app, work), prepared.stated).changes
            prices.record(session, counts.to_store, counts.withdrawn, now)
            return Done({"fetched": len(prepared.stated), **counted(counts)})
        # Another look may have been let in meanwhile, so it is decided again where it is written.
        price_imports.alone(session, prepared.listed.scope)
        decision = decide(session, prepared.listed)
        decision.admitted()
        made = store(session, prepared.listed, decision, now, origin="refresh", left_out=prepared.left_out)
        return Done({"fetched": len(prepared.listed.prices), **made.counts}, prepared.left_out)


def by_hand(app: App, scope: PriceScope) -> Due:
    """The work of asking for a price list now, whether or not its period has been done."""
    moment = moment_text(app.clock.real())
    return Due(Key(_period(app, scope), scope.name), fingerprint("by hand", scope.name, moment))


def _looked_at(app: App, scope: PriceScope, source: Fetcher) -> Prepared:
    (region,) = scope.regions
    observed_at = app.clock.now()
    try:
        fetched = source.fetch(region)
    except (Unavailable, BrokenInput) as error:
        made = price_imports.Import(
            *(source.name, scope.cloud, region, observed_at, ImportStatus.UNAVAILABLE),
            reasons=str(error),
            origin="refresh",
        )
        with app.sessions.begin() as session:
            price_imports.record(session, made, app.clock.real())
        raise
    left_out = "; ".join(map(str, fetched.rejected))
    return Prepared(fetched.listed(source.name, observed_at), left_out=left_out)


def _state(session: Session, scope: PriceScope, stated: tuple[Price, ...]) -> Decision:
    stored = [
        price
        for price in prices.current(session, source=scope.source.name)
        if not scope.regions or price.kind.region in scope.regions
    ]
    decision = declare(stored, stated)
    decision.admitted()
    return decision


def _period(app: App, scope: PriceScope) -> Window:
    """The day or hour that a list is asked in; a day of a list begins at that list's own minute."""
    if scope.is_hourly:
        return hour_of(app.clock.now())
    late = int(sha256(scope.name.encode()).hexdigest()[:8], 16) % _JITTER_SECONDS
    return day_of(app.clock.now() - timedelta(seconds=0 if scope.is_declared else late))


def _scope(app: App, work: Due) -> PriceScope:
    return next(scope for scope in app.price_scopes if scope.name == work.key.scope)
