"""Usage: what the profiles said of a service-hour, in nanoseconds or bytes; no dollars, ever.

A header row has the totals; its blocks have each function's self and total, and the call trie. Blocks
are read only where functions are asked for. Names of services here are the profiler's own.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace as changed
from datetime import datetime

import numpy as np
from sqlalchemy import insert, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from finops import engine
from finops.domain.function import Function
from finops.domain.profile import ProfileKind, Usage, UsageKey
from finops.domain.window import Window, hour_of
from finops.storage import functions, ledger
from finops.storage.portable import AnyRow, batches
from finops.storage.tables import RawProfileRow, UsageBlockRow, UsageRow
from finops.storage.temporal import retire, standing
from finops.storage.types import text_digest
from finops.storage.usage_rows import (
    FunctionUsage,
    Int64s,
    Packed,
    UsageHeader,
    header_columns,
    header_of,
    named_totals,
    named_trie,
    order,
    packed,
    unpacked,
    usage_header,
)

__all__ = [
    "FunctionUsage",
    "UsageHeader",
    "fingerprints",
    "function_usage",
    "header_of",
    "headers",
    "replace",
    "unreferenced",
    "within",
]


def replace(
    session: Session,
    source: str,
    service: str,
    hour: Window,
    kind: ProfileKind,
    usages: Sequence[Usage],
    now: datetime,
) -> int:
    """Store what a source says of a name, hour and kind in place of what it said; give the rows written.

    Where it says the same as before nothing is touched. What stood once something of that hour had
    been final is kept as superseded.

    Raises:
        ValueError: `hour` is none, a usage is of something else, or two are of the same dimensions.
    """
    if hour != hour_of(hour.start):
        raise ValueError(f"{hour} is not an hour")
    said = UsageKey(service, hour, kind, source)
    _refuse_others(said, [usage.key for usage in usages])
    new = {usage.key: packed(usage, functions.intern(session, usage.trie.keys)) for usage in usages}
    old = _stored(session, said)
    differing = sorted(
        (key for key in new.keys() | old.keys() if new.get(key) != old.get(key, (0, None))[1]), key=order
    )
    is_kept = hour in ledger.hours_ever_final(session, hour)
    retire(session, UsageRow, [old[key][0] for key in differing if key in old], is_kept=is_kept, now=now)
    written = [new[key] for key in differing if key in new]
    for one in written:
        _add(session, one, now)
    return len(written)


def within(
    session: Session,
    window: Window,
    services: Collection[str] | None = None,
    *,
    as_of: datetime | None = None,
) -> list[Usage]:
    """What the profiles said of the hours that begin in a window, with their call tries.

    Of all names of the profiler, or of some `services`. `as_of` gives what was stored at that moment.

    Raises:
        StorageError: a block is damaged.
    """
    found = _headers(session, window, services, as_of)
    blocks = _blocks(session, found, UsageBlockRow.trie)
    nodes = {id_: engine.decode_trie(block) for id_, block in blocks.items()}
    names = _names(session, (ids for _, ids, _ in nodes.values()))
    return [
        unpacked(header, named_trie(*nodes[id_], names, header.no_stack)) for id_, header in found.items()
    ]


def function_usage(
    session: Session,
    window: Window,
    services: Collection[str] | None = None,
    *,
    as_of: datetime | None = None,
) -> list[FunctionUsage]:
    """The same with the self and total of each function in place of the trie, which is faster to read."""
    found = _headers(session, window, services, as_of)
    blocks = _blocks(session, found, UsageBlockRow.functions)
    tables = {id_: engine.decode_block(block) for id_, block in blocks.items()}
    names = _names(session, (ids for ids, _, _ in tables.values()))
    return [FunctionUsage(header, named_totals(*tables[id_], names, header)) for id_, header in found.items()]


def headers(
    session: Session,
    window: Window,
    services: Collection[str] | None = None,
    *,
    as_of: datetime | None = None,
) -> list[UsageHeader]:
    """The same without stacks; no block is read."""
    return list(_headers(session, window, services, as_of).values())


def fingerprints(session: Session, window: Window) -> dict[Window, dict[str, str]]:
    """For each hour, for each name of the profiler, a digest of all that is said of it."""
    lines: dict[Window, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for header in headers(session, window):
        key = header.key
        said = (
            *(key.kind, key.source, key.version, key.environment, key.region, header.fingerprint),
            *(header.total, header.stacked, header.no_stack, header.observed_nanos, header.snapshots),
            *(header.sampling_interval, header.profiles),
        )
        lines[key.window][key.service].append("\x1f".join(map(str, said)))
    return {hour: {name: text_digest(said) for name, said in names.items()} for hour, names in lines.items()}


def unreferenced(session: Session, digests: Collection[str]) -> set[str]:
    """Those blobs among some that no usage refers to (any more)."""
    left = set(digests)
    for batch in batches(digests):
        query = select(RawProfileRow.digest).where(RawProfileRow.digest.in_(batch)).distinct()
        left.difference_update(session.scalars(query))
    return left


def _refuse_others(said: UsageKey, keys: Sequence[UsageKey]) -> None:
    for key in keys:
        if changed(key, version="", environment="", region="") != said:
            raise ValueError(f"{key} is not of {said}")
    if len(set(keys)) < len(keys):
        raise ValueError(f"two usages of {said} have the same version, environment and region")


def _stored(session: Session, said: UsageKey) -> dict[UsageKey, tuple[int, Packed]]:
    found = _headers(session, said.window, [said.service], None)
    of_it = {
        id_: header
        for id_, header in found.items()
        if (header.key.source, header.key.kind) == (said.source, said.kind)
    }
    tables = _blocks(session, of_it, UsageBlockRow.functions)
    tries = _blocks(session, of_it, UsageBlockRow.trie)
    return {header.key: (id_, Packed(header, tables[id_], tries[id_])) for id_, header in of_it.items()}


def _add(session: Session, one: Packed, now: datetime) -> None:
    columns = header_columns(one.header) | {"recorded_at": now, "superseded_at": None}
    id_ = session.scalars(insert(UsageRow).returning(UsageRow.id), columns).one()
    block = {"usage_id": id_, "functions": one.functions, "trie": one.trie}
    session.execute(insert(UsageBlockRow), [block])
    raw = [
        {"usage_id": id_, "position": position, "digest": digest}
        for position, digest in enumerate(one.header.raw_digests)
    ]
    if raw:
        session.execute(insert(RawProfileRow), raw)


def _headers(
    session: Session, window: Window, services: Collection[str] | None, as_of: datetime | None
) -> dict[int, UsageHeader]:
    """Headers by the ids of their rows, in the order of their keys."""
    table = UsageRow
    query = select(table.__table__).where(
        table.window_start >= window.start, table.window_start < window.end, standing(table, as_of)
    )
    rows: list[AnyRow] = []
    for names in [None] if services is None else batches(services):
        rows += session.execute(query if names is None else query.where(table.service.in_(names))).all()
    raw = _raw_digests(session, [row.id for row in rows])
    found = [(row.id, usage_header(row, tuple(raw[row.id]))) for row in rows]
    return dict(sorted(found, key=lambda one: order(one[1].key)))


def _raw_digests(session: Session, ids: Collection[int]) -> dict[int, list[str]]:
    table = RawProfileRow
    found: dict[int, list[str]] = defaultdict(list)
    for batch in batches(ids):
        query = select(table.usage_id, table.digest).where(table.usage_id.in_(batch))
        for id_, digest in session.execute(query.order_by(table.usage_id, table.position)):
            found[id_].append(digest)
    return found


def _blocks(session: Session, ids: Collection[int], column: InstrumentedAttribute[bytes]) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    for batch in batches(ids):
        query = select(UsageBlockRow.usage_id, column).where(UsageBlockRow.usage_id.in_(batch))
        found.update((id_, block) for id_, block in session.execute(query))
    return found


def _names(session: Session, columns: Iterable[Int64s]) -> dict[int, Function]:
    met: set[int] = set()
    for ids in columns:
        met.update(np.unique(ids).tolist())
    return functions.by_id(session, met)
