"""The console's own rows: sign-in links, signed-in sessions, and who opened which brief. Only hashes of tokens are kept."""

from datetime import timedelta
from hashlib import sha256
from uuid import UUID

from asyncpg import Connection, Record

from shared.security import PLATFORM, Signed

LINK_LIFE = timedelta(minutes=15)
SESSION_LIFE = timedelta(hours=12)
FORGET = """
DELETE FROM sign_in_link WHERE token_hash = ANY(ARRAY(
  SELECT token_hash FROM sign_in_link WHERE expires_at < now() - interval '1 day' ORDER BY expires_at LIMIT 1000))
"""
FORGET_SESSIONS = """
DELETE FROM console_session WHERE token_hash = ANY(ARRAY(
  SELECT token_hash FROM console_session WHERE ends_at < now() - interval '1 day' ORDER BY ends_at LIMIT 1000))
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
START = "INSERT INTO console_session (token_hash, person_id, site_id, ends_at, role) VALUES ($1, $2, $3, now() + $4, $5)"
FIND = "SELECT person_id, site_id, role FROM console_session WHERE token_hash = $1 AND ends_at > now()"
END = "DELETE FROM console_session WHERE token_hash = $1"
PERSON = """
SELECT person_id FROM person
WHERE site_id = $1 AND reference = $2 AND role IN ('supervisor', 'site_lead') AND status = 'active'
"""
OPENED = "INSERT INTO brief_opened (training_id, mentor_id, site_id, person_id) VALUES ($1, $2, $3, $4)"


async def keep_link(conn: Connection, token: str, person_id: UUID) -> bool:
    """False when there is no such supervisor or site lead."""
    await _forget(conn)
    return await conn.fetchval(KEEP_LINK, _hash(token), person_id, LINK_LIFE) is not None


async def keep_platform_link(conn: Connection, token: str, person_id: UUID, role: str) -> None:
    """For somebody of no site; `person_id` is only this link's."""
    await _forget(conn)
    await conn.execute(KEEP_PLATFORM_LINK, _hash(token), person_id, LINK_LIFE, role)


async def use_link(conn: Connection, token: str, session_token: str) -> Signed | None:
    """Spends the link and starts a session in one transaction; None when it was used, is too old, or is not ours."""
    async with conn.transaction():
        row = await conn.fetchrow(USE_LINK, _hash(token))
        if row is None:
            return None
        await conn.execute(START, _hash(session_token), row["person_id"], row["site_id"], SESSION_LIFE, row["role"])
    return _signed(row)


async def find_session(conn: Connection, token: str) -> Signed | None:
    row = await conn.fetchrow(FIND, _hash(token))
    return _signed(row) if row else None


async def end_session(conn: Connection, token: str) -> None:
    await conn.execute(END, _hash(token))


async def find_staff_id(conn: Connection, site_id: str, reference: str) -> UUID | None:
    found: UUID | None = await conn.fetchval(PERSON, site_id, reference)
    return found


async def note_opened(conn: Connection, training_id: UUID, mentor_id: UUID, site_id: str, person_id: UUID) -> None:
    await conn.execute(OPENED, training_id, mentor_id, site_id, person_id)


async def _forget(conn: Connection) -> None:
    await conn.execute(FORGET)
    await conn.execute(FORGET_SESSIONS)


def _signed(row: Record) -> Signed:
    """Which role somebody of a site has stands in `person`. Of no site: what stands here, else they run the network."""
    site = row["site_id"]
    return Signed(row["person_id"], frozenset(() if site else (row["role"] or PLATFORM,)), frozenset((site,) if site else ()))


def _hash(token: str) -> bytes:
    return sha256(token.encode()).digest()
