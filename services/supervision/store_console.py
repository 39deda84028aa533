"""The console's own rows: sign-in links that work once (sessions: store_sessions.py)."""

from datetime import timedelta
from uuid import UUID

from asyncpg import Connection

from services.supervision import store_sessions
from services.supervision.store_sessions import As, Browser, signed_of, token_hash
from shared.security import Signed

LINK_LIFE = timedelta(minutes=15)
FORGET = """
DELETE FROM sign_in_link WHERE token_hash = ANY(ARRAY(
  SELECT token_hash FROM sign_in_link WHERE expires_at < now() - interval '1 day' ORDER BY expires_at LIMIT 1000))
"""
KEEP_LINK = """
INSERT INTO sign_in_link (token_hash, person_id, site_id, expires_at)
SELECT $1, p.person_id, p.site_id, now() + $3 FROM person p
WHERE p.person_id = $2 AND p.role IN ('supervisor', 'site_lead') AND p.status = 'active'
RETURNING person_id
"""
KEEP_PLATFORM_LINK = """
INSERT INTO sign_in_link (token_hash, person_id, site_id, expires_at, role) VALUES ($1, $2, '', now() + $3, $4)
"""
USE_LINK = """
UPDATE sign_in_link SET used_at = now() WHERE token_hash = $1 AND used_at IS NULL AND expires_at > now()
RETURNING person_id, site_id, role
"""
PERSON = """
SELECT person_id FROM person
WHERE site_id = $1 AND reference = $2 AND role IN ('supervisor', 'site_lead') AND status = 'active'
"""


async def keep_link(conn: Connection, token: str, person_id: UUID) -> bool:
    """False when there is no such supervisor or site lead."""
    await conn.execute(FORGET)
    return await conn.fetchval(KEEP_LINK, token_hash(token), person_id, LINK_LIFE) is not None


async def keep_platform_link(conn: Connection, token: str, person_id: UUID, role: str) -> None:
    """For somebody of no site; `person_id` is only this link's."""
    await conn.execute(FORGET)
    await conn.execute(KEEP_PLATFORM_LINK, token_hash(token), person_id, LINK_LIFE, role)


async def use_link(conn: Connection, token: str, browser: Browser) -> Signed | None:
    """Spends the link and starts a session in one transaction; None when it was used, is too old, or is not ours."""
    async with conn.transaction():
        row = await conn.fetchrow(USE_LINK, token_hash(token))
        if row is None:
            return None
        await store_sessions.start_session(conn, As(**row), "", browser)
    return signed_of(row)


async def find_staff_id(conn: Connection, site_id: str, reference: str) -> UUID | None:
    found: UUID | None = await conn.fetchval(PERSON, site_id, reference)
    return found
