"""SQL of how many of a site's sessions a change of its policy still concerns."""

from dataclasses import dataclass

from asyncpg import Connection

# Through the site's mentors, whose sessions have an index. A session whose training has gone out waits for a later moment.
PLANNED = """
SELECT count(*) FILTER (WHERE s.moment = 'assign') AS open, count(*) FILTER (WHERE s.moment IS DISTINCT FROM 'assign') AS begun
FROM mentor m JOIN session s ON s.mentor_id = m.id
WHERE m.site_id = $1 AND s.starts_at > now() AND s.status = 'planned'
"""


@dataclass(frozen=True, slots=True)
class Planned:
    """Sessions to come: those whose training has not gone out, and the others, which keep what they were planned with."""

    open: int
    begun: int


async def count_planned(conn: Connection, site_id: str) -> Planned:
    (row,) = await conn.fetch(PLANNED, site_id)
    return Planned(row["open"], row["begun"])
