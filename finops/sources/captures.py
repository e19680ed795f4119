"""Captures: files of a folder, and what is known of each without opening it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from finops.config import Mistake


@dataclass(frozen=True, slots=True)
class Capture:
    """A file that stands for one service in one hour. A file may stand for several hours.

    Attributes:
        path: relative to the folder, with slashes.
        start: the moment whose hour it belongs to; None where only the profile itself knows.
        type: the sample type to take, or "cpu" or "heap"; "" where the profile decides.
        observed_nanos, snapshots, sampling_hz: where somebody vouches for them; else None.
    """

    path: str
    service: str
    start: datetime | None = None
    end: datetime | None = None
    type: str = ""
    version: str = ""
    environment: str = ""
    region: str = ""
    instance: str = ""
    observed_nanos: int | None = None
    snapshots: int | None = None
    sampling_hz: Decimal | None = None

    def text(self) -> str:
        """All that it says, as one line that is the same in every process."""
        return json.dumps([getattr(self, each.name) for each in fields(self)], default=str)


class Listing(Protocol):
    """Knows which captures a folder has."""

    def captures(self) -> Sequence[Capture]:
        """All captures; the same object as long as nothing has changed, where that is known.

        Raises:
            OSError: the listing cannot be read.
            BrokenInput: it is not what it claims to be.
        """

    def unmatched(self) -> Sequence[str]:
        """Files that are no captures, one sentence each."""

    def mistakes(self) -> Sequence[Mistake]:
        """What keeps it from listing what it should.

        Raises:
            OSError: the folder cannot be listed.
        """
