"""SQL of systems' tokens: whose a token is, what it may do and for which sites. Only hashes are kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from asyncpg import Connection, Record

from shared.tokens import PREFIX, hashed

FIND = """
SELECT name, sites, scopes, token_hash, (used_at > now() - interval '1 hour') IS TRUE AS used_lately
FROM api_token WHERE token_hash = $1 AND revoked_at IS NULL AND expires_at > now()
"""
USED = "UPDATE api_token SET used_at = now() WHERE token_hash = $1"
LIST = """
SELECT name, prefix, sites, scopes, added_at, expires_at, revoked_at, used_at, now() AS now FROM api_token ORDER BY name
"""
ADD = """
INSERT INTO api_token (name, token_hash, prefix, sites, scopes, expires_at) VALUES ($1, $2, $3, $4, $5, now() + $6)
ON CONFLICT (name) DO UPDATE SET token_hash = excluded.token_hash, prefix = excluded.prefix, sites = excluded.sites,
  scopes = excluded.scopes, expires_at = excluded.expires_at, added_at = now(), revoked_at = NULL, used_at = NULL
WHERE api_token.revoked_at IS NOT NULL OR api_token.expires_at <= now()
RETURNING expires_at
"""
REVOKE = "UPDATE api_token SET revoked_at = now() WHERE name = $1 AND revoked_at IS NULL RETURNING name"
UNKNOWN_SITES = "SELECT s FROM unnest($1::text[]) AS s WHERE NOT EXISTS (SELECT FROM site WHERE site_id = s) ORDER BY s"


@dataclass(frozen=True, slots=True)
class System:
    """Who asks with a token: what it may do (`scopes`), and whose facts it may see."""

    name: str
    sites: frozenset[str]
    scopes: frozenset[str]
    token_hash: bytes


async def find_system(conn: Connection, token_hash: bytes) -> System | None:
    """None for a token that is unknown, ended or expired. Notes, at most once an hour, that it was used."""
    row = await conn.fetchrow(FIND, token_hash)
    if row is None:
        return None
    if not row["used_lately"]:
        await conn.execute(USED, token_hash)
    return System(row["name"], frozenset(row["sites"]), frozenset(row["scopes"]), row["token_hash"])


async def list_tokens(conn: Connection) -> list[Record]:
    found: list[Record] = await conn.fetch(LIST)
    return found


async def add_token(conn: Connection, name: str, token: str, *, sites: Sequence[str], scopes: Sequence[str],
                    life: timedelta) -> datetime | None:  # fmt: skip
    """When it ends; None where a token of this name is in use."""
    found: datetime | None = await conn.fetchval(ADD, name, hashed(token), token[:PREFIX], sites, scopes, life)
    return found


async def revoke_token(conn: Connection, name: str) -> bool:
    """False when there is none of this name in use."""
    return await conn.fetchval(REVOKE, name) is not None


async def list_unknown_sites(conn: Connection, sites: Sequence[str]) -> list[str]:
    return [row["s"] for row in await conn.fetch(UNKNOWN_SITES, sites)]
