"""The frames that a profile asks to leave out, removed as google/pprof removes them when it loads a file."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from finops.engine.columns import Columns
from finops.engine.plain.patterns import Budget, Pattern, UnsupportedPatternError
from finops.engine.plain.tables import offsets

# Some five seconds at worst. 23,000 functions with names of 40 characters take a million.
_STEPS = 20_000_000

# Parts of C++ names that have a bracket without being the start of an argument list.
_ANONYMOUS = "(anonymous namespace)"
_CALL_OPERATOR = "operator()"


def prune(columns: Columns) -> Columns:
    """The profile without the frames that its drop_frames names, unless keep_frames names them too.

    A frame that matches goes, with everything it called; frames before the first one that stays
    are left alone, so that no stack is emptied of everything. Patterns match a whole function name
    without its arguments. Money and display both go by the pruned profile.

    The patterns come from the file, so they are matched in bounded time. Where one is broken (Go's
    pprof then drops nothing either) or outside of what `patterns` supports, the profile is given
    back as it is, and `prune_refusal` says why.
    """
    try:
        dropped = _dropped(columns)
    except UnsupportedPatternError:
        return columns
    return _without(columns, dropped) if any(dropped) else columns


def prune_refusal(columns: Columns) -> str | None:
    """Why `prune` does not do what a profile asks for; None where it does, or nothing is asked."""
    try:
        _dropped(columns)
    except UnsupportedPatternError as error:
        return f"its drop_frames is not applied: {error}"
    return None


def _dropped(columns: Columns) -> list[bool]:
    """Whether each function is to go."""
    if not columns.drop_frames:
        return [False] * len(columns.function_names)
    drop = Pattern(columns.drop_frames)
    keep = Pattern(columns.keep_frames) if columns.keep_frames else None
    budget = Budget(_STEPS)
    verdicts: dict[str, bool] = {"": False}
    for name in set(columns.function_names) - {""}:
        short = _without_arguments(name)
        verdicts[name] = drop.matches(short, budget) and not (keep and keep.matches(short, budget))
    return [verdicts[name] for name in columns.function_names]


def _without_arguments(name: str) -> str:
    """A C++ name up to its argument list, without the dot that PowerPC puts in front.

    >>> _without_arguments("(anonymous namespace)::Heap::operator()(int)")
    '(anonymous namespace)::Heap::operator()'
    """
    name = name.removeprefix(".")
    at = name.find("(")
    while at >= 0:
        if name.startswith(_ANONYMOUS, at):
            at = name.find("(", at + len(_ANONYMOUS))
        elif name.startswith(_CALL_OPERATOR, max(at - len("operator"), 0)):
            at = name.find("(", at + len("()"))
        else:
            return name[:at]
    return name


def _without(columns: Columns, dropped: Sequence[bool]) -> Columns:
    """Cut locations first, then stacks, as a location that is cut is cut in every sample."""
    is_dropped = [function >= 0 and dropped[function] for function in columns.line_functions.tolist()]
    bounds = columns.line_offsets.tolist()
    kept_lines: list[int] = []
    sizes: list[int] = []
    # How many entries of a stack go with the one that matched: itself too, or only what it called.
    goes: dict[int, bool] = {}
    for location, (start, end) in enumerate(pairwise(bounds)):
        first = start
        outermost = next((line for line in range(end - 1, start - 1, -1) if is_dropped[line]), None)
        if outermost is not None:
            goes[location] = outermost == end - 1
            first = start if goes[location] else outermost + 1
        kept_lines.extend(range(first, end))
        sizes.append(end - first)
    entries = columns.stack_locations.tolist()
    starts = columns.stack_offsets.tolist()
    stacks = [_cut(entries[start:end], goes) for start, end in pairwise(starts)]
    return replace(
        columns,
        stack_offsets=offsets([len(stack) for stack in stacks]),
        stack_locations=np.array([location for stack in stacks for location in stack], np.int32),
        line_offsets=offsets(sizes),
        line_functions=columns.line_functions[kept_lines],
        line_numbers=columns.line_numbers[kept_lines],
    )


def _cut(stack: list[int], goes: dict[int, bool]) -> list[int]:
    """A stack from the root to the first entry that matched behind one that did not."""
    stays_found = False
    for place in range(len(stack) - 1, -1, -1):
        if stack[place] not in goes:
            stays_found = True
        elif stays_found:
            return stack[place + 1 :] if goes[stack[place]] else stack[place:]
    return stack
