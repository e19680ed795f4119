"""One look at a price list → its verdict → what is stored. All of a list enters, or none of it.

The rule that must not be broken: whatever becomes of a look is recorded, with the reason, and one that
does not enter leaves the prices as they were.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

import structlog

from finops.app import App
from finops.costs.fit import fits
from finops.domain.price_list import PriceList
from finops.formats.price_list import body_of
from finops.storage import price_imports, prices, split_fits
from finops.storage.database import Session
from finops.storage.price_imports import Cache, Import, ImportStatus
from pricing.changes import Changes, Decision, Verdict
from pricing.history import admit

log = structlog.get_logger()

_STATUS = {
    Verdict.ADMITTED: ImportStatus.ADMITTED,
    Verdict.HELD: ImportStatus.HELD,
    Verdict.REFUSED: ImportStatus.REFUSED,
}


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a look, and what it changed."""

    made: Import
    counts: Mapping[str, int] = field(default_factory=dict)

    @property
    def is_in(self) -> bool:
        """Whether it was let in."""
        return self.made.status in (ImportStatus.ADMITTED, ImportStatus.ACCEPTED)


def import_list(
    app: App,
    listed: PriceList,
    *,
    origin: str,
    left_out: str = "",
    cache: Cache | None = None,
    accept: bool = False,
) -> Imported:
    """Let one look in, or record why not, in a transaction of its own.

    With `accept`, what is merely unlikely is let in too: a person has said so.
    """
    now = app.clock.real()
    with app.sessions.begin() as session:
        price_imports.alone(session, listed.scope)
        if listed.observed_at > now:
            said = f"it says that it was observed at {listed.observed_at}, which is yet to come"
            decision = Decision(Verdict.REFUSED, (said,))
        else:
            decision = decide(session, listed, cache, accept=accept)
        return store(session, listed, decision, now, origin=origin, left_out=left_out)


def accept(app: App, id_: int) -> Imported:
    """Let in a look that was held, as it was seen then.

    Raises NotFound if there is no such look; one that is not held gives itself.
    """
    now = app.clock.real()
    with app.sessions.begin() as session:
        made = price_imports.by_id(session, id_)
        if made.status is not ImportStatus.HELD:
            return Imported(made)
        price_imports.alone(session, made.scope)
        listed = price_imports.listed(session, made)
        decision = decide(session, listed, accept=True)
        if decision.verdict is not Verdict.ADMITTED:
            return Imported(replace(made, reasons="; ".join(decision.reasons)))
        _apply(session, listed, decision.changes, now)
        price_imports.accept(session, id_)
        return Imported(replace(made, status=ImportStatus.ACCEPTED), counted(decision.changes))


def decide(
    session: Session, listed: PriceList, cache: Cache | None = None, *, accept: bool = False
) -> Decision:
    """The verdict on a look, against the prices of its source and region as they are stored."""
    newest = price_imports.latest_moment(session, listed.scope)
    is_late = newest is not None and listed.observed_at <= newest
    if body_of(listed).digest == price_imports.digest_before(session, listed.scope, listed.observed_at):
        # It says what the look before it said, so every price that it saw held already.
        return Decision(Verdict.ADMITTED, (), Changes(unchanged=listed.prices))
    stored = prices.current(session, source=listed.source, cloud=listed.cloud, region=listed.region)
    return admit(
        listed,
        stored,
        lambda: list(price_imports.known(session, listed.scope, cache)),
        is_late=is_late,
        accept=accept,
    )


def store(
    session: Session, listed: PriceList, decision: Decision, now: datetime, *, origin: str, left_out: str = ""
) -> Imported:
    """Record a look with its verdict and, if it is let in, what it changes. The caller commits."""
    status = _STATUS[decision.verdict]
    reasons = "; ".join(decision.reasons)
    if decision.verdict is Verdict.ADMITTED:
        _apply(session, listed, decision.changes, now)
    else:
        log.warning("price list not let in", list=str(listed), status=status.value, why=reasons)
    made = price_imports.of_list(listed, status, reasons=reasons, left_out=left_out, origin=origin)
    is_kept = decision.verdict is not Verdict.REFUSED
    return Imported(
        price_imports.record(session, made, now, listed if is_kept else None), counted(decision.changes)
    )


def counted(changes: Changes) -> dict[str, int]:
    """What a look changed, in numbers."""
    return {
        "new": len(changes.new),
        "changed": len(changes.changed),
        "unchanged": len(changes.unchanged),
        "absent": len(changes.absent),
        "withdrawn": len(changes.withdrawn),
    }


def _apply(session: Session, listed: PriceList, changes: Changes, now: datetime) -> None:
    prices.record(session, changes.to_store, changes.withdrawn, now)
    if changes.to_store or changes.withdrawn:
        split_fits.record(session, fits(listed.prices, listed.observed_at))
