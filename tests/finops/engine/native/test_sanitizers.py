"""The core alone under the address and undefined-behaviour sanitizers; the long form is fuzz/run."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

FUZZ = Path(__file__).parents[4] / "finops" / "engine" / "native" / "fuzz" / "run"


@pytest.mark.skipif(not shutil.which("cc"), reason="there is no C compiler")
def test_mutants_of_real_captures_crash_nothing_and_warn_of_nothing() -> None:
    environ = {**os.environ, "SEED": "3"}
    done = subprocess.run([FUZZ, "mutants", "3000"], env=environ, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    found = re.fullmatch(
        r"3000 mutants of \d+ files, (\d+) reached the walker, (\d+) accepted,.*\n", done.stdout
    )
    assert found, done.stdout
    assert int(found[1]) >= 1800
    assert int(found[2]) >= 300
    assert done.stderr == ""
