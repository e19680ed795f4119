"""The wheel: what it carries, what it does not, and that it runs without the checkout."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from finops.storage import migrate

ROOT = Path(__file__).parents[1]


def built(folder: Path, **environ: str) -> Path:
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True, env={**os.environ, **environ})
    (made,) = folder.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def plain_wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is built where there is no compiler."""
    return built(tmp_path_factory.mktemp("plain"), CC="/nonexistent/cc", LDSHARED="/nonexistent/cc")


def run(wheel: Path, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The command of a wheel that was only unpacked."""
    installed = folder / wheel.stem
    if not installed.exists():
        zipfile.ZipFile(wheel).extractall(installed)
    (folder / "config.toml").write_text("")
    script = (
        f"import sys; sys.path.insert(0, {str(installed)!r})\n"
        "import finops; assert finops.__file__.startswith(sys.path[0]), finops.__file__\n"
        "from finops.cli.main import main\nmain(sys.argv[1:])"
    )
    command = [sys.executable, "-c", script, "--config", "config.toml", *words]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)


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
        "finops/reports/pages/weekly.html",
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
    def finops(*words: str) -> str:
        return run(wheel, tmp_path, *words).stdout

    assert finops("db", "upgrade") == f"schema none → {migrate.head()}\n"
    assert "fine" in finops("config", "check")
    assert "0.34" in finops("prices", "show", "c5.2xlarge")


@pytest.mark.skipif(not shutil.which("cc"), reason="there is no C compiler")
def test_where_there_is_a_compiler_the_core_is_in_it_and_no_source(wheel: Path, tmp_path: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()

    assert [name for name in names if "native/_core" in name and name.endswith(".so")]
    assert not [name for name in names if name.endswith((".c", ".h"))]
    assert "-cp311-abi3-" in wheel.name
    assert "engine: native" in run(wheel, tmp_path, "--version").stdout


def test_without_a_compiler_it_is_an_honest_wheel_of_python_alone(plain_wheel: Path, tmp_path: Path) -> None:
    assert plain_wheel.name.endswith("-py3-none-any.whl")
    assert not [name for name in zipfile.ZipFile(plain_wheel).namelist() if name.endswith(".so")]
    assert "engine: plain" in run(plain_wheel, tmp_path, "--version").stdout


def test_the_plain_engine_gives_the_same_and_says_once_that_it_is_slow(
    wheel: Path, plain_wheel: Path, tmp_path: Path
) -> None:
    capture = str(ROOT / "tests" / "data" / "profiles" / "go.cpu.pb.gz")
    one, other = (run(each, tmp_path, "top", capture, capture, "--json") for each in (wheel, plain_wheel))

    assert one.stdout == other.stdout
    assert one.stderr == ""
    assert other.stderr.count("\n") == 1
    assert "the engine's core was not compiled" in other.stderr


def test_whoever_demands_the_core_gets_no_wheel_without_it(tmp_path: Path) -> None:
    with pytest.raises(subprocess.CalledProcessError):
        built(tmp_path, CC="/nonexistent/cc", LDSHARED="/nonexistent/cc", FLAMEBILL_BUILD="require")
