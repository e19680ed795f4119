"""What is due: a pure function of the time, of what there is to do, and of what was done.

No timer's memory decides anything, so a scheduler that was down, or ran twice, loses and doubles nothing.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from finops.domain.window import Window, hour_of

# How far back a tick looks by itself; older hours are reached by `finops jobs backfill`.
LOOK_BACK = timedelta(days=35)

_SETTLED = "settled-"
_EARLY = "early-"


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """One piece of work: a window and, within it, a scope (a source, a service)."""

    window: Window
    scope: str


@dataclass(frozen=True, slots=True, order=True)
class Due:
    """A piece of work that is due, with the fingerprint of the inputs it is due for."""

    key: Key
    fingerprint: str


def due(
    inputs: Mapping[Key, str],
    done: Mapping[Key, str],
    resting: Iterable[Key] = (),
) -> list[Due]:
    """What there is to do and was not done for these very inputs, oldest first.

    Args:
        inputs: the fingerprint of the inputs of each piece of work.
        done: the fingerprint for which each was last done.
        resting: work that failed a moment ago and is not to be tried yet.
    """
    rest = set(resting)
    return sorted(
        Due(key, fingerprint)
        for key, fingerprint in inputs.items()
        if done.get(key) != fingerprint and key not in rest
    )


def ended_hours(start: datetime, now: datetime, look_back: timedelta = LOOK_BACK) -> Window | None:
    """The whole hours that have ended, from the ledger's start or as far as a tick looks back."""
    first = max(hour_of(start).start, hour_of(now - look_back).start)
    last = hour_of(now).start
    return Window(first, last) if first < last else None


def stretches(parts: Iterable[Window]) -> Iterator[list[Window]]:
    """Windows of one length in order, apart where one does not begin as the last one ends."""
    stretch: list[Window] = []
    for part in sorted(parts):
        if stretch and stretch[-1].end != part.start:
            yield stretch
            stretch = []
        stretch.append(part)
    if stretch:
        yield stretch


def is_settled(hour: Window, now: datetime, settle: timedelta) -> bool:
    """Whether sources have had the time to bring all there is of an hour."""
    return hour.end + settle <= now


def fingerprint(*parts: object, settled: bool | None = None, restated: str = "") -> str:
    """A digest of inputs; says whether the hour had settled when they were looked at, and how restated."""
    digest = sha256("\x1f".join(map(str, parts)).encode("utf-8", "surrogatepass")).hexdigest()[:32]
    if settled is None:
        return digest
    return (_SETTLED if settled else _EARLY) + restated + digest


def was_settled(mark: str | None, restated: str = "") -> bool:
    """Whether a fingerprint was taken after its hour had settled, and since it was restated."""
    return mark is not None and mark.startswith(_SETTLED + restated)
