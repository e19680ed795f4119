"""Functions and their digests."""

from hypothesis import given
from hypothesis import strategies as st

from finops.domain.function import Function, digest

functions = st.builds(Function, st.text(), st.text())


def test_a_digest_is_sixteen_bytes_that_never_change() -> None:
    assert digest(Function("main", "main.go")).hex() == "621d6105df59ac5506ca1580334ecb54"


def test_name_and_file_do_not_run_together() -> None:
    assert digest(Function("ab", "c")) != digest(Function("a", "bc"))


def test_names_that_are_no_text_have_one_too() -> None:
    assert len(digest(Function("\ud800", ""))) == 16


@given(one=functions, other=functions)
def test_two_functions_have_two_digests(one: Function, other: Function) -> None:
    assert (digest(one) == digest(other)) == (one == other)
