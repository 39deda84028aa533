"""A site with a mentor, a supervisor and a lead who have addresses, and a session tomorrow; and a sender that sends to a server.

The zone is chosen so that it is afternoon there, whenever the tests run: nothing waits for the end of quiet hours.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from services.supervision import store_notices
from services.supervision.messages import SiteEntered
from services.supervision.notices import Notice
from services.supervision.reach import Reach
from services.supervision.sending import Sender
from shared.contracts.event import Event
from shared.running import Running
from tests.driving import deliver
from tests.supervision import builders
from tests.supervision.builders import MENTOR, SITE
from tests.supervision.console import afternoon_zone

DEADLINE_SECONDS = 20


@dataclass
class Town:
    """`start`: of the mentor's session."""

    running: Running
    start: datetime
    zone: str

    async def happens(self, *events: Event) -> None:
        await deliver(self.running, *events)

    def planned(self, **changes: Any) -> Event:
        return builders.planned(**{"starts_at": self.start, "time_zone": self.zone} | changes)

    def assigned(self, **changes: Any) -> Event:
        return builders.assigned(**{"starts_at": self.start, "time_zone": self.zone} | changes)

    def person(self, reference: str, name: str, role: str = "mentor", **changes: Any) -> Event:
        supervisor = "dana" if role == "mentor" else None
        values = {"reference": reference, "name": name, "role": role, "email": f"{reference}@mail.example",
                  "phone": "+1 555 555 0142", "supervisor_reference": supervisor, "time_zone": self.zone}  # fmt: skip
        cleared = {} if role == "mentor" else {"cleared": {}, "match_started_on": None}
        return builders.listed(**values | cleared | changes)

    async def notices(self, person_id: UUID = MENTOR) -> list[Notice]:
        """Oldest first."""
        async with self.running.connection() as conn:
            return (await store_notices.list_of_person(conn, person_id))[::-1]

    async def one(self, kind: str, person_id: UUID = MENTOR) -> Notice:
        (found,) = [notice for notice in await self.notices(person_id) if notice.kind == kind]
        return found

    async def reach(self, person_id: UUID = MENTOR) -> Reach | None:
        async with self.running.connection() as conn:
            return (await store_notices.list_reach(conn, [person_id])).get(person_id)

    async def execute(self, statement: str, *values: object) -> None:
        async with self.running.connection() as conn:
            await conn.execute(statement, *values)

    async def all_due(self) -> None:
        """As if every wait were over."""
        await self.execute("UPDATE notice SET due_at = now() WHERE due_at IS NOT NULL")

    def sender(self, port: int = 0, **changes: Any) -> Sender:
        server = {"mail_host": "127.0.0.1", "mail_port": port, "mail_tls": "none", "mail_from": "notices@mentoring.example",
                  "mail_per_second": 1_000.0} if port else {}  # fmt: skip
        settings = self.running.settings.model_copy(update=server | changes)
        return Sender(replace(self.running, settings=settings))


async def build(running: Running) -> Town:
    async with running.connection() as conn:
        now = await conn.fetchval("SELECT now()")
    town = Town(running, now + timedelta(hours=26), afternoon_zone(now))
    await town.happens(
        SiteEntered(site_id=SITE, name="Eastfield Mentoring", phone="555 555 0100", time_zone=town.zone, locales=("en", "es")),
        town.person("dana", "Dana Ortiz", "supervisor"),
        town.person("priya", "Priya Nair", "site_lead"),
        town.person("marcus", "Marcus Bell"),
        town.planned(),
    )
    return town


async def until(true: Callable[[], Awaitable[object]], what: str, seconds: float = DEADLINE_SECONDS) -> None:
    """Waits for a fact, and says which one did not come."""
    deadline = asyncio.get_running_loop().time() + seconds
    while not await true():
        assert asyncio.get_running_loop().time() < deadline, f"not within {seconds} s: {what}"
        await asyncio.sleep(0.02)
