"""Every SQL statement about receivers of webhooks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from asyncpg import Connection, Pool, Record
from pydantic import TypeAdapter

from services.supervision import store_notices
from services.supervision.told import Cursor
from services.supervision.webhooks import Dead, Secret, Webhook

LOAD = """
SELECT name, sites, supervisor_id, url, secrets, state, added_at, xact::text AS xact, seq, due_at, tries, tried_since,
       failing_since, delivered_at, answer, dead
FROM webhook WHERE name = ANY($1::text[]) ORDER BY name FOR UPDATE
"""
INSERT = """
INSERT INTO webhook (name, sites, supervisor_id, url, secrets, state, added_at, xact, seq, due_at, tries, tried_since,
                     failing_since, delivered_at, answer, dead)
VALUES ($1, $2, $3, $4, $5::jsonb, $6, $7, $8::text::xid8, $9, $10, $11, $12, $13, $14, $15, $16::jsonb)
ON CONFLICT DO NOTHING
"""
UPDATE = """
UPDATE webhook SET (sites, supervisor_id, url, secrets, state, added_at, xact, seq, due_at, tries, tried_since, failing_since,
                    delivered_at, answer, dead)
  = ($2, $3, $4, $5::jsonb, $6, $7, $8::text::xid8, $9, $10, $11, $12, $13, $14, $15, $16::jsonb)
WHERE name = $1
"""
# Only one that has something to be told. Nobody else gets it within the lease, unless what came of it is told earlier.
CLAIM = """
UPDATE webhook SET due_at = now() + $1::interval
WHERE name = (
  SELECT w.name FROM webhook w
  WHERE w.state = 'active' AND w.due_at <= now() AND (w.dead @> '[{"again": true}]' OR EXISTS (
    SELECT FROM unnest(w.sites) AS of_site WHERE EXISTS (
      SELECT FROM alert_change f
      WHERE f.site_id = of_site AND (f.xact, f.seq) > (w.xact, w.seq) AND f.xact < pg_snapshot_xmin(pg_current_snapshot()))))
  ORDER BY w.due_at LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING name, sites, supervisor_id, url, secrets, state, added_at, xact::text AS xact, seq, due_at, tries, tried_since,
  failing_since, delivered_at, answer, dead, now() AS now
"""
LIST = """
SELECT name, sites, supervisor_id, url, secrets, state, added_at, xact::text AS xact, seq, due_at, tries, tried_since,
       failing_since, delivered_at, answer, dead
FROM webhook WHERE state <> 'removed' ORDER BY name
"""
FIND = """
SELECT name, sites, supervisor_id, url, secrets, state, added_at, xact::text AS xact, seq, due_at, tries, tried_since,
       failing_since, delivered_at, answer, dead
FROM webhook WHERE name = $1
"""
ELSEWHERE = frozenset({"place", "secrets", "dead", "sites", "notices"})
SECRETS = TypeAdapter(tuple[Secret, ...])
DEAD = TypeAdapter(tuple[Dead, ...])


@dataclass(frozen=True, slots=True)
class Claimed:
    """A receiver that has something to be told, and the database's time."""

    webhook: Webhook
    now: datetime


async def load_webhooks(conn: Connection, names: Sequence[str]) -> dict[str, Webhook]:
    return {row["name"]: _webhook(row) for row in await conn.fetch(LOAD, names)}


async def save_webhooks(conn: Connection, changed: Sequence[Webhook], new: Sequence[Webhook]) -> bool:
    """A handful at a time, so one statement each."""
    for webhook in changed:
        await conn.execute(UPDATE, *_row(webhook))
    await store_notices.add(conn, (notice for webhook in changed for notice in webhook.notices))
    return all([await conn.execute(INSERT, *_row(webhook)) == "INSERT 0 1" for webhook in new])


async def claim(conn: Connection | Pool, lease: timedelta) -> Claimed | None:
    row = await conn.fetchrow(CLAIM, lease)
    return Claimed(_webhook(row), row["now"]) if row else None


async def list_webhooks(conn: Connection | Pool) -> list[Webhook]:
    return [_webhook(row) for row in await conn.fetch(LIST)]


async def find(conn: Connection | Pool, name: str) -> Webhook | None:
    row = await conn.fetchrow(FIND, name)
    return _webhook(row) if row else None


def _webhook(row: Record) -> Webhook:
    values: dict[str, Any] = {name: row[name] for name in Webhook.__slots__ if name not in ELSEWHERE}
    return Webhook(
        **values, place=Cursor(int(row["xact"]), row["seq"]), sites=tuple(row["sites"]),
        secrets=SECRETS.validate_json(row["secrets"]), dead=DEAD.validate_json(row["dead"]),
    )  # fmt: skip


def _row(w: Webhook) -> tuple[Any, ...]:
    return (w.name, list(w.sites), w.supervisor_id, w.url, SECRETS.dump_json(w.secrets).decode(), w.state, w.added_at,
            str(w.place.xact), w.place.seq, w.due_at, w.tries, w.tried_since, w.failing_since, w.delivered_at, w.answer,
            DEAD.dump_json(w.dead).decode())  # fmt: skip
