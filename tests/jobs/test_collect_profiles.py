import hashlib
import json
from dataclasses import replace
from datetime import timedelta

import numpy as np

from finops import engine
from finops.demo import layout
from finops.domain.profile import ProfileKind, RefusedProfile, Usage
from finops.domain.window import Window, moment_text
from finops.storage import refused_profiles, usage
from finops.storage.runs import Outcome
from jobs import runner
from jobs.collect_profiles import CollectProfiles
from jobs.runner import Summary
from jobs.windows import Due, Key
from tests.small_ledger import MONDAY, SmallLedger, captured, captures, day, hour

PROFILES = "collect_profiles"
NIGHT = layout.captures()["v1", "night"]
DOCUMENT = json.loads(captured("captures.json"))["captures"]
SAMPLED = next(each for each in DOCUMENT if (each["version"], each["level"]) == ("v1", "night"))
WHOLE = Window(hour(0).start, hour(33).start)


def stored(ledger: SmallLedger, within: Window = WHOLE) -> dict[tuple[int, ProfileKind], Usage]:
    """Usage by the number of its hour, and kind."""
    with ledger.app().readers() as session:
        return {
            ((each.key.window.start - MONDAY) // timedelta(hours=1), each.key.kind): each
            for each in usage.within(session, within)
        }


def said(ledger: SmallLedger) -> dict[tuple[int, ProfileKind], tuple[int, str]]:
    """What is stored, to be compared."""
    return {place: (each.total, each.fingerprint) for place, each in stored(ledger).items()}


def refused(ledger: SmallLedger) -> list[RefusedProfile]:
    """What is stored of the profiles that nobody could use."""
    with ledger.app().readers() as session:
        return refused_profiles.within(session, WHOLE)


def point(ledger: SmallLedger, number: int, kind: str, **columns: object) -> None:
    """Change the row of the index that lays a capture over an hour."""
    start = moment_text(hour(number).start)
    row = next(row for row in ledger.index if row["start"] == start and row["type"] == kind)
    row.update(columns)


def test_each_hour_has_what_its_profiles_said(small_ledger: SmallLedger) -> None:
    assert small_ledger.look(PROFILES) == Summary(due=32, ok=32)

    found = stored(small_ledger)
    assert {number for number, _ in found} == {9, 10, 25, 30}
    cpu, heap = found[9, ProfileKind.CPU], found[9, ProfileKind.HEAP]
    assert (cpu.total, cpu.observed_nanos, cpu.sampling_interval) == (
        SAMPLED["profile_nanos"],
        SAMPLED["wall_nanos"],
        10_000_000,
    )
    assert (heap.total, heap.snapshots) == (SAMPLED["inuse_bytes"], 1)
    assert cpu.key.service == "shop-checkout", "the profiler's own name; whose it is decides the registry"
    assert cpu.key.version == "v1"


def test_profiles_are_kept_as_they_came(small_ledger: SmallLedger) -> None:
    small_ledger.look(PROFILES, within=hour(9))

    (digest,) = stored(small_ledger)[9, ProfileKind.CPU].raw_digests
    assert small_ledger.app().blobs.read(digest) == captured(NIGHT.cpu_file)


def test_several_captures_of_an_hour_are_merged(small_ledger: SmallLedger) -> None:
    small_ledger.index += [{**row, "instance": "b"} for row in captures(9)]
    for row in small_ledger.index:
        row.setdefault("instance", "a")
    small_ledger.write()

    small_ledger.look(PROFILES, within=hour(9))

    cpu = stored(small_ledger)[9, ProfileKind.CPU]
    assert (cpu.total, cpu.observed_nanos, cpu.profiles) == (
        2 * SAMPLED["profile_nanos"],
        2 * SAMPLED["wall_nanos"],
        2,
    )


def test_versions_of_an_hour_are_told_apart(small_ledger: SmallLedger) -> None:
    small_ledger.index += captures(9, version="v2")
    small_ledger.put("checkout-v2-night.cpu.pb.gz", captured("checkout-v2-night.cpu.pb.gz"))
    small_ledger.put("checkout-v2-night.heap.pb.gz", captured("checkout-v2-night.heap.pb.gz"))
    small_ledger.write()

    small_ledger.look(PROFILES, within=hour(9))

    with small_ledger.app().readers() as session:
        found = {(each.key.version, each.key.kind) for each in usage.within(session, hour(9))}
    assert found == {(version, kind) for version in ("v1", "v2") for kind in ProfileKind}


def test_a_broken_profile_among_good_ones_is_named_and_the_good_ones_are_kept(
    small_ledger: SmallLedger,
) -> None:
    small_ledger.put("broken.pb.gz", captured(NIGHT.cpu_file)[:-1000])
    point(small_ledger, 9, "cpu", path="broken.pb.gz")
    small_ledger.write()

    assert small_ledger.look(PROFILES) == Summary(due=32, ok=32)

    assert set(stored(small_ledger)) == {(9, ProfileKind.HEAP)} | {
        (number, kind) for number in (10, 25, 30) for kind in ProfileKind
    }
    (refusal,) = [run for run in small_ledger.runs() if run.error]
    assert (refusal.outcome, refusal.window) == (Outcome.OK, hour(9))
    assert refusal.counts == {"profiles": 1, "usages": 1, "refused": 1, "unpruned": 0}
    assert refusal.error.startswith("shop-checkout cpu: 'broken.pb.gz': ")
    assert [(each.service, each.window, each.kind, each.source) for each in refused(small_ledger)] == [
        ("shop-checkout", hour(9), ProfileKind.CPU, "profiles")
    ]
    assert refused(small_ledger)[0].why.startswith("'broken.pb.gz': ")


def test_a_profile_whose_frames_cannot_be_dropped_as_it_asks_is_kept_whole_and_named(
    small_ledger: SmallLedger,
) -> None:
    asked = replace(engine.decode(captured(NIGHT.cpu_file)), drop_frames="main|(")
    small_ledger.put("asking.pb.gz", engine.encode(asked))
    point(small_ledger, 9, "cpu", path="asking.pb.gz")
    small_ledger.write()

    small_ledger.look(PROFILES)

    (noted,) = [run for run in small_ledger.runs() if run.error]
    assert noted.counts == {"profiles": 2, "usages": 2, "refused": 0, "unpruned": 1}
    assert noted.error == "shop-checkout cpu: its drop_frames is not applied: it ends too early"
    assert stored(small_ledger)[9, ProfileKind.CPU].total == SAMPLED["profile_nanos"]


def test_a_broken_file_takes_nothing_from_the_others_of_its_hour_and_kind(small_ledger: SmallLedger) -> None:
    """One of two processes was killed while it wrote its profile: the other's is all that is known."""
    small_ledger.put("a-broken.pb.gz", b"\x1f\x8b")
    for row in small_ledger.index:
        row["instance"] = "b"
    small_ledger.index += [{**captures(9)[0], "path": "a-broken.pb.gz", "instance": "a"}]
    small_ledger.write()

    small_ledger.look(PROFILES, within=hour(9))

    cpu = stored(small_ledger)[9, ProfileKind.CPU]
    assert (cpu.profiles, cpu.total, cpu.observed_nanos) == (
        1,
        SAMPLED["profile_nanos"],
        SAMPLED["wall_nanos"],
    )
    assert "'a-broken.pb.gz'" in small_ledger.runs()[0].error


def test_stacks_that_cannot_be_added_up_take_nothing_from_the_others(small_ledger: SmallLedger) -> None:
    """What only shows when stacks are walked is found file by file too."""
    huge = engine.decode(captured(NIGHT.cpu_file))
    huge.values[:] = np.int64(2**62)
    small_ledger.put("huge.pb.gz", engine.encode(huge))
    for row in small_ledger.index:
        row["instance"] = "b"
    small_ledger.index += [{**captures(9)[0], "path": "huge.pb.gz", "instance": "a"}]
    small_ledger.write()

    small_ledger.look(PROFILES, within=hour(9))

    cpu = stored(small_ledger)[9, ProfileKind.CPU]
    assert (cpu.profiles, cpu.total) == (1, SAMPLED["profile_nanos"])
    assert cpu.raw_digests == (hashlib.sha256(captured(NIGHT.cpu_file)).hexdigest(),)
    assert [each.why.split(": ")[0] for each in refused(small_ledger)] == ["'huge.pb.gz'"]


def test_a_profile_that_breaks_is_taken_back_and_one_that_is_mended_counts(small_ledger: SmallLedger) -> None:
    small_ledger.look(PROFILES)
    before = said(small_ledger)
    small_ledger.put("new.pb.gz", b"<html>Please sign in</html>")
    point(small_ledger, 9, "cpu", path="new.pb.gz")
    small_ledger.write()

    assert small_ledger.look(PROFILES) == Summary(due=1, ok=1)
    assert said(small_ledger) == {place: it for place, it in before.items() if place != (9, "cpu")}
    assert [each.why for each in refused(small_ledger)] == [
        "'new.pb.gz': this is an HTML page, not a profile"
    ]

    small_ledger.put("new.pb.gz", captured(NIGHT.cpu_file))
    assert small_ledger.look(PROFILES) == Summary(due=1, ok=1)
    assert stored(small_ledger)[9, ProfileKind.CPU].total == SAMPLED["profile_nanos"]
    assert refused(small_ledger) == []


def test_what_the_source_no_longer_offers_is_gone(small_ledger: SmallLedger) -> None:
    small_ledger.look(PROFILES)
    small_ledger.index = [row for row in small_ledger.index if row["start"] != moment_text(hour(9).start)]
    small_ledger.write()

    assert small_ledger.look(PROFILES) == Summary(due=1, ok=1)
    assert {number for number, _ in stored(small_ledger)} == {10, 25, 30}


def test_a_file_that_was_rewritten_makes_its_hours_due_and_no_others(small_ledger: SmallLedger) -> None:
    small_ledger.put("other.pb.gz", captured(NIGHT.cpu_file))
    point(small_ledger, 25, "cpu", path="other.pb.gz")
    small_ledger.write()
    small_ledger.look(PROFILES)

    columns = engine.decode(captured(NIGHT.cpu_file))
    columns.values[:] = columns.values * np.int64(2)
    small_ledger.put("other.pb.gz", engine.encode(columns))

    assert small_ledger.look(PROFILES) == Summary(due=1, ok=1)
    assert stored(small_ledger)[25, ProfileKind.CPU].total == 2 * SAMPLED["profile_nanos"]
    assert stored(small_ledger)[9, ProfileKind.CPU].total == SAMPLED["profile_nanos"]


def test_a_file_that_was_only_touched_is_not_due(small_ledger: SmallLedger) -> None:
    small_ledger.look(PROFILES)
    small_ledger.put(NIGHT.cpu_file, captured(NIGHT.cpu_file))

    assert small_ledger.look(PROFILES) == Summary()


def test_what_is_no_money_is_named(small_ledger: SmallLedger) -> None:
    point(small_ledger, 9, "inuse_space", type="alloc_space")
    small_ledger.write()

    small_ledger.look(PROFILES, within=hour(9))

    assert set(stored(small_ledger)) == {(9, ProfileKind.CPU)}
    assert f"'{NIGHT.heap_file}': it has no 'alloc_space' that could be money" in small_ledger.runs()[0].error


def test_final_hours_are_not_collected_again(drained_ledger: SmallLedger) -> None:
    before = said(drained_ledger)
    drained_ledger.index = [row for row in drained_ledger.index if row["type"] == "cpu"]
    drained_ledger.write()

    assert drained_ledger.look(PROFILES) == Summary(due=1, ok=1), "the one that is provisional"
    assert said(drained_ledger) == {place: it for place, it in before.items() if place != (30, "heap")}


def test_an_hour_that_becomes_final_meanwhile_is_left_alone(drained_ledger: SmallLedger) -> None:
    before = said(drained_ledger)
    drained_ledger.index = drained_ledger.index[-1:]
    drained_ledger.write()

    found = Due(Key(hour(9), "profiles"), "as it was found")
    ended = runner.run_now(drained_ledger.app(), CollectProfiles(), found)

    assert ended.outcome is Outcome.SKIPPED
    assert "became final meanwhile" in drained_ledger.runs()[0].error
    assert said(drained_ledger) == before


def test_an_index_with_a_mistake_is_asked_once_and_other_sources_go_on(small_ledger: SmallLedger) -> None:
    small_ledger.more = (
        '[[sources]]\nkind = "directory"\nname = "others"\npath = "others"\nindex = "index.csv"\n'
    )
    small_ledger.write()
    (small_ledger.folder / "others").mkdir()
    (small_ledger.folder / "others" / "index.csv").write_text("path,service,start\na.pb.gz,checkout,soon\n")

    assert small_ledger.look(PROFILES, within=day()) == Summary(due=48, ok=24, failed=1, skipped=23)

    (failed,) = small_ledger.runs(Outcome.FAILED)
    assert failed.scope == "others"
    assert "line 2" in failed.error
    assert "'soon'" in failed.error
    assert (9, ProfileKind.CPU) in stored(small_ledger)


def test_a_folder_that_is_missing_is_asked_once_a_look_and_takes_nothing_back(
    small_ledger: SmallLedger,
) -> None:
    small_ledger.look(PROFILES)
    before = said(small_ledger)
    (small_ledger.folder / "profiles").rename(small_ledger.folder / "elsewhere")

    assert small_ledger.look(PROFILES) == Summary(due=32, failed=1, skipped=31)

    assert "No such file or directory" in small_ledger.runs(Outcome.FAILED)[0].error
    assert said(small_ledger) == before
    (small_ledger.folder / "elsewhere").rename(small_ledger.folder / "profiles")
    assert small_ledger.look(PROFILES) == Summary()
