"""Where profiles come from: one module a back-end, all answering as domain.ports.ProfileSource."""

from finops.config import Mistake, Settings
from finops.domain.ports import ProfileSource
from finops.sources.directory import DirectorySource

__all__ = ["DirectorySource", "mistakes", "profile_sources"]


def profile_sources(settings: Settings) -> list[ProfileSource]:
    """The sources that the configuration names, in its order."""
    return [*_directories(settings)]


def mistakes(settings: Settings) -> list[Mistake]:
    """What is wrong with the folders that the configuration names; no profile is opened."""
    return [mistake for directory in _directories(settings) for mistake in directory.mistakes()]


def _directories(settings: Settings) -> list[DirectorySource]:
    return [
        DirectorySource(
            table.name,
            table.path,
            pattern=table.pattern,
            index=table.index,
            merged=table.merged,
            sampling_hz=table.sampling_hz,
        )
        for table in settings.sources
    ]
