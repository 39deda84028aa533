"""Which sessions a sweep's cause concerns: those that do not know of it yet, in order of their ids."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from asyncpg import Connection

from services.trigger import store, store_cancellations
from services.trigger.messages import Awaited, CancellationUndone, DaysCancelled, PolicyChanged, RulesChanged, ZoneChanged

NOTHING_BEFORE = UUID(int=0)
READ_AT_ONCE = 20_000


async def waited_for(conn: Connection, mentor_ids: Sequence[UUID]) -> Mapping[UUID, bool]:
    """Which of these mentors some session waits for. Read before a mentor is enrolled: almost always none."""
    return dict.fromkeys((row["mentor_id"] for row in await conn.fetch(store.WAITED_FOR, mentor_ids)), True)


async def sites_waited_for(conn: Connection, site_ids: Sequence[str]) -> Mapping[str, bool]:
    return dict.fromkeys((row["site_id"] for row in await conn.fetch(store.SITES_WAITED_FOR, site_ids)), True)


async def waiting(conn: Connection, cause: Awaited, after: UUID | None, limit: int) -> list[UUID]:
    statement = store.WAITING_FOR_MENTOR if cause.mentor_id else store.WAITING_AT_SITE
    return [row["id"] for row in await conn.fetch(statement, cause.mentor_id or cause.site_id, after, limit)]


async def on_another_clock(conn: Connection, cause: ZoneChanged, after: UUID | None, limit: int) -> list[UUID]:
    statement = store.ON_ANOTHER_CLOCK if cause.mentor_id else store.AT_SITE_ON_ANOTHER_CLOCK
    rows = await conn.fetch(statement, cause.mentor_id or cause.site_id, cause.time_zone, after, limit)
    return [row["id"] for row in rows]


async def in_zones(conn: Connection, cause: RulesChanged, after: UUID | None, limit: int) -> list[UUID]:
    """No index knows of zones, so so many rows are read at a time; where few are concerned, the last ones bring the cursor on.

    Those that know of the new rules already, and those that are not concerned, are looked at and stay as they are.
    """
    rows = await conn.fetch(store.IN_ZONES, list(cause.time_zones), after or NOTHING_BEFORE, READ_AT_ONCE)
    concerned = [row["id"] for row in rows if row["concerned"]]
    if len(concerned) >= limit or len(rows) < READ_AT_ONCE:
        return concerned[:limit]
    others = [row["id"] for row in rows if not row["concerned"]]
    return sorted([*concerned, *others[len(concerned) - limit :]])


async def under_older_policy(conn: Connection, cause: PolicyChanged, after: UUID | None, limit: int) -> list[UUID]:
    rows = await conn.fetch(store.UNDER_OLDER_POLICY, cause.site_id, cause.version, after, limit)
    return [row["id"] for row in rows]


async def on_cancelled_days(conn: Connection, cause: DaysCancelled, after: UUID | None, limit: int) -> list[UUID]:
    return [row["id"] for row in await conn.fetch(store_cancellations.TO_CANCEL, cause.cancellation_id, after, limit)]


async def cancelled_by(conn: Connection, cause: CancellationUndone, after: UUID | None, limit: int) -> list[UUID]:
    return [row["id"] for row in await conn.fetch(store_cancellations.TO_BRING_BACK, cause.cancellation_id, after, limit)]
