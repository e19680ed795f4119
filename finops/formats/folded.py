"""Collapsed stacks, one a line: frames from the root to the leaf, a space, how often it was seen.

    main;serve (shop/app.py:12);price (shop/cart.py) 34

A frame is a name, or, as py-spy writes it, a name with a file and perhaps a line number in round
brackets. What stands in the brackets is taken for a file if a line number follows it, it has a slash
or an extension, or it is in angle brackets (`<frozen site>`); else it belongs to the name, as the
arguments of a C++ function do. Empty lines and lines that start with `#` are skipped. A count is a
whole number, and not negative.
"""

import re
from array import array
from typing import TYPE_CHECKING, NamedTuple

from finops import engine
from finops.engine import Columns, FunctionKey, LabelColumns, MappingColumns, ValueType
from finops.engine.limits import MAX_MESSAGES, MAX_STACK_FRAMES
from finops.errors import BrokenProfile

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

# A million samples of a real service are some 60 MB of distinct stacks.
MAX_TEXT = 128 << 20

_LINE = re.compile(r".* -?\d+\s*", re.ASCII)
# Starts of other formats that may have lines which would pass for stacks; the last is pprof's legacy text.
_OTHERS = re.compile(r"\s*(<!|<\?|<html|\{|\S+ profile: total \d+)", re.IGNORECASE)
_FILE = re.compile(r"<.*>|.*[/\\].*|.*\.\w{1,8}")
_INT64_MAX = 2**63 - 1
_LINES_LOOKED_AT = 20
_SHOWN = 80


def read(data: bytes) -> Columns:
    """The profile in collapsed stacks, which may be compressed; its one value type is samples/count.

    Raises:
        BrokenProfile: a line is no stack with a count; the message has its number and its text.
    """
    return parse(engine.inflate(data, MAX_TEXT))


def looks_folded(raw: bytes) -> bool:
    """Whether bytes that are not compressed look like collapsed stacks."""
    # Every pprof has a zero byte, as its first string is empty; no text has one.
    if b"\0" in raw:
        return False
    head = raw[: 1 << 20].decode(errors="replace").split("\n")
    lines = [line for line in head if _is_stack(line)][:_LINES_LOOKED_AT]
    if not lines or _OTHERS.match(lines[0]):
        return False
    return any(_LINE.fullmatch(line) for line in lines)


def parse(raw: bytes) -> Columns:
    """The profile in collapsed stacks that are not compressed; see `read`."""
    if len(raw) > MAX_TEXT:
        raise BrokenProfile(f"{len(raw)} bytes of text are more than the {MAX_TEXT} that are read")
    if (lines := raw.count(b"\n")) > MAX_MESSAGES:
        raise BrokenProfile(f"{lines} lines of text are more than the {MAX_MESSAGES} that are read")
    interned: dict[str, int] = {}
    values, entries, bounds = array("q"), array("i"), array("q", [0])
    for number, line in enumerate(raw.decode(errors="replace").split("\n"), start=1):
        if not _is_stack(line):
            continue
        stack, value = _stack_and_value(line, number)
        values.append(value)
        # From the leaf up, as everywhere in the engine.
        entries.extend(interned.setdefault(frame, len(interned)) for frame in reversed(stack))
        bounds.append(len(entries))
    return _columns(values, entries, bounds, [_frame(text) for text in interned])


def write(columns: Columns, value: int = 0) -> bytes:
    """Collapsed stacks of one column of values, in the order of the call tree; line numbers are left out.

    A semicolon in a name becomes a colon, a line break a space. The weight of samples without a
    stack is a line that has only the count, behind a space.

    Raises:
        BrokenProfile: a value is negative, which this format cannot say.
    """
    trie = engine.trie(columns, value)
    texts = [_frame_text(key) for key in trie.keys]
    lines = [f" {trie.no_stack}\n"] if trie.no_stack else []
    path: list[tuple[int, str]] = []
    rows = zip(trie.parents.tolist(), trie.functions.tolist(), trie.selfs.tolist(), strict=True)
    for node, (parent, function, weight) in enumerate(rows):
        while path and path[-1][0] != parent:
            path.pop()
        path.append((node, texts[function]))
        if weight:
            stack = ";".join(text for _, text in path)
            # A space keeps the line from being read as a comment.
            lines.append(f"{' ' if stack.startswith('#') else ''}{stack} {weight}\n")
    return "".join(lines).encode(errors="replace")


def _is_stack(line: str) -> bool:
    return bool(line.strip()) and not line.startswith("#")


def _stack_and_value(line: str, number: int) -> tuple[list[str], int]:
    stack, space, count = line.rstrip().rpartition(" ")
    if not space:
        raise _refusal(number, line, " is no stack with a space and a count behind it")
    if not count.isascii() or not count.isdecimal():
        raise _refusal(number, line, f": the count {count[:_SHOWN]!r} is {_fault(count)}")
    # Python refuses to convert numbers of thousands of digits.
    if len(count) > len(str(_INT64_MAX)) or int(count) > _INT64_MAX:
        raise _refusal(number, line, f": the count {count[:_SHOWN]!r} is beyond 64 bits")
    if (depth := stack.count(";") + 1) > MAX_STACK_FRAMES:
        raise _refusal(number, line, f": the stack has {depth} frames, over {MAX_STACK_FRAMES}")
    return stack.split(";") if stack else [], int(count)


def _refusal(number: int, line: str, why: str) -> BrokenProfile:
    return BrokenProfile(f"line {number}: {line.rstrip()[:_SHOWN]!r}{why}")


def _fault(count: str) -> str:
    if re.fullmatch(r"-\d+", count, re.ASCII):
        return "negative, which collapsed stacks cannot say"
    return "not a whole number"


class _Frame(NamedTuple):
    name: str
    file: str
    line: int


def _frame(text: str) -> _Frame:
    """The name, file and line number of a frame.

    >>> _frame("price (shop/cart.py:12)"), _frame("operator new (unsigned long)").file
    (_Frame(name='price', file='shop/cart.py', line=12), '')
    """
    name, bracket, inner = text.removesuffix(")").rpartition(" (")
    if not bracket or not text.endswith(")"):
        return _Frame(text, "", 0)
    file, colon, digits = inner.rpartition(":")
    if colon and file and digits.isascii() and digits.isdecimal() and len(digits) < 10:  # noqa: PLR2004
        return _Frame(name, file, int(digits))
    return _Frame(name, inner, 0) if _FILE.fullmatch(inner) else _Frame(text, "", 0)


def _frame_text(key: FunctionKey) -> str:
    text = f"{key.name} ({key.file})" if key.file else key.name
    return re.sub(r"[\r\n]+", " ", text.replace(";", ":"))


def _columns(
    values: "array[int]", entries: "array[int]", bounds: "array[int]", frames: list[_Frame]
) -> Columns:
    """One location a frame text, one function a name and file."""
    import numpy as np  # noqa: PLC0415 - whether bytes are collapsed stacks is asked of every pprof too

    keys: dict[FunctionKey, int] = {}
    functions = [keys.setdefault(FunctionKey(frame.name, frame.file), len(keys)) for frame in frames]
    return Columns(
        value_types=(ValueType("samples", "count"),),
        values=np.array(values, np.int64).reshape(-1, 1),
        stack_offsets=np.array(bounds, np.int64),
        stack_locations=np.array(entries, np.int32),
        line_offsets=np.arange(len(frames) + 1, dtype=np.int64),
        line_functions=np.array(functions, np.int32),
        line_numbers=np.array([frame.line for frame in frames], np.int64),
        location_mappings=np.full(len(frames), -1, np.int32),
        location_addresses=np.zeros(len(frames), np.uint64),
        location_folded=(False,) * len(frames),
        function_names=tuple(key.name for key in keys),
        function_system_names=("",) * len(keys),
        function_files=tuple(key.file for key in keys),
        function_start_lines=np.zeros(len(keys), np.int64),
        mappings=MappingColumns((), (), _no_numbers(), _no_numbers(), _no_numbers(), ()),
        labels=LabelColumns(np.zeros(0, np.int64), (), (), np.zeros(0, np.int64), ()),
        default_type="",
        period_type=None,
        period=0,
        time_nanos=0,
        duration_nanos=0,
        drop_frames="",
        keep_frames="",
        comments=(),
        doc_url="",
    )


def _no_numbers() -> "npt.NDArray[np.uint64]":
    import numpy as np  # noqa: PLC0415

    return np.zeros(0, np.uint64)
