"""Every SQL statement about publishers: who may speak, for which sites, with which token."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from asyncpg import Connection, Pool, Record

from services.trigger.tenants import Credential, Publisher
from shared.tokens import hashed

LOCK = """
SELECT name, sites, kafka, token_hashes, added_at, paused_at, paused_why
FROM publisher WHERE name = ANY($1::text[]) ORDER BY name FOR UPDATE
"""
ALL = "SELECT name, sites, kafka, token_hashes, added_at, paused_at, paused_why FROM publisher ORDER BY name"
WHOSE = """
SELECT p.name, p.sites, p.kafka, p.paused_at, (u.at > now() - interval '1 hour') IS TRUE AS used_lately
FROM publisher p LEFT JOIN token_use u ON u.hash = $1::bytea WHERE p.token_hashes @> ARRAY[$1::bytea]
"""
USED = """
INSERT INTO token_use (hash, at) VALUES ($1, now())
ON CONFLICT (hash) DO UPDATE SET at = now() WHERE token_use.at <= now() - interval '1 hour'
"""
USES = "SELECT hash, at FROM token_use WHERE hash = ANY($1::bytea[])"
FORGET_USES = """
DELETE FROM token_use WHERE hash = ANY(ARRAY(
  SELECT hash FROM token_use u
  WHERE at < now() - interval '1 year' AND NOT EXISTS (SELECT FROM publisher p WHERE p.token_hashes @> ARRAY[u.hash])
  ORDER BY at LIMIT 1000))
"""
INSERT = """
INSERT INTO publisher (name, sites, kafka, token_hashes, added_at, paused_at, paused_why) VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT DO NOTHING
"""
UPDATE = """
UPDATE publisher SET sites = $2, kafka = $3, token_hashes = $4, added_at = $5, paused_at = $6, paused_why = $7 WHERE name = $1
"""


async def load_publishers(conn: Connection | Pool) -> dict[str, Publisher]:
    return {row["name"]: _publisher(row) for row in await conn.fetch(ALL)}


async def find_by_token(conn: Connection | Pool, token: str) -> Publisher | None:
    """Notes, at most once an hour, that the token was used."""
    row = await conn.fetchrow(WHOSE, hashed(token))
    if row and not row["used_lately"]:
        await conn.execute(USED, hashed(token))
    return _publisher(row) if row else None


async def list_credentials(conn: Connection | Pool) -> list[Credential]:
    return [_credential(row) for row in await conn.fetch(ALL)]


async def load_uses(conn: Connection | Pool, credentials: Sequence[Credential]) -> Mapping[bytes, datetime]:
    """When each token was last used, to the hour, by its hash; one that never was is absent."""
    hashes = [token for one in credentials for token in one.token_hashes]
    return {row["hash"]: row["at"] for row in await conn.fetch(USES, hashes)}


async def lock_credentials(conn: Connection, names: Sequence[str]) -> dict[str, Credential]:
    return {row["name"]: _credential(row) for row in await conn.fetch(LOCK, names)}


async def save_credentials(conn: Connection, changed: Sequence[Credential], new: Sequence[Credential]) -> bool:
    """A handful at a time, so one statement each. Of a token that was ended, the last use is kept for a year."""
    for credential in changed:
        await conn.execute(UPDATE, *_values(credential))
    await conn.execute(FORGET_USES)
    tags = [await conn.execute(INSERT, *_values(credential)) for credential in new]
    return all(tag == "INSERT 0 1" for tag in tags)


def _publisher(row: Record) -> Publisher:
    return Publisher(row["name"], frozenset(row["sites"]), row["kafka"], row["paused_at"] is not None)


def _credential(row: Record) -> Credential:
    hashes = tuple(row["token_hashes"])
    return Credential(row["name"], tuple(row["sites"]), row["kafka"], hashes, row["added_at"], row["paused_at"],
                      row["paused_why"])  # fmt: skip


def _values(c: Credential) -> tuple[object, ...]:
    return (c.name, list(c.sites), c.kafka, list(c.token_hashes), c.added_at, c.paused_at, c.paused_why)
