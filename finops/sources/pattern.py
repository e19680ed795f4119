"""Captures that are described by where they lie, as `{service}/{date}/{hour}/{instance}.pb.gz` does.

A placeholder takes what it can within one part of the path; `*` stands for anything there, and `**`
for any number of folders.
"""

import re
from collections.abc import Sequence

from finops.config import Mistake
from finops.config.mistakes import shown
from finops.config.values import NAME_BYTES, PLACEHOLDERS, WORD_BYTES, too_long
from finops.domain.window import parse_moment
from finops.sources.captures import Capture
from finops.sources.folder import Folder

_ONE_PART = r"[^/]+"
_SHAPES = {
    **dict.fromkeys(PLACEHOLDERS, _ONE_PART),
    # Narrower than the rest, so that `{instance}.{type}.pb.gz` reads host.a.cpu.pb.gz as cpu of host.a.
    "type": r"[A-Za-z0-9_-]+",
    "date": r"[0-9]{4}-[0-9]{2}-[0-9]{2}",
    "hour": r"[0-9]{2}",
}
_TOKENS = re.compile(r"\{(?P<name>[a-z]+)\}|(?P<folders>\*\*/)|(?P<anything>\*\*)|(?P<within>\*)")
_LONGEST = {"service": NAME_BYTES, "version": NAME_BYTES, "instance": NAME_BYTES}


class PatternListing:
    """Lists the files of a folder by a pattern."""

    def __init__(self, folder: Folder, pattern: str) -> None:
        self._folder = folder
        self._pattern = pattern
        self._expression = expression(pattern)

    def captures(self) -> Sequence[Capture]:
        """A capture for each file that the pattern describes."""
        found = (self._capture(path) for path in self._folder.paths())
        return [capture for capture in found if isinstance(capture, Capture)]

    def unmatched(self) -> Sequence[str]:
        """The other files, each with the reason."""
        found = (self._capture(path) for path in self._folder.paths())
        return [why for why in found if isinstance(why, str)]

    def mistakes(self) -> Sequence[Mistake]:
        """That it describes no file at all, where there are some."""
        unmatched = self.unmatched()
        if not unmatched or self.captures():
            return []
        return [Mistake("pattern", f"none of {len(unmatched)} files is a capture: {unmatched[0]}")]

    def _capture(self, path: str) -> Capture | str:
        """What the pattern makes of a path, or why it makes nothing."""
        match = self._expression.fullmatch(path)
        if match is None:
            return f"{path!r} does not match the pattern {self._pattern!r}"
        words = match.groupdict()
        for name, word in words.items():
            if not word.isprintable():
                return f"{path!r}: {word!r} cannot be the name of a {name}"
            if why := too_long(word, _LONGEST.get(name, WORD_BYTES)):
                return f"{path!r}: {shown(word)} cannot be the name of a {name}: {why}"
        try:
            start = parse_moment("{date}T{hour}:00:00Z".format(**words)) if "date" in words else None
        except ValueError:
            return f"{path!r}: there is no such hour"
        return Capture(
            path=path,
            service=words["service"],
            start=start,
            type=words.get("type", ""),
            version=words.get("version", ""),
            environment=words.get("environment", ""),
            region=words.get("region", ""),
            instance=words.get("instance", ""),
        )


def expression(pattern: str) -> re.Pattern[str]:
    """A pattern as a regular expression over whole paths.

    >>> expression("{service}/*.pb.gz").fullmatch("checkout/a.pb.gz")["service"]
    'checkout'
    """
    parts, at = [], 0
    for token in _TOKENS.finditer(pattern):
        parts += [re.escape(pattern[at : token.start()]), _shape(token)]
        at = token.end()
    return re.compile("".join([*parts, re.escape(pattern[at:])]), re.DOTALL)


def _shape(token: re.Match[str]) -> str:
    if name := token["name"]:
        return f"(?P<{name}>{_SHAPES[name]})"
    if token["folders"]:
        return "(?:.*/)?"
    return ".*" if token["anything"] else "[^/]*"
