"""The console's pictures for the guide, taken in a real browser of an invented site: `python -m tests.browser.pictures`.

It starts its own servers, or uses those of JITT_KAFKA and JITT_POSTGRES. Look at every picture before you keep it.
"""

import argparse
import asyncio
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import asyncpg
from playwright.async_api import Page, async_playwright

from deploy.local import stack as local
from services.supervision.app import SERVICE
from shared import access, db
from shared.contracts import ids
from shared.running import Running
from shared.settings import settings
from tests.browser import chromium
from tests.browser.conftest import serving
from tests.browser.visits import Visit
from tests.conftest import at_database, folder_of, home_in
from tests.supervision.builders import SITE
from tests.supervision.caseload import GOALS, a_caseload

DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
ANTON, LEAH, MARCUS = (ids.mentor(SITE, name) for name in ("anton", "leah", "marcus"))


def pages(visit: Visit) -> Mapping[str, tuple[str, Mapping[str, int]]]:
    """By the picture's name: the address, and the size of the window."""
    return {
        "console-today": ("/today", DESKTOP),
        "console-brief": (visit.brief("marcus"), DESKTOP),
        "console-alerts": ("/alerts", DESKTOP),
        "console-mentor": (f"/mentors/{MARCUS}", DESKTOP),
        "console-contacts": ("/contacts", DESKTOP),
        "console-clearances": ("/clearances", DESKTOP),
        "console-sign-off": (f"/clearances/{ANTON}/{GOALS}/sign-off", PHONE),
        "console-clearance": (f"/clearances/{LEAH}/{GOALS}", DESKTOP),
    }


@asynccontextmanager
async def a_database(postgres: str) -> AsyncIterator[Running]:
    """Supervision on a database of its own, which goes when it is over."""
    name, owner = f"pictures_{uuid4().hex[:12]}", await asyncpg.connect(postgres)
    await owner.execute(f'CREATE DATABASE "{name}"')
    try:
        await db.migrate(at_database(postgres, name), [SERVICE.name], folder_of(SERVICE.name))
        own, web = (at_database(db.service_dsn(SERVICE.name, login), name) for login in ("", db.WEB))
        pools = await db.open_pool(own, "pictures", size=4), await access.open_pool_at(web, "pictures", size=4)
        yield Running(SERVICE, pools[0], settings(), pools[1])
        for pool in pools:
            await db.close_pool(pool)
    finally:
        await owner.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
        await owner.close()


async def take(folder: Path, only: Sequence[str]) -> None:
    executable = await asyncio.to_thread(chromium.find)
    if executable is None:
        raise SystemExit(chromium.BY_HAND)
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    async with a_database(str(settings().postgres)) as running, async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=executable, args=sandbox)
        day = await a_caseload(running)
        async with serving(running) as address:
            visit = Visit(day, address, browser)
            page = await (await visit.signed_in(color_scheme="light")).new_page()
            for name, (path, size) in pages(visit).items():
                if not only or name in only:
                    await _picture(page, path, size, folder / f"{name}.png")
        await browser.close()


async def _picture(page: Page, path: str, size: Mapping[str, int], file: Path) -> None:
    """The whole page, unless it is long: then as much as three windows hold."""
    await page.set_viewport_size({"width": size["width"], "height": size["height"]})
    await page.goto(path)
    height = min(await page.evaluate("() => document.documentElement.scrollHeight"), 3 * size["height"])
    await page.screenshot(path=file, clip={"x": 0, "y": 0, "width": size["width"], "height": height}, full_page=True)
    print(f"{file}  {size['width']} x {height}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("docs/images"))
    parser.add_argument("names", nargs="*", help="only these")
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    with (
        TemporaryDirectory(prefix="jitt-pictures-", ignore_cleanup_errors=True) as folder,
        local.running(home_in(folder)) as stack,
    ):
        os.environ["JITT_KAFKA"], os.environ["JITT_POSTGRES"] = stack.kafka, stack.postgres
        settings.cache_clear()
        asyncio.run(take(asked.out, asked.names))


if __name__ == "__main__":
    main()
