"""Regular expressions from files, matched in time proportional to the name, whatever the pattern is.

A profile brings the pattern of the frames to drop. Python's `re` goes back and tries again, so that
a hostile pattern of twenty characters runs for years; forbidding nested repetition would not help
(`a?a?a?aaa`). Go's regexp follows all possibilities at once. So does this module, for what such
patterns use of Go's syntax: literals, escapes, classes, groups, `|`, `*`, `+`, `?` and `{n,m}`.
"""

import re
from collections.abc import Iterable
from typing import NamedTuple

# The longest pattern that google/pprof itself writes, that of heap profiles, has 737 characters.
_MAX_PATTERN = 4096
_MAX_NESTING = 50
_MAX_PROGRAM = 10_000
# As in Go.
_MAX_REPEAT = 1000

Ranges = tuple[tuple[int, int], ...]

_ANY_BUT_NEWLINE: Ranges = ((0, 9), (11, 0x10FFFF))
_CLASSES: dict[str, Ranges] = {
    "d": ((48, 57),),
    "w": ((48, 57), (65, 90), (95, 95), (97, 122)),
    "s": ((9, 10), (12, 13), (32, 32)),
}
_CONTROLS = {"a": "\a", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_COUNTED = re.compile(r"\{(\d+)(,(\d*))?\}", re.ASCII)


class UnsupportedPatternError(Exception):
    """A pattern that is broken, or outside of what is matched here, or too costly; the message says."""


class Budget:
    """How many steps the matching of one profile may take in all."""

    def __init__(self, steps: int) -> None:
        self._left = steps

    def spend(self, steps: int) -> None:
        """Take steps off; with none left the pattern is given up."""
        self._left -= steps
        if self._left < 0:
            raise UnsupportedPatternError("it takes too long to match")


class Pattern:
    """A compiled pattern; it matches whole names only.

    >>> heap = Pattern(r"(__)?posix_memalign|tcmalloc::.*")
    >>> [heap.matches(name, Budget(1000)) for name in ("posix_memalign", "tcmalloc::New", "memalign")]
    [True, True, False]
    """

    def __init__(self, text: str) -> None:
        """Compile, or raise UnsupportedPatternError."""
        self._program = _Parser(text).program()
        self._start = self._reached([0])
        # Which instructions follow which, by character: found once, then looked up.
        self._next: dict[frozenset[int], dict[str, frozenset[int]]] = {}

    def matches(self, name: str, budget: Budget) -> bool:
        """Whether the pattern matches the whole name."""
        at = self._start
        for character in name:
            budget.spend(1)
            known = self._next.setdefault(at, {})
            following = known.get(character)
            if following is None:
                following = known[character] = self._step(at, ord(character))
                budget.spend(10 * (len(at) + len(following)))
            at = following
            if not at:
                return False
        return len(self._program) in at

    def _step(self, at: frozenset[int], character: int) -> frozenset[int]:
        taken = []
        for place in at:
            if place < len(self._program):
                instruction = self._program[place]
                if isinstance(instruction, _Take) and instruction.takes(character):
                    taken.append(place + 1)
        return self._reached(taken)

    def _reached(self, places: Iterable[int]) -> frozenset[int]:
        """Where the program stands, waiting for a character, when it may be at any of some places."""
        waiting, seen, open_places = set(), set(), list(places)
        while open_places:
            place = open_places.pop()
            if place in seen:
                continue
            seen.add(place)
            instruction = self._program[place] if place < len(self._program) else None
            if isinstance(instruction, _Fork):
                open_places += [place + instruction.one, place + instruction.other]
            else:
                waiting.add(place)
        return frozenset(waiting)


class _Take(NamedTuple):
    """Take one character that is in (or, negated, outside of) some ranges and go on."""

    ranges: Ranges
    negated: bool = False

    def takes(self, character: int) -> bool:
        return any(low <= character <= high for low, high in self.ranges) != self.negated


class _Fork(NamedTuple):
    """Go on at two places at once, given as distances."""

    one: int
    other: int


_Code = list[_Take | _Fork]


def _optional(code: _Code) -> _Code:
    return [_Fork(1, len(code) + 1), *code]


def _starred(code: _Code) -> _Code:
    back = -len(code) - 1
    return [_Fork(1, len(code) + 2), *code, _Fork(back, back)]


class _Parser:
    """Turns a pattern into a program, piece by piece; pieces know only distances, so they can be joined."""

    def __init__(self, text: str) -> None:
        if len(text) > _MAX_PATTERN:
            raise UnsupportedPatternError(f"it has {len(text)} characters, over {_MAX_PATTERN}")
        self._text = text
        self._at = 0
        self._depth = 0

    def program(self) -> _Code:
        code = self._alternatives()
        if self._at < len(self._text):
            raise UnsupportedPatternError(f"character {self._at} closes no group")
        return code

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _take(self) -> str:
        if self._at >= len(self._text):
            raise UnsupportedPatternError("it ends too early")
        self._at += 1
        return self._text[self._at - 1]

    def _alternatives(self) -> _Code:
        code = self._sequence()
        while self._peek() == "|":
            self._at += 1
            other = self._sequence()
            code = self._bounded(
                [_Fork(1, len(code) + 2), *code, _Fork(len(other) + 1, len(other) + 1), *other]
            )
        return code

    def _sequence(self) -> _Code:
        code: _Code = []
        while self._peek() not in ("", "|", ")"):
            code = self._bounded(code + self._repeated(self._atom()))
        return code

    def _bounded(self, code: _Code) -> _Code:
        if len(code) > _MAX_PROGRAM:
            raise UnsupportedPatternError(f"it takes over {_MAX_PROGRAM} instructions")
        return code

    def _repeated(self, code: _Code) -> _Code:
        sign = self._peek()
        counted = _COUNTED.match(self._text, self._at)
        if counted:
            self._at = counted.end()
            code = self._counted(code, counted)
        elif sign and sign in "*+?":
            self._at += 1
            code = {"*": _starred(code), "+": code + _starred(code), "?": _optional(code)}[sign]
        else:
            return code
        # Preferring the shorter match makes no difference to whether the whole name matches.
        if self._peek() == "?":
            self._at += 1
        if (self._peek() and self._peek() in "*+?") or _COUNTED.match(self._text, self._at):
            raise UnsupportedPatternError(f"character {self._at} repeats a repetition")
        return self._bounded(code)

    def _counted(self, code: _Code, counted: re.Match[str]) -> _Code:
        low = int(counted[1])
        high = low if counted[2] is None else int(counted[3]) if counted[3] else None
        if max(low, high or 0) > _MAX_REPEAT or (high is not None and high < low):
            raise UnsupportedPatternError(f"{counted[0]} is no repetition")
        if (len(code) + 1) * max(low + 1, high or 0) > _MAX_PROGRAM:
            raise UnsupportedPatternError(f"it takes over {_MAX_PROGRAM} instructions")
        if high is None:
            return code * low + _starred(code)
        tail: _Code = []
        for _ in range(high - low):
            tail = _optional(code + tail)
        return code * low + tail

    def _atom(self) -> _Code:
        character = self._take()
        if character == "(":
            return self._group()
        if character == "[":
            return [self._class()]
        if character == ".":
            return [_Take(_ANY_BUT_NEWLINE)]
        if character == "\\":
            return [self._escape()]
        if character in "*+?^$" or _COUNTED.match(self._text, self._at - 1):
            raise UnsupportedPatternError(f"{character!r} at character {self._at - 1} is not supported")
        return [_Take(((ord(character), ord(character)),))]

    def _group(self) -> _Code:
        if self._peek() == "?":
            if self._text[self._at : self._at + 2] != "?:":
                raise UnsupportedPatternError(f"the group at character {self._at - 1} is not supported")
            self._at += 2
        self._depth += 1
        if self._depth > _MAX_NESTING:
            raise UnsupportedPatternError(f"its groups are nested over {_MAX_NESTING} deep")
        code = self._alternatives()
        if self._take() != ")":
            raise UnsupportedPatternError("a group is not closed")
        self._depth -= 1
        return code

    def _escape(self) -> _Take:
        character = self._take()
        if character.lower() in _CLASSES:
            return _Take(_CLASSES[character.lower()], negated=character.isupper())
        if character in _CONTROLS:
            character = _CONTROLS[character]
        elif character.isalnum() or not character.isascii():
            raise UnsupportedPatternError(f"\\{character} is not supported")
        return _Take(((ord(character), ord(character)),))

    def _class(self) -> _Take:
        negated = self._peek() == "^"
        self._at += negated
        ranges: list[tuple[int, int]] = []
        while self._peek() != "]" or not ranges:
            members = self._member()
            is_one = members[0][0] == members[-1][1]
            if is_one and self._peek() == "-" and self._text[self._at + 1 : self._at + 2] not in ("]", ""):
                self._at += 1
                members = (self._range(members, self._member()),)
            ranges += members
        self._at += 1
        return _Take(tuple(ranges), negated)

    def _range(self, first: Ranges, last: Ranges) -> tuple[int, int]:
        low, high = first[0][0], last[-1][1]
        if high < low or last[0][0] != high:
            raise UnsupportedPatternError(f"the range that ends at character {self._at} is none")
        return low, high

    def _member(self) -> Ranges:
        """One member of a class; a range is two of them with a dash between."""
        character = self._take()
        if character == "[" and self._peek() == ":":
            raise UnsupportedPatternError("named classes are not supported")
        if character != "\\":
            return ((ord(character), ord(character)),)
        escape = self._escape()
        if escape.negated:
            raise UnsupportedPatternError("a negated class inside of a class is not supported")
        return escape.ranges
