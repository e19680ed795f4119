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
    """The hook: the core goes beside its wrapper, in the checkout and in the wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        """Compile, or say in one line why not."""
        wanted = os.environ.get("FLAMEBILL_BUILD", "")
        if self.target_name != "wheel":
            return
        built = None if wanted == "skip" else self._compiled(is_required=wanted == "require")
        for left in (Path(self.root) / _NATIVE).glob("_core*.so"):
            if left != built:
                left.unlink()  # of another build, which would run in place of nothing
        if built:
            build_data["pure_python"] = False
            build_data["tag"] = f"{_STABLE_TAG}-{_platform()}"
            build_data["force_include"][str(built)] = str(_NATIVE / built.name)

    def _compiled(self, *, is_required: bool) -> Path | None:
        try:
            return _compile(Path(self.root))
        # A missing compiler, missing headers, a foreign platform: whatever it is, the package works without.
        except Exception as error:
            if is_required:
                raise
            self.app.display_warning(f"the engine's core was not compiled, the plain one will run: {error}")
            return None


def _compile(root: Path) -> Path:
    from setuptools import Distribution, Extension  # noqa: PLC0415 - only where something is compiled
    from setuptools.command.build_ext import build_ext  # noqa: PLC0415

    extension = Extension(
        _MODULE,
        sorted(str(path) for path in (root / _NATIVE).glob("*/*.c") if path.parent.name != "fuzz"),
        define_macros=[("Py_LIMITED_API", _STABLE_SINCE)],
        extra_compile_args=_FLAGS,
        py_limited_api=True,
    )
    with tempfile.TemporaryDirectory() as folder:
        command = build_ext(Distribution({"name": "core", "ext_modules": [extension]}))
        command.build_lib, command.build_temp = f"{folder}/lib", f"{folder}/temp"
        command.ensure_finalized()
        command.run()
        made = Path(command.get_ext_fullpath(_MODULE))
        return Path(shutil.copy(made, root / _NATIVE / made.name))


def _platform() -> str:
    import sysconfig  # noqa: PLC0415

    return sysconfig.get_platform().replace("-", "_").replace(".", "_")
