"""What supervision publishes: the roster and sites (compacted, no names of people), alerts, briefs and contacts."""

from datetime import date, timedelta
from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from shared.contracts.event import Event, Part
from shared.contracts.site import Stage

TOPIC = "supervision.events"
ALERTS = "supervision.alerts"
ROSTER = "supervision.roster"
SITES = "supervision.sites"
ERASED = "supervision.erased"
ENDING = timedelta(days=42)
Severity = Literal["info", "attention", "urgent"]


class Clearance(Part):
    function: str
    state: Literal["cleared", "suspended", "revoked"]
    until: AwareDatetime | None = Field(None, description="expiry, judged by the reader at session start")


class Match(Part):
    mentee_ref: str | None = None
    started_on: str = Field(description="ISO date")
    ends_on: str | None = None
    closing: bool = False

    def stage(self, day: date) -> Stage | None:
        """Which stage it is in on a day; None when its dates cannot be read."""
        try:
            started = date.fromisoformat(self.started_on)
            ends = date.fromisoformat(self.ends_on) if self.ends_on else None
        except ValueError:
            return None
        if self.closing or (ends and ends - day <= ENDING):
            return "ending"
        return stage_by((day - started).days)


def stage_by(days: int) -> Stage:
    """Of a match that is so many days old."""
    if days <= 28:
        return "start"
    return "building" if days <= 183 else "steady"


class MentorEnrolled(Event):
    TYPE = "supervision.mentor_enrolled.v1"
    TOPIC = ROSTER

    mentor_id: UUID
    site_id: str
    supervisor_id: UUID | None
    time_zone: str
    locale: str = "en"
    address_hash: str | None = None  # ids.address
    clearances: tuple[Clearance, ...] = ()
    matches: tuple[Match, ...] = ()
    link_epoch: int = 1
    status: Literal["active", "left"] = "active"
    revision: int = Field(ge=1)


class Hotline(Part):
    label: str
    number: str


class SiteDescribed(Event):
    TYPE = "supervision.site_described.v1"
    TOPIC = SITES
    KEY = "site_id"

    site_id: str
    name: str
    phone: str
    time_zone: str
    locales: tuple[str, ...] = ("en",)
    hotline: Hotline | None = None
    reporting_steps: tuple[str, ...] = ()
    staff_on_call: str | None = None
    ask_directly: bool = True
    status: Literal["active", "closed"] = "active"
    revision: int = Field(ge=1)


SITE_DATA = ("state_hotline", "reporting_steps", "staff_on_call")  # what a module's text may name of a site


def entered(site: SiteDescribed) -> tuple[str, ...]:
    """Names of the SITE_DATA that the site has."""
    there = (site.hotline is not None, bool(site.reporting_steps), bool(site.staff_on_call))
    return tuple(name for name, has in zip(SITE_DATA, there, strict=True) if has)


class _OfAlert(Event):
    TOPIC = ALERTS

    alert_id: UUID
    mentor_id: UUID
    site_id: str
    rule: str
    rule_version: int
    severity: Severity
    supervisor_id: UUID | None = None
    session_id: UUID | None = None
    at: AwareDatetime


class AlertRaised(_OfAlert):
    TYPE = "supervision.alert_raised.v1"

    facts: dict[str, str] = Field(default_factory=dict, description="ids and codes only")
    acknowledge_by: AwareDatetime | None = None


class AlertPlaced(_OfAlert):
    """What became of it in the supervisor's week; urgent alerts, and those that are only worth knowing, have no place."""

    TYPE = "supervision.alert_placed.v1"

    place: Literal["own", "grouped", "digest"] = Field(
        description="asked on its own, in one list with others of its rule, or on Monday's list"
    )


class AlertSnoozed(_OfAlert):
    TYPE = "supervision.alert_snoozed.v1"

    until: AwareDatetime
    by: UUID


class AlertSeen(_OfAlert):
    """Somebody who may act on it had it on their screen; told once for each of them. Only acknowledging it stops the line."""

    TYPE = "supervision.alert_seen.v1"

    by: UUID
    with_role: str = Field(description="who was asked to act then: supervisor, back_up, site_lead, on_call or digest")


class AlertAcknowledged(_OfAlert):
    TYPE = "supervision.alert_acknowledged.v1"

    by: UUID


class AlertEscalated(_OfAlert):
    TYPE = "supervision.alert_escalated.v1"

    to: UUID | None = None
    to_role: str = Field(description="back_up, site_lead or on_call")
    why: str = Field(
        "deadline",
        description="a code: deadline (nobody acknowledged it), asked (somebody passed it on), unreached (no message gets to "
        "whoever was asked)",
    )


class AlertResolved(_OfAlert):
    TYPE = "supervision.alert_resolved.v1"

    by: UUID | None = None
    how: str = Field(description="a code: talked, not_needed, noted, session_over, lifted, taken_back, corrected, left")


class CalledOff(Part):
    session_id: UUID
    mentor_id: UUID
    starts_at: AwareDatetime


class _OfDay(Event):
    TOPIC = ALERTS
    KEY = "alert_id"

    alert_id: UUID = Field(description="one for each cancelled day and supervisor")
    site_id: str
    supervisor_id: UUID | None = Field(description="None: mentors without one; the site's lead sees to them")
    cancellation_id: UUID
    rule: Literal["sessions_called_off"] = "sessions_called_off"
    rule_version: int = 1
    severity: Severity = "info"
    at: AwareDatetime


class DayCalledOff(_OfDay):
    """One alert for a supervisor, whatever the number of sessions; told again, whole, when more of them were called off."""

    TYPE = "supervision.day_called_off.v1"

    first_day: date
    day_after: date = Field(description="the first day that is not called off")
    reason: str = Field(description="a code: snow_day, holiday, staff_absence, other")
    sessions: tuple[CalledOff, ...]


class DayCalledOffClosed(_OfDay):
    TYPE = "supervision.day_called_off_closed.v1"

    by: UUID | None = None
    how: Literal["noted", "lifted"] = Field(description="lifted: none of its sessions is called off any more")


class DigestReady(Event):
    """Monday's list of what could wait; nothing is listed where nothing waits."""

    TYPE = "supervision.digest_ready.v1"
    TOPIC = TOPIC
    KEY = "supervisor_id"

    supervisor_id: UUID
    site_id: str
    at: AwareDatetime
    alert_ids: tuple[UUID, ...] = Field(description="the oldest first; what is still open stands on the next list again")


class BriefReady(Event):
    TYPE = "supervision.brief_ready.v1"
    TOPIC = TOPIC

    mentor_id: UUID
    site_id: str
    supervisor_id: UUID | None
    session_id: UUID
    training_id: UUID
    at: AwareDatetime
    complete: bool = Field(description="False: quiz_by came first")


class ContactLogged(Event):
    TYPE = "supervision.contact_logged.v1"
    TOPIC = TOPIC

    mentor_id: UUID
    site_id: str
    supervisor_id: UUID
    session_id: UUID | None = None
    outcome: Literal["talked", "not_needed", "snoozed", "undone"]
    how: Literal["call", "in_person", "message"] | None = None
    at: AwareDatetime = Field(description="of the talk, which may have been logged later")


class ClearanceChanged(Event):
    TYPE = "supervision.clearance_changed.v1"
    TOPIC = TOPIC

    mentor_id: UUID
    site_id: str
    function: str
    state: Literal["cleared", "suspended", "revoked"]
    why: str = Field(
        description="a code: granted (by the people's file), trained, signed_off, renewed, revoked, match_ended, safety_miss, "
        "talked_through, undone, answer_corrected"
    )
    at: AwareDatetime
    until: AwareDatetime | None = Field(None, description="expiry; None: no end, or not cleared")
    by: UUID | None = Field(
        None, description="who did it: a person of staff; None: it follows from what was trained, or from a file"
    )


class PersonErased(Event):
    """Everything about a person goes, in every service. Stays on its topic for ever: a restored database reads it again."""

    TYPE = "supervision.person_erased.v1"
    TOPIC = ERASED

    mentor_id: UUID = Field(description="whom: a mentor's id, or that of a member of staff")
    role: Literal["mentor", "staff"] = "mentor"
    site_id: str = Field("", description="empty: erased before this was told")
    at: AwareDatetime | None = Field(None, description="when somebody asked for it")

    def whom(self) -> None:
        """Never refused: it may have to be done again."""

    def erases(self) -> UUID:
        return self.mentor_id


class MentorForgotten(Event):
    """A key without a value: compaction then removes what the roster said of a mentor who was erased."""

    TYPE = "supervision.mentor_forgotten.v1"
    TOPIC = ROSTER
    TOMBSTONE = True

    mentor_id: UUID


class PersonErasureDone(Event):
    """The receipt: nothing about this person is left in supervision's tables but the id."""

    TYPE = "supervision.person_erasure_done.v1"
    TOPIC = TOPIC

    mentor_id: UUID

    def whom(self) -> None:
        """A receipt is always taken."""


class NoticeDelivered(Event):
    """What became of a message to a person: told when a server or provider has it, and again when more is known."""

    TYPE = "supervision.notice_delivered.v1"
    TOPIC = TOPIC
    KEY = "person_id"

    notice_id: UUID
    person_id: UUID = Field(description="a mentor_id or supervisor_id")
    site_id: str
    kind: str = Field(description="a code: training, nudge, last_call, check_in, moved, canceled, alert, digest, ...")
    state: str = Field(description="a code: sent, delivered, failed, bounced, expired, dropped")
    channel: str | None = Field(None, description="a code: mail, text; None: none was tried")
    tries: int = Field(ge=0)
    reason: str | None = Field(None, description="a code, such as smtp_550 or session_canceled")
    at: AwareDatetime
