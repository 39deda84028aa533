"""SQL of the editions of a module: which versions and languages of it have arrived."""

from asyncpg import Pool

from services.assessment.store import CATALOGUED
from shared.contracts.content import ModulePublished

LAST = "~"  # behind every character of a key

EDITIONS = "SELECT document FROM module WHERE key >= $1 AND key < $2"
VERSIONS = "SELECT key FROM module WHERE key >= $1 AND key < $2 AND document ->> 'status' = 'published'"


async def list_editions(pool: Pool, module_id: str, language: str) -> list[ModulePublished]:
    """Published, of every locale that begins with the language's code."""
    begin = f"{module_id}/{language}"
    found = [CATALOGUED.validate_json(row["document"]) for row in await pool.fetch(EDITIONS, begin, begin + LAST)]
    return [each for each in found if isinstance(each, ModulePublished)]


async def find_newest(pool: Pool, module_id: str, locale: str) -> int | None:
    """The newest published version."""
    begin = f"{module_id}/{locale}@"
    keys = [row["key"] for row in await pool.fetch(VERSIONS, begin, begin + LAST)]
    return max((int(key.rpartition("@")[2]) for key in keys), default=None)
