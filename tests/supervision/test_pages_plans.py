"""The console's hot statements keep to their indexes when a network has many sites."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from services.supervision import reading, reading_feed
from services.supervision.app import SERVICE
from shared.running import Running
from shared.service import Service
from tests.supervision.console import Afternoon, an_afternoon

Database = Callable[[Service], Awaitable[Running]]
FILL = (
    """
INSERT INTO mentor_case (mentor_id, site_id, enrolled, supervisor_id, time_zone, locale, granted, link_epoch, status,
                         revision, history)
SELECT md5('m' || n)::uuid, 'site' || n % 100, true, md5('s' || n % 500)::uuid, 'UTC', 'en', '{}', 1, 'active',
       1, '{}'
FROM generate_series(1, 5000) n
""",
    """
INSERT INTO preparation (preparation_id, session_id, mentor_id, site_id, starts_at, nothing_suitable, late, open_answers)
SELECT md5('p' || n)::uuid, md5('q' || n)::uuid, md5('m' || n % 5000 + 1)::uuid, 'site' || (n % 5000 + 1) % 100,
       now() + n * interval '3 minutes', false, false, '[]'
FROM generate_series(1, 20000) n
""",
    """
INSERT INTO alert_change (at, kind, alert_id, mentor_id, site_id)
SELECT now(), 'raised', md5('a' || n)::uuid, md5('m' || n % 5000 + 1)::uuid, 'site' || (n % 5000 + 1) % 100
FROM generate_series(1, 20000) n
""",
)
SITE, SUPERVISOR = "site7", UUID(int=1)


@pytest.fixture
async def full(database: Database) -> Afternoon:
    day = await an_afternoon(await database(SERVICE))
    async with day.running.connection() as conn:
        for statement in FILL:
            await conn.execute(statement)
    return day


async def plan(day: Afternoon, statement: str, *values: Any) -> str:
    async with day.running.connection() as conn:
        return "\n".join(row[0] for row in await conn.fetch(f"EXPLAIN {statement}", *values))


async def test_today_reads_its_own_sites_day_by_index(full: Afternoon) -> None:
    first = full.now + timedelta(hours=1)
    said = await plan(full, reading.BETWEEN, SITE, SUPERVISOR, first, first + timedelta(days=1))
    assert "preparation_of_" in said
    assert "Seq Scan on preparation" not in said


async def test_the_feed_reads_only_what_is_new(full: Afternoon) -> None:
    async with full.running.connection() as conn:
        cursor = await reading_feed.here(conn)
    everybodys = await plan(full, reading_feed.CHANGES, str(cursor.xact), cursor.seq, 500)
    ones = await plan(full, reading_feed.OF_SITES, [SITE], SUPERVISOR, str(cursor.xact), cursor.seq, 200)
    assert "alert_change_pkey" in everybodys
    assert "alert_change_of_site" in ones
    assert "Seq Scan on alert_change" not in everybodys + ones
