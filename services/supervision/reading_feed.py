"""The feed behind the live pages: what changed since a cursor, in an order that loses nothing.

A cursor is `transaction.number`. Rows of transactions that still run are left for the next look (see alert_change).
"""

import re
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from asyncpg import Connection

from services.supervision.screens.facts import Staff

CURSOR = re.compile(r"(\d{1,19})\.(\d{1,18})")
HERE = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text"
CHANGES = """
SELECT f.xact::text AS xact, f.seq, f.kind, f.alert_id, f.mentor_id, f.at
FROM alert_change f JOIN mentor_case c ON c.mentor_id = f.mentor_id
WHERE (f.xact, f.seq) > ($3::text::xid8, $4::bigint) AND f.xact < pg_snapshot_xmin(pg_current_snapshot())
  AND f.site_id = $1 AND c.site_id = $1 AND ($2::uuid IS NULL OR c.supervisor_id = $2)
ORDER BY f.xact, f.seq LIMIT 200
"""
DAY = """
SELECT md5(string_agg(concat_ws('|', p.preparation_id, p.starts_at, p.status, p.training_id, t.opened_at, t.last_answer_at,
                                t.completed_at, t.late, k.at, k.undone_at), ',' ORDER BY p.preparation_id))
FROM preparation p
JOIN mentor_case c ON c.mentor_id = p.mentor_id
LEFT JOIN LATERAL (SELECT opened_at, last_answer_at, completed_at, late FROM preparation o
                   WHERE o.training_id = p.training_id AND o.mentor_id = p.mentor_id ORDER BY o.items IS NULL LIMIT 1) t ON true
LEFT JOIN LATERAL (SELECT max(at) AS at, max(undone_at) AS undone_at FROM contact
                   WHERE contact.mentor_id = p.mentor_id AND contact.at > $3) k ON true
WHERE c.site_id = $1 AND ($2::uuid IS NULL OR c.supervisor_id = $2) AND p.site_id = $1
  AND p.starts_at >= $3 AND p.starts_at < $4
"""


@dataclass(frozen=True, slots=True, order=True)
class Cursor:
    xact: int
    seq: int

    def __str__(self) -> str:
        return f"{self.xact}.{self.seq}"


@dataclass(frozen=True, slots=True)
class Change:
    cursor: Cursor
    kind: str
    alert_id: UUID
    mentor_id: UUID
    at: datetime


def parse(text: str) -> Cursor | None:
    """None when this is no cursor of ours."""
    found = CURSOR.fullmatch(text.strip())
    return Cursor(int(found[1]), int(found[2])) if found else None


async def here(conn: Connection) -> Cursor:
    """Everything before it is in what this transaction sees; read it first, then the page."""
    return Cursor(int(await conn.fetchval(HERE)), 0)


async def list_changes(conn: Connection, who: Staff, after: Cursor) -> list[Change]:
    """Those the caller may see, at most 200, in order."""
    rows = await conn.fetch(CHANGES, who.site_id, who.caseload, str(after.xact), after.seq)
    return [Change(Cursor(int(r["xact"]), r["seq"]), r["kind"], r["alert_id"], r["mentor_id"], r["at"]) for r in rows]


async def day_print(conn: Connection, who: Staff, first: datetime, last: datetime) -> str:
    """Differs when anything that Today draws from sessions, trainings and contacts has changed."""
    return await conn.fetchval(DAY, who.site_id, who.caseload, first, last) or ""
