import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.engine.plain.patterns import Budget, Pattern, UnsupportedPatternError


def matches(pattern: str, text: str) -> bool:
    return Pattern(pattern).matches(text, Budget(10**6))


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        ("malloc", ["malloc"], ["mallocs", "malloc\n", "", "xmalloc"]),
        ("a|bc|", ["a", "bc", ""], ["b", "abc"]),
        ("(__)?posix_memalign", ["posix_memalign", "__posix_memalign"], ["_posix_memalign"]),
        (r"runtime\.call[0-9]*", ["runtime.call", "runtime.call64"], ["runtimexcall", "runtime.callx"]),
        (r"tcmalloc::.*", ["tcmalloc::", "tcmalloc::New"], ["tcmalloc:", "tcmalloc::\n"]),
        (r"operator new(\[\])?", ["operator new", "operator new[]"], ["operator new["]),
        ("a+b*?c", ["ac", "aabbc"], ["bc", "a"]),
        ("(?:ab){2}", ["abab"], ["ab", "ababab"]),
        ("a{2,}", ["aa", "aaaaa"], ["a"]),
        ("a{1,3}", ["a", "aaa"], ["", "aaaa"]),
        ("a{0}b", ["b"], ["ab"]),
        ("a{,3}", ["a{,3}"], ["aaa"]),
        ("x{a}", ["x{a}"], ["x"]),
        ("[^a-c]", ["d", "\n", "ü"], ["a", "c", ""]),
        ("[]a-]+", ["]", "a-]"], ["b"]),
        (r"[\w.-]+", ["a_B.9-"], ["a b"]),
        (r"[\d-z]", ["5", "-", "z"], ["y"]),
        (r"[a\]]", ["]", "a"], ["\\"]),
        (r"\d\D\w\W\s\S", ["5xA- y"], ["x5A- y"]),
        (r"\t\n\.", ["\t\n."], ["tn."]),
        ("(a|b(c|d)*)+", ["a", "bcdab"], ["c"]),
        ("(a*)*", ["", "aaaa"], ["b"]),
        ("ü.", ["üx", "ü😀"], ["ü"]),
        ("}]", ["}]"], ["]}"]),
    ],
)
def test_names_match_as_in_go(pattern: str, yes: list[str], no: list[str]) -> None:
    assert [text for text in yes if not matches(pattern, text)] == []
    assert [text for text in no if matches(pattern, text)] == []


@pytest.mark.parametrize(
    "pattern",
    [
        "(", "a)", "[", "[a", "[^", "*a", "+", "a**", "a+*", "a{2}{3}", "a|*", "a{3,2}", "a{1001}", "{2}",
        "\\", r"\b", r"\pL", r"\x41", r"\1", r"\Q", r"\z", r"\ü", "^a", "a$", "(?i)a", "(?P<n>a)", "(?=a)",
        "[[:alpha:]]", r"[\D]", "[z-a]", r"[a-\d]", "(" * 60 + ")" * 60, "((a{100}){100}){100}", "x" * 4097,
    ],
)  # fmt: skip
def test_what_is_broken_or_not_supported_is_refused(pattern: str) -> None:
    with pytest.raises(UnsupportedPatternError):
        Pattern(pattern)


@pytest.mark.parametrize("pattern", ["(a?){25}a{25}", "(a|a)*b", "(a*)*b", "(.*a){12}b", "((a+)+)+b"])
def test_patterns_made_to_hurt_take_no_longer_than_others(pattern: str) -> None:
    assert not Pattern(pattern).matches("a" * 5000, Budget(50_000))


def test_a_budget_is_for_all_names_together() -> None:
    budget, pattern = Budget(2000), Pattern("a*")
    assert pattern.matches("a" * 1000, budget)
    with pytest.raises(UnsupportedPatternError, match="it takes too long to match"):
        pattern.matches("a" * 1001, budget)


atoms = st.sampled_from(["a", "b", ".", "[ab]", "[^a]", r"\w", r"\.", "(a|b)", "(ab)", "(a|)", "(b|ab)"])
pieces = st.builds(
    str.__add__, atoms, st.sampled_from(["", "", "*", "+", "?", "{2}", "{1,2}", "{0,1}", "*?"])
)
sequences = st.lists(pieces, max_size=4).map("".join)
patterns = st.lists(sequences, min_size=1, max_size=3).map("|".join)


@given(pattern=patterns, text=st.text(alphabet="ab.c", max_size=8))
def test_small_patterns_match_as_pythons_do(pattern: str, text: str) -> None:
    assert matches(pattern, text) == (re.fullmatch(pattern, text, re.ASCII) is not None)
