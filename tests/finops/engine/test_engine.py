import subprocess
import sys
from pathlib import Path

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


@pytest.mark.skipif(engine.name() != "native", reason="the plain engine adds up with numpy")
def test_the_functions_of_a_file_are_shown_without_numpy() -> None:
    heavy = (*HEAVY[:3], "sqlalchemy", "flask", "pydantic", "rich", "boto3")
    capture = Path(__file__).parents[2] / "data" / "profiles" / "go.cpu.pb.gz"
    code = f"""
import sys
from finops.cli.main import main
try:
    main(["top", {str(capture)!r}])
except SystemExit as left:
    assert not left.code
print([name for name in {heavy!r} if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("name", engine.__all__)
def test_every_name_of_the_face_is_there(name: str) -> None:
    assert getattr(engine, name) is not None


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    name = "nothing"
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        getattr(engine, name)
