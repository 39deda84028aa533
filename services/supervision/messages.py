"""What people do here: they come in by the command line or the console, and never leave this service."""

from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from shared.contracts import ids
from shared.contracts.event import Event
from shared.contracts.supervision import Hotline, Match

Role = Literal["mentor", "supervisor", "site_lead"]
Source = Literal["people_file", "oneroster"]


class SiteEntered(Event):
    TYPE = "supervision.site_entered.v1"
    KEY = "site_id"

    site_id: str
    name: str
    phone: str
    time_zone: str
    locales: tuple[str, ...]
    hotline: Hotline | None = None
    reporting_steps: tuple[str, ...] = ()
    staff_on_call: str | None = None
    ask_directly: bool = True


class PersonListed(Event):
    """One row of a people's file, whole: zone and locale filled in, references still the site's own."""

    TYPE = "supervision.person_listed.v1"
    KEY = "person_id"

    site_id: str
    reference: str
    role: Role
    name: str
    email: str | None = None
    phone: str | None = None
    supervisor_reference: str | None = None
    back_up_reference: str | None = Field(None, description="of staff: who stands in for them")
    time_zone: str
    locale: str
    matches: tuple[Match, ...] = ()
    match_started_on: str | None = Field(None, description="ISO date: the only match, as older lists tell it")
    cleared: dict[str, AwareDatetime | None] = Field(default_factory=dict, description="function -> last instant, or no end")
    source: Source = "people_file"

    @property
    def person_id(self) -> UUID:
        make = ids.mentor if self.role == "mentor" else ids.supervisor
        return make(self.site_id, self.reference)

    def whom(self) -> UUID:
        return self.person_id

    @property
    def supervisor_id(self) -> UUID | None:
        return ids.supervisor(self.site_id, self.supervisor_reference) if self.supervisor_reference else None

    @property
    def back_up_id(self) -> UUID | None:
        return ids.supervisor(self.site_id, self.back_up_reference) if self.back_up_reference else None

    @property
    def all_matches(self) -> tuple[Match, ...]:
        return self.matches or ((Match(started_on=self.match_started_on),) if self.match_started_on else ())


class PersonLeft(Event):
    """Somebody whom the site's list no longer names, or names as deleted. Nothing of them is deleted here."""

    TYPE = "supervision.person_left.v1"
    KEY = "person_id"

    site_id: str
    person_id: UUID
    role: Role


class SupervisorLeft(Event):
    """What it means to their mentors: the back-up takes over, else the site's lead sees to them."""

    TYPE = "supervision.supervisor_left.v1"
    KEY = "supervisor_id"

    supervisor_id: UUID
    back_up_id: UUID | None = None


class ErasureAsked(Event):
    """Somebody's record is to be deleted everywhere, on request."""

    TYPE = "supervision.erasure_asked.v1"
    KEY = "person_id"

    person_id: UUID
    site_id: str
    role: Role


class RosterRowTold(Event):
    """What a row of a OneRoster set says now: opaque ids, roles and days as JSON. None: the set has it no longer."""

    TYPE = "supervision.roster_row_told.v1"
    KEY = "row_id"

    row_id: UUID
    site_id: str
    file: str
    document: str | None


class LinksRevoked(Event):
    """Every link that a mentor was given so far opens nothing any more."""

    TYPE = "supervision.links_revoked.v1"
    KEY = "mentor_id"

    mentor_id: UUID


class _OfAlert(Event):
    mentor_id: UUID
    alert_id: UUID
    by: UUID = Field(description="who did it: a person_id of staff")


class AlertTaken(_OfAlert):
    """Acknowledged by a named person."""

    TYPE = "supervision.alert_taken.v1"


class AlertLetGo(_OfAlert):
    """Acknowledged by mistake, and taken back within ten minutes by the same person."""

    TYPE = "supervision.alert_let_go.v1"


class AlertLookedAt(_OfAlert):
    """It was on the screen of somebody who may act on it."""

    TYPE = "supervision.alert_looked_at.v1"


class AlertPassedOn(_OfAlert):
    """Handed to the next in line, now."""

    TYPE = "supervision.alert_passed_on.v1"


class AlertClosed(_OfAlert):
    TYPE = "supervision.alert_closed.v1"

    note: str = Field(max_length=1_000, description="stays in this service's own table")


class AlertUnheard(Event):
    """No message gets to a person who is asked to act on an alert: nobody would know of it before the deadline."""

    TYPE = "supervision.alert_unheard.v1"
    KEY = "mentor_id"

    mentor_id: UUID
    alert_id: UUID
    with_role: str = Field(description="whose turn it was when the message was made")
    to: UUID | None = Field(None, description="whom the message was for; None: the site's lead")


class DayNoted(Event):
    """A supervisor has seen which of their sessions a cancelled day has called off."""

    TYPE = "supervision.day_noted.v1"
    KEY = "cancellation_id"

    cancellation_id: UUID
    by: UUID
    caseload: UUID | None = Field(description="whose mentors; None: a site lead, for all of the site's")
    stands_in: tuple[UUID, ...] = Field((), description="and of these supervisors, who are away")


class AbsenceSet(Event):
    """A supervisor will be away, and somebody of their site looks after their mentors."""

    TYPE = "supervision.absence_set.v1"
    KEY = "absence_id"

    absence_id: UUID
    site_id: str
    person_id: UUID
    delegate_id: UUID
    from_at: AwareDatetime
    until_at: AwareDatetime = Field(description="the first instant at which they are back")
    by: UUID | None = Field(None, description="None: by the command line")


class AbsenceEnded(Event):
    """They are back, or do not go."""

    TYPE = "supervision.absence_ended.v1"
    KEY = "absence_id"

    absence_id: UUID
    by: UUID | None = None


class ClearanceSignedOff(Event):
    """Somebody saw that a mentor can do what a function asks for."""

    TYPE = "supervision.clearance_signed_off.v1"

    mentor_id: UUID
    function: str
    how: Literal["observed", "talked_through"]
    lines: int = Field(description="of the checklist: how many were ticked")
    by: UUID
    request_id: UUID = Field(description="the form's; what it is taken back by")


class ClearanceRevoked(Event):
    TYPE = "supervision.clearance_revoked.v1"

    mentor_id: UUID
    function: str
    reason: Literal["not_as_agreed", "asked_by_mentor", "not_needed", "site_decided", "by_mistake"]
    by: UUID
    request_id: UUID


class ClearanceUndone(Event):
    """Takes back a sign-off or a revocation of the last ten minutes."""

    TYPE = "supervision.clearance_undone.v1"

    mentor_id: UUID
    mark_id: UUID = Field(description="the request_id of what is taken back")
    by: UUID


class ContactMade(Event):
    """One tap on a brief or a mentor's page, or a talk that is logged later."""

    TYPE = "supervision.contact_made.v1"

    mentor_id: UUID
    site_id: str
    session_id: UUID | None = None
    outcome: Literal["talked", "not_needed", "snoozed"]
    clear: bool = Field(False, description="they went through the safety question: lift the holds")
    seen_at: AwareDatetime | None = Field(None, description="when the page was drawn: what came up after it stays open")
    snooze_minutes: int = Field(60, ge=5, le=43_200)
    talked_at: AwareDatetime | None = Field(None, description="when, where it is logged later; never in the future")
    how: Literal["call", "in_person", "message"] | None = None
    by: UUID
    request_id: UUID = Field(description="the form's; also the contact's id")


class ContactUndone(Event):
    TYPE = "supervision.contact_undone.v1"

    mentor_id: UUID
    contact_id: UUID
    by: UUID
