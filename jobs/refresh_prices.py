"""Prices: fetch → gate → store. A refused list leaves what was stored as it was."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from finops.app import App, PriceScope
from finops.costs.fit import Fit, fits
from finops.domain.price import Price
from finops.domain.price_list import PriceList
from finops.domain.window import DAY, Window, day_of, hour_of, moment_text
from finops.errors import BrokenInput, Unavailable
from finops.storage import price_imports, prices, split_fits
from finops.storage.database import Session
from finops.storage.price_imports import ImportStatus
from jobs.price_imports import counted, decide, store
from jobs.runner import Done
from jobs.settled import REFRESH_PRICES, price_mark
from jobs.windows import Due, Key, fingerprint
from pricing.changes import Decision, Verdict
from pricing.declared import declare
from pricing.fetched import Fetched, Fetcher, Moving
from pricing.moving import merge

# Lists of all regions are not asked for in the same minute, and always each at its own time.
_JITTER_SECONDS = 3 * 3600


@dataclass(frozen=True, slots=True)
class Prepared:
    """A price list as it was looked at, or the prices that somebody states, with what was left out."""

    listed: PriceList | None
    stated: tuple[Price, ...] = ()
    left_out: str = ""
    is_moving: bool = False


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
        if isinstance(scope.source, Moving):
            return _moved(app, scope, scope.source)
        if not isinstance(scope.source, Fetcher):
            return Prepared(None, tuple(scope.source.prices(scope.regions)))
        prepared = _looked_at(app, scope, scope.source)
        assert prepared.listed is not None  # noqa: S101 (a Fetcher gives a list)
        with app.readers() as session:
            decision = decide(session, prepared.listed)
        if decision.verdict is not Verdict.ADMITTED:
            _refuse(app, prepared, decision)
        return prepared

    def write(self, app: App, session: Session, work: Due, prepared: Prepared) -> Done:
        """What the gate lets in, as one whole; nothing if it refuses."""
        now = app.clock.real()
        if prepared.is_moving and prepared.listed is not None:
            return _write_moved(session, prepared.listed, now, prepared.left_out)
        if prepared.listed is None:
            counts = _state(session, _scope(app, work), prepared.stated).changes
            prices.record(session, counts.to_store, counts.withdrawn, now)
            if counts.to_store or counts.withdrawn:
                split_fits.record(session, _fits(prepared.stated))
            return Done({"fetched": len(prepared.stated), **counted(counts)})
        # Another look may have been let in meanwhile, so it is decided again where it is written.
        price_imports.alone(session, prepared.listed.scope)
        decision = decide(session, prepared.listed)
        decision.admitted()
        made = store(session, prepared.listed, decision, now, origin="refresh", left_out=prepared.left_out)
        return Done({"fetched": len(prepared.listed.prices), **made.counts}, prepared.left_out)


def _fits(stated: tuple[Price, ...]) -> list[Fit]:
    """Fits to what is stated of now, from when it was last compared with a list."""
    current = [price for price in stated if price.valid_to is None]
    return fits(current, max(price.as_of for price in current)) if current else []


def by_hand(app: App, scope: PriceScope) -> Due:
    """The work of asking for a price list now, whether or not its period has been done."""
    moment = moment_text(app.clock.real())
    return Due(Key(_period(app, scope), scope.name), fingerprint("by hand", scope.name, moment))


def _moved(app: App, scope: PriceScope, source: Moving) -> Prepared:
    """The changes since the last look, with a day more, for what was late then."""
    (region,) = scope.regions
    now = app.clock.now()
    with app.readers() as session:
        last = price_imports.latest_moment(session, (source.name, scope.cloud, region))
    since = last - DAY if last is not None else datetime.min.replace(tzinfo=UTC)
    prepared = _asked(app, scope, lambda: source.changes(region, since, now), now)
    assert prepared.listed is not None  # noqa: S101 (what answered gave a list)
    with app.readers() as session:
        decision = _merged(session, prepared.listed)
    if decision.verdict is not Verdict.ADMITTED:
        _refuse(app, prepared, decision)
    return replace(prepared, is_moving=True)


def _merged(session: Session, listed: PriceList) -> Decision:
    stored = prices.current(session, source=listed.source, cloud=listed.cloud, region=listed.region)
    return merge(stored, listed.prices)


def _refuse(app: App, prepared: Prepared, decision: Decision) -> None:
    """Record what is not let in, and why; raises GateRefused."""
    assert prepared.listed is not None  # noqa: S101 (only what was looked at is refused)
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


def _write_moved(session: Session, listed: PriceList, now: datetime, left_out: str) -> Done:
    price_imports.alone(session, listed.scope)
    changes = _merged(session, listed).admitted()
    prices.record(session, changes.to_store, changes.withdrawn, now)
    made = price_imports.of_list(listed, ImportStatus.ADMITTED, left_out=left_out, origin="refresh")
    price_imports.record(session, replace(made, rows=len(listed.prices)), now)
    return Done({"fetched": len(listed.prices), **counted(changes)}, left_out)


def _looked_at(app: App, scope: PriceScope, source: Fetcher) -> Prepared:
    (region,) = scope.regions
    return _asked(app, scope, lambda: source.fetch(region), app.clock.now())


def _asked(app: App, scope: PriceScope, ask: Callable[[], Fetched], observed_at: datetime) -> Prepared:
    """What a list answers now; where it does not, that is recorded."""
    (region,) = scope.regions
    source = scope.source
    try:
        fetched = ask()
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
