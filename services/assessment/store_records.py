"""The SQL of a mentor's own record: reads only, always of one mentor."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from asyncpg import Pool

from services.assessment.store import MISSES, training_of
from services.assessment.training import Training
from shared.contracts.assessment import OpenMiss
from shared.contracts.supervision import MentorEnrolled, SiteDescribed
from shared.contracts.trigger import SessionPlanned

OWNER = """
SELECT now() AS now, r.document AS mentor, s.document AS site
FROM (SELECT $1::uuid AS mentor_id) k
LEFT JOIN roster r ON r.mentor_id = k.mentor_id
LEFT JOIN site s ON s.site_id = r.site_id
"""
COMPLETED = """
SELECT id, assigned, shared, opened_at, cards_read, tries, said, completed_at, corrections, reading, ready
FROM training WHERE mentor_id = $1 AND completed_at >= $2 AND completed_at < $3 ORDER BY completed_at DESC LIMIT $4
"""
MISSED = "SELECT open_misses FROM skill WHERE mentor_id = $1 AND open_misses <> '[]'"
SESSIONS = """
SELECT document FROM planned_session
WHERE document ->> 'mentor_id' = $1::text AND (document ->> 'starts_at')::timestamptz >= $2
"""
OF_TRAININGS = "SELECT document FROM planned_session WHERE session_id = ANY($1::uuid[])"


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose record it is, as far as the roster has arrived, by the database's clock."""

    now: datetime
    mentor: MentorEnrolled | None
    site: SiteDescribed | None


async def get_owner(pool: Pool, mentor_id: UUID) -> Owner:
    (row,) = await pool.fetch(OWNER, mentor_id)
    return Owner(
        row["now"],
        MentorEnrolled.model_validate_json(row["mentor"]) if row["mentor"] else None,
        SiteDescribed.model_validate_json(row["site"]) if row["site"] else None,
    )


async def list_completed(pool: Pool, mentor_id: UUID, since: datetime, until: datetime, most: int) -> list[Training]:
    """Of these days, the newest first."""
    return [training_of(row) for row in await pool.fetch(COMPLETED, mentor_id, since, until, most)]


async def list_misses(pool: Pool, mentor_id: UUID) -> list[OpenMiss]:
    """The oldest first."""
    found = [miss for row in await pool.fetch(MISSED, mentor_id) for miss in MISSES.validate_json(row["open_misses"])]
    return sorted(found, key=lambda miss: (miss.missed_at, miss.module_id or "", miss.item_id or miss.step or ""))


async def list_sessions(pool: Pool, mentor_id: UUID, since: datetime) -> list[SessionPlanned]:
    """Also those that are canceled; the first to come first."""
    rows = await pool.fetch(SESSIONS, str(mentor_id), since)
    found = [SessionPlanned.model_validate_json(row["document"]) for row in rows]
    return sorted(found, key=lambda session: (session.starts_at, session.session_id))


async def find_sessions(pool: Pool, session_ids: Sequence[UUID]) -> list[SessionPlanned]:
    return [SessionPlanned.model_validate_json(row["document"]) for row in await pool.fetch(OF_TRAININGS, session_ids)]
