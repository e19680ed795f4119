"""Services: who the money is for, and every name each goes by outside."""

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase


@dataclass(frozen=True, slots=True)
class Service:
    """A workload (OpenTelemetry's service.name) with its owner and its other names.

    `names` are the names or shell patterns (`checkout-*`) that the profiler, the fleet and the
    cloud's tags know it by. `profiler_gives_shares` says that its profiler's seconds are not to be
    believed, only their proportions.
    """

    name: str
    names: tuple[str, ...] = ()
    team: str = ""
    cost_centre: str = ""
    environment: str = ""
    profiler_gives_shares: bool = False
    accepts_memory_shares: bool = False
    is_claimed: bool = True


@dataclass(frozen=True, slots=True)
class Registry:
    """The declared services; answers whose a name is.

    Without any declared service, each name is a service of its own. With some, a name that none of
    them claims is kept under its own name and marked unclaimed, never guessed.
    """

    services: tuple[Service, ...] = ()

    def claim(self, name: str) -> Service:
        """The service that a name outside belongs to: an exact name first, then the first pattern."""
        for service in self.services:
            if name == service.name or name in service.names:
                return service
        for service in self.services:
            if any(fnmatchcase(name, pattern) for pattern in service.names):
                return service
        return Service(name, is_claimed=not self.services)

    def find(self, name: str) -> Service | None:
        """The declared service of exactly this name."""
        return next((service for service in self.services if service.name == name), None)


def clashes(services: Sequence[Service]) -> list[str]:
    """Names that two services claim, one sentence each."""
    seen: dict[str, str] = {}
    found = []
    for service in services:
        for name in (service.name, *service.names):
            other = seen.setdefault(name, service.name)
            if other != service.name:
                found.append(f"{name!r} is claimed by {other!r} and by {service.name!r}")
    return found
