import os
import shutil
from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from time import perf_counter

import pytest

from finops import engine
from finops.config import load
from finops.costs.usage import merge_profiles, weigh
from finops.domain.ports import ProfileOffer, ProfileSource
from finops.domain.profile import Profile, ProfileKind, UsageKey
from finops.domain.window import HOUR, Window, hour_of
from finops.errors import BrokenInput, BrokenProfile, SourceUnavailable
from finops.sources import DirectorySource, profile_sources
from tests.finops.sources.notation import DAY, GO_CPU, GO_HEAP, SIX, STACKS, capture, go_cpu, go_heap, put

CPU, HEAP = ProfileKind.CPU, ProfileKind.HEAP
CONFIG = Path(__file__).parents[2] / "data" / "config"
BY_HOUR = "{service}/{date}/{hour}/{instance}.pb.gz"
NO_MONEY = "it is neither CPU time nor live heap that could be money, but"


def shape(offers: list[ProfileOffer]) -> list[tuple[str, str, ProfileKind]]:
    return [(offer.service, f"{offer.window.start:%H:%M}", offer.kind) for offer in offers]


def only(source: DirectorySource, window: Window = DAY) -> Profile:
    """The one profile of the one offer."""
    [offer] = source.offers(window)
    [profile] = source.fetch(offer)
    return profile


def refusal(source: DirectorySource, kind: ProfileKind = CPU) -> str:
    [offer] = source.offers(DAY)
    assert offer.kind is kind
    with pytest.raises(BrokenProfile) as caught:
        list(source.fetch(offer))
    return str(caught.value)


def prints(source: DirectorySource) -> list[str]:
    return [offer.fingerprint for offer in source.offers(DAY)]


def test_a_pattern_says_whose_each_file_is_and_of_when(tmp_path: Path) -> None:
    files = {
        "shop/2026-11-02/06/i-1.pb.gz": go_cpu(),
        "shop/2026-11-02/06/i-2.pb.gz": go_cpu(),
        "shop/2026-11-02/07/i-1.pb.gz": go_cpu(),
        "cart/2026-11-02/06/i-1.pb.gz": go_heap(),
        "cart/2026-11-03/00/i-1.pb.gz": go_heap(),
    }
    source: ProfileSource = DirectorySource("captures", put(tmp_path, files), pattern=BY_HOUR)
    offers = list(source.offers(DAY))

    assert shape(offers) == [("cart", "06:00", HEAP), ("shop", "06:00", CPU), ("shop", "07:00", CPU)]
    assert [profile.instance for profile in source.fetch(offers[1])] == ["i-1", "i-2"]


def test_a_go_profile_is_fetched_with_all_that_a_raw_capture_vouches_for(tmp_path: Path) -> None:
    data = go_cpu()
    folder = put(tmp_path, {"shop/v1/prod/eu/2026-11-02/06/i-1.cpu": data})
    pattern = "{service}/{version}/{environment}/{region}/{date}/{hour}/{instance}.{type}"
    profile = only(DirectorySource("captures", folder, pattern=pattern))

    assert (profile.service, profile.window, profile.kind) == ("shop", SIX, CPU)
    assert (profile.value, profile.factor) == (1, 1)
    assert (profile.observed_nanos, profile.snapshots, profile.sampling_interval) == (
        30 * 10**9,
        None,
        10_000_000,
    )
    assert (profile.version, profile.environment, profile.region, profile.instance) == (
        "v1",
        "prod",
        "eu",
        "i-1",
    )
    assert profile.raw == data
    assert engine.totals(profile.columns, profile.value).total == 50_000_000


def test_a_merged_file_vouches_for_nothing(tmp_path: Path) -> None:
    folder = put(tmp_path, {"shop/a.pb.gz": go_cpu("2026-11-02T06:15:00"), "b.pb.gz": go_heap()})
    cpu = only(DirectorySource("merged", folder, pattern="{service}/*", merged=True))
    index = put(tmp_path, {"i.csv": "path,service,start\nb.pb.gz,shop,2026-11-02T06:00:00Z\n"})
    heap = only(DirectorySource("merged", index, index=Path("i.csv"), merged=True))

    assert (cpu.observed_nanos, cpu.snapshots, cpu.sampling_interval) == (None, None, None)
    assert (heap.observed_nanos, heap.snapshots, heap.sampling_interval) == (None, None, 524_288)


def test_an_index_vouches_for_what_the_file_does_not_say(tmp_path: Path) -> None:
    index = (
        "path,service,start,observed_seconds,snapshots,sampling_hz,version\n"
        "a.pb.gz,shop,2026-11-02T06:59:59.999Z,14400.000000001,12,50,v1\n"
    )
    files = {"a.pb.gz": capture(GO_CPU | GO_HEAP), "index.csv": index}
    source = DirectorySource("captures", put(tmp_path, files), index=Path("index.csv"), merged=True)
    cpu, heap = (next(source.fetch(offer)) for offer in source.offers(SIX))

    assert (cpu.kind, heap.kind) == (CPU, HEAP)
    assert cpu.observed_nanos == heap.observed_nanos == 14_400_000_000_001
    assert (cpu.snapshots, heap.snapshots) == (None, 12)
    assert (cpu.sampling_interval, heap.sampling_interval) == (20_000_000, None)
    assert cpu.version == "v1"


def test_a_profile_belongs_to_the_hour_of_its_start(tmp_path: Path) -> None:
    rows = "".join(
        f"a.pb.gz,{service},{start}\n"
        for service, start in (
            ("before", "2026-11-02T05:59:59.999999Z"),
            ("first", "2026-11-02T06:00:00Z"),
            ("last", "2026-11-02T06:59:59.999999Z"),
            ("after", "2026-11-02T07:00:00Z"),
            ("zoned", "2026-11-02T08:30:00+02:00"),
        )
    )
    files = {"a.pb.gz": go_cpu(), "index.csv": f"path,service,start\n{rows}"}
    source = DirectorySource("captures", put(tmp_path, files), index=Path("index.csv"))

    assert [offer.service for offer in source.offers(SIX)] == ["first", "last", "zoned"]
    assert shape(source.offers(Window(SIX.start + timedelta(minutes=30), SIX.end))) == shape(
        source.offers(SIX)
    )
    assert all(profile.window == SIX for offer in source.offers(SIX) for profile in source.fetch(offer))


def test_the_files_own_time_counts_where_nothing_else_says(tmp_path: Path) -> None:
    folder = put(tmp_path, {"shop/a.pb.gz": go_cpu("2026-11-02T06:15:00")})
    source = DirectorySource("captures", folder, pattern="{service}/*")

    assert shape(source.offers(DAY)) == [("shop", "06:00", CPU)]


def test_a_file_that_says_nowhere_of_when_it_is_is_named(tmp_path: Path) -> None:
    files = {"shop/a.folded": STACKS, "shop/b.pb.gz": b"\0nonsense", "shop/c.pb.gz": go_cpu()}
    source = DirectorySource("captures", put(tmp_path, files), pattern="{service}/*")

    with pytest.raises(BrokenInput) as caught:
        source.offers(DAY)

    message = str(caught.value)
    assert message.startswith("captures: the pattern says no hour, and 'shop/a.folded' says no time either;")
    assert "'shop/b.pb.gz': " in message
    assert "'shop/c.pb.gz' says no time either" in message


def test_collapsed_stacks_are_money_only_at_a_known_rate(tmp_path: Path) -> None:
    folder = put(tmp_path, {"shop/2026-11-02/06/a.pb.gz": STACKS})
    silent = DirectorySource("captures", folder, pattern=BY_HOUR)
    known = only(DirectorySource("captures", folder, pattern=BY_HOUR, sampling_hz=Decimal(99)))
    usage = merge_profiles(UsageKey("shop", SIX, CPU, "captures"), [weigh(known)], "")

    hint = "if it counts samples of CPU time, say how many a second: sampling_hz"

    assert silent.offers(DAY) == []
    assert silent.skipped(DAY) == [
        f"'shop/2026-11-02/06/a.pb.gz': {NO_MONEY} 'samples/count'; {hint}",
    ]
    assert (known.factor, known.sampling_interval, known.observed_nanos) == (10_101_010, 10_101_010, None)
    assert usage.total == 5 * 10_101_010


def test_wall_clock_and_locks_are_left_out_and_named(tmp_path: Path) -> None:
    files = {
        "shop/2026-11-02/06/wall.pb.gz": capture({"wall/nanoseconds": 1}, period="1 wall/nanoseconds"),
        "shop/2026-11-02/06/lock.pb.gz": capture({"contentions/count": 1, "delay/nanoseconds": 1}),
        "shop/2026-11-02/07/wall.pb.gz": capture({"wall/nanoseconds": 1}),
        "README": "main 1",
    }
    source = DirectorySource("captures", put(tmp_path, files), pattern=BY_HOUR)

    assert source.offers(DAY) == []
    assert source.skipped(SIX) == [
        f"'shop/2026-11-02/06/lock.pb.gz': {NO_MONEY} 'contentions/count', 'delay/nanoseconds'",
        f"'shop/2026-11-02/06/wall.pb.gz': {NO_MONEY} 'wall/nanoseconds'",
        f"'README' does not match the pattern {BY_HOUR!r}",
    ]


def test_a_type_that_was_asked_for_must_be_there(tmp_path: Path) -> None:
    index = "path,service,start,type\na.pb.gz,shop,2026-11-02T06:00:00Z,inuse_space\n"
    files = {"a.pb.gz": go_cpu(), "index.csv": index}
    source = DirectorySource("captures", put(tmp_path, files), index=Path("index.csv"))

    assert refusal(source, HEAP) == (
        "'a.pb.gz': it has no 'inuse_space' that could be money, but 'samples/count', 'cpu/nanoseconds'"
    )


def test_a_broken_file_is_offered_so_that_it_is_not_missed(tmp_path: Path) -> None:
    folder = put(tmp_path, {"shop/2026-11-02/06/a\x1b.pb.gz": go_cpu()[:-10]})

    assert refusal(DirectorySource("captures", folder, pattern="{service}/{date}/{hour}/*")) == (
        "'shop/2026-11-02/06/a\\x1b.pb.gz': the profile is cut short: its gzip data does not end within "
        f"{len(go_cpu()) - 10} bytes"
    )


def test_a_link_out_of_the_folder_is_offered_and_refused(tmp_path: Path) -> None:
    put(tmp_path, {"secret.pb.gz": go_cpu(), "in/shop/2026-11-02/06/x.pb.gz": ""})
    link = tmp_path / "in/shop/2026-11-02/06/x.pb.gz"
    link.unlink()
    link.symlink_to(tmp_path / "secret.pb.gz")

    assert refusal(DirectorySource("captures", tmp_path / "in", pattern=BY_HOUR)) == (
        "'shop/2026-11-02/06/x.pb.gz' leads out of the folder"
    )


def test_a_negative_value_is_no_usage(tmp_path: Path) -> None:
    data = capture({"samples/count": 1, "cpu/nanoseconds": -7})
    folder = put(tmp_path, {"shop/2026-11-02/06/a.pb.gz": data})

    assert refusal(DirectorySource("captures", folder, pattern=BY_HOUR)) == (
        "'shop/2026-11-02/06/a.pb.gz': 'cpu/nanoseconds' has a negative value, -21"
    )


def test_a_negative_value_of_another_column_is_no_matter(tmp_path: Path) -> None:
    data = capture({"alloc_space/bytes": -1, "inuse_space/bytes": 1000})
    folder = put(tmp_path, {"shop/2026-11-02/06/a.pb.gz": data})

    assert only(DirectorySource("captures", folder, pattern=BY_HOUR)).kind is HEAP


def test_a_missing_file_may_come_later(tmp_path: Path) -> None:
    index = "path,service,start\na.pb.gz,shop,2026-11-02T06:00:00Z\n"
    source = DirectorySource("captures", put(tmp_path, {"index.csv": index}), index=Path("index.csv"))
    [offer] = source.offers(DAY)

    with pytest.raises(SourceUnavailable, match=r"captures: .*a\.pb\.gz: No such file or directory"):
        list(source.fetch(offer))

    put(tmp_path, {"a.pb.gz": go_cpu()})

    assert prints(source) != [offer.fingerprint]
    assert only(source).service == "shop"


def test_a_missing_folder_or_index_may_come_later(tmp_path: Path) -> None:
    for source in (
        DirectorySource("captures", tmp_path / "none", pattern="{service}"),
        DirectorySource("captures", tmp_path, index=Path("index.csv")),
    ):
        for ask in (source.offers, source.skipped):
            with pytest.raises(SourceUnavailable, match=r"captures: .*No such file or directory"):
                ask(DAY)


def test_what_is_no_longer_there_is_not_silently_nothing(tmp_path: Path) -> None:
    source = DirectorySource("captures", put(tmp_path, {"a/b": go_cpu()}), pattern=BY_HOUR)

    with pytest.raises(SourceUnavailable, match="what was offered for shop is no longer there"):
        list(source.fetch(ProfileOffer("shop", SIX, CPU)))


def test_what_came_after_the_listing_is_found(tmp_path: Path) -> None:
    source = DirectorySource(
        "captures", put(tmp_path, {"cart/2026-11-02/06/a.pb.gz": go_cpu()}), pattern=BY_HOUR
    )
    source.offers(DAY)
    put(tmp_path, {"shop/2026-11-02/06/a.pb.gz": go_cpu()})

    assert len(list(source.fetch(ProfileOffer("shop", SIX, CPU)))) == 1


def test_a_broken_index_is_refused(tmp_path: Path) -> None:
    source = DirectorySource("captures", put(tmp_path, {"index.csv": "path\n"}), index=Path("index.csv"))

    with pytest.raises(BrokenInput, match=r"index\.csv: the column 'service', 'start' is missing"):
        source.offers(DAY)


def test_a_fingerprint_is_the_same_for_a_copy_and_after_a_touch(tmp_path: Path) -> None:
    folder = put(tmp_path / "one", {"shop/2026-11-02/06/a.pb.gz": go_cpu()})
    source = DirectorySource("captures", folder, pattern=BY_HOUR)
    before = prints(source)
    os.utime(folder / "shop/2026-11-02/06/a.pb.gz", (0, 0))
    shutil.copytree(folder, tmp_path / "two")

    assert prints(source) == before
    assert prints(DirectorySource("other", tmp_path / "two", pattern=BY_HOUR)) == before


def test_a_fingerprint_changes_with_everything_that_a_pull_would_bring(tmp_path: Path) -> None:
    header = "path,service,start,observed_seconds,version\n"
    files = {
        "a.pb.gz": go_cpu(),
        "b.pb.gz": go_cpu(),
        "c.pb.gz": go_cpu(duration_nanos=31 * 10**9),
        "1.csv": f"{header}a.pb.gz,shop,2026-11-02T06:00:00Z,,\n",
        "2.csv": f"{header}a.pb.gz,shop,2026-11-02T06:00:00Z,60,\n",
        "3.csv": f"{header}a.pb.gz,shop,2026-11-02T06:00:00Z,,v2\n",
        "4.csv": f"{header}b.pb.gz,shop,2026-11-02T06:00:00Z,,\n",
        "5.csv": f"{header}c.pb.gz,shop,2026-11-02T06:00:00Z,,\n",
        "6.csv": f"{header}a.pb.gz,shop,2026-11-02T06:00:00Z,,\nb.pb.gz,shop,2026-11-02T06:00:00Z,,\n",
    }
    folder = put(tmp_path, files)
    sources = [DirectorySource("captures", folder, index=Path(f"{i}.csv")) for i in range(1, 7)]
    sources += [DirectorySource("captures", folder, index=Path("1.csv"), merged=True)]
    sources += [DirectorySource("captures", folder, index=Path("1.csv"), sampling_hz=Decimal(99))]
    found = [fingerprint for source in sources for fingerprint in prints(source)]

    assert len(set(found)) == len(found) == 8


def test_the_order_of_the_index_does_not_matter(tmp_path: Path) -> None:
    rows = [f"{name}.pb.gz,shop,2026-11-02T06:00:00Z\n" for name in "ab"]
    files: dict[str, object] = {"a.pb.gz": go_cpu(), "b.pb.gz": go_cpu(duration_nanos=1)}
    for name, lines in (("1.csv", rows), ("2.csv", rows[::-1])):
        files[name] = "path,service,start\n" + "".join(lines)
    folder = put(tmp_path, files)
    one, other = (DirectorySource("captures", folder, index=Path(name)) for name in ("1.csv", "2.csv"))

    assert prints(one) == prints(other)


def test_a_thousand_rows_over_sixteen_files_are_quick(tmp_path: Path) -> None:
    start = datetime(2026, 11, 2, tzinfo=UTC)
    files: dict[str, object] = {f"{i}.pb.gz": capture(stacks=STACKS * (i + 1)) for i in range(16)}
    rows = [f"{i % 16}.pb.gz,service-{i % 2},{(start + HOUR * (i // 2)).isoformat()}\n" for i in range(1008)]
    files["index.csv"] = "path,service,start\n" + "".join(rows)
    source = DirectorySource("captures", put(tmp_path, files), index=Path("index.csv"))

    begun = perf_counter()
    whole = source.offers(Window(start, start + HOUR * 504))
    hourly = [offer for i in range(504) for offer in source.offers(hour_of(start + HOUR * i))]
    fetched = Counter(profile.service for offer in whole for profile in source.fetch(offer))

    assert sorted(hourly) == whole
    assert fetched == {"service-0": 504, "service-1": 504}
    # About a second here; decoding each row's file would take minutes with real captures.
    assert perf_counter() - begun < 15


def test_settings_become_sources() -> None:
    captures, folded = profile_sources(load(CONFIG / "sources.good.toml", {}))

    assert (captures.name, folded.name) == ("captures", "folded")


def test_a_folder_is_described_in_one_way(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="either by a pattern or by an index"):
        DirectorySource("captures", tmp_path)
    with pytest.raises(ValueError, match="either by a pattern or by an index"):
        DirectorySource("captures", tmp_path, pattern="{service}", index=Path("index.csv"))
