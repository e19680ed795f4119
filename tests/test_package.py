"""The wheel: what it carries, what it does not, and that it runs without the checkout."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from finops.storage import migrate

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    (made,) = folder.glob("*.whl")
    return made


def test_it_carries_all_that_runs_and_nothing_else(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    tops = {name.split("/")[0] for name in names}

    assert {
        "finops/storage/migrations/env.py",
        "finops/storage/migrations/versions/0001_the_ledger.py",
        "finops/storage/migrations/versions/0002_refused_profiles.py",
        "finops/storage/migrations/versions/0003_restatement.py",
        "finops/demo/config.toml",
        "finops/demo/captures/captures.json",
        "finops/demo/captures/checkout-v1-peak.cpu.pb.gz",
        "pricing/data/aws-us-east-1.tsv",
        "finops/py.typed",
    } <= names
    assert tops == {"finops", "pricing", "jobs", "flamebill-0.1.0.dist-info"}
    assert not [name for name in names if "test" in name or "__pycache__" in name]


def test_it_is_called_flamebill_and_its_command_finops(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as opened:
        metadata = opened.read("flamebill-0.1.0.dist-info/METADATA").decode()
        commands = opened.read("flamebill-0.1.0.dist-info/entry_points.txt").decode()

    assert metadata.splitlines()[1] == "Name: flamebill"
    assert "finops = finops.cli.main:main" in commands


def test_it_runs_without_the_checkout(wheel: Path, tmp_path: Path) -> None:
    installed = tmp_path / "installed"
    zipfile.ZipFile(wheel).extractall(installed)
    (tmp_path / "config.toml").write_text("")
    script = (
        f"import sys; sys.path.insert(0, {str(installed)!r})\n"
        "import finops; assert finops.__file__.startswith(sys.path[0]), finops.__file__\n"
        "from finops.cli.main import main\nmain(sys.argv[1:])"
    )

    def finops(*words: str) -> str:
        ran = subprocess.run(
            [sys.executable, "-c", script, "--config", "config.toml", *words],
            cwd=tmp_path,
            check=True,
            capture_output=True,
            text=True,
        )
        return ran.stdout

    assert finops("db", "upgrade") == f"schema none → {migrate.head()}\n"
    assert "fine" in finops("config", "check")
    assert "0.34" in finops("prices", "show", "c5.2xlarge")
