"""A training in a browser for a command, without pytest: servers, a database of its own, the assessment service, and Chromium.

JITT_KAFKA and JITT_POSTGRES use servers that run already, as in the tests.
"""

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import asyncpg
from playwright.async_api import Browser, async_playwright

from deploy import topology
from deploy.local import stack as local
from services.assessment.app import SERVICE
from shared import access, db
from shared.running import Running
from shared.settings import settings
from tests.browser import chromium
from tests.browser.conftest import serving
from tests.conftest import at_database, home_in


@asynccontextmanager
async def standing(executable: str) -> AsyncIterator[tuple[Running, str, Browser]]:
    """The service, its address, and the browser. Within `servers()`."""
    async with served() as (running, address), async_playwright() as playwright:
        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = await playwright.chromium.launch(executable_path=executable, args=sandbox)
        yield running, address, browser
        await browser.close()


@asynccontextmanager
async def served() -> AsyncIterator[tuple[Running, str]]:
    """The service and its address, for a browser that is driven in another way."""
    owner, name = settings().postgres, f"standing_{uuid4().hex[:12]}"
    conn = await asyncpg.connect(owner)
    await conn.execute(f'CREATE DATABASE "{name}"')
    try:
        await db.migrate(at_database(owner, name), [SERVICE.name], topology.migrations)
        pool = await db.open_pool(at_database(db.service_dsn(SERVICE.name), name), "standing", size=4)
        with TemporaryDirectory(prefix="jitt-standing-") as folder:
            web = await access.open_pool_at(at_database(db.service_dsn(SERVICE.name, db.WEB), name), "standing pages", 4)
            running = Running(SERVICE, pool, settings().model_copy(update={"home": Path(folder)}), web)
            async with serving(running) as address:
                yield running, address
            await db.close_pool(web)
        await db.close_pool(pool)
    finally:
        await conn.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
        await conn.close()


def found() -> str:
    """The browser. It is looked for before anything is started."""
    if executable := chromium.find():
        return executable
    raise SystemExit(chromium.BY_HAND)


@contextmanager
def servers() -> Iterator[None]:
    """Kafka and PostgreSQL until the block ends, and settings that name them."""
    with TemporaryDirectory(prefix="jitt-standing-", ignore_cleanup_errors=True) as folder, local.running(home_in(folder)) as own:
        os.environ["JITT_KAFKA"], os.environ["JITT_POSTGRES"] = own.kafka, own.postgres
        settings.cache_clear()
        yield
