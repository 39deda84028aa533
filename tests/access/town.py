"""Two sites that know nothing of each other, in all four services, made by what happens at real ones.

Every name, address and reference of theirs begins with a canary, so that it is known wherever it turns up.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
from fastapi import FastAPI

from deploy import topology
from services.assessment.messages import Answered, OpenAnswered, Started
from services.assessment.sealing import seal
from services.content import publishing
from services.supervision import store_tokens
from services.supervision.messages import ContactMade, PersonListed, SiteEntered
from services.trigger.messages import PublisherAdded
from shared import access, db, tokens
from shared.contracts import ids
from shared.contracts.content import AssignedItem, ModuleRef, TrainingAssigned
from shared.contracts.site import SessionScheduled
from shared.contracts.supervision import Hotline
from shared.messaging.batch import Batch
from shared.process import application_of
from shared.running import Running
from shared.settings import settings
from tests.conftest import at_database
from tests.driving import commit, deliver, fall_due, message
from tests.supervision import builders
from tests.supervision.console import GOAL, GRADE, MODULE, SECRET, the_module

SITES = ("north", "south")
SUPERVISORS = {"ana": ("m1", "m2"), "ben": ("m3",)}  # by supervisor, their mentors
LEAD = "lea"
TAKEN = "DELETE FROM outbox RETURNING id, topic, type, payload"


def canary(site: str, what: str) -> str:
    return f"Zq{site}{what}"


@dataclass
class Town:
    """`publishers` and `systems`: by site, a token."""

    running: dict[str, Running]
    now: datetime
    publishers: dict[str, str] = field(default_factory=dict)
    systems: dict[str, str] = field(default_factory=dict)
    apps: dict[str, FastAPI] = field(default_factory=dict)

    async def carried(self) -> None:
        """What Kafka does: every event to every service that reads its topic, until nobody says anything more."""
        while any([await self._carry(running) for running in self.running.values()]):
            pass

    async def _carry(self, running: Running) -> int:
        classes = {event.TYPE: event for event in running.service.publishes}
        rows = sorted(await running.pool.fetch(TAKEN), key=lambda row: row["id"])
        for reader in self.running.values():
            wanted = reader.service.events
            told = [message(classes[row["type"]].model_validate_json(row["payload"]), principal=running.service.name)
                    for row in rows if row["topic"] in reader.service.reads and row["type"] in wanted]  # fmt: skip
            if told:
                await commit(reader, Batch(told))
        return len(rows)

    async def due(self) -> None:
        for running in self.running.values():
            for handler in running.service.handlers:
                if handler.clock:
                    await fall_due(running, handler.name)
        await self.carried()


@asynccontextmanager
async def settled(postgres: str) -> AsyncIterator[Town]:
    """A town in a database of its own; `postgres` is the owner's address of any database of the server."""
    name = f"test_town_{uuid4().hex[:12]}"
    admin = await asyncpg.connect(postgres, timeout=10)
    await admin.execute(f'CREATE DATABASE "{name}"')
    await db.migrate(at_database(postgres, name), topology.NAMES, topology.migrations)
    running = {service: await _opened(service, name) for service in topology.NAMES}
    try:
        town = Town(running, await admin.fetchval("SELECT now()"))
        await _settle(town)
        town.apps = {service: application_of(one) for service, one in running.items()}
        yield town
    finally:
        for one in running.values():
            for pool in (one.pool, one.web):
                if pool:
                    await db.close_pool(pool)
        await admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
        await admin.close()


async def _opened(service: str, name: str) -> Running:
    own, web = (at_database(db.service_dsn(service, login), name) for login in ("", db.WEB))
    pools = await db.open_pool(own, "town", 2), await access.open_pool_at(web, "town pages", 3)
    return Running(topology.service(service), pools[0], settings(), pools[1])


async def _settle(town: Town) -> None:
    await publishing.publish(town.running["content"], [the_module().module], "town")
    for site in SITES:
        await _people(town, site)
        await _systems(town, site)
    await town.carried()
    for site in SITES:
        await _sessions(town, site)
    for _ in range(3):
        await town.due()
    await _trained(town)
    await town.due()
    for site in SITES:
        await _talked(town, site)
    await town.due()


async def _people(town: Town, site: str) -> None:
    supervision = town.running["supervision"]
    await deliver(supervision, SiteEntered(
        site_id=site, name=f"{site.title()} Mentoring", phone="555 555 0100", time_zone="UTC", locales=("en",),
        hotline=Hotline(label="State line", number="1-800-555-0199"), reporting_steps=("Call.",), staff_on_call="555 555 0101",
    ))  # fmt: skip
    staff = [_listed(site, who, "supervisor") for who in SUPERVISORS] + [_listed(site, LEAD, "site_lead")]
    mentors = [_listed(site, who, "mentor", by) for by, whom in SUPERVISORS.items() for who in whom]
    await deliver(supervision, *staff, *mentors)


def _listed(site: str, who: str, role: Any, supervisor: str | None = None) -> PersonListed:
    cleared = dict.fromkeys(("relationship_building", "safeguarding_first_response"), builders.YEAR) if supervisor else {}
    return PersonListed(
        site_id=site, reference=canary(site, who), role=role, name=f"{canary(site, who)} Person", time_zone="UTC", locale="en",
        email=f"{canary(site, who)}@canary.test", phone=f"555 555 {len(who)}{sum(map(ord, site + who)) % 1000:03}",
        supervisor_reference=canary(site, supervisor) if supervisor else None, match_started_on="2026-09-01", cleared=cleared,
    )  # fmt: skip


async def _systems(town: Town, site: str) -> None:
    town.publishers[site], town.systems[site] = tokens.new_token(), tokens.new_token()
    digest = tokens.hashed(town.publishers[site]).hex()
    await deliver(town.running["trigger"], PublisherAdded(name=f"{site}-bus", sites=(site,), token_sha256=digest))
    async with town.running["supervision"].connection() as conn:
        await store_tokens.add_token(conn, f"{site}-reader", town.systems[site], sites=[site], scopes=["alerts:read"],
                                     life=timedelta(days=1))  # fmt: skip


async def _sessions(town: Town, site: str) -> None:
    """One soon for everybody, and one that is over."""
    told = [(f"{who}/{hours}", SessionScheduled(
        session_ref=canary(site, f"{who}s{hours}"), site_id=site, mentor_ref=canary(site, who), minutes=45, time_zone="UTC",
        starts_at=town.now + timedelta(hours=hours), activity="goal_review",
    )) for who in mentors() for hours in (4, 200)]  # fmt: skip
    await town.running["trigger"].submit_many(told, source="town", principal=f"{site}-bus")
    over = [builders.planned(site_id=site, mentor_id=ids.mentor(site, canary(site, who)), session_id=uuid4(),
                             starts_at=town.now - timedelta(hours=2), quiz_by=town.now - timedelta(hours=5))
            for who in mentors()]  # fmt: skip
    given = [_assigned(town, site, who) for who in mentors()]
    for service in ("trigger", "assessment", "supervision"):
        await deliver(town.running[service], *(over if service != "trigger" else ()), *given)
    await town.carried()


def _assigned(town: Town, site: str, who: str) -> TrainingAssigned:
    return builders.assigned(
        training_id=uuid4(), session_id=ids.session(site, canary(site, f"{who}s4")), mentor_id=_mentor(site, who), site_id=site,
        starts_at=town.now + timedelta(hours=4), quiz_by=town.now + timedelta(hours=1), time_zone="UTC",
        module=ModuleRef(module_id=MODULE, version=1),
        items=tuple(AssignedItem(module_id=MODULE, version=1, item_id=item) for item in (SECRET, GRADE, GOAL)),
    )  # fmt: skip


def mentors() -> Sequence[str]:
    return [who for whom in SUPERVISORS.values() for who in whom]


async def _trained(town: Town) -> None:
    """The first question is missed twice, with confidence: alerts and holds follow."""
    assessment = town.running["assessment"]
    for row in await assessment.pool.fetch("SELECT id, jsonb_array_length(assigned -> 'items') AS items FROM training"):
        at: dict[str, Any] = {"training_id": row["id"], "shown_in": None}
        await deliver(assessment, Started(training_id=row["id"]))
        for number in range(1, row["items"] + 1):
            for attempt in (1, 2):
                await deliver(assessment, Answered(**at, number=number, attempt=attempt, chosen=("b",), confidence="sure",
                                                   request_id=uuid4()))  # fmt: skip
            sealed = seal(f"Zqwritten{row['id'].hex}", row["id"], number)
            await deliver(assessment, OpenAnswered(**at, number=number, key_id=sealed.key_id, sealed=sealed.sealed,
                                                   request_id=uuid4()))  # fmt: skip
    await town.carried()


async def _talked(town: Town, site: str) -> None:
    made = [ContactMade(mentor_id=_mentor(site, who), site_id=site, outcome="talked", request_id=uuid4(),
                        by=ids.supervisor(site, canary(site, by)))
            for by, whom in SUPERVISORS.items() for who in whom]  # fmt: skip
    await deliver(town.running["supervision"], *made)


def _mentor(site: str, who: str) -> UUID:
    return ids.mentor(site, canary(site, who))
