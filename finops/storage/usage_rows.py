"""How a usage lies in its rows: a header, two packed blocks, and references to raw profiles."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from finops import engine
from finops.domain.function import Function
from finops.domain.profile import ProfileKind, Usage, UsageKey
from finops.domain.window import Window
from finops.engine import Totals, Trie
from finops.storage.portable import AnyRow

Int64s = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class UsageHeader:
    """A usage without its stacks: what `Usage` says in one number each."""

    key: UsageKey
    total: int
    stacked: int
    no_stack: int
    observed_nanos: int | None
    snapshots: int | None
    sampling_interval: int | None
    profiles: int
    fingerprint: str
    raw_digests: tuple[str, ...] = ()

    @property
    def source_unattributed(self) -> int:
        """The source's total minus its stacks."""
        return self.total - self.stacked - self.no_stack


@dataclass(frozen=True, slots=True, eq=False)
class FunctionUsage:
    """A header with the self and total of each function, read without the trie."""

    header: UsageHeader
    functions: Totals


@dataclass(frozen=True, slots=True)
class Packed:
    """A usage as the database holds it, ids of rows and moments apart; equal if it says the same."""

    header: UsageHeader
    functions: bytes
    trie: bytes


def order(key: UsageKey) -> tuple[object, ...]:
    """What usages are ordered by."""
    return (key.service, key.window, key.kind, key.source, key.version, key.environment, key.region)


def header_of(usage: Usage) -> UsageHeader:
    """A usage without its stacks."""
    return UsageHeader(
        key=usage.key,
        total=usage.total,
        stacked=usage.stacked,
        no_stack=usage.no_stack,
        observed_nanos=usage.observed_nanos,
        snapshots=usage.snapshots,
        sampling_interval=usage.sampling_interval,
        profiles=usage.profiles,
        fingerprint=usage.fingerprint,
        raw_digests=usage.raw_digests,
    )


def packed(usage: Usage, ids: list[int]) -> Packed:
    """A usage packed, given the ids of its trie's keys."""
    trie = usage.trie
    totals = engine.trie_totals(trie)
    node_ids = np.array(ids, np.int64)[trie.functions]
    return Packed(
        header=header_of(usage),
        functions=engine.encode_block(ids, totals.selfs, totals.totals),
        trie=engine.encode_trie(trie.parents, node_ids, trie.selfs),
    )


def header_columns(header: UsageHeader) -> dict[str, object]:
    """The columns of a header row, moments apart."""
    key = header.key
    return {
        "service": key.service,
        "window_start": key.window.start,
        "window_end": key.window.end,
        "kind": key.kind.value,
        "source": key.source,
        "version": key.version,
        "environment": key.environment,
        "region": key.region,
        "total": header.total,
        "stacked": header.stacked,
        "no_stack": header.no_stack,
        "observed_nanos": header.observed_nanos,
        "snapshots": header.snapshots,
        "sampling_interval": header.sampling_interval,
        "profiles": header.profiles,
        "fingerprint": header.fingerprint,
    }


def usage_header(row: AnyRow, raw_digests: tuple[str, ...]) -> UsageHeader:
    """The header that a row holds."""
    return UsageHeader(
        key=UsageKey(
            service=row.service,
            window=Window(row.window_start, row.window_end),
            kind=ProfileKind(row.kind),
            source=row.source,
            version=row.version,
            environment=row.environment,
            region=row.region,
        ),
        total=row.total,
        stacked=row.stacked,
        no_stack=row.no_stack,
        observed_nanos=row.observed_nanos,
        snapshots=row.snapshots,
        sampling_interval=row.sampling_interval,
        profiles=row.profiles,
        fingerprint=row.fingerprint,
        raw_digests=raw_digests,
    )


def unpacked(header: UsageHeader, trie: Trie) -> Usage:
    """The usage of a header and its trie."""
    return Usage(
        key=header.key,
        trie=trie,
        total=header.total,
        observed_nanos=header.observed_nanos,
        snapshots=header.snapshots,
        sampling_interval=header.sampling_interval,
        profiles=header.profiles,
        fingerprint=header.fingerprint,
        raw_digests=header.raw_digests,
    )


def named_trie(
    parents: npt.NDArray[np.int32],
    ids: Int64s,
    selfs: Int64s,
    names: Mapping[int, Function],
    no_stack: int,
) -> Trie:
    """A trie whose nodes name functions in place of ids; the nodes keep their canonical order."""
    distinct, which = np.unique(ids, return_inverse=True)
    keys = [names[id_] for id_ in distinct.tolist()]
    places = sorted(range(len(keys)), key=keys.__getitem__)
    rank = np.empty(len(keys), np.int32)
    rank[places] = np.arange(len(keys), dtype=np.int32)
    return Trie(tuple(keys[at] for at in places), parents, rank[which], selfs, no_stack)


def named_totals(
    ids: Int64s, selfs: Int64s, totals: Int64s, names: Mapping[int, Function], header: UsageHeader
) -> Totals:
    """The self and total of functions by name in place of ids, ordered by key."""
    keys = [names[id_] for id_ in ids.tolist()]
    places = sorted(range(len(keys)), key=keys.__getitem__)
    return Totals(
        keys=tuple(keys[at] for at in places),
        selfs=selfs[places],
        totals=totals[places],
        total=header.stacked + header.no_stack,
        no_stack=header.no_stack,
    )
