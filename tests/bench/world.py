"""What every case works on: a roster, a publisher, and the same burst of announced sessions, byte for byte.

A term's sessions as a vendor would send them: eight per mentor, a hundred sites, in no order.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from uuid import UUID

import asyncpg

from shared.contracts import ids
from shared.contracts.event import Event
from shared.contracts.site import SessionScheduled
from shared.contracts.supervision import Clearance, Hotline, Match, MentorEnrolled, SiteDescribed
from shared.messaging.message import Raw
from shared.running import Running
from tests.driving import deliver

SITES, SESSIONS_EACH = 100, 8
STRIDE = 7_919  # a prime: every session once, neighbors far apart
PARTITIONS = 6  # of a publisher's topic here; one in production, where a network has many publishers
ZONES = ("America/Chicago", "America/New_York", "America/Denver", "America/Los_Angeles")
ACTIVITIES = ("homework_help", "relationship_activity", "planner_check", "goal_setting")
# What has been read stays read: else a worker reads once more, beside a case, what earlier ones have left on other topics.
CLEAR = """
TRUNCATE trigger.inbox, trigger.outbox, trigger.dead_letter, trigger.parked, trigger.session, trigger.publisher RESTART IDENTITY
"""
ADD_PUBLISHER = """
INSERT INTO trigger.publisher (name, sites, kafka, token_hashes, added_at) VALUES ($1, $2, true, '{}', now())
"""


@dataclass(frozen=True)
class Announced:
    """One announced session, as it travels."""

    id: str
    event: SessionScheduled

    @cached_property
    def body(self) -> bytes:
        return self.event.model_dump_json(exclude_defaults=True).encode()

    @property
    def session_id(self) -> UUID:
        return ids.session(self.event.site_id, self.event.session_ref)

    @cached_property
    def headers(self) -> tuple[tuple[str, bytes], ...]:
        plain = {"ce_specversion": "1.0", "ce_id": self.id, "ce_source": "vendor/term", "ce_type": self.event.TYPE,
                 "content-type": "application/json"}
        return tuple((name, value.encode()) for name, value in plain.items())

    def raw(self, topic: str, offset: int) -> Raw:
        return Raw(topic, offset % PARTITIONS, offset // PARTITIONS, self.event.session_ref.encode(), self.body, self.headers)


def site(number: int) -> str:
    return f"site-{number % SITES:03}"


def burst(number: int, name: str = "term") -> list[Announced]:
    assert number % STRIDE, f"choose another number of events: {number} is a multiple of {STRIDE}"
    first = datetime.now(UTC).replace(hour=21, minute=0, second=0, microsecond=0) + timedelta(days=3)
    return [Announced(f"{name}-{n}", _session(n, name, first)) for n in (i * STRIDE % number for i in range(number))]


def _session(n: int, name: str, first: datetime) -> SessionScheduled:
    mentor, week = divmod(n, SESSIONS_EACH)
    return SessionScheduled(
        session_ref=f"{name}/{n}",
        site_id=site(mentor),
        mentor_ref=f"m{mentor}",
        mentee_ref=f"y{mentor}",
        starts_at=first + timedelta(weeks=week, minutes=mentor % 120),
        time_zone=ZONES[mentor % SITES % len(ZONES)],
        minutes=45,
        activity=ACTIVITIES[mentor % len(ACTIVITIES)],
        revision=1,
    )


async def seed(running: Running, number: int) -> None:
    """Sites and mentors, told by trigger's own handlers, so that no session has to wait for a fact."""
    mentors = range(-(-number // SESSIONS_EACH))
    told: list[Event] = [*(_site(n) for n in range(SITES)), *(_mentor(n) for n in mentors)]
    for start in range(0, len(told), 1_000):
        outcomes = await deliver(running, *told[start : start + 1_000])
        assert all(outcome.kind == "applied" for outcome in outcomes)


def _site(n: int) -> SiteDescribed:
    return SiteDescribed(site_id=site(n), name=f"Site {n}", phone="555-0100", time_zone=ZONES[n % len(ZONES)],
                         hotline=Hotline(label="Hotline", number="555-0199"), reporting_steps=("Call the office.",),
                         staff_on_call="555-0111", revision=1)


def _mentor(n: int) -> MentorEnrolled:
    place = site(n)
    return MentorEnrolled(
        mentor_id=ids.mentor(place, f"m{n}"),
        site_id=place,
        supervisor_id=ids.supervisor(place, f"s{n % 20}"),
        time_zone=ZONES[n % SITES % len(ZONES)],
        matches=(Match(mentee_ref=ids.mentee(place, f"y{n}"), started_on="2026-09-01"),),
        clearances=(Clearance(function="safeguarding_first_response", state="cleared"),),
        revision=1,
    )


async def clear(owner: asyncpg.Connection, publisher: str) -> None:
    """Roster and sites stay; one publisher, who may speak for all of them."""
    await owner.execute(CLEAR)
    await owner.execute(ADD_PUBLISHER, publisher, [site(n) for n in range(SITES)])
    await owner.execute("VACUUM (ANALYZE) trigger.mentor, trigger.site")
    await owner.execute("CHECKPOINT")


def check_all_planned(found: Sequence[tuple[str, int]], number: int) -> None:
    """A figure counts only when every session stands as it should."""
    assert list(found) == [("planned", number)], f"of {number} sessions: {found}"
