"""What a mentor would get for a session that nobody has announced: the same plan, made for a session that is not there."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID

from pydantic import BaseModel

from services.trigger import moment_words, plans, stories
from services.trigger.copies import Site
from services.trigger.moment_words import Clocks
from services.trigger.policy import Policy
from services.trigger.session import Described, Facts, Session
from services.trigger.stories import MomentTold
from services.trigger.story_words import WARNINGS
from services.trigger.zones import Start
from shared.contracts.vocabulary import vocabulary
from shared.pages import times

NOBODY = UUID(int=0)
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True, slots=True)
class Asked:
    """A session as it might be. An empty activity is any that has no timing of its own; `notice`: announced so long before."""

    start: Start
    zone: str
    minutes: int
    activity: str
    mentor_zone: str
    notice: timedelta


class Preview(BaseModel):
    starts_at: datetime
    time_zone: str
    mentor_zone: str
    minutes: int
    activity: str | None
    warnings: list[str]
    policy_version: int
    moments: list[MomentTold]


def wall_clock(text: str, now: datetime) -> datetime | None:
    """Thu 16:00, tomorrow 16:00 or 2026-12-10 16:00, the next one after `now` and on its clock; None: it is no such start."""
    day, _, clock = text.strip().lower().rpartition(" ")
    try:
        at = time.fromisoformat(clock.zfill(5)).replace(second=0, microsecond=0, tzinfo=None)
    except ValueError:
        return None
    found = _day(day.strip().rstrip(","), at, now)
    return datetime.combine(found, at) if found else None


def previewed(asked: Asked, policy: Policy) -> list[MomentTold]:
    """Every moment, if the mentor does nothing."""
    told = _described(asked)
    facts = Facts(session_id=NOBODY, policy=policy, site=Site("", asked.mentor_zone, (), True, 0))
    session = plans.anew(Session(NOBODY, ""), told, asked.start.at - asked.notice, facts)
    dropped = [stories.mark_told(mark) for mark in session.marks]
    return stories.in_order([*dropped, *stories.ahead(session, told, policy.timing_of(asked.activity))])


def document(asked: Asked, policy: Policy, found: list[MomentTold]) -> Preview:
    return Preview(
        starts_at=asked.start.at,
        time_zone=asked.zone,
        mentor_zone=asked.mentor_zone,
        minutes=asked.minutes,
        activity=asked.activity or None,
        warnings=list(asked.start.warnings),
        policy_version=policy.version,
        moments=found,
    )


def said(asked: Asked, saved: Policy, wanted: Policy, found: list[MomentTold]) -> Iterator[str]:
    clocks = Clocks(asked.zone, asked.mentor_zone)
    start, at = asked.start.at, f"{times.clock(asked.start.at, asked.zone)} in {asked.zone}"
    yield f"{_title(asked.activity)} on {times.day(start, asked.zone)}, {times.date(start, asked.zone)}, at {at}:"
    for code in asked.start.warnings:
        yield WARNINGS[code]
    for line in moment_words.sentences(found, clocks):
        yield f"  {line}"
    if wanted != saved:
        yield "This is not saved. `jitt policy set` with the same options does that."


def _described(asked: Asked) -> Described:
    return Described(
        mentor_id=NOBODY,
        mentee_ref=None,
        starts_at=asked.start.at,
        wall=asked.start.wall,
        time_zone=asked.zone,
        minutes=asked.minutes,
        activity=asked.activity,
        focus=(),
        mode="in_person",
        match_stage=None,
        revision=0,
        source_updated_at=None,
    )


def _title(activity: str) -> str:
    return vocabulary().activities[activity].title if activity else "A session"


def _day(word: str, at: time, now: datetime) -> date | None:
    if word in ("today", "tomorrow"):
        return now.date() + timedelta(days=word == "tomorrow")
    for number, name in enumerate(WEEKDAYS):
        if len(word) >= 3 and name.startswith(word):
            days = (number - now.weekday()) % 7
            return now.date() + timedelta(days=days if days or at > now.time() else 7)
    try:
        return date.fromisoformat(word)
    except ValueError:
        return None
