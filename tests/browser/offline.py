"""A phone that keeps a training: Chromium with a profile of its own, its network switch, and what its worker holds."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, BrowserContext, Page

HELD = """async () => {
  const done = (request) => new Promise((ok, no) => { request.onsuccess = () => ok(request.result); request.onerror = no; });
  const db = await done(indexedDB.open("jitt", 1));
  const all = (name) => done(db.transaction(name).objectStore(name).getAll());
  if (!db.objectStoreNames.contains("acts")) return { trainings: [], acts: [] };
  const held = { trainings: (await all("trainings")).map((t) => [t.id, t.ref, t.made.version]), acts: await all("acts") };
  db.close();
  return held;
}"""
IDS = re.compile(r'(name="(?:request|shown)" value=")[^"]*|(<time)[^>]*>[^<]*')


async def held(page: Page) -> Any:
    """What the phone keeps."""
    return await page.evaluate(HELD)


async def eventually(ask: Callable[[], Any], wanted: Callable[[Any], bool], seconds: float = 20) -> Any:
    """Asks until the answer is the wanted one, or time is up; answers what was found last."""
    for _ in range(int(seconds * 10)):
        if wanted(found := await ask()):
            return found
        await asyncio.sleep(0.1)
    return found


async def kept(page: Page) -> None:
    """Until the training is on the phone, and the worker answers for its pages."""
    await page.evaluate("() => navigator.serviceWorker.ready.then(() => true)")
    found = await eventually(lambda: held(page), lambda h: bool(h["trainings"]))
    assert found["trainings"], "the training did not reach the phone"
    await page.wait_for_function("() => navigator.serviceWorker.controller !== null")


def plain(html: str) -> str:
    """A page without what differs from one rendering to the next: ids of forms, times, and spaces between tags."""
    main = html[html.index("<title>") :]
    return re.sub(r">\s+", ">", re.sub(r"\s+<", "<", re.sub(r"\s+", " ", IDS.sub(r"\1\2", main))))


@asynccontextmanager
async def phone(browser: Browser, **options: Any) -> AsyncIterator[tuple[BrowserContext, Page]]:
    context = await browser.new_context(**options)
    try:
        yield context, await context.new_page()
    finally:
        await context.close()


def profile(tmp_path: Path) -> Path:
    folder = tmp_path / "profile"
    folder.mkdir(exist_ok=True)
    return folder
