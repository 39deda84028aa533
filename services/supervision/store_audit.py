"""SQL of the log of readings: added to, never changed (the service's role may not), and shown to a site's leads."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from asyncpg import Connection

What = Literal["brief", "own_words", "mentor"]
NOTE_BRIEF = """
WITH opened AS (INSERT INTO brief_opened (training_id, mentor_id, site_id, person_id) VALUES ($1, $2, $3, $4))
INSERT INTO audit (site_id, person_id, mentor_id, what, training_id) SELECT $3, $4, $2, what, $1 FROM unnest($5::text[]) AS what
"""
NOTE_MENTOR = "INSERT INTO audit (site_id, person_id, mentor_id, what) VALUES ($1, $2, $3, 'mentor')"
OF_SITE = """
SELECT a.id, a.at, a.what, a.mentor_id, a.training_id, r.name AS reader, m.name AS mentor
FROM audit a LEFT JOIN person r ON r.person_id = a.person_id LEFT JOIN person m ON m.person_id = a.mentor_id
WHERE a.site_id = $1 AND ($2::uuid IS NULL OR a.person_id = $2) AND ($3::uuid IS NULL OR a.mentor_id = $3)
  AND ($4 = '' OR a.what = $4) AND a.id < $5
ORDER BY a.id DESC LIMIT $6
"""
# Of a site's people by name; other ids say nothing to anybody.
OPERATED = """
SELECT o.at, o.operator, o.command,
       ARRAY(SELECT p.name FROM person p WHERE p.person_id = ANY(o.about) AND p.site_id = $1 ORDER BY p.name) AS people
FROM operated o WHERE o.site_id = $1 AND ($2::uuid IS NULL OR $2 = ANY(o.about)) ORDER BY o.id DESC LIMIT $3
"""
NAMES = "SELECT person_id, name, role FROM person WHERE site_id = $1 ORDER BY name, person_id"
NEWEST = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Reading:
    """`reader` and `mentor`: names; None: erased since."""

    id: int
    at: datetime
    what: What
    mentor_id: UUID
    training_id: UUID | None
    reader: str | None
    mentor: str | None


@dataclass(frozen=True, slots=True)
class Operated:
    """A command that somebody ran. `operator`: as the system calls them; `people`: names of those of the site whom it named."""

    at: datetime
    operator: str
    command: str
    people: list[str]


@dataclass(frozen=True, slots=True)
class Asked:
    """Which readings somebody wants to see; `before`: only those older than this one."""

    by: UUID | None = None
    mentor: UUID | None = None
    what: str = ""
    before: int = NEWEST


async def note_brief(conn: Connection, training_id: UUID, mentor_id: UUID, site_id: str, reader: UUID, *, words: bool) -> None:
    """`words`: what the mentor wrote stands on it."""
    what = ["brief", "own_words"] if words else ["brief"]
    await conn.execute(NOTE_BRIEF, training_id, mentor_id, site_id, reader, what)


async def note_mentor(conn: Connection, mentor_id: UUID, site_id: str, reader: UUID) -> None:
    await conn.execute(NOTE_MENTOR, site_id, reader, mentor_id)


async def list_readings(conn: Connection, site_id: str, asked: Asked, limit: int) -> list[Reading]:
    """Newest first."""
    rows = await conn.fetch(OF_SITE, site_id, asked.by, asked.mentor, asked.what, asked.before, limit)
    return [Reading(**dict(row)) for row in rows]


async def list_operated(conn: Connection, site_id: str, mentor: UUID | None, limit: int) -> list[Operated]:
    """Newest first."""
    return [Operated(**dict(row)) for row in await conn.fetch(OPERATED, site_id, mentor, limit)]


async def list_names(conn: Connection, site_id: str) -> tuple[list[tuple[UUID, str]], list[tuple[UUID, str]]]:
    """Staff and mentors of a site, to choose from."""
    rows = await conn.fetch(NAMES, site_id)
    staff, mentors = ([(row["person_id"], row["name"]) for row in rows if (row["role"] == "mentor") is is_mentor]
                      for is_mentor in (False, True))  # fmt: skip
    return staff, mentors
