"""Profiles in files: pprof and collapsed stacks in a folder, described by a path pattern or an index.

A profile belongs to the whole hour that holds its start. What is offered follows the bytes of the
files: one that was copied or touched is the same, one that was rewritten is due again.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from pathlib import Path

from finops import engine
from finops.config import Mistake
from finops.domain.ports import ProfileOffer
from finops.domain.profile import Profile, ProfileKind
from finops.domain.window import Window, hour_of
from finops.errors import BrokenInput, BrokenProfile, SourceUnavailable
from finops.sources import readings
from finops.sources.captures import Capture, Listing
from finops.sources.folder import Folder, ProfileFile
from finops.sources.index import IndexListing
from finops.sources.pattern import PatternListing

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MOST_NAMED = 20


class DirectorySource:
    """A folder of captures as a profile source.

    Args:
        name: what the source is called.
        path: the folder.
        pattern: describes captures by where they lie; see finops.sources.pattern.
        index: or a CSV that describes them, relative to the folder; see finops.sources.index.
        merged: whether files are merges of several captures, whose own duration and period say nothing.
        sampling_hz: samples of CPU time a second, where files count samples and do not say.
    """

    def __init__(
        self,
        name: str,
        path: Path,
        *,
        pattern: str | None = None,
        index: Path | None = None,
        merged: bool = False,
        sampling_hz: Decimal | None = None,
    ) -> None:
        self.name = name
        self._path = path
        self._folder = Folder(path)
        self._listing = _listing(self._folder, path, pattern, index)
        self._merged = merged
        self._sampling_hz = sampling_hz
        self._listed: Sequence[Capture] = ()
        self._hours: dict[Window, list[Capture]] = {}

    def offers(self, window: Window) -> list[ProfileOffer]:
        """An offer for each service, kind and hour that overlaps a window.

        A broken file is offered too, so that fetching it says what is wrong with it. One that is
        neither CPU time nor live heap is not: `skipped` names it.

        Raises:
            SourceUnavailable: the folder or the index cannot be read.
            BrokenInput: the index is none, or a file says nowhere of when it is.
        """
        prints: dict[tuple[str, Window, ProfileKind], list[str]] = defaultdict(list)
        for hour, captures in self._list().items():
            if hour.start < window.end and window.start < hour.end:
                for capture in captures:
                    for kind in self._kinds(capture):
                        prints[capture.service, hour, kind].append(self._fingerprint(capture))
        return sorted(
            ProfileOffer(*key, sha256("\n".join(sorted(parts)).encode()).hexdigest())
            for key, parts in prints.items()
        )

    def fetch(self, offer: ProfileOffer) -> Iterator[Profile]:
        """The profiles of an offer, a file each.

        Raises:
            SourceUnavailable: a file cannot be read, or is no longer there.
            BrokenProfile: after all others, where a file is no profile, lacks the type asked for, or has
                a negative value.
        """
        # Listing a large folder for each of its hours would take longer than reading them.
        found = self._offered(offer, self._hours) or self._offered(offer, self._list())
        if not found:
            raise SourceUnavailable(f"{self.name}: what was offered for {offer.service} is no longer there")
        broken: list[str] = []
        for capture in found:
            try:
                yield self._profile(capture, offer)
            except BrokenProfile as error:
                broken.append(str(error))
        if broken:
            raise BrokenProfile("; ".join(broken))

    def skipped(self, window: Window) -> list[str]:
        """The files that are left out, one sentence each.

        They are those of a window that hold neither CPU time nor live heap, and, whatever the window,
        those that the pattern does not describe.

        Raises:
            SourceUnavailable, BrokenInput: as `offers` does.
        """
        whys = {
            self._why(capture)
            for hour, captures in self._list().items()
            if hour.start < window.end and window.start < hour.end
            for capture in captures
            if not self._kinds(capture)
        }
        with self._outside():
            return [*sorted(whys), *self._listing.unmatched()]

    def mistakes(self) -> list[Mistake]:
        """What keeps the folder from being read as it is described; no profile is opened."""
        try:
            found = self._listing.mistakes()
        except OSError as error:
            found = [Mistake(str(error.filename or self._path), error.strerror or str(error))]
        return [mistake.within(self.name) for mistake in found]

    def _list(self) -> dict[Window, list[Capture]]:
        """The captures by hour, as the folder and the index are now."""
        with self._outside():
            captures = self._listing.captures()
        if captures is not self._listed:
            hours: dict[Window, list[Capture]] = defaultdict(list)
            lost: list[str] = []
            for capture in captures:
                try:
                    hours[hour_of(capture.start or self._time(capture))].append(self._completed(capture))
                except BrokenProfile as error:
                    lost.append(str(error))
            if lost:
                raise BrokenInput(
                    f"{self.name}: the pattern says no hour, and {'; '.join(lost[:_MOST_NAMED])}"
                )
            self._listed, self._hours = captures, dict(hours)
        return self._hours

    def _offered(self, offer: ProfileOffer, hours: dict[Window, list[Capture]]) -> list[Capture]:
        return [
            capture
            for capture in hours.get(offer.window, [])
            if capture.service == offer.service and offer.kind in self._kinds(capture)
        ]

    def _completed(self, capture: Capture) -> Capture:
        return replace(capture, sampling_hz=capture.sampling_hz or self._sampling_hz)

    def _time(self, capture: Capture) -> datetime:
        """The time that a profile states itself."""
        with self._outside():
            time_nanos = self._folder.header(capture.path).time_nanos
        if time_nanos <= 0:
            raise BrokenProfile(f"{capture.path!r} says no time either")
        return _EPOCH + timedelta(microseconds=time_nanos // 1000)

    def _kinds(self, capture: Capture) -> list[ProfileKind]:
        try:
            return readings.kinds(self._folder.header(capture.path), capture)
        except (OSError, BrokenProfile):
            return readings.expected(capture)

    def _why(self, capture: Capture) -> str:
        try:
            return readings.refusal(self._folder.header(capture.path), capture)
        except (OSError, BrokenProfile) as error:
            return str(error)

    def _fingerprint(self, capture: Capture) -> str:
        """Everything that decides what fetching it brings."""
        try:
            digest = self._folder.digest(capture.path)
        except (OSError, BrokenProfile):
            digest = ""
        return f"{digest} {self._merged} {capture.text()}"

    def _profile(self, capture: Capture, offer: ProfileOffer) -> Profile:
        with self._outside():
            file = self._folder.open(capture.path)
        header = file.header
        reading = readings.reading(header, offer.kind, capture)
        if reading is None:
            raise BrokenProfile(readings.refusal(header, capture))
        _refuse_negative(file, reading.value, capture)
        return Profile(
            service=capture.service,
            window=offer.window,
            kind=offer.kind,
            columns=file.columns,
            value=reading.value,
            factor=reading.factor,
            observed_nanos=readings.observed_nanos(header, capture, is_merged=self._merged),
            snapshots=readings.snapshots(offer.kind, capture, is_merged=self._merged),
            sampling_interval=readings.sampling_interval(header, offer.kind, capture, is_merged=self._merged),
            version=capture.version,
            environment=capture.environment,
            region=capture.region,
            instance=capture.instance,
            raw=file.data,
            origin=capture.path,
        )

    @contextmanager
    def _outside(self) -> Iterator[None]:
        """The file system's errors as the source's own: what cannot be read now may be there later."""
        try:
            yield
        except OSError as error:
            where = error.filename or self._path
            raise SourceUnavailable(f"{self.name}: {where}: {error.strerror}") from error


def _listing(folder: Folder, path: Path, pattern: str | None, index: Path | None) -> Listing:
    if pattern is not None and index is None:
        return PatternListing(folder, pattern)
    if index is not None and pattern is None:
        return IndexListing(folder, path / index)
    raise ValueError("a folder is described either by a pattern or by an index")


def _refuse_negative(file: ProfileFile, value: int, capture: Capture) -> None:
    """A difference of two profiles is no usage, and would make others look dearer."""
    lowest = engine.least(file.columns, value)
    if lowest < 0:
        named = str(file.columns.value_types[value])
        raise BrokenProfile(f"{capture.path!r}: {named!r} has a negative value, {lowest}")
