import subprocess
import sys

import pytest

from finops import engine

HEAVY = ("numpy", "google.protobuf", "zstandard", "zlib")


def test_importing_the_face_imports_nothing_heavy() -> None:
    code = f"import sys, finops.engine; print([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_gzip_profile_is_inflated_without_zstandard() -> None:
    code = "import gzip, sys; from finops.engine import inflate; inflate(gzip.compress(b'x'))"
    code += "; print('zstandard' in sys.modules, 'numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


@pytest.mark.parametrize("name", engine.__all__)
def test_every_name_of_the_face_is_there(name: str) -> None:
    assert getattr(engine, name) is not None


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    name = "nothing"
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        getattr(engine, name)
