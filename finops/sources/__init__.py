"""Where profiles come from: one module a back-end, all answering as domain.ports.ProfileSource."""

from finops.config import Settings
from finops.domain.ports import ProfileSource
from finops.sources.directory import DirectorySource

__all__ = ["DirectorySource", "profile_sources"]


def profile_sources(settings: Settings) -> list[ProfileSource]:
    """The sources that the configuration names, in its order."""
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
