"""The tight Go loop that the engine is measured against, built once from the sources that Go carries."""

import hashlib
import shutil
import tempfile
from pathlib import Path

from benchmarks import gopprof

_SOURCE = Path(__file__).parent / "goloop" / "main.go"
_PROFILE = "src/cmd/vendor/github.com/google/pprof/profile"


def command() -> Path | None:
    """The program `goloop FILE ROUNDS`; None where there is no Go."""
    if (go := gopprof.go()) is None:
        return None
    version, root = gopprof.go_env(go)
    digest = hashlib.sha256(_SOURCE.read_bytes()).hexdigest()[:12]
    built = gopprof.cache_folder() / f"goloop-{version}-{digest}"
    if not built.exists():
        _build(go, Path(root) / _PROFILE, built)
    return built


def _build(go: str, profile: Path, built: Path) -> None:
    with tempfile.TemporaryDirectory(dir=built.parent) as name:
        folder = Path(name)
        (folder / "profile").mkdir()
        for source in profile.glob("*.go"):
            shutil.copy(source, folder / "profile")
        shutil.copy(_SOURCE, folder)
        (folder / "go.mod").write_text("module goloop\n\ngo 1.24\n")
        env = {**gopprof.OFFLINE, "GOFLAGS": "-mod=mod"}
        gopprof.build(go, folder, folder / "goloop", env)
        (folder / "goloop").replace(built)
