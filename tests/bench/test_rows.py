"""What a row takes on disk is asked of the database, and only of tables with enough rows to tell."""

from services.trigger.app import SERVICE
from shared.running import Running
from tests.bench import rows
from tests.conftest import Database

MENTORS = """
INSERT INTO mentor (id, site_id, time_zone, locale, active, matches, clearances, revision)
SELECT gen_random_uuid(), 'lakeside', 'America/Chicago', 'en', true, to_jsonb(repeat(md5(n::text), $2)), '[]', 1
FROM generate_series(1, $1::int) n
"""


async def test_a_longer_row_takes_more_bytes(database: Database) -> None:
    short, long = [await _row(await database(SERVICE), repeats) for repeats in (1, 11)]  # 320 bytes more
    assert (short.table, short.rows) == ("trigger.mentor", 1_000)
    assert 150 < short.bytes < 400
    assert 250 < long.bytes - short.bytes < 450


async def test_a_table_with_few_rows_is_left_out(database: Database) -> None:
    running = await database(SERVICE)
    async with running.connection() as conn:
        await conn.execute(MENTORS, rows.ENOUGH - 1, 1)
        assert await rows.measured(conn) == []


async def _row(running: Running, repeats: int) -> rows.Row:
    async with running.connection() as conn:
        await conn.execute(MENTORS, 1_000, repeats)
        [found] = await rows.measured(conn)
    return found
