import json

import pytest

from finops.reports.shown import as_json, counted, cut, fitted, harmless, wrapped

HOSTILE = {
    "script": "<script>alert(1)</script>",
    "escape": "\x1b[31mred\x1b]0;title\x07",
    "right to left": "main\u202egnp.exe",
    "newline": "first\nsecond\r\n\x0bthird\u2028fourth",
    "long": "x" * 10_000,
    "half a pair": "a\ud800b",
    "zero width": "a\u200bb\ufeffc",
    "nul": "a\0b",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_whatever_is_shown_is_one_printable_line(text: str) -> None:
    shown = harmless(text)

    assert "\n" not in shown
    assert shown.isprintable()
    assert shown.splitlines() == [shown]


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_json_is_ascii_and_says_the_name_as_it_is(text: str) -> None:
    made = as_json({text: text})

    assert made.isascii()
    assert json.loads(made) == {text: text}


def test_a_cut_text_is_as_wide_as_it_may_be_and_keeps_both_ends() -> None:
    assert cut("x" * 10_000, 20) == "x" * 9 + "…" + "x" * 10
    assert cut("short", 20) == "short"


def test_a_table_fits_by_its_last_column() -> None:
    text = fitted(["$", "function"], [["1.00", "n" * 200], ["12.50", "gc"]], 60)

    assert max(map(len, text.splitlines())) == 60
    assert text.splitlines()[2] == "12.50  gc"


def test_sentences_are_wrapped() -> None:
    assert list(wrapped(["one two three four five six"], 20)) == ["one two three four", "five six"]


def test_a_number_comes_with_its_noun() -> None:
    assert counted(1, "hour") == "1 hour"
    assert counted(0, "hour") == "0 hours"
    assert counted(1, "hour is", "hours are") == "1 hour is"
    assert counted(12_000, "hour is", "hours are") == "12,000 hours are"
