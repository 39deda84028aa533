"""What the pages and commands about one site read: its description, and which trainings wait for its data. No writes."""

from asyncpg import Connection

from services.supervision import store
from services.supervision.lacking import Lacking, Needing, lacking
from shared.contracts.supervision import SITE_DATA, SiteDescribed, entered

NEEDING = """
SELECT DISTINCT ON (module_id, locale) module_id, locale, module ->> 'title' AS title,
       ARRAY(SELECT jsonb_array_elements_text(module -> 'site_variables')) AS data
FROM module WHERE status = 'published' ORDER BY module_id, locale, version DESC
"""


async def find(conn: Connection, site_id: str) -> tuple[SiteDescribed, Lacking] | None:
    site = await store.find_site(conn, site_id)
    return (site, await lacking_at(conn, site)) if site else None


async def lacking_at(conn: Connection, site: SiteDescribed) -> Lacking:
    """Modules are looked at only where something is missing at all."""
    complete = len(entered(site)) == len(SITE_DATA)
    return lacking(site, () if complete else await list_needing(conn))


async def list_needing(conn: Connection) -> list[Needing]:
    rows = await conn.fetch(NEEDING)
    return [Needing(row["module_id"], row["locale"], row["title"], tuple(row["data"])) for row in rows]
