"""Compiles the engine's core while the package is built; where that fails, the plain engine is what runs.

`FLAMEBILL_BUILD=require` makes a failure final (for CI and published wheels), `FLAMEBILL_BUILD=skip`
compiles nothing.
"""

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_NATIVE = Path("finops/engine/native")
_MODULE = "finops.engine.native._core"
_FLAGS = ["-std=c11", "-O3", "-g0", "-fvisibility=hidden"]

# Buffers are in the stable interface from 3.11 on: one build runs on it and all that follow.
_STABLE_SINCE = "0x030B0000"
_STABLE_TAG = "cp311-abi3"


class Core(BuildHookInterface):  # type: ignore[type-arg]
    """The hook. In a checkout (an editable install) the core goes beside its wrapper, else into the wheel."""

    folder: str = ""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile, or say in one line why not."""
        if self.target_name != "wheel":
            return
        self.folder = tempfile.mkdtemp()
        built = self._compiled()
        if version == "editable":
            self._place(built)
        if built:
            build_data["pure_python"] = False
            build_data["tag"] = f"{_STABLE_TAG}-{_platform()}"
        if built and version != "editable":
            build_data["force_include"][str(built)] = str(_NATIVE / built.name)

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:  # noqa: ARG002
        """Leave nothing behind."""
        if self.folder:
            shutil.rmtree(self.folder)

    def _place(self, built: Path | None) -> None:
        native = Path(self.root) / _NATIVE
        for stale in native.glob("_core*.so"):
            stale.unlink()  # an older build must not run in place of none
        if built:
            shutil.copy(built, native / built.name)

    def _compiled(self) -> Path | None:
        wanted = os.environ.get("FLAMEBILL_BUILD", "")
        if wanted == "skip":
            return None
        try:
            return _compile(Path(self.root), self.folder)
        # A missing compiler, missing headers, a foreign platform: whatever it is, the package works without.
        except Exception as error:
            if wanted == "require":
                raise
            self.app.display_warning(f"the engine's core was not compiled, the plain one will run: {error}")
            return None


def _compile(root: Path, folder: str) -> Path:
    from setuptools import Distribution, Extension  # noqa: PLC0415 - only where something is compiled
    from setuptools.command.build_ext import build_ext  # noqa: PLC0415

    extension = Extension(
        _MODULE,
        sorted(str(path) for part in ("core", "wrapper") for path in (root / _NATIVE / part).glob("*.c")),
        define_macros=[("Py_LIMITED_API", _STABLE_SINCE)],
        extra_compile_args=_FLAGS,
        py_limited_api=True,
    )
    command = build_ext(Distribution({"name": "core", "ext_modules": [extension]}))
    command.build_lib, command.build_temp = f"{folder}/lib", f"{folder}/temp"
    command.ensure_finalized()
    command.run()
    return Path(command.get_ext_fullpath(_MODULE))


def _platform() -> str:
    import sysconfig  # noqa: PLC0415

    return sysconfig.get_platform().replace("-", "_").replace(".", "_")
