"""SQL of the editions of a module: which versions and languages of it have arrived."""

from asyncpg import Pool

from services.assessment.store import CATALOGUED
from shared.contracts.content import ModulePublished

EDITIONS = """
SELECT document FROM module WHERE document ->> 'module_id' = $1 AND split_part(document ->> 'locale', '-', 1) = $2
"""
NEWEST = """
SELECT max((document ->> 'version')::int) FROM module
WHERE document ->> 'module_id' = $1 AND document ->> 'locale' = $2 AND document ->> 'status' = 'published'
"""


async def list_editions(pool: Pool, module_id: str, language: str) -> list[ModulePublished]:
    """Published, in the language of whatever country."""
    found = [CATALOGUED.validate_json(row["document"]) for row in await pool.fetch(EDITIONS, module_id, language)]
    return [each for each in found if isinstance(each, ModulePublished)]


async def find_newest(pool: Pool, module_id: str, locale: str) -> int | None:
    """The newest published version."""
    newest: int | None = await pool.fetchval(NEWEST, module_id, locale)
    return newest
