"""SQL of what was done from the command line: added to, never changed."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from asyncpg import Connection

NOTE = """
INSERT INTO operated (site_id, operator, command, about) SELECT site_id, $2, $3, $4 FROM unnest($1::text[]) AS site_id
"""
LAST = """
SELECT at, site_id, operator, command, about FROM operated
WHERE ($1 = '' OR site_id = $1) AND ($2::uuid IS NULL OR $2 = ANY(about)) ORDER BY id DESC LIMIT $3
"""


async def note(conn: Connection, sites: Sequence[str], operator: str, command: str, about: Sequence[UUID]) -> None:
    """A line for each site, so that each has it on its page; one without a site where none is named."""
    await conn.execute(NOTE, sites or [""], operator, command, about)


async def list_last(conn: Connection, site_id: str, about: UUID | None, limit: int) -> list[dict[str, Any]]:
    """Newest first; of every site where none is named."""
    return [dict(row) for row in await conn.fetch(LAST, site_id, about, limit)]
