"""Sources → usage: what the profiles of each hour said, merged, in raw units."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import structlog

from finops import engine
from finops.app import App
from finops.costs.usage import WeighedProfile, merge_profiles, weigh
from finops.domain.ports import ProfileOffer, ProfileSource, Skipping
from finops.domain.profile import Profile, ProfileKind, RefusedProfile, Usage, UsageKey
from finops.domain.window import Window
from finops.errors import BrokenInput, BrokenProfile, Unavailable
from finops.reports.shown import cut
from finops.storage import refused_profiles, usage
from finops.storage.database import Session
from jobs.runner import Done
from jobs.settled import (
    COLLECT_PROFILES,
    forgotten,
    has_forgotten,
    open_hours,
    open_names,
    restated_marks,
    settle_time,
)
from jobs.windows import Due, Key, fingerprint, is_settled, stretches

log = structlog.get_logger()

# A reason stands with every charge of its hour; a source may refuse a thousand files in one breath.
_WHY = 500


@dataclass(slots=True)
class Collected:
    """What one source brought of one hour; what of it was refused, or taken with all its frames, and why."""

    usages: list[Usage] = field(default_factory=list)
    offers: int = 0
    profiles: int = 0
    refused: list[RefusedProfile] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    unpruned: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class CollectProfiles:
    """One piece of work is one hour of one source."""

    name: str = COLLECT_PROFILES

    def inputs(self, app: App, within: Window | None = None) -> Mapping[Key, str]:
        """What each source offers of each hour that is not final, or was restated."""
        with app.readers() as session:
            hours = open_hours(app, session, within)
            if not hours:
                return {}
            restated = restated_marks(session, Window(hours[0].start, hours[-1].end))
        return {
            Key(hour, source.name): fingerprint(
                *offers,
                settled=is_settled(hour, app.clock.now(), settle_time(app)),
                restated=restated.get(hour, ""),
            )
            for source in app.sources
            for hour, offers in _by_hour(source, hours).items()
        }

    def prepare(self, app: App, work: Due) -> Collected:
        """Pull, decode and merge; keep the profiles as they came."""
        source = next(source for source in app.sources if source.name == work.key.scope)
        collected = Collected()
        for offer in sorted(source.offers(work.key.window)):
            collected.offers += 1
            profiles: list[Profile] = []
            weighed: list[WeighedProfile] = []
            with _refusing(source.name, offer, collected):
                profiles.extend(source.fetch(offer))  # what came before a refusal stays
            for profile in profiles:
                with _refusing(source.name, offer, collected):
                    weighed.append(weigh(profile))
            with _refusing(source.name, offer, collected):
                collected.usages += _merged(app, source.name, offer, weighed)
                collected.profiles += len(weighed)
                collected.unpruned += _unpruned(offer, weighed)
        if isinstance(source, Skipping):
            collected.skipped += source.skipped(work.key.window)
        return collected

    def write(self, app: App, session: Session, work: Due, prepared: Collected) -> Done:
        """In place of what this source said of the hour before."""
        source, hour, now = work.key.scope, work.key.window, app.clock.real()
        is_open = open_names(app, session, hour)
        stored = usage.headers(session, hour)
        said: dict[tuple[str, ProfileKind], list[Usage]] = defaultdict(list)
        for header in stored:
            if header.key.source == source and is_open(header.key.service):
                said[header.key.service, header.key.kind] = []
        if not prepared.offers and has_forgotten(session, hour, {each.key.source for each in stored}, source):
            said.clear()
            prepared.notes.append(forgotten(hour))
        else:
            refused_profiles.replace(session, source, hour, prepared.refused, now, is_open)
        for each in prepared.usages:
            if is_open(each.key.service):
                said[each.key.service, each.key.kind].append(each)
        for (service, kind), usages in sorted(said.items()):
            usage.replace(session, source, service, hour, kind, usages, now)
        problems = [f"{each.service} {each.kind}: {each.why}" for each in prepared.refused]
        problems += prepared.skipped
        counts = {
            "profiles": prepared.profiles,
            "usages": len(prepared.usages),
            "refused": len(problems),
            "unpruned": len(prepared.unpruned),
        }
        return Done(counts, "; ".join([*problems, *prepared.unpruned, *prepared.notes]))


@contextmanager
def _refusing(source: str, offer: ProfileOffer, collected: Collected) -> Iterator[None]:
    """Note what is broken of an offer, and go on without it."""
    try:
        yield
    except BrokenProfile as error:
        log.warning("profile refused", service=offer.service, why=str(error))
        collected.refused.append(
            RefusedProfile(offer.service, offer.window, offer.kind, source, cut(str(error), _WHY))
        )


def _unpruned(offer: ProfileOffer, weighed: Iterable[WeighedProfile]) -> list[str]:
    """Why profiles kept the frames that they ask to be dropped: their own patterns could not be applied."""
    found = (engine.prune_refusal(each.profile.columns) for each in weighed)
    return [f"{offer.service} {offer.kind}: {why}" for why in found if why is not None]


def _by_hour(source: ProfileSource, hours: list[Window]) -> dict[Window, list[object]]:
    offers: dict[Window, list[object]] = defaultdict(list)
    try:
        for part in stretches(hours):
            for offer in sorted(source.offers(Window(part[0].start, part[-1].end))):
                offers[offer.window].append(offer)
    except (BrokenInput, Unavailable) as error:
        # Each hour is still due: its run will fail, be seen, and be tried again. Other sources go on.
        return {hour: [f"unavailable: {error}"] for hour in hours}
    return {hour: offers[hour] for hour in hours}


def _merged(app: App, source: str, offer: ProfileOffer, weighed: Iterable[WeighedProfile]) -> list[Usage]:
    groups: dict[UsageKey, list[WeighedProfile]] = defaultdict(list)
    for each in weighed:
        profile = each.profile
        key = UsageKey(
            service=profile.service,
            window=offer.window,
            kind=profile.kind,
            source=source,
            version=profile.version,
            environment=profile.environment,
            region=profile.region,
        )
        groups[key].append(each)
    return [merge_profiles(key, group, offer.fingerprint, _kept(app, group)) for key, group in groups.items()]


def _kept(app: App, weighed: Iterable[WeighedProfile]) -> tuple[str, ...]:
    """The digests of the profiles as they came, once they are in the blob store."""
    raws = (each.profile.raw for each in weighed)
    return tuple(app.blobs.put(raw) for raw in raws if raw)
