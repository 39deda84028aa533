"""SQL of who is signed in to the console, where, and for how long. Only hashes of tokens are kept.

A session ends at `ends_at`, and before that when no page was opened for the idle time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID

from asyncpg import Connection, Record

from shared.security import PLATFORM, Signed

FORGET = """
DELETE FROM console_session WHERE token_hash = ANY(ARRAY(
  SELECT token_hash FROM console_session WHERE ends_at < now() - interval '1 day' ORDER BY ends_at LIMIT 1000))
"""
START = """
INSERT INTO console_session (token_hash, person_id, site_id, role, ends_at, issuer, browser)
VALUES ($1, $2, $3, $4, now() + $5, $6, $7)
"""
FIND = """
SELECT session_id, person_id, site_id, role, issuer, now() AS now, used_at < now() - interval '1 minute' AS rested
FROM console_session WHERE token_hash = $1 AND ends_at > now() AND used_at > now() - $2::interval
"""
USED = "UPDATE console_session SET used_at = now() WHERE token_hash = $1"
BECOME = "UPDATE console_session SET person_id = $2, site_id = $3, role = $4, token_hash = $5 WHERE token_hash = $1"
END = "DELETE FROM console_session WHERE token_hash = $1"
OF_PERSON = """
SELECT c.session_id, c.started_at, c.used_at, c.browser, c.issuer, now() AS now FROM console_session c
WHERE c.ends_at > now() AND c.used_at > now() - $2::interval AND c.person_id = ANY(ARRAY(
  SELECT other.person_id FROM account mine JOIN account other USING (issuer, subject) WHERE mine.person_id = $1
  UNION SELECT $1::uuid))
ORDER BY c.used_at DESC
"""
END_ONE = """
DELETE FROM console_session WHERE session_id = $2 AND person_id = ANY(ARRAY(
  SELECT other.person_id FROM account mine JOIN account other USING (issuer, subject) WHERE mine.person_id = $1
  UNION SELECT $1::uuid))
"""
END_ALL = """
DELETE FROM console_session WHERE person_id = ANY(ARRAY(
  SELECT other.person_id FROM account mine JOIN account other USING (issuer, subject) WHERE mine.person_id = ANY($1::uuid[])
  UNION SELECT * FROM unnest($1::uuid[])))
"""


@dataclass(frozen=True, slots=True)
class Session:
    """Who this browser is signed in as; `issuer` is '' for a printed link."""

    session_id: UUID
    signed: Signed
    issuer: str
    now: datetime


@dataclass(frozen=True, slots=True)
class Browser:
    """Where a session is: the token that it gets, the one that it had `before`, and `words` such as “Firefox on Windows”."""

    token: str
    before: str
    words: str
    life: timedelta


@dataclass(frozen=True, slots=True)
class As:
    """Who somebody is from now on; `role` counts for people of no site."""

    person_id: UUID
    site_id: str
    role: str


async def start_session(conn: Connection, who: As, issuer: str, browser: Browser) -> None:
    """What the browser had before opens nothing from now on."""
    await conn.execute(FORGET)
    await conn.execute(END, token_hash(browser.before))
    place = (who.person_id, who.site_id, who.role)
    await conn.execute(START, token_hash(browser.token), *place, browser.life, issuer, browser.words)


async def find_session(conn: Connection, token: str, idle: timedelta, *, acting: bool) -> Session | None:
    """`acting`: somebody opened a page; a page that looks for news by itself does not keep a session awake."""
    row = await conn.fetchrow(FIND, token_hash(token), idle)
    if row is None:
        return None
    if acting and row["rested"]:
        await conn.execute(USED, token_hash(token))
    return Session(row["session_id"], signed_of(row), row["issuer"], row["now"])


async def become(conn: Connection, who: As, browser: Browser) -> None:
    """The same session, of the same human being at another site, with another token."""
    place = (who.person_id, who.site_id, who.role)
    await conn.execute(BECOME, token_hash(browser.before), *place, token_hash(browser.token))


async def end_session(conn: Connection, token: str) -> None:
    await conn.execute(END, token_hash(token))


async def list_sessions(conn: Connection, person_id: UUID, idle: timedelta) -> list[Record]:
    """Of this person, and of the same account at other sites; the one used last first."""
    found: list[Record] = await conn.fetch(OF_PERSON, person_id, idle)
    return found


async def end_one(conn: Connection, person_id: UUID, session_id: UUID) -> None:
    await conn.execute(END_ONE, person_id, session_id)


async def end_all(conn: Connection, person_ids: Sequence[UUID]) -> int:
    """How many there were."""
    return int((await conn.execute(END_ALL, person_ids)).removeprefix("DELETE "))


def signed_of(row: Record) -> Signed:
    """Which role somebody of a site has stands in `person`. Of no site: what stands here, else they run the network."""
    site = row["site_id"]
    return Signed(row["person_id"], frozenset(() if site else (row["role"] or PLATFORM,)), frozenset((site,) if site else ()))


def token_hash(token: str) -> bytes:
    return sha256(token.encode()).digest()
