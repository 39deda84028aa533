"""The SQL of check-ins: one row for each mentor of a session, and what its page needs to be drawn."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from asyncpg import Connection, Pool, Record

from services.assessment.check_in import CheckIn, Said, check_in_id
from shared.contracts.supervision import MentorEnrolled, SiteDescribed
from shared.contracts.trigger import SessionPlanned

LOAD = """
SELECT session_id, mentor_id, site_id, said, sent_at, changed_at, revision
FROM check_in WHERE id = ANY($1::uuid[]) ORDER BY id FOR UPDATE
"""
INSERT = """
INSERT INTO check_in (id, session_id, mentor_id, site_id, said, sent_at, changed_at, revision)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::jsonb[], $6::timestamptz[], $7::timestamptz[],
                     $8::int[]) ON CONFLICT DO NOTHING
"""
UPDATE = """
UPDATE check_in c SET (site_id, said, sent_at, changed_at, revision) = (u.site_id, u.said, u.sent_at, u.changed_at, u.revision)
FROM unnest($1::uuid[], $2::text[], $3::jsonb[], $4::timestamptz[], $5::timestamptz[], $6::int[])
  AS u (id, site_id, said, sent_at, changed_at, revision)
WHERE c.id = u.id
"""
ZONES = "SELECT mentor_id, document ->> 'time_zone' AS zone FROM roster WHERE mentor_id = ANY($1::uuid[])"
OPENED = """
SELECT now() AS now, s.document AS session, r.document AS mentor, e.document AS site,
       c.session_id, c.mentor_id, c.site_id, c.said, c.sent_at, c.changed_at, c.revision
FROM (SELECT $1::uuid AS session_id, $2::uuid AS mentor_id, $3::uuid AS id) k
LEFT JOIN planned_session s ON s.session_id = k.session_id
LEFT JOIN check_in c ON c.id = k.id
LEFT JOIN roster r ON r.mentor_id = k.mentor_id
LEFT JOIN site e ON e.site_id = coalesce(s.site_id, r.site_id)
"""


@dataclass(frozen=True, slots=True)
class Opened:
    """What is known here about one link, read at one instant of the database's clock; nothing need be here yet."""

    now: datetime
    session: SessionPlanned | None
    check_in: CheckIn | None
    mentor: MentorEnrolled | None
    site: SiteDescribed | None


async def load_check_ins(conn: Connection, keys: Sequence[UUID]) -> dict[UUID, CheckIn]:
    return {one.id: one for one in map(_check_in, await conn.fetch(LOAD, keys))}


async def save_check_ins(conn: Connection, changed: Sequence[CheckIn], new: Sequence[CheckIn]) -> bool:
    """False when somebody else created one of `new` meanwhile."""
    if changed:
        await conn.execute(UPDATE, *zip(*((c.id, *_what(c)) for c in changed), strict=True))
    if not new:
        return True
    rows = [(c.id, c.session_id, c.mentor_id, *_what(c)) for c in new]
    inserted: str = await conn.execute(INSERT, *zip(*rows, strict=True))
    return inserted == f"INSERT 0 {len(new)}"


async def find_zones(conn: Connection, mentors: Sequence[UUID]) -> dict[UUID, str]:
    return {row["mentor_id"]: row["zone"] for row in await conn.fetch(ZONES, mentors)}


async def get_opened(pool: Pool, session_id: UUID, mentor_id: UUID) -> Opened:
    (row,) = await pool.fetch(OPENED, session_id, mentor_id, check_in_id(session_id, mentor_id))
    return Opened(
        now=row["now"],
        session=SessionPlanned.model_validate_json(row["session"]) if row["session"] else None,
        check_in=_check_in(row) if row["said"] else None,
        mentor=MentorEnrolled.model_validate_json(row["mentor"]) if row["mentor"] else None,
        site=SiteDescribed.model_validate_json(row["site"]) if row["site"] else None,
    )


def _check_in(row: Record) -> CheckIn:
    return CheckIn(
        session_id=row["session_id"],
        mentor_id=row["mentor_id"],
        site_id=row["site_id"],
        said=Said.model_validate_json(row["said"]),
        sent_at=row["sent_at"],
        changed_at=row["changed_at"],
        revision=row["revision"],
    )


def _what(c: CheckIn) -> tuple[object, ...]:
    return c.site_id, c.said.model_dump_json(), c.sent_at, c.changed_at, c.revision
