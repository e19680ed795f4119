from pathlib import Path

import pytest

from finops.domain.window import parse_moment
from finops.sources.captures import Capture
from finops.sources.folder import Folder
from finops.sources.pattern import PatternListing, expression
from tests.finops.sources.notation import put


def listing(folder: Path, pattern: str, *files: str) -> PatternListing:
    return PatternListing(Folder(put(folder, dict.fromkeys(files, "main 1\n"))), pattern)


@pytest.mark.parametrize(
    ("pattern", "path", "words"),
    [
        (
            "{service}/{version}/{date}/{hour}/{instance}.{type}.pb.gz",
            "shop/v1.2/2026-11-02/06/host.a-1.cpu.pb.gz",
            "shop v1.2 2026-11-02 06 host.a-1 cpu",
        ),
        ("{environment}-{region}/{service}.folded", "prod-eu-west-1/shop.folded", "prod-eu-west 1 shop"),
        ("{service}/{date}T{hour}*.pb.gz", "shop/2026-11-02T06-15.pb.gz", "shop 2026-11-02 06"),
        ("**/{service}.pb.gz", "shop.pb.gz", "shop"),
        ("**/{service}.pb.gz", "a/b/shop.pb.gz", "shop"),
        ("{service}/**", "shop/a/b.c", "shop"),
        ("{service}/**", "shop/odd\n/b.c", "shop"),
        ("a+(b)/{service}", "a+(b)/shop", "shop"),
        ("{service}", "odd \nname", "odd_\nname"),
    ],
)
def test_a_path_is_read_by_its_pattern(pattern: str, path: str, words: str) -> None:
    match = expression(pattern).fullmatch(path)

    assert match
    assert [word.replace(" ", "_") for word in match.groups()] == words.split(" ")


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("{service}/*.pb.gz", "shop/a/b.pb.gz"),
        ("{service}.pb.gz", "shopXpb.gz"),
        ("{service}.pb.gz", "a/shop.pb.gz"),
        ("{service}/{date}/{hour}", "shop/2026-11-2/06"),
        ("{service}/{date}/{hour}", "shop/2026-11-02/6"),
        ("{service}.{type}", "shop."),
    ],
)
def test_another_path_is_not(pattern: str, path: str) -> None:
    assert expression(pattern).fullmatch(path) is None


def test_a_capture_has_what_its_path_says(tmp_path: Path) -> None:
    found = listing(
        tmp_path,
        "{service}/{version}/{environment}/{region}/{date}/{hour}/{instance}.{type}",
        "shop/v1/prod/eu/2026-11-02/06/i-1.cpu",
    )

    assert list(found.captures()) == [
        Capture(
            path="shop/v1/prod/eu/2026-11-02/06/i-1.cpu",
            service="shop",
            start=parse_moment("2026-11-02T06:00:00Z"),
            type="cpu",
            version="v1",
            environment="prod",
            region="eu",
            instance="i-1",
        )
    ]


def test_a_word_that_is_longer_than_the_ledger_keeps_is_named_with_the_limit(tmp_path: Path) -> None:
    long = "\N{LATIN SMALL LETTER E WITH ACUTE}" * 51
    found = listing(
        tmp_path, "{region}/{service}", "\N{LATIN SMALL LETTER E WITH ACUTE}" * 50 + "/shop", f"{long}/shop"
    )

    assert len(found.captures()) == 1
    [why] = found.unmatched()
    assert why == (
        f"'{long}/shop': '{long}' cannot be the name of a region:"
        " 102 bytes are more than the 100 of a name that are kept"
    )


def test_a_pattern_that_describes_no_file_is_a_mistake(tmp_path: Path) -> None:
    found = listing(tmp_path, "{service}.pb.gz", "a", "b")

    assert [str(mistake) for mistake in found.mistakes()] == [
        "pattern: none of 2 files is a capture: 'a' does not match the pattern '{service}.pb.gz'"
    ]
    assert listing(tmp_path / "some", "{service}.pb.gz", "a.pb.gz", "README").mistakes() == []
    (tmp_path / "none").mkdir()
    assert listing(tmp_path / "none", "{service}.pb.gz").mistakes() == []


def test_files_that_are_no_captures_are_listed_with_the_reason(tmp_path: Path) -> None:
    found = listing(
        tmp_path,
        "{service}/{date}/{hour}/*",
        "README",
        "shop/2026-02-30/06/a",
        "shop/2026-11-02/24/a",
        "sh\x1bop/2026-11-02/06/a",
        "shop/2026-11-02/06/a",
    )

    assert [capture.path for capture in found.captures()] == ["shop/2026-11-02/06/a"]
    assert list(found.unmatched()) == [
        "'README' does not match the pattern '{service}/{date}/{hour}/*'",
        "'sh\\x1bop/2026-11-02/06/a': 'sh\\x1bop' cannot be the name of a service",
        "'shop/2026-02-30/06/a': there is no such hour",
        "'shop/2026-11-02/24/a': there is no such hour",
    ]
