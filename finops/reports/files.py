"""Profile files as one capture: of one sample type, merged, added up by function.

The rule that must not be broken: what a capture is read as is what its files say. A type that is no
CPU time is refused as such, and values of two meanings are never added up.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property

from finops import engine
from finops.domain.profile import Meaning, ProfileKind, meaning
from finops.engine import Columns, Grouping, Trie, ValueType
from finops.errors import BrokenProfile, Incomplete, NotFound
from finops.formats import pprof, read_any
from finops.reports.shown import cut, harmless
from finops.reports.sums import Sums, added, observations, sums_of

_SAMPLES = ValueType("samples", "count")
# What a caller calls samples of which nothing says what they are of.
_DECLARED = "cpu"
_LISTED = 12
_NAME = 40
_MESSAGE = 400


@dataclass(frozen=True, slots=True, eq=False)
class File:
    """One profile file and the column of it that is looked at."""

    name: str
    columns: Columns
    value: int

    @property
    def value_type(self) -> ValueType:
        """The type of the column."""
        return self.columns.value_types[self.value]


@dataclass(frozen=True, eq=False)
class Capture:
    """Some files read as one profile of one type; at least one file.

    `is_declared_cpu`: the caller says that samples of unknown kind (collapsed stacks) are CPU samples.
    """

    files: tuple[File, ...]
    is_declared_cpu: bool = False
    _by_file: dict[Grouping, list[Sums]] = field(default_factory=dict, repr=False)

    @property
    def names(self) -> tuple[str, ...]:
        """What the files are called."""
        return tuple(file.name for file in self.files)

    @property
    def value_type(self) -> ValueType:
        """The sample type that all files are read as."""
        return self.files[0].value_type

    @cached_property
    def has_negative(self) -> bool:
        """Whether a value is negative, as in the difference of two profiles."""
        return any(engine.least(file.columns, file.value) < 0 for file in self.files)

    @property
    def duration_nanos(self) -> int | None:
        """How long was captured; None where a file does not say, and for several files."""
        return self.files[0].columns.duration_nanos or None if len(self.files) == 1 else None

    @cached_property
    def meaning(self) -> Meaning | None:
        """What the values may be money of.

        Raises:
            Incomplete: one unit of them is another time in one file than in another.
        """
        if self.is_declared_cpu:
            return Meaning(ProfileKind.CPU, 1)
        found = {_meaning(file.columns, file.value_type): file.name for file in self.files}
        if len(found) > 1:
            first, second = list(found.values())[:2]
            raise Incomplete(
                f"{first} and {second} count {_named([self.value_type])} in different units of time:"
                " choose a --type in a unit of time"
            )
        return next(iter(found))

    def sums(self, by: Grouping) -> Sums:
        """Self and total by function, name, file or package."""
        return added(self._sums(by))

    def observations(self, by: Grouping) -> Sums | None:
        """How many samples each self and total rests on; None where a file does not tell."""
        if self.has_negative:
            return None
        parts = zip(self.files, self._sums(by), strict=True)
        counted = [observations(file.columns, file.value, by, sums) for file, sums in parts]
        known = [each for each in counted if each is not None]
        return added(known) if len(known) == len(counted) else None

    def trie(self) -> Trie:
        """The call trie of all files. Raises BrokenProfile where a value is negative."""
        tries = []
        for file in self.files:
            with _named_by(file):
                tries.append(engine.trie(file.columns, file.value))
        return tries[0] if len(tries) == 1 else engine.merge(tries)

    def require_cpu(self) -> Meaning:
        """What the values are CPU time by; they are not negative.

        Raises:
            Incomplete: they are not CPU time, or negative; the message names the types that would do.
        """
        if self.meaning is None or self.meaning.kind is not ProfileKind.CPU:
            raise Incomplete(f"{self.names[0]}: {_not_cpu(self.files[0])}")
        if self.has_negative:
            raise Incomplete(
                f"{self.names[0]}: {_named([self.value_type])} has negative values, as the difference of two"
                " profiles has; they cannot be turned into money"
            )
        return self.meaning

    def _sums(self, by: Grouping) -> list[Sums]:
        if by not in self._by_file:
            found = []
            for file in self.files:
                with _named_by(file):
                    found.append(sums_of(file.columns, file.value, by))
            self._by_file[by] = found
        return self._by_file[by]


@contextmanager
def _named_by(file: File) -> Iterator[None]:
    """Say in what is refused of a profile which file it is."""
    try:
        yield
    except BrokenProfile as error:
        raise BrokenProfile(f"{file.name}: {error}") from error


def read_files(files: Sequence[tuple[str, bytes]], wanted: str | None = None) -> Capture:
    """The capture in some files, each a name and its bytes.

    Args:
        files: at least one.
        wanted: the sample type, as `cpu` or `cpu/nanoseconds`; else the first file's default, else its
            last. `cpu` also declares that the samples of collapsed stacks are CPU samples.

    Raises:
        BrokenProfile: a file is no profile; the message begins with its name.
        NotFound: a file does not have the type; the message lists those it has.
    """
    read = [(name, read_any(data, name)) for name, data in files]
    is_declared_cpu = wanted == _DECLARED and all(_is_untyped(columns) for _, columns in read)
    first = File(*read[0], _index(*read[0], None if is_declared_cpu else wanted))
    others = [
        File(name, columns, _same_index(name, columns, first.value_type, first.name))
        for name, columns in read[1:]
    ]
    return Capture((first, *others), is_declared_cpu)


def read_like(name: str, data: bytes, other: Capture) -> Capture:
    """One more file, read as the type that a capture was read as; raises what `read_files` does."""
    columns = read_any(data, name)
    at = _same_index(name, columns, other.value_type, other.names[0])
    return Capture((File(name, columns, at),), other.is_declared_cpu and _is_untyped(columns))


def refusals(capture: Capture) -> list[str]:
    """One sentence for each file whose wish to have frames dropped could not be followed."""
    found = ((file.name, engine.prune_refusal(file.columns)) for file in capture.files)
    return [f"{name}: {why}" for name, why in found if why]


def _index(name: str, columns: Columns, wanted: str | None) -> int:
    try:
        return pprof.value_index(columns, wanted)
    except NotFound as error:
        # The types are the file's own words.
        raise NotFound(f"{name}: {cut(harmless(str(error)), _MESSAGE)}") from error


def _same_index(name: str, columns: Columns, value_type: ValueType, other: str) -> int:
    if value_type not in columns.value_types:
        raise NotFound(
            f"{name} has no {_named([value_type])}, which {other} is read as; it has"
            f" {_named(columns.value_types)}: choose a --type that all have"
        )
    return columns.value_types.index(value_type)


def _meaning(columns: Columns, value_type: ValueType) -> Meaning | None:
    return meaning(value_type, columns.period_type, columns.period)


def _is_untyped(columns: Columns) -> bool:
    """Whether the values only count samples, and nothing says of how much; collapsed stacks do."""
    is_open = columns.period_type is None or columns.period_type.type == "cpu"
    return columns.value_types == (_SAMPLES,) and is_open and columns.period <= 0


def _not_cpu(file: File) -> str:
    """Why a column never becomes CPU dollars, and which would."""
    said = f"{_named([file.value_type])} is no CPU time, and only CPU time becomes CPU dollars"
    if _is_untyped(file.columns):
        return (
            f"nothing says how much CPU time a sample is; if they are CPU samples, give --type cpu ({said})"
        )
    would_do = [
        each
        for each in file.columns.value_types
        if (read := _meaning(file.columns, each)) and read.kind is ProfileKind.CPU
    ]
    if not would_do:
        return f"{said}; it has no type that is ({_named(file.columns.value_types)})"
    return f"{said}; of its types {_named(would_do)} would do: give --type"


def _named(types: Sequence[ValueType]) -> str:
    """Types as a message names them; they are the file's own words."""
    texts = [cut(harmless(str(each)), _NAME) for each in types[:_LISTED]]
    return ", ".join([*texts, "…"] if len(types) > _LISTED else texts)
