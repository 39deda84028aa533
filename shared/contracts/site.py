"""What sites tell us about their sessions, in their own references (topic `in.<publisher>`, or HTTPS)."""

from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from shared.contracts import ids
from shared.contracts.event import Event

Reference = Field(min_length=1, max_length=200, description="the site's own name for it; never enters our topics")
Mode = Literal["in_person", "virtual"]
Stage = Literal["start", "building", "steady", "ending"]


class SessionScheduled(Event):
    TYPE = "site.session_scheduled.v1"
    TOPIC = "in"
    KEY = "session_ref"

    session_ref: str = Reference
    site_id: str = Field(min_length=1, max_length=100)
    mentor_ref: str = Reference
    mentee_ref: str | None = Field(None, min_length=1, max_length=200, description="an opaque reference, nothing else")
    starts_at: AwareDatetime = Field(description="RFC 3339; Z or +00:00 is an instant, another offset only picks the fold")
    time_zone: str = Field(min_length=1, max_length=64, description="IANA name; wall clock and zone are the truth")
    minutes: int = Field(45, ge=5, le=480)
    activity: str = Field(min_length=1, max_length=64, description="code from the vocabulary")
    focus: tuple[str, ...] = Field((), max_length=5, description="skill codes that the site wants trained")
    mode: Mode = "in_person"
    match_stage: Stage | None = None
    revision: int = Field(0, ge=0, le=2_147_483_647, description="higher wins, as iCalendar SEQUENCE")
    source_updated_at: AwareDatetime | None = None

    def whom(self) -> UUID:
        return ids.mentor(self.site_id, self.mentor_ref)


class SessionCancelled(Event):
    TYPE = "site.session_cancelled.v1"
    TOPIC = "in"
    KEY = "session_ref"

    session_ref: str = Reference
    site_id: str = Field(min_length=1, max_length=100)
    revision: int = Field(0, ge=0, le=2_147_483_647)


class SessionHeld(Event):
    TYPE = "site.session_held.v1"
    TOPIC = "in"
    KEY = "session_ref"

    session_ref: str = Reference
    site_id: str = Field(min_length=1, max_length=100)
    held: bool
    minutes: int | None = Field(None, ge=0, le=480)
    revision: int = Field(0, ge=0, le=2_147_483_647)
