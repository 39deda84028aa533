"""Sites, the people of a site, and copies of content's modules and assessment's memory of skills. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Literal
from uuid import UUID

from services.supervision.messages import PersonLeft, PersonListed, RosterRowTold, SiteEntered, SupervisorLeft
from shared.contracts import ids
from shared.contracts.assessment import LinkRequested, SkillRemembered
from shared.contracts.content import ItemCorrected, ModulePublished, ModuleWithdrawn
from shared.contracts.content import Module as Content
from shared.contracts.event import Event, Refused, Sweep
from shared.contracts.supervision import SiteDescribed

Corrected = tuple[ItemCorrected, list[Event]] | Refused
GONE = b"left"  # in place of a hash: whatever a list says of this person next is news
MEANING = b"3"  # goes up when a row comes to mean more: the next import of a file then tells all of it again


@dataclass(frozen=True, slots=True)
class Site:
    described: SiteDescribed

    @property
    def site_id(self) -> str:
        return self.described.site_id


def entered(site: Site | None, event: SiteEntered, now: datetime, _: object) -> tuple[Site, list[Event]]:
    """A new revision only where something changed."""
    before = site.described if site else None
    new = SiteDescribed(**event.model_dump(), revision=before.revision if before else 1)
    if site and new == before:
        return site, []
    described = new if before is None else new.model_copy(update={"revision": before.revision + 1})
    return Site(described), [described]


@dataclass(frozen=True, slots=True)
class Person:
    """A name with its contacts. `row_hash` tells whether a file says anything new about this person."""

    person_id: UUID
    site_id: str
    role: str
    reference: str
    name: str
    email: str | None
    phone: str | None
    time_zone: str
    locale: str
    row_hash: bytes
    back_up_id: UUID | None = None
    status: Literal["active", "left"] = "active"
    source: str = "people_file"


@dataclass(frozen=True, slots=True)
class Known:
    """Somebody of a site as the last list told of them: what the next one is compared with."""

    person_id: UUID
    role: str
    reference: str
    name: str
    email: str | None
    phone: str | None
    time_zone: str
    locale: str
    status: str
    source: str
    row_hash: bytes
    back_up_id: UUID | None = None
    supervisor_id: UUID | None = None


def row_hash(event: PersonListed) -> bytes:
    return sha256(MEANING + event.model_dump_json().encode()).digest()


def listed(person: Person | None, event: PersonListed, now: datetime, _: object) -> tuple[Person, list[Event]]:
    new = Person(
        person_id=event.person_id,
        site_id=event.site_id,
        role=event.role,
        reference=event.reference,
        name=event.name,
        email=event.email,
        phone=event.phone,
        time_zone=event.time_zone,
        locale=event.locale,
        row_hash=row_hash(event),
        back_up_id=event.back_up_id,
        source=event.source,
    )
    return (person if person == new else new), []


Leaves = tuple[Person, list[Event | Sweep]] | Refused


def left(person: Person | None, event: PersonLeft, now: datetime, back_up: UUID | None) -> Leaves:
    """Names and contacts stay until they are erased, or too old. A supervisor's mentors go to the back-up, if one is here."""
    if person is None:
        return Refused("unknown_person")
    if person.status == "left":
        return person, []
    gone = replace(person, status="left", row_hash=GONE)
    if person.role == "mentor":
        return gone, []
    return gone, [Sweep("mentor_case", SupervisorLeft(supervisor_id=person.person_id, back_up_id=back_up))]


def row_told(row: RosterRowTold | None, event: RosterRowTold, now: datetime, _: object) -> tuple[RosterRowTold, list[Event]]:
    return event, []


@dataclass(frozen=True, slots=True)
class Module:
    key: str
    module_id: str
    locale: str
    version: int
    status: Literal["published", "withdrawn"]
    module: Content


def kept(module: Module | None, event: ModulePublished | ModuleWithdrawn, now: datetime, _: object) -> tuple[Module, list[Event]]:
    """A version never changes; it can only be withdrawn, and withdrawn it stays."""
    new = Module(event.key(), event.module_id, event.locale, event.version, event.status, event.module)
    return (module if module and (module == new or module.status == "withdrawn") else new), []


def corrected(known: ItemCorrected | None, event: ItemCorrected, now: datetime, _: object) -> Corrected:
    """The newest correction of a version's question stands."""
    if known and known.corrected_version >= event.corrected_version:
        return Refused("stale_revision")
    return event, []


@dataclass(frozen=True, slots=True)
class Skill:
    skill_id: UUID
    remembered: SkillRemembered


def skill_id(event: SkillRemembered) -> UUID:
    return ids.after(event.mentor_id, event.skill)


def remembered(skill: Skill | None, event: SkillRemembered, now: datetime, _: object) -> tuple[Skill, list[Event]] | Refused:
    if skill and skill.remembered.revision >= event.revision:
        return Refused("stale_revision")
    return (replace(skill, remembered=event) if skill else Skill(skill_id(event), event)), []


def link_requested(
    known: LinkRequested | None, event: LinkRequested, now: datetime, _: object
) -> tuple[LinkRequested, list[Event]] | Refused:
    """A mentor's last request stands."""
    return Refused("stale_revision") if known and known.requested_at >= event.requested_at else (event, [])
