"""Every SQL statement about readers of Kafka, and the copies of alert events that they are sent."""

from collections.abc import Sequence
from json import loads

from asyncpg import Connection, Record

from services.supervision.subscribers import Subscriber
from shared.contracts.supervision import ALERTS
from shared.contracts.topics import outbound
from shared.messaging.store import Outgoing

LOAD = "SELECT name, sites, supervisor_id, state, added_at FROM subscriber WHERE name = ANY($1::text[]) ORDER BY name FOR UPDATE"
INSERT = """
INSERT INTO subscriber (name, sites, supervisor_id, state, added_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING
"""
UPDATE = "UPDATE subscriber SET sites = $2, supervisor_id = $3, state = $4, added_at = $5 WHERE name = $1"
LIST = "SELECT name, sites, supervisor_id, state, added_at FROM subscriber WHERE state = 'active' ORDER BY name"
OF_SITES = """
SELECT name, sites, supervisor_id, state, added_at FROM subscriber
WHERE state = 'active' AND sites && $1::text[] ORDER BY name
"""


async def load_subscribers(conn: Connection, names: Sequence[str]) -> dict[str, Subscriber]:
    return {row["name"]: _subscriber(row) for row in await conn.fetch(LOAD, names)}


async def save_subscribers(conn: Connection, changed: Sequence[Subscriber], new: Sequence[Subscriber]) -> bool:
    for one in changed:
        await conn.execute(UPDATE, *_row(one))
    return all([await conn.execute(INSERT, *_row(one)) == "INSERT 0 1" for one in new])


async def list_subscribers(conn: Connection) -> list[Subscriber]:
    return [_subscriber(row) for row in await conn.fetch(LIST)]


async def copies(conn: Connection, rows: Sequence[Outgoing]) -> Sequence[Outgoing]:
    """Of the alert events among these, one for each subscriber that may see it: the same event, in the same order."""
    alerts = [(row, loads(row[6])) for row in rows if row[1] == ALERTS]
    if not alerts:
        return []
    sites = sorted({document["site_id"] for _, document in alerts})
    readers = [_subscriber(row) for row in await conn.fetch(OF_SITES, sites)]
    return [
        (shard, outbound(reader.name).name, key, id, type_, at, payload, trace)
        for (shard, _, key, id, type_, at, payload, trace), document in alerts
        for reader in readers
        if reader.sees(document["site_id"], document.get("supervisor_id"))
    ]


def _subscriber(row: Record) -> Subscriber:
    return Subscriber(**dict(row) | {"sites": tuple(row["sites"])})


def _row(one: Subscriber) -> tuple[object, ...]:
    return (one.name, list(one.sites), one.supervisor_id, one.state, one.added_at)
