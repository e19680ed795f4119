"""Two captures, function by function: what each was before and after, and how much of that may be chance.

The rules that must not be broken: what is compared is absolute, not a share of two different wholes;
and no change is called anything without the sampling error of both sides beside it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from finops.domain.function import Function
from finops.domain.profile import ProfileKind
from finops.engine import Grouping, ValueType
from finops.errors import NotFound
from finops.reports.files import Capture, refusals
from finops.reports.fleet_month import FleetMonth, Utilisation, captured_utilisation
from finops.reports.shown import cut, harmless
from finops.reports.sides import CPU_NANOSECONDS, Basis, Between, Measured, Scale, Side, Whole

ALWAYS = (
    "Two single captures say nothing about how much days differ, nor whether both carried the same load:"
    " intervals are the sampling error alone, at 95 %."
)
_NO_RATE = "At least one capture does not tell how long it is: values are compared as they are."
_NO_INTERVAL = "How many samples a value rests on is not known, so no interval can be given."
_NO_AFTER = (
    "The utilisation after is not known: it follows from the one given only where both captures tell how"
    " long they are."
)
_LOADED_ONLY = "What was used is not known on both sides; loaded dollars only shift between functions."


@dataclass(frozen=True, slots=True)
class ComparedRow:
    """One function on both sides, or (`function` is None) those left out together."""

    function: Function | None
    before: Side
    after: Side
    left_out: int = 0

    @property
    def change(self) -> Fraction:
        """After less before."""
        return self.after.value - self.before.value

    @property
    def change_interval(self) -> Between | None:
        """From the ends of both intervals, so wider than it need be: it holds 0 just where they overlap."""
        one, other = self.before.interval, self.after.interval
        return Between(other.low - one.high, other.high - one.low) if one and other else None

    @property
    def could_be_noise(self) -> bool | None:
        """Whether the intervals of both sides overlap; None where there are none."""
        between = self.change_interval
        return between.low <= 0 <= between.high if between else None


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """Two captures of one type. `basis` is which costs are compared; None without a fleet."""

    value_type: ValueType
    by: Grouping
    scale: Scale
    before: Whole
    after: Whole
    functions: int
    rows: tuple[ComparedRow, ...]
    month: FleetMonth | None
    basis: Basis | None
    notes: tuple[str, ...]


def build(
    before: Capture,
    after: Capture,
    *,
    by: Grouping = "function",
    limit: int = 20,
    month: FleetMonth | None = None,
    utilisation: Utilisation | None = None,
) -> Comparison:
    """Compare two captures by function, the largest change first, in whichever direction.

    Args:
        before: of the same type as `after`.
        after: of the same type as `before`.
        by: what frames are added up by.
        limit: how many functions are listed; the rest becomes one row. 0 lists all.
        month: a fleet that is the same on both sides, of which each capture is a fair sample.
        utilisation: of that fleet before, as measured; that after follows from the captures.

    Raises:
        NotFound: they are not of one type.
        Incomplete: with a month: a capture is not of CPU time, or there is nothing in it.
    """
    if before.value_type != after.value_type:
        types = [cut(harmless(str(each.value_type)), 40) for each in (before, after)]
        raise NotFound(f"{types[0]} cannot be compared with {types[1]}")
    notes = [*refusals(before), *refusals(after)]
    scale = _scale(before, after)
    if not scale.per_second and _is_flow(before):
        notes.append(_NO_RATE)
    sides = [Measured.of(before, by, scale), Measured.of(after, by, scale)]
    basis: Basis | None = None
    if month:
        utilisations, said = _utilisations(sides, month, utilisation)
        basis = "used" if all(utilisations) else "loaded"
        notes += said if basis == "used" else [*said, _LOADED_ONLY]
        sides = [side.priced(month, each, basis) for side, each in zip(sides, utilisations, strict=True)]
    if any(side.observed is None for side in sides):
        notes.append(_NO_INTERVAL)
    was, became = sides
    return Comparison(
        value_type=before.value_type,
        by=by,
        scale=scale,
        before=was.whole(),
        after=became.whole(),
        functions=len({*was.sums.keys, *became.sums.keys}),
        rows=tuple(_rows(was, became, limit)),
        month=month,
        basis=basis,
        notes=(*notes, ALWAYS),
    )


def _is_flow(capture: Capture) -> bool:
    """Whether longer captures have larger values; a live heap has not."""
    is_heap = capture.meaning is not None and capture.meaning.kind is ProfileKind.HEAP
    return not is_heap and not capture.value_type.type.startswith("inuse")


def _scale(before: Capture, after: Capture) -> Scale:
    is_cpu = all(each.meaning and each.meaning.kind is ProfileKind.CPU for each in (before, after))
    is_time = is_cpu and not (before.is_declared_cpu or after.is_declared_cpu)
    unit = CPU_NANOSECONDS if is_time else before.value_type.unit
    is_timed = before.duration_nanos is not None and after.duration_nanos is not None
    return Scale(unit, per_second=is_timed and _is_flow(before))


def _utilisations(
    sides: Sequence[Measured], month: FleetMonth, given: Utilisation | None
) -> tuple[list[Utilisation | None], list[str]]:
    """The utilisation on each side, and what is to be said of it."""
    if given is None:
        found = [captured_utilisation(side.capture, side.sums.total, month) for side in sides]
        said = [f"{side.capture.names[0]}: {note}" for side, (_, note) in zip(sides, found, strict=True)]
        notes = {note for _, note in found}
        return [each for each, _ in found], said if len(notes) > 1 else list(notes)
    for side in sides:
        side.capture.require_cpu()
    before, after = (side.sums.total * side.unit for side in sides)
    if any(side.capture.duration_nanos is None for side in sides) or not before:
        return [given, None], [_NO_AFTER]
    share = given.share * after / before
    note = (
        f"Utilisation after {float(share):.2%}: the one given, times the captures' CPU time a second, after"
        " over before."
    )
    if not 0 < share <= 1:
        return [given, None], [f"{note} That is more than there is."]
    return [given, Utilisation(share, is_measured=False)], [note]


def _rows(before: Measured, after: Measured, limit: int) -> list[ComparedRow]:
    keys = sorted({*before.sums.keys, *after.sums.keys})

    def rank(key: Function) -> tuple[Fraction, Fraction]:
        was, became = before.value(key), after.value(key)
        return -abs(became - was), -max(was, became)

    order = sorted(keys, key=rank)
    listed = order[:limit] if limit else order
    rows = [ComparedRow(key, before.side([key]), after.side([key])) for key in listed]
    if left_out := order[len(listed) :]:
        rows.append(ComparedRow(None, before.side(left_out), after.side(left_out), len(left_out)))
    return rows
