"""Profiles merged into usage."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.costs.usage import merge_profiles, weigh
from finops.domain.profile import Profile, ProfileKind, Usage, UsageKey
from finops.engine import Columns, LabelColumns, MappingColumns, ValueType
from finops.errors import BrokenProfile
from tests.finops.costs.notation import HOUR, trie

KEY = UsageKey("checkout", HOUR, ProfileKind.CPU, "pyroscope")
NOTHING, ADDRESSES = np.array([], np.int64), np.array([], np.uint64)


def columns(folded: str) -> Columns:
    """A profile of folded stacks, root first as they are written; a bare number has no stack."""
    samples = [line.rsplit(maxsplit=1) for line in folded.splitlines()]
    stacks = [line[0].split(";")[::-1] if len(line) > 1 else [] for line in samples]
    names = sorted({name for stack in stacks for name in stack})
    ends = np.cumsum([0, *(len(stack) for stack in stacks)])
    each = np.arange(len(names))
    return Columns(
        value_types=(ValueType("cpu", "nanoseconds"),),
        values=np.array([[int(line[-1])] for line in samples], np.int64),
        stack_offsets=ends.astype(np.int64),
        stack_locations=np.array([names.index(name) for stack in stacks for name in stack], np.int32),
        line_offsets=np.arange(len(names) + 1, dtype=np.int64),
        line_functions=each.astype(np.int32),
        line_numbers=np.zeros(len(names), np.int64),
        location_mappings=np.full(len(names), -1, np.int32),
        location_addresses=np.zeros(len(names), np.uint64),
        location_folded=(False,) * len(names),
        function_names=tuple(names),
        function_system_names=tuple(names),
        function_files=("",) * len(names),
        function_start_lines=np.zeros(len(names), np.int64),
        mappings=MappingColumns((), (), ADDRESSES, ADDRESSES, ADDRESSES, ()),
        labels=LabelColumns(NOTHING, (), (), NOTHING, ()),
        default_type="",
        period_type=None,
        period=0,
        time_nanos=0,
        duration_nanos=0,
        drop_frames="",
        keep_frames="",
        comments=(),
        doc_url="",
    )


def profile(
    folded: str,
    *,
    factor: int = 1,
    observed: int | None = None,
    snapshots: int | None = None,
    interval: int | None = None,
    source_total: int | None = None,
    kind: ProfileKind = ProfileKind.CPU,
) -> Profile:
    return Profile(
        service="checkout",
        window=HOUR,
        kind=kind,
        columns=columns(folded),
        value=0,
        factor=factor,
        observed_nanos=observed,
        snapshots=snapshots,
        sampling_interval=interval,
        source_total=source_total,
    )


def merge(*profiles: Profile) -> Usage:
    return merge_profiles(KEY, list(map(weigh, profiles)), "v1", ["digest"])


def test_stacks_add_up_and_units_become_nanoseconds() -> None:
    usage = merge(profile("main;a 2\n7", factor=1000), profile("main;a 1\nmain;b 3"))
    expected = trie("main;a 2001\nmain;b 3\n7000")

    assert (usage.trie.keys, usage.trie.selfs.tolist()) == (expected.keys, expected.selfs.tolist())
    assert (usage.stacked, usage.no_stack, usage.source_unattributed, usage.total) == (2004, 7000, 0, 9004)
    assert (usage.profiles, usage.fingerprint, usage.raw_digests) == (2, "v1", ("digest",))


def test_what_a_source_counts_beyond_its_stacks_is_kept() -> None:
    usage = merge(profile("a 2\n3", source_total=11), profile("a 1"))

    assert (usage.total, usage.source_unattributed) == (12, 6)


def test_what_one_profile_does_not_know_nobody_knows() -> None:
    known = merge(profile("a 1", observed=30, snapshots=2), profile("a 1", observed=0, snapshots=3))
    unknown = merge(profile("a 1", observed=30, snapshots=2), profile("a 1"))

    assert (known.observed_nanos, known.snapshots) == (30, 5)
    assert (unknown.observed_nanos, unknown.snapshots) == (None, None)


@pytest.mark.parametrize(
    ("intervals", "agreed"), [((10, 10), 10), ((10, 20), None), ((10, None), None), ((None, None), None)]
)
def test_a_sampling_interval_is_kept_where_all_agree(
    intervals: tuple[int | None, int | None], agreed: int | None
) -> None:
    assert merge(*(profile("a 1", interval=each) for each in intervals)).sampling_interval == agreed


def test_a_total_below_its_stacks_is_a_broken_profile() -> None:
    with pytest.raises(BrokenProfile, match="4, is below its stacks, 5"):
        merge(profile("a 2\n3", source_total=4))


def test_a_negative_value_is_a_broken_profile() -> None:
    with pytest.raises(BrokenProfile):
        merge(profile("a -2\nb 3"))


@pytest.mark.parametrize("said", [{"observed": -1}, {"snapshots": -1}, {"interval": -1}])
def test_a_source_that_vouches_for_less_than_nothing_is_broken(said: dict[str, int]) -> None:
    with pytest.raises(BrokenProfile, match="-1"):
        merge(
            profile(
                "a 1",
                observed=said.get("observed"),
                snapshots=said.get("snapshots"),
                interval=said.get("interval"),
            )
        )


@pytest.mark.parametrize(
    "profiles",
    [
        [profile(f"a {2**62}", factor=2)],
        [profile(f"a {2**62}\nb {2**62 - 1}", factor=2)],
        [profile(f"a {2**62}"), profile(f"b {2**62}")],
        [profile(f"a {2**62}"), profile("b 1", source_total=2**62)],
    ],
)
def test_more_than_64_bits_is_refused_and_never_wraps(profiles: list[Profile]) -> None:
    with pytest.raises(BrokenProfile, match="64 bits"):
        merge(*profiles)


def test_nothing_to_merge_and_another_kind_are_mistakes_of_the_caller() -> None:
    with pytest.raises(ValueError, match="no profile"):
        merge()
    with pytest.raises(ValueError, match="heap is no usage of cpu"):
        merge(profile("a 1", kind=ProfileKind.HEAP))


lines = st.lists(
    st.tuples(st.sampled_from(["main", "main;a", "main;a;b", "main;a;a", ""]), st.integers(0, 10**12)),
    min_size=1,
)


@given(parts=st.lists(lines, min_size=1, max_size=4), factor=st.integers(1, 10**3))
def test_nothing_is_lost_and_the_order_of_the_profiles_makes_no_difference(
    parts: list[list[tuple[str, int]]], factor: int
) -> None:
    texts = ["\n".join(f"{stack} {weight}".strip() for stack, weight in part) for part in parts]
    one, other = (merge(*(profile(text, factor=factor) for text in order)) for order in (texts, texts[::-1]))

    assert one.total == factor * sum(weight for part in parts for _, weight in part)
    assert one.stacked + one.no_stack == one.total
    assert (one.trie.keys, one.trie.parents.tolist(), one.trie.selfs.tolist()) == (
        other.trie.keys,
        other.trie.parents.tolist(),
        other.trie.selfs.tolist(),
    )
