"""SQL of lists that were sent in by the console: each step once, however often its button is pressed."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from asyncpg import Connection, Record

from services.supervision.uploads import Upload

ADD = """
INSERT INTO people_import (import_id, site_id, by_person, kind, file_name, state, forced, mapping, file, report, new, changed,
                           unchanged, gone, wrong, written, sent_at)
VALUES ($1, $2, $3, $4, $5, 'looked_at', false, $6, $7, $8, $9, $10, $11, $12, $13, 0, now()) ON CONFLICT DO NOTHING
"""
FIND = """
SELECT i.import_id, i.site_id, i.by_person, coalesce(p.name, 'Somebody') AS by_name, i.kind, i.file_name, i.state,
       i.new, i.changed, i.unchanged, i.gone, i.wrong, i.written, i.sent_at, i.ended_at, i.report,
       i.state = 'confirmed' AND i.claimed_until IS NULL AS in_line
FROM people_import i LEFT JOIN person p ON p.person_id = i.by_person WHERE i.import_id = $1 AND i.site_id = $2
"""
OF_SITE = """
SELECT i.import_id, i.site_id, i.by_person, coalesce(p.name, 'Somebody') AS by_name, i.kind, i.file_name, i.state,
       i.new, i.changed, i.unchanged, i.gone, i.wrong, i.written, i.sent_at, i.ended_at
FROM people_import i LEFT JOIN person p ON p.person_id = i.by_person WHERE i.site_id = $1 ORDER BY i.sent_at DESC LIMIT $2
"""
LAST_MAPPING = """
SELECT mapping FROM people_import WHERE site_id = $1 AND kind = 'oneroster' AND state IN ('confirmed', 'done')
ORDER BY sent_at DESC LIMIT 1
"""
CONFIRM = """
UPDATE people_import SET state = 'confirmed', confirmed_at = now(), forced = $3
WHERE import_id = $1 AND site_id = $2 AND state = 'looked_at'
"""
DROP = """
UPDATE people_import SET state = 'dropped', file = NULL, report = NULL, file_name = '', ended_at = now()
WHERE import_id = $1 AND site_id = $2 AND state = 'looked_at'
"""
# A worker that dies leaves it to the next one after a minute.
CLAIM = """
UPDATE people_import SET claimed_until = now() + interval '1 minute' WHERE import_id = (
  SELECT import_id FROM people_import WHERE state = 'confirmed' AND (claimed_until IS NULL OR claimed_until < now())
  ORDER BY sent_at LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING import_id, site_id, by_person, kind, mapping, file, forced, new, changed, gone
"""
WRITTEN = """
UPDATE people_import SET written = $2, claimed_until = now() + interval '1 minute' WHERE import_id = $1 AND state = 'confirmed'
"""
END = """
UPDATE people_import SET state = $2, file = NULL, report = NULL, file_name = '', ended_at = now()
WHERE import_id = $1 AND state = 'confirmed'
"""
HOLD = """
UPDATE people_import SET claimed_until = now() + interval '1 minute' WHERE import_id = $1 AND state = 'confirmed'
"""
TOOK = "SELECT now() - coalesce(confirmed_at, sent_at) FROM people_import WHERE import_id = $1"
FORGET = """
UPDATE people_import SET state = 'dropped', file = NULL, report = NULL, file_name = '', ended_at = now()
WHERE import_id = ANY(ARRAY(
  SELECT import_id FROM people_import WHERE state = 'looked_at' AND sent_at < now() - interval '1 day'
  ORDER BY sent_at LIMIT 100))
"""


async def add_upload(conn: Connection, upload: Upload, mapping: str, file: bytes, report: bytes) -> None:
    """Once for a form, however often it is sent. `file` and `report` are sealed."""
    await conn.execute(ADD, upload.import_id, upload.site_id, upload.by_person, upload.kind, upload.file_name, mapping,
                       file, report, upload.new, upload.changed, upload.unchanged, upload.gone, upload.wrong)  # fmt: skip


async def find_upload(conn: Connection, import_id: UUID, site_id: str) -> tuple[Upload, bytes | None] | None:
    """With its sealed report, as long as it waits for somebody."""
    row = await conn.fetchrow(FIND, import_id, site_id)
    return (_upload(row), row["report"]) if row else None


async def list_uploads(conn: Connection, site_id: str, limit: int) -> list[Upload]:
    """Newest first."""
    return [_upload(row) for row in await conn.fetch(OF_SITE, site_id, limit)]


async def last_mapping(conn: Connection, site_id: str) -> str:
    """What a site's roles mean, as its last set said."""
    return await conn.fetchval(LAST_MAPPING, site_id) or ""


async def confirm(conn: Connection, import_id: UUID, site_id: str, *, forced: bool) -> None:
    await conn.execute(CONFIRM, import_id, site_id, forced)


async def drop(conn: Connection, import_id: UUID, site_id: str) -> None:
    await conn.execute(DROP, import_id, site_id)


async def claim(conn: Connection) -> dict[str, Any] | None:
    row = await conn.fetchrow(CLAIM)
    return dict(row) if row else None


async def note_written(conn: Connection, import_id: UUID, written: int) -> None:
    await conn.execute(WRITTEN, import_id, written)


async def hold(conn: Connection, import_id: UUID) -> None:
    """For another minute."""
    await conn.execute(HOLD, import_id)


async def took(conn: Connection, import_id: UUID) -> timedelta:
    """Since somebody said yes."""
    found: timedelta = await conn.fetchval(TOOK, import_id)
    return found


async def end(conn: Connection, import_id: UUID, state: str) -> None:
    await conn.execute(END, import_id, state)


async def forget(conn: Connection) -> None:
    """What nobody said yes to within a day."""
    await conn.execute(FORGET)


def _upload(row: Record) -> Upload:
    values = dict(row)
    values.pop("report", None)
    return Upload(**values)
