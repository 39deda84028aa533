"""The console's own rows: sign-in links, signed-in sessions, and who opened which brief. Only hashes of tokens are kept."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID

from asyncpg import Connection

LINK_LIFE = timedelta(minutes=15)
SESSION_LIFE = timedelta(hours=12)
FORGET = "DELETE FROM sign_in_link WHERE expires_at < now() - interval '1 day'"
FORGET_SESSIONS = "DELETE FROM console_session WHERE ends_at < now() - interval '1 day'"
KEEP_LINK = """
INSERT INTO sign_in_link (token_hash, person_id, site_id, expires_at)
SELECT $1, p.person_id, p.site_id, now() + $3 FROM person p
WHERE p.person_id = $2 AND p.role IN ('supervisor', 'site_lead')
RETURNING person_id
"""
USE_LINK = """
UPDATE sign_in_link SET used_at = now() WHERE token_hash = $1 AND used_at IS NULL AND expires_at > now()
RETURNING person_id, site_id
"""
START = "INSERT INTO console_session (token_hash, person_id, site_id, ends_at) VALUES ($1, $2, $3, now() + $4)"
FIND = "SELECT person_id, ends_at FROM console_session WHERE token_hash = $1 AND ends_at > now()"
END = "DELETE FROM console_session WHERE token_hash = $1"
PERSON = "SELECT person_id FROM person WHERE site_id = $1 AND reference = $2 AND role IN ('supervisor', 'site_lead')"
OPENED = "INSERT INTO brief_opened (training_id, mentor_id, site_id, person_id) VALUES ($1, $2, $3, $4)"


@dataclass(frozen=True, slots=True)
class SignedIn:
    person_id: UUID
    ends_at: datetime


async def keep_link(conn: Connection, token: str, person_id: UUID) -> bool:
    """False when there is no such supervisor or site lead."""
    await conn.execute(FORGET)
    await conn.execute(FORGET_SESSIONS)
    return await conn.fetchval(KEEP_LINK, _hash(token), person_id, LINK_LIFE) is not None


async def use_link(conn: Connection, token: str, session_token: str) -> UUID | None:
    """Spends the link and starts a session in one transaction; None when it was used, is too old, or is not ours."""
    async with conn.transaction():
        row = await conn.fetchrow(USE_LINK, _hash(token))
        if row is None:
            return None
        await conn.execute(START, _hash(session_token), row["person_id"], row["site_id"], SESSION_LIFE)
    person_id: UUID = row["person_id"]
    return person_id


async def find_session(conn: Connection, token: str) -> SignedIn | None:
    row = await conn.fetchrow(FIND, _hash(token))
    return SignedIn(row["person_id"], row["ends_at"]) if row else None


async def end_session(conn: Connection, token: str) -> None:
    await conn.execute(END, _hash(token))


async def find_staff_id(conn: Connection, site_id: str, reference: str) -> UUID | None:
    found: UUID | None = await conn.fetchval(PERSON, site_id, reference)
    return found


async def note_opened(conn: Connection, training_id: UUID, mentor_id: UUID, site_id: str, person_id: UUID) -> None:
    await conn.execute(OPENED, training_id, mentor_id, site_id, person_id)


def _hash(token: str) -> bytes:
    return sha256(token.encode()).digest()
