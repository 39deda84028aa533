"""The SQL of what is added up of answers. One row a version of a module in one language; no row knows a person."""

from collections.abc import Sequence

from asyncpg import Connection, Record
from pydantic import TypeAdapter

from services.content.figures import Edition
from services.content.statistics import Counted, Sums
from shared.contracts.content import Module

LOCK = """
SELECT key, module_id, locale, version, items FROM item_statistics WHERE key = ANY($1::text[]) ORDER BY key FOR UPDATE
"""
INSERT = """
INSERT INTO item_statistics (key, module_id, locale, version, items)
SELECT key, module_id, locale, version, items
FROM unnest($1::text[], $2::text[], $3::text[], $4::int[], $5::jsonb[]) AS u (key, module_id, locale, version, items)
ON CONFLICT DO NOTHING
"""
UPDATE = """
UPDATE item_statistics s SET items = u.items FROM unnest($1::text[], $2::jsonb[]) AS u (key, items) WHERE s.key = u.key
"""
NEWEST = """
SELECT DISTINCT ON (v.key) v.number, v.module, s.items
FROM version v LEFT JOIN item_statistics s ON s.key = v.key || '@' || v.number
WHERE v.status = 'published' AND ($1::text IS NULL OR v.module_id = $1) AND ($2::text IS NULL OR v.locale = $2)
ORDER BY v.key, v.number DESC
"""
ONE = """
SELECT v.number, v.module, s.items
FROM version v LEFT JOIN item_statistics s ON s.key = v.key || '@' || v.number
WHERE v.key = $1 AND ($2::int IS NULL OR v.number = $2) ORDER BY v.status = 'published' DESC, v.number DESC LIMIT 1
"""
NUMBERS = "SELECT number FROM version WHERE key = $1 ORDER BY number"
SUMS = TypeAdapter(dict[str, Sums])


async def load_counted(conn: Connection, keys: Sequence[str]) -> dict[str, Counted]:
    return {row["key"]: _counted(row) for row in await conn.fetch(LOCK, keys)}


async def save_counted(conn: Connection, changed: Sequence[Counted], new: Sequence[Counted]) -> bool:
    """False when somebody else created one of `new` meanwhile."""
    if changed:
        await conn.execute(UPDATE, [each.key for each in changed], [_items(each) for each in changed])
    if not new:
        return True
    rows = [(each.key, each.module_id, each.locale, each.version, _items(each)) for each in new]
    inserted: str = await conn.execute(INSERT, *zip(*rows, strict=True))
    return inserted == f"INSERT 0 {len(new)}"


async def list_newest(conn: Connection, module_id: str | None = None, locale: str | None = None) -> list[Edition]:
    """The newest published version of each module and language."""
    return [_edition(row) for row in await conn.fetch(NEWEST, module_id, locale)]


async def find_edition(conn: Connection, module_id: str, locale: str, version: int | None = None) -> Edition | None:
    """That version; without one the newest published, and if all are withdrawn the newest."""
    row = await conn.fetchrow(ONE, f"{module_id}/{locale}", version)
    return _edition(row) if row else None


async def list_versions(conn: Connection, module_id: str, locale: str) -> list[int]:
    return [row["number"] for row in await conn.fetch(NUMBERS, f"{module_id}/{locale}")]


def _counted(row: Record) -> Counted:
    return Counted(row["module_id"], row["locale"], row["version"], SUMS.validate_json(row["items"]))


def _edition(row: Record) -> Edition:
    items = SUMS.validate_json(row["items"]) if row["items"] else {}
    return Edition(row["number"], Module.model_validate_json(row["module"]), items)


def _items(counted: Counted) -> str:
    return SUMS.dump_json(dict(counted.items), exclude_defaults=True).decode()
