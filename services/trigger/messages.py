"""What people and commands tell trigger, and the causes of its sweeps. These events never leave the service."""

from datetime import date
from typing import Literal
from uuid import UUID

from pydantic import Field

from shared.contracts.event import Event, Part
from shared.contracts.site import SessionScheduled

Why = Literal["snow_day", "holiday", "staff_absence", "other"]
LONGEST_NAME = 100


class PolicyChosen(Event):
    TYPE = "trigger.policy_chosen.v1"
    KEY = "site_id"

    site_id: str = Field(min_length=1, max_length=100)
    document: str = Field(description="the policy's JSON, with the version that it changes")


class PolicyChanged(Event):
    """For every session of the site whose training has not gone out yet."""

    TYPE = "trigger.policy_changed.v1"
    KEY = "site_id"

    site_id: str
    version: int


class SessionMapped(SessionScheduled):
    """An entry of a site's calendar, whose mentor was found by the roster: nobody's reference is known there."""

    TYPE = "trigger.session_mapped.v1"
    TOPIC = ""

    mentor_ref: str = ""
    mentor_id: UUID

    def whom(self) -> UUID:
        return self.mentor_id


class Awaited(Event):
    """A mentor or a site that sessions wait for is known now."""

    TYPE = "trigger.awaited_arrived.v1"
    KEY = "site_id"

    site_id: str
    mentor_id: UUID | None = Field(None, description="None: the site itself")


class ZoneChanged(Event):
    """The clock that quiet hours go by: a mentor's own, or the site's for those who have none."""

    TYPE = "trigger.zone_changed.v1"
    KEY = "site_id"

    site_id: str
    mentor_id: UUID | None = Field(None, description="None: the site's")
    time_zone: str


class RulesRead(Event):
    """The rules of time zones as they are installed with a worker that starts."""

    TYPE = "trigger.rules_read.v1"

    rules: dict[str, str] = Field(description="by zone, a digest that differs when its rules do")


class RulesChanged(Event):
    """For every session to come on these clocks, or whose mentor's quiet hours go by one of them."""

    TYPE = "trigger.rules_changed.v1"

    time_zones: tuple[str, ...]


class DaysCancelled(Event):
    """Told once; then the cause of a sweep over the sessions that were planned on those days when it was told."""

    TYPE = "trigger.days_cancelled.v1"
    KEY = "site_id"

    cancellation_id: UUID
    site_id: str = Field(min_length=1, max_length=100)
    first_day: date = Field(description="on the site's calendar")
    day_after: date = Field(description="the first day that is not cancelled")
    reason: Why
    told_by: str = Field(description="a publisher's name; empty: a command")


class CancellationUndone(Event):
    """Told once; then the cause of a sweep over the sessions that are still cancelled by it."""

    TYPE = "trigger.cancellation_undone.v1"
    KEY = "cancellation_id"

    cancellation_id: UUID


class HolidaysAdded(Event):
    TYPE = "trigger.holidays_added.v1"
    KEY = "site_id"

    site_id: str = Field(min_length=1, max_length=100)
    first_day: date = Field(description="on the site's calendar")
    day_after: date = Field(description="the first day that is none")
    name: str = Field("", max_length=LONGEST_NAME, description="as people call it")


class NamedDay(Part):
    day: date
    name: str = Field("", max_length=LONGEST_NAME)


class HolidaysSet(Event):
    """All of a site's holidays, in place of those that it had."""

    TYPE = "trigger.holidays_set.v1"
    KEY = "site_id"

    site_id: str = Field(min_length=1, max_length=100)
    days: tuple[NamedDay, ...]


class HolidaysRemoved(Event):
    TYPE = "trigger.holidays_removed.v1"
    KEY = "site_id"

    site_id: str = Field(min_length=1, max_length=100)
    first_day: date
    day_after: date


class PublisherAdded(Event):
    TYPE = "trigger.publisher_added.v1"
    KEY = "name"

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{1,49}$", description="also the name of its topic, in.<name>")
    sites: tuple[str, ...] = Field(min_length=1, max_length=20_000, description="the sites that it may speak for")
    kafka: bool = Field(False, description="speaks through its own topic; else over HTTPS with a token")
    token_sha256: str | None = Field(None, pattern=r"^[0-9a-f]{64}$", description="hex; the token itself is never kept")


class PublisherPaused(Event):
    TYPE = "trigger.publisher_paused.v1"
    KEY = "name"

    name: str
    paused: bool
    why: str = Field("", max_length=200, description="for whoever asks later; empty when it goes on")


class PublisherSitesChanged(Event):
    TYPE = "trigger.publisher_sites_changed.v1"
    KEY = "name"

    name: str
    added: tuple[str, ...] = Field((), max_length=20_000)
    removed: tuple[str, ...] = Field((), max_length=20_000)


class PublisherRemoved(Event):
    """It can sign in no more: every token ends. What it said stays, and its name."""

    TYPE = "trigger.publisher_removed.v1"
    KEY = "name"

    name: str


class OldTokensRevoked(Event):
    """All but the newest."""

    TYPE = "trigger.old_tokens_revoked.v1"
    KEY = "name"

    name: str


class TokenIssued(Event):
    TYPE = "trigger.token_issued.v1"
    KEY = "name"

    name: str
    token_sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    only: bool = Field(False, description="earlier tokens stop working at once")
