"""The ladder: which of all that is known decides the price of a machine-hour, and why. Pure.

The rule that must not be broken: the first rung that has an answer gives it, a spot machine never takes
the on-demand price, and where no rung has one the answer is None: a charge that says so, never zero.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise

from finops.costs.fit import Fit
from finops.domain.machine import MachineKind, Shape
from finops.domain.override import Override
from finops.domain.price import Price
from finops.domain.window import Window
from pricing.book import Book
from pricing.estimate import estimate
from pricing.rungs import ON_DEMAND, OVERRIDE, SPOT, Rung, is_commitment, is_derived, rung_of


@dataclass(frozen=True, slots=True)
class Step:
    """One rung, its price if it has one, and a sentence on why it has, or why it has not."""

    rung: Rung
    price: Price | None
    why: str


class Ladder:
    """Everything that is known of some machine types, asked for a moment.

    Args:
        prices: of every source; those of a rung that several sources know go by the sources' names.
        overrides: what was negotiated; of those that cover a machine the most particular counts.
        fits: what a vCPU and a GiB of a generation come to, for machines that no list names.
    """

    def __init__(
        self, prices: Iterable[Price], overrides: Sequence[Override] = (), fits: Sequence[Fit] = ()
    ) -> None:
        rungs: dict[Rung, dict[str, list[Price]]] = {}
        self._edges: dict[str, set[datetime]] = {}
        for price in prices:
            if is_derived(price):
                continue
            rungs.setdefault(rung_of(price), {}).setdefault(price.source, []).append(price)
            edges = self._edges.setdefault(price.kind.machine_type, set())
            edges |= {moment for moment in (price.valid_from, price.valid_to) if moment is not None}
        self._books = {
            rung: [Book(of_source) for _, of_source in sorted(by_source.items())]
            for rung, by_source in rungs.items()
        }
        self._overrides = sorted(overrides, key=lambda each: (each.rank, each.name))
        self.fits: Sequence[Fit] = tuple(fits)

    def find(self, kind: MachineKind, at: datetime, shape: Shape | None = None) -> Price | None:
        """The price in force, by the first rung that has one; None where none has.

        `shape` is the machine's own, where the fleet knows it: an estimate needs it.
        """
        return next((step.price for step in self._steps(kind, at, shape) if step.price), None)

    def why(self, kind: MachineKind, at: datetime, shape: Shape | None = None) -> list[Step]:
        """Every rung from the top, down to the last, whether or not one above has answered."""
        steps = list(self._steps(kind, at, shape))
        if not any(step.price for step in steps):
            steps.append(Step(Rung.NO_PRICE, None, "a charge with a quantity and no amount, never zero"))
        return steps

    def during(
        self, kind: MachineKind, window: Window, shape: Shape | None = None
    ) -> list[tuple[Window, Price | None]]:
        """The prices of a window, in order: it is split where another price begins."""
        found: list[tuple[Window, Price | None]] = []
        edges = [window.start, *self._within(kind, window), window.end]
        for start, end in pairwise(edges):
            price = self.find(kind, start, shape)
            if found and found[-1][1] == price:
                start = found.pop()[0].start  # noqa: PLW2901 - the part before goes on
            found.append((Window(start, end), price))
        return found

    def _within(self, kind: MachineKind, window: Window) -> list[datetime]:
        ends = [(each.valid_from, each.valid_to) for each in self._overrides]
        ends += [(each.valid_from, each.valid_to) for each in self.fits]
        stated = {moment for pair in ends for moment in pair if moment is not None}
        edges = self._edges.get(kind.machine_type, set()) | stated
        return sorted(moment for moment in edges if window.start < moment < window.end)

    def _steps(self, kind: MachineKind, at: datetime, shape: Shape | None) -> Iterator[Step]:
        option = kind.purchase_option
        yield self._known(Rung.ACTUAL_BILL, kind, at, "no bill of this machine's hour is loaded")
        yield self._spot(kind, at)
        yield self._override(kind, at)
        yield self._commitment(kind, at)
        if option != ON_DEMAND:
            why = f"a machine bought as {option} never takes the on-demand price"
            yield from (Step(rung, None, why) for rung in (Rung.ON_DEMAND, Rung.CATALOGUE, Rung.ESTIMATE))
            return
        yield self._known(Rung.ON_DEMAND, kind, at, "no price list that was let in had one in force")
        yield self._known(Rung.CATALOGUE, kind, at, "the bundled catalogue has none in force")
        made, why = estimate(kind, at, shape, self.fits)
        yield Step(Rung.ESTIMATE, made, why)

    def _known(self, rung: Rung, kind: MachineKind, at: datetime, why_not: str) -> Step:
        for book in self._books.get(rung, ()):
            if price := book.find(kind, at):
                return Step(rung, price, f"{price.source}, in force since {price.valid_from:%Y-%m-%d}")
        return Step(rung, None, why_not)

    def _spot(self, kind: MachineKind, at: datetime) -> Step:
        if kind.purchase_option != SPOT:
            return Step(Rung.SPOT, None, f"it was bought as {kind.purchase_option}")
        where = kind.zone or "its zone, which is not known"
        return self._known(Rung.SPOT, kind, at, f"no spot price of {where} is known at that time")

    def _override(self, kind: MachineKind, at: datetime) -> Step:
        stated = self._known(Rung.OVERRIDE, kind, at, "none is configured that covers it")
        if stated.price or kind.purchase_option != ON_DEMAND:
            return stated
        for override in self._overrides:
            if override.covers(kind) and override.holds(at):
                listed = self._listed(kind, at)
                if listed is None:
                    return Step(
                        Rung.OVERRIDE, None, f"{override.name} covers it, and its list price is unknown"
                    )
                return Step(
                    Rung.OVERRIDE, _negotiated(listed, override, kind), f"{override.name}{_of(override)}"
                )
        return stated

    def _commitment(self, kind: MachineKind, at: datetime) -> Step:
        if not is_commitment(kind.purchase_option):
            return Step(Rung.COMMITMENT, None, f"it was bought as {kind.purchase_option}")
        return self._known(Rung.COMMITMENT, kind, at, f"no rate of {kind.purchase_option} is known")

    def _listed(self, kind: MachineKind, at: datetime) -> Price | None:
        for rung in (Rung.ON_DEMAND, Rung.CATALOGUE):
            if price := self._known(rung, kind, at, "").price:
                return price
        return None


def _negotiated(listed: Price, override: Override, kind: MachineKind) -> Price:
    """The list price with what was negotiated, while both hold."""
    starts = [listed.valid_from, *([override.valid_from] if override.valid_from else [])]
    ends = [end for end in (listed.valid_to, override.valid_to) if end is not None]
    contracted = override.contracted(listed.hourly)
    return replace(
        listed,
        kind=kind,
        contracted=contracted,
        effective=contracted,
        valid_from=max(starts),
        valid_to=min(ends, default=None),
        source=f"{OVERRIDE} {override.name}"[:100],
    )


def _of(override: Override) -> str:
    said = (
        f"{override.percent} % off the list" if override.percent is not None else f"{override.hourly} an hour"
    )
    return f": {said}{f' ({override.note})' if override.note else ''}"
