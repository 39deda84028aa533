"""What supervision publishes: the roster and sites (compacted, no names of people), alerts, briefs and contacts."""

from datetime import date
from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from shared.contracts.event import Event, Part

TOPIC = "supervision.events"
ALERTS = "supervision.alerts"
ROSTER = "supervision.roster"
SITES = "supervision.sites"
Severity = Literal["info", "attention", "urgent"]


class Clearance(Part):
    function: str
    state: Literal["cleared", "suspended", "revoked"]
    until: AwareDatetime | None = Field(
        None, description="expiry, judged by the reader at session start"
    )


class Match(Part):
    mentee_ref: str | None = None
    started_on: str = Field(description="ISO date")
    ends_on: str | None = None
    closing: bool = False


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


class AlertAcknowledged(_OfAlert):
    TYPE = "supervision.alert_acknowledged.v1"

    by: UUID


class AlertEscalated(_OfAlert):
    TYPE = "supervision.alert_escalated.v1"

    to: UUID | None = None
    to_role: str = Field(description="back_up, site_lead or on_call")


class AlertResolved(_OfAlert):
    TYPE = "supervision.alert_resolved.v1"

    by: UUID | None = None
    how: str = Field(description="a code: talked, not_needed, noted, session_over, lifted, taken_back, corrected")


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
    at: AwareDatetime


class ClearanceChanged(Event):
    TYPE = "supervision.clearance_changed.v1"
    TOPIC = TOPIC

    mentor_id: UUID
    site_id: str
    function: str
    state: Literal["cleared", "suspended", "revoked"]
    why: str = Field(description="a code: granted, safety_miss, talked_through, undone, answer_corrected")
    at: AwareDatetime


class PersonErased(Event):
    TYPE = "supervision.person_erased.v1"
    TOPIC = TOPIC

    mentor_id: UUID
