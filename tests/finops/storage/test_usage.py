"""Usage comes back as it was given, trie included, and is replaced only where it differs."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, func, select, update
from sqlalchemy.orm import Session

from finops.domain.charge import ChargeState
from finops.domain.profile import ProfileKind, Usage
from finops.domain.window import Window
from finops.engine import Totals, Trie, trie_totals
from finops.errors import StorageError
from finops.storage import database, functions, usage
from finops.storage.tables import RawProfileRow, UsageBlockRow, UsageRow
from tests.finops.costs.notation import function
from tests.finops.storage.notation import LATER, NOW, day, hour, hours, record
from tests.finops.storage.notation import usage as said

FULL = said(
    "main;serve;parse@json.py 30\nmain;serve;walk;walk 7\nmain;gc 20\n5",
    version="1.2",
    environment="prod",
    region="eu",
    total=100,
    snapshots=3,
    raw_digests=("b" * 64, "a" * 64),
)


def pull(session: Session, *usages: Usage, at: int = 0, service: str = "shop", **words: object) -> int:
    """Replace what the source says of an hour."""
    given_ = {"source": "pyroscope", "kind": ProfileKind.CPU, "now": NOW} | words
    return usage.replace(session, service=service, hour=hour(at), usages=usages, **given_)  # type: ignore[arg-type]


def columns(one: Trie | Totals) -> tuple[object, ...]:
    """Arrays compared by what is in them."""
    arrays = (
        (one.parents, one.functions, one.selfs)
        if isinstance(one, Trie)
        else (one.selfs, one.totals, np.array([one.total]))
    )
    return (one.keys, one.no_stack, *(array.tolist() for array in arrays))


def plain(usages: Sequence[Usage]) -> list[object]:
    return [(usage.header_of(one), columns(one.trie)) for one in usages]


def test_a_usage_comes_back_with_its_trie(session: Session) -> None:
    pull(session, FULL)

    assert plain(usage.within(session, hour(0))) == plain([FULL])


def test_a_trie_comes_back_whatever_ids_its_functions_have(session: Session) -> None:
    functions.intern(session, [function(name) for name in ("walk", "serve", "zeta", "gc", "main")])
    pull(session, FULL)

    [back] = usage.within(session, hour(0))

    assert columns(back.trie) == columns(FULL.trie)
    assert back.trie.parents.dtype == FULL.trie.parents.dtype
    assert back.trie.functions.dtype == FULL.trie.functions.dtype
    assert back.trie.selfs.dtype == FULL.trie.selfs.dtype


def test_functions_are_read_without_the_trie(session: Session) -> None:
    pull(session, FULL)
    session.execute(update(UsageBlockRow).values(trie=b"not looked at"))

    [found] = usage.function_usage(session, hour(0))

    assert columns(found.functions) == columns(trie_totals(FULL.trie))
    assert found.header == usage.header_of(FULL)


def test_headers_are_read_without_blocks(session: Session) -> None:
    pull(session, FULL)
    session.execute(update(UsageBlockRow).values(trie=b"", functions=b""))

    [header] = usage.headers(session, hour(0))

    assert (header.total, header.stacked, header.no_stack, header.source_unattributed) == (100, 57, 5, 38)
    assert header.raw_digests == FULL.raw_digests


def test_a_profile_without_stacks_comes_back(session: Session) -> None:
    empty = said("", total=12)
    pull(session, empty)

    assert plain(usage.within(session, hour(0))) == plain([empty])


def test_a_damaged_block_is_refused(session: Session) -> None:
    pull(session, FULL)
    session.execute(update(UsageBlockRow).values(trie=b"\x00" * 40))

    with pytest.raises(StorageError, match="call trie"):
        usage.within(session, hour(0))


def test_saying_the_same_twice_touches_nothing(session: Session) -> None:
    assert pull(session, FULL, said("main 1")) == 2
    assert pull(session, said("main 1"), FULL, now=LATER) == 0
    assert session.scalars(select(UsageRow.recorded_at).distinct()).all() == [NOW]


@pytest.mark.parametrize(
    "change",
    [
        {"total": 101},
        {"fingerprint": "pulled again"},
        {"observed_nanos": None},
        {"raw_digests": ("c" * 64,)},
        {"trie": said("main;serve;parse@json.py 30\nmain;serve;walk;walk 7\nmain;gc 20\n6").trie},
        {"trie": said("main;serve;parse@json.py 29\nmain;serve;walk;walk 8\nmain;gc 20\n5").trie},
        {"trie": said("main;serve;parse@xml.py 30\nmain;serve;walk;walk 7\nmain;gc 20\n5").trie},
    ],
)
def test_what_differs_is_replaced_and_leaves_nothing_behind(
    session: Session, change: dict[str, object]
) -> None:
    pull(session, FULL)
    other = replace(FULL, **change)  # type: ignore[arg-type]

    assert pull(session, other, now=LATER) == 1
    assert plain(usage.within(session, hour(0))) == plain([other])
    for table in (UsageRow, UsageBlockRow):
        assert session.scalars(select(func.count()).select_from(table)).one() == 1
    assert session.scalars(select(func.count()).select_from(RawProfileRow)).one() == len(other.raw_digests)


def test_only_what_a_source_says_of_one_name_hour_and_kind_is_replaced(session: Session) -> None:
    others = [
        said(service="mail"),
        said(at=1),
        replace(said(), key=replace(said().key, kind=ProfileKind.HEAP)),
        replace(said(), key=replace(said().key, source="parca")),
    ]
    for one in others:
        key = one.key
        usage.replace(session, key.source, key.service, key.window, key.kind, [one], NOW)
    pull(session, FULL)
    pull(session)

    assert {header.key for header in usage.headers(session, day())} == {one.key for one in others}


def test_what_stood_when_its_hour_was_final_is_kept(session: Session) -> None:
    pull(session, FULL)
    record(session, hour(0), ChargeState.FINAL)
    other = said("main 1", version="1.2", environment="prod", region="eu")
    pull(session, other, now=LATER)

    assert plain(usage.within(session, hour(0))) == plain([other])
    assert plain(usage.within(session, hour(0), as_of=NOW)) == plain([FULL])


@pytest.mark.parametrize(
    "wrong",
    [
        said(service="mail"),
        said(at=1),
        replace(said(), key=replace(said().key, kind=ProfileKind.HEAP)),
        replace(said(), key=replace(said().key, source="parca")),
    ],
)
def test_a_usage_of_something_else_is_refused(session: Session, wrong: Usage) -> None:
    with pytest.raises(ValueError, match="is not of"):
        pull(session, wrong)


def test_two_usages_of_the_same_are_refused(session: Session) -> None:
    with pytest.raises(ValueError, match="same version, environment and region"):
        pull(session, said(), said("main 2"))


def test_usage_is_kept_by_the_hour(session: Session) -> None:
    half = Window(hour(0).start, hour(0).start + timedelta(minutes=30))

    with pytest.raises(ValueError, match="is not an hour"):
        usage.replace(session, "pyroscope", "shop", half, ProfileKind.CPU, [], NOW)


def test_a_window_and_some_services_are_asked_for(session: Session) -> None:
    for at in range(3):
        pull(session, said(at=at), at=at)
        pull(session, said(at=at, service="mail"), at=at, service="mail")

    found = [(header.key.service, header.key.window) for header in usage.headers(session, hours(1, 3))]

    assert found == [("mail", hour(1)), ("mail", hour(2)), ("shop", hour(1)), ("shop", hour(2))]
    assert len(usage.headers(session, day(), ["shop", "unknown"])) == 3
    assert usage.headers(session, day(), []) == []


def test_a_fingerprint_changes_with_what_is_said(session: Session) -> None:
    pull(session, said())
    pull(session, said(service="mail"), service="mail")
    before = usage.fingerprints(session, day())
    pull(session, said(fingerprint="pulled again"), now=LATER)
    after = usage.fingerprints(session, day())

    assert after[hour(0)]["mail"] == before[hour(0)]["mail"]
    assert after[hour(0)]["shop"] != before[hour(0)]["shop"]


def test_blobs_that_nothing_refers_to_are_told(session: Session) -> None:
    pull(session, FULL)
    asked = {"a" * 64, "b" * 64, "c" * 64}

    assert usage.unreferenced(session, asked) == {"c" * 64}
    pull(session)
    assert usage.unreferenced(session, asked) == asked


names = st.sampled_from(["main", "serve", "parse@a.py", "parse@b.py", "walk"])
stacks = st.lists(
    st.tuples(st.lists(names, max_size=5), st.integers(1, 10**15)).map(
        lambda stack: f"{';'.join(stack[0])} {stack[1]}"
    ),
    max_size=12,
)


@settings(deadline=None, max_examples=40)
@given(stacks=stacks)
def test_any_trie_comes_back(engine: Engine, stacks: list[str]) -> None:
    with database.sessions(engine)() as session:
        functions.intern(session, [function("walk"), function("parse@b.py")])
        one = said("\n".join(stacks))
        pull(session, one)

        assert plain(usage.within(session, hour(0))) == plain([one])
        assert pull(session, one) == 0
