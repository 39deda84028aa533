"""A phone that keeps a training: Chromium with a profile of its own, its network switch, and what its worker holds."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from playwright.async_api import Browser, BrowserContext, Page

from tests.assessment.building import planned
from tests.driving import deliver

HELD = """async () => {
  const done = (request) => new Promise((ok, no) => { request.onsuccess = () => ok(request.result); request.onerror = no; });
  const made = (await indexedDB.databases()).some((one) => one.name === "jitt");
  if (!made) return { trainings: [], acts: [] };  // the worker makes it: one made here would stay empty
  const db = await done(indexedDB.open("jitt", 1));
  const all = (name) => done(db.transaction(name).objectStore(name).getAll());
  const trainings = (await all("trainings")).map((t) => [t.id, t.ref, t.made.version, t.made.opened]), acts = await all("acts");
  db.close();
  return { trainings, acts };
}"""
# A page that waits a hundredth of the time before it tries again, and notes for how many seconds it would have waited.
HURRIED = """
  const real = setTimeout;
  window.waits = [];
  const noted = (work, ms) => real(() => { window.waits.push(ms / 1000); work(); }, ms / 100);
  window.setTimeout = (work, ms) => (ms < 10_000 ? real : noted)(work, ms);
"""
PATIENCE_S = 60  # with a script that waits for something; Playwright would wait for ever
IDS = re.compile(r'(name="(?:request|shown)" value=")[^"]*|(<time)[^>]*>[^<]*')


async def held(page: Page) -> Any:
    """What the phone keeps."""
    async with asyncio.timeout(PATIENCE_S):
        return await page.evaluate(HELD)


async def eventually(ask: Callable[[], Any], wanted: Callable[[Any], bool], seconds: float = 20) -> Any:
    """Asks until the answer is the wanted one, or time is up; answers what was found last."""
    for _ in range(int(seconds * 10)):
        if wanted(found := await ask()):
            return found
        await asyncio.sleep(0.1)
    return found


async def kept(page: Page) -> None:
    """Until the training is on the phone as the page shows it: started or not, by its id or by its link."""
    ref, *inside = page.url.split("/")[4:]
    async with asyncio.timeout(PATIENCE_S):
        await page.evaluate("() => navigator.serviceWorker.ready.then(() => true)")

    def there(found: Any) -> bool:
        return any(of == ref and (opened or not inside) for _, of, _, opened in found["trainings"])

    assert there(await eventually(lambda: held(page), there, 30)), "the training did not reach the phone"


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


class Faulty:
    """The service behind a bad line. `mode`: None, "500", "lost" (it takes the post, and the answer never arrives), "hangs"."""

    def __init__(self, app: Any, under: str = "/t/") -> None:
        self.app, self.under = app, under
        self.mode: str | None = None
        self.refused: list[str] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or self.mode is None or not scope["path"].startswith(self.under):
            await self.app(scope, receive, send)
            return
        if self.mode == "hangs":
            while self.mode == "hangs":
                await asyncio.sleep(0.05)
            return
        if self.mode == "lost":
            await self.app(scope, receive, _nowhere)
        self.refused.append(scope["path"].rsplit("/", 1)[-1])
        await send({"type": "http.response.start", "status": 500, "headers": [(b"content-type", b"text/html")]})
        await send({"type": "http.response.body", "body": b"<title>500</title>Internal Server Error"})


async def _nowhere(message: Any) -> None:
    return None


SHIFT = """async (ms) => {
  const done = (request) => new Promise((ok, no) => { request.onsuccess = () => ok(request.result); request.onerror = no; });
  const db = await done(indexedDB.open("jitt", 1)), acts = db.transaction("acts", "readwrite").objectStore("acts");
  for (const act of await done(acts.getAll())) await done(acts.put({ ...act, at: act.at - ms }));
  db.close();
}"""


async def later(page: Page, running: Any, hours: float, start_in: float) -> None:
    """As if so many hours had passed; `start_in`: hours until the session, as it then is."""
    await page.evaluate(SHIFT, hours * 3_600_000)
    starts_at = datetime.now(UTC) + timedelta(hours=start_in)
    await running.pool.execute("UPDATE training SET opened_at = opened_at - $1::interval", timedelta(hours=hours))
    await deliver(running, planned(starts_at=starts_at, quiz_by=starts_at - timedelta(hours=3), revision=2))
