"""`finops doctor` on a service that runs, on one that is half set up, and on none."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from finops.domain.window import moment_text
from tests.finops.cli.running import Ran, finops
from tests.small_ledger import SmallLedger, captures, hour, machines


def findings(ran: Ran) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(ran.out)["findings"]
    return found


def todos(ran: Ran) -> list[str]:
    return [each["what"] for each in findings(ran) if each["level"] == "todo"]


def examined(folder: Path) -> Ran:
    return finops("--config", folder / "config.toml", "doctor", "--json")


def test_of_a_service_that_runs_it_says_why_numbers_are_small(drained_ledger: SmallLedger) -> None:
    ran = examined(drained_ledger.folder)
    notes = [each["what"] for each in findings(ran)]

    assert (ran.code, todos(ran)) == (0, [])
    assert any("100% of the cpu cost of search is no_profile" in note for note in notes)
    shown = finops("--config", drained_ledger.folder / "config.toml", "doctor")
    assert shown.code == 0
    assert shown.out.splitlines()[0] == "configured: 2 services, 1 fleet, 1 profile source, 1 price list"
    assert shown.out.splitlines()[-1] == "nothing needs doing"


def test_a_configuration_with_nothing_in_it_and_no_database(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("")
    ran = examined(tmp_path)

    assert ran.code == 1
    assert [what for what in todos(ran) if "configured" in what] == [
        "no fleet is configured: nothing has machines, so nothing costs",
        "no profile source is configured: no cost reaches a function",
    ]
    assert any("run `finops db upgrade`" in what for what in todos(ran))


def test_an_empty_database(small_ledger: SmallLedger) -> None:
    ran = examined(small_ledger.folder)

    assert ran.code == 1
    assert todos(ran) == ["no job has ever run"]


def test_a_half_configured_service_has_every_mistake_named(tmp_path: Path, empty_database: Path) -> None:
    shutil.copy(empty_database, tmp_path / "finops.db")
    (tmp_path / "config.toml").write_text(
        '[api]\nport = 0\n[[fleet]]\nkind = "csv"\nname = "a"\npath = "none.csv"\n'
    )
    ran = examined(tmp_path)

    assert ran.code == 1
    assert any(what.startswith("api.port:") for what in todos(ran))
    assert any("none.csv" in what for what in todos(ran))


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("")
    (tmp_path / "finops.db").write_text("hello")
    ran = examined(tmp_path)

    assert ran.code == 1
    assert any("file is not a database" in what for what in todos(ran))


@pytest.mark.parametrize("as_json", [(), ("--json",)])
def test_what_is_wrong_in_the_ledger_is_found(small_ledger: SmallLedger, as_json: tuple[str, ...]) -> None:
    small_ledger.fleet += [machines("rogue", "m5.xlarge", 1), machines("search", "rack-7", 1)]
    stray = [{**row, "service": "stray"} for row in captures(9)]
    small_ledger.index += stray
    small_ledger.index.append({**captures(10)[0], "path": "broken.pb.gz"})
    small_ledger.put("broken.pb.gz", b"no profile")
    small_ledger.write()
    small_ledger.drain()
    ran = finops("--config", small_ledger.folder / "config.toml", "doctor", *as_json)

    assert ran.code == 1
    assert "1 name claimed by no service" in ran.out
    assert "rogue" in ran.out
    assert "no price is known of rack-7 in us-east-1" in ran.out
    assert "profiles, but no machines, of stray" in ran.out
    assert "1 profile was refused" in ran.out


def test_a_fleet_that_fails_is_said_with_its_reason(drained_ledger: SmallLedger) -> None:
    drained_ledger.clock.moment = hour(40).start
    drained_ledger.write()
    (drained_ledger.folder / "fleet.csv").write_text("service,count\nshop,many\n")
    drained_ledger.look("collect_fleet")
    what = todos(examined(drained_ledger.folder))

    assert any("of work of collect_fleet failed" in each and "fleet.csv" in each for each in what)
    assert any(
        f"collect_fleet is behind: 'fleet' was last asked about the hour before {moment_text(hour(32).start)}"
        in each
        for each in what
    )
