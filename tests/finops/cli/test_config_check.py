"""`finops config check`: the mistakes of the configuration and of the files and folders that it names."""

import json
import shutil
from pathlib import Path

import pytest

from tests.finops.cli.running import finops

CONFIG = """\
colour = "red"
[api]
port = 0
[blobs]
path = "file"
[[fleet]]
kind = "machines"
count = -1
[[fleet]]
kind = "csv"
name = "cmdb"
path = "fleet.csv"
[[fleet]]
kind = "csv"
name = "gone"
path = "gone.csv"
[[sources]]
kind = "directory"
name = "nowhere"
path = "nowhere"
pattern = "{service}.pb.gz"
[[sources]]
kind = "directory"
name = "patterned"
path = "captures"
pattern = "{service}/{date}/{hour}/*"
[[sources]]
kind = "directory"
name = "indexed"
path = "captures"
index = "index.csv"
"""
FLEET = """\
service,region,machine_type,count,from,utilisation
a,r,m,x,2026-11-02,0.5
a,r,m,2,soon,70
"""
INDEX = """\
path,service,start
a.pb.gz,shop,2026-11-02
b.pb.gz,shop,2026-11-02
./a.pb.gz,shop,2026-11-02
"""


NO_INTEGER = "Input should be a valid integer, unable to parse string as an integer"
AS_A_TIME = "as 2026-11-02 or 2026-11-02T06:00:00Z"
NO_MATCH = "'a.pb.gz' does not match the pattern '{service}/{date}/{hour}/*'"


@pytest.fixture
def wrong(tmp_path: Path) -> Path:
    """A configuration with a mistake of every sort."""
    (tmp_path / "captures").mkdir()
    for name, content in {
        "config.toml": CONFIG,
        "file": "",
        "fleet.csv": FLEET,
        "captures/a.pb.gz": "",
        "captures/index.csv": INDEX,
    }.items():
        (tmp_path / name).write_text(content)
    return tmp_path / "config.toml"


def test_all_mistakes_are_named_at_once_each_with_its_place(wrong: Path) -> None:
    ran = finops("--config", wrong, "config", "check")
    head, *lines = ran.err.replace(f"{wrong.parent}/", "").splitlines()

    assert (ran.code, ran.out) == (2, "")
    assert head == "finops: config.toml cannot be used:"
    assert [line for line in lines if "Field required" not in line] == [
        "  fleet.0.count: Input should be greater than 0 (got -1)",
        "  api.port: Input should be greater than 0 (got 0)",
        "  colour: there is no such key",
        "  blobs.path: file is no folder",
        f"  cmdb: fleet.csv: line 2: count: {NO_INTEGER} (got 'x')",
        f"  cmdb: fleet.csv: line 3: from: 'soon' is not a date or a time, {AS_A_TIME}",
        "  cmdb: fleet.csv: line 3: utilisation: Input should be less than or equal to 1 (got '70')",
        "  gone: gone.csv: No such file or directory",
        "  nowhere: nowhere: No such file or directory",
        f"  patterned: pattern: none of 2 files is a capture: {NO_MATCH}",
        "  indexed: captures/index.csv: line 4 says the same as line 2",
        "  indexed: captures/index.csv: line 3: path: 'b.pb.gz' is no file in the folder that can be read",
    ]


def test_a_row_with_a_mistake_hides_no_missing_file(wrong: Path) -> None:
    index = "path,service,start\nb.pb.gz,shop,2026-11-02\na.pb.gz,shop,soon\n"
    (wrong.parent / "captures/index.csv").write_text(index)

    said = finops("--config", wrong, "config", "check").err

    assert "line 3: start: 'soon' is not a date or a time" in said
    assert "line 2: path: 'b.pb.gz' is no file in the folder that can be read" in said


def test_the_same_as_json(wrong: Path) -> None:
    ran = finops("--config", wrong, "config", "check", "--json")
    document = json.loads(ran.out)

    assert (ran.code, ran.err) == (2, "")
    assert document["configuration"] == str(wrong)
    assert {"place": f"gone: {wrong.parent}/gone.csv", "message": "No such file or directory"} in document[
        "mistakes"
    ]


def test_a_configuration_without_a_mistake_as_json(company: Path) -> None:
    document = finops("--config", company, "config", "check", "--json").document

    assert document == {
        "configuration": str(company),
        "services": 2,
        "fleet_sources": 1,
        "profile_sources": 1,
        "price_lists": 1,
        "mistakes": [],
    }


def test_a_look_makes_nothing(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("")

    assert finops("--config", tmp_path / "config.toml", "config", "check").code == 0
    assert [path.name for path in tmp_path.iterdir()] == ["config.toml"]


def test_a_table_with_a_mistake_of_its_own_is_looked_at_no_further(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('[database]\nurl = "mysql://here"\n[blobs]\nkeep_days = 0\n')
    ran = finops("--config", tmp_path / "config.toml", "config", "check")

    assert [line.split(":")[0] for line in ran.err.splitlines()[1:]] == [
        "  database.url",
        "  blobs.keep_days",
    ]


def test_profiles_are_not_opened(tmp_path: Path, drained_folder: Path) -> None:
    folder = shutil.copytree(drained_folder, tmp_path / "company")
    for path in (folder / "profiles").glob("*.pb.gz"):
        path.write_bytes(b"no profile")

    assert finops("--config", folder / "config.toml", "config", "check").code == 0
