"""Profiles merged into usage: what the stacks of one service-hour said, in nanoseconds or bytes.

The rule that must not be broken: no dollars in here, and nothing is lost on the way. What the source
counts beyond its stacks stays in the total, and what it does not know stays unknown.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from finops import engine
from finops.domain.profile import Profile, Usage, UsageKey
from finops.engine import Trie
from finops.errors import BrokenProfile

# Columns and the database hold 64-bit whole numbers.
LARGEST = 2**63 - 1


@dataclass(frozen=True, slots=True, eq=False)
class WeighedProfile:
    """A profile whose stacks were added up, in nanoseconds or bytes.

    Attributes:
        trie: its call trie.
        total: all that it says: the trie, its empty stacks, and what the source counts beyond its stacks.
    """

    profile: Profile
    trie: Trie
    total: int


def weigh(profile: Profile) -> WeighedProfile:
    """Add up the stacks of a profile.

    Raises:
        BrokenProfile: a value is negative, its stacks do not fit into 64 bits or make more frames than any
            program does, or the source's total is less than them. The message begins with its origin.
    """
    try:
        _check(profile)
        trie = _trie(profile)
        return WeighedProfile(profile, trie, _total(profile, _weight(trie)))
    except BrokenProfile as error:
        raise BrokenProfile(f"{profile.origin!r}: {error}" if profile.origin else str(error)) from error


def merge_profiles(
    key: UsageKey, weighed: Sequence[WeighedProfile], fingerprint: str, raw_digests: Sequence[str] = ()
) -> Usage:
    """The usage that some profiles of one key came to together.

    Raises:
        BrokenProfile: they do not fit into 64 bits.
        ValueError: there is no profile, or one is of another kind than the key.
    """
    if not weighed:
        raise ValueError(f"no profile of {key.service} to merge")
    profiles, tries = [each.profile for each in weighed], [each.trie for each in weighed]
    if other := next((profile for profile in profiles if profile.kind is not key.kind), None):
        raise ValueError(f"a profile of {other.kind} is no usage of {key.kind}")
    total = sum(each.total for each in weighed)
    if total > LARGEST:
        raise BrokenProfile(f"the profiles of {key.service} add up to {total}, more than 64 bits hold")
    return Usage(
        key=key,
        trie=tries[0] if len(tries) == 1 else engine.merge(tries),
        total=total,
        observed_nanos=_sum(profile.observed_nanos for profile in profiles),
        snapshots=_sum(profile.snapshots for profile in profiles),
        sampling_interval=agreed(profile.sampling_interval for profile in profiles),
        profiles=len(profiles),
        fingerprint=fingerprint,
        raw_digests=tuple(raw_digests),
    )


def agreed(intervals: Iterable[int | None]) -> int | None:
    """The sampling interval that all agree on; None where one is unknown or another.

    >>> agreed([10, 10]), agreed([10, 20]), agreed([10, None]), agreed([])
    (10, None, None, None)
    """
    met = set(intervals)
    return met.pop() if len(met) == 1 else None


def _check(profile: Profile) -> None:
    """What a source vouches for comes from outside too."""
    for value in (profile.observed_nanos, profile.snapshots, profile.sampling_interval):
        if value is not None and value < 0:
            raise BrokenProfile(f"a profile of {profile.service} says {value}, which is less than nothing")


def _trie(profile: Profile) -> Trie:
    """A profile's call trie in nanoseconds or bytes."""
    trie = engine.trie(profile.columns, profile.value)
    if _weight(trie) * profile.factor > LARGEST:
        raise BrokenProfile(f"a profile of {profile.service} holds more than 64 bits of {profile.kind}")
    if profile.factor == 1:
        return trie
    return replace(trie, selfs=trie.selfs * profile.factor, no_stack=trie.no_stack * profile.factor)


def _weight(trie: Trie) -> int:
    """All that a trie weighs. The engine lets no trie through whose weights do not add up in 64 bits."""
    return int(trie.selfs.sum()) + trie.no_stack


def _total(profile: Profile, stacks: int) -> int:
    if profile.source_total is None:
        return stacks
    if profile.source_total < stacks:
        raise BrokenProfile(
            f"the source's total of {profile.service}, {profile.source_total}, is below its stacks, {stacks}"
        )
    return profile.source_total


def _sum(values: Iterable[int | None]) -> int | None:
    """The sum; None where one is unknown, because the rest would then stand for too much."""
    known = []
    for value in values:
        if value is None:
            return None
        known.append(value)
    return sum(known)
