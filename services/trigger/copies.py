"""Facts that trigger copies from the others: mentors, sites, skill memory, trainings. The higher revision is kept."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from services.trigger.messages import Awaited, ZoneChanged
from shared.contracts import ids
from shared.contracts.assessment import SkillRemembered, TrainingCompleted
from shared.contracts.content import NothingSuitable, TrainingAssigned
from shared.contracts.event import Event, Sweep
from shared.contracts.supervision import Clearance, Match, MentorEnrolled, SiteDescribed, entered
from shared.values import value_object


@value_object(frozen=True, slots=True)
class Mentor:
    id: UUID
    site_id: str
    time_zone: str
    locale: str
    active: bool
    matches: tuple[Match, ...]
    clearances: tuple[Clearance, ...]
    revision: int
    address_hash: str | None = None


@value_object(frozen=True, slots=True)
class Site:
    """`variables`: names of the site's data that a module's text may use, of those it has filled in."""

    id: str
    time_zone: str
    variables: tuple[str, ...]
    active: bool
    revision: int


@value_object(frozen=True, slots=True)
class Training:
    """What became of a request for content: assigned, nothing suitable, completed; in whatever order that is heard."""

    id: UUID
    session_id: UUID
    mentor_id: UUID
    site_id: str
    assigned_at: datetime | None = None
    completed_at: datetime | None = None
    nothing_suitable: bool = False


def enrolled(state: Mentor | None, event: MentorEnrolled, _: datetime, waited_for: bool) -> tuple[Mentor, list[Sweep]]:
    if state and state.revision >= event.revision:
        return state, []
    mentor = Mentor(
        id=event.mentor_id,
        site_id=event.site_id,
        time_zone=event.time_zone,
        locale=event.locale,
        active=event.status == "active",
        matches=event.matches,
        clearances=event.clearances,
        revision=event.revision,
        address_hash=event.address_hash,
    )
    zone = None if state is None or state.time_zone == event.time_zone else event.time_zone
    return mentor, sweeps(event.site_id, event.mentor_id, waited_for, zone)


def described(state: Site | None, event: SiteDescribed, _: datetime, waited_for: bool) -> tuple[Site, list[Sweep]]:
    if state and state.revision >= event.revision:
        return state, []
    site = Site(event.site_id, event.time_zone, entered(event), event.status == "active", event.revision)
    zone = None if state is None or state.time_zone == event.time_zone else event.time_zone
    return site, sweeps(event.site_id, None, waited_for, zone)


def sweeps(site_id: str, mentor_id: UUID | None, waited_for: bool, new_zone: str | None) -> list[Sweep]:
    """What a fact means to sessions that are there already. Most facts mean nothing to any."""
    found = [Sweep("session", Awaited(site_id=site_id, mentor_id=mentor_id))] if waited_for else []
    if new_zone is not None:
        found.append(Sweep("session", ZoneChanged(site_id=site_id, mentor_id=mentor_id, time_zone=new_zone)))
    return found


def skill_id(event: SkillRemembered) -> UUID:
    return ids.after(event.mentor_id, event.skill)


def remembered(state: SkillRemembered | None, event: SkillRemembered, *_: object) -> tuple[SkillRemembered, list[Event]]:
    return (state if state and state.revision >= event.revision else event), []


def assigned(state: Training | None, event: TrainingAssigned, now: datetime, _: object) -> tuple[Training, list[Event]]:
    training = state or Training(event.training_id, event.session_id, event.mentor_id, event.site_id)
    return (training if training.assigned_at else replace(training, assigned_at=now)), []


def nothing_suitable(state: Training | None, event: NothingSuitable, *_: object) -> tuple[Training, list[Event]]:
    training = state or Training(event.request_id, event.session_id, event.mentor_id, event.site_id)
    return (training if training.nothing_suitable else replace(training, nothing_suitable=True)), []


def completed(state: Training | None, event: TrainingCompleted, *_: object) -> tuple[Training, list[Event]]:
    training = state or Training(event.training_id, event.session_id, event.mentor_id, event.site_id)
    return (training if training.completed_at else replace(training, completed_at=event.completed_at)), []
