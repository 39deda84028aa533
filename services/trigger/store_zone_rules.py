"""Every SQL statement about the rules of time zones: one row."""

from collections.abc import Sequence

from asyncpg import Connection
from pydantic import TypeAdapter

from services.trigger.zone_rules import Rules, ZoneRules

LOCK = "SELECT id, zones FROM zone_rules WHERE id = ANY($1::text[]) ORDER BY id FOR UPDATE"
INSERT = "INSERT INTO zone_rules (id, zones) VALUES ($1, $2) ON CONFLICT DO NOTHING"
UPDATE = "UPDATE zone_rules SET zones = $2 WHERE id = $1"

ZONES = TypeAdapter(dict[str, Rules])


async def lock_rules(conn: Connection, ids: Sequence[str]) -> dict[str, ZoneRules]:
    return {row["id"]: ZoneRules(ZONES.validate_json(row["zones"]), row["id"]) for row in await conn.fetch(LOCK, ids)}


async def save_rules(conn: Connection, changed: Sequence[ZoneRules], new: Sequence[ZoneRules]) -> bool:
    for one in changed:
        await conn.execute(UPDATE, one.id, _written(one))
    return all([await conn.execute(INSERT, one.id, _written(one)) == "INSERT 0 1" for one in new])


def _written(rules: ZoneRules) -> str:
    return ZONES.dump_json(dict(rules.zones)).decode()
