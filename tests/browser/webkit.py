"""`python -m tests.browser.webkit [FOLDER]`: a training with and without a line, and a check-in, in the engine of iPhones.

It takes Debian's WebKitGTK: apt-get install --no-install-recommends webkit2gtk-driver xvfb. It is driven by WebDriver, whose
protocol knows no network switch: the line to the server is cut instead.
"""

import asyncio
import base64
import json
import os
import shutil
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2

from shared.running import Running
from tests.assessment import checking_in
from tests.assessment.building import OPEN, SAFETY, SINGLE
from tests.assessment.visiting import arrive, link_to, told
from tests.browser.offline import HELD
from tests.browser.slow_line import Line, slow_line
from tests.browser.standing import served, servers

BROWSERS = ("/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser", "/usr/lib/aarch64-linux-gnu/webkit2gtk-4.1/MiniBrowser")
BY_HAND = "This needs WebKitGTK: apt-get install --no-install-recommends webkit2gtk-driver xvfb"
DRIVER, DISPLAY, ELEMENT = "http://127.0.0.1:4460", ":97", "element-6066-11e4-a52e-4f735466cecf"


class Window:
    """What a person does with a page, by WebDriver."""

    def __init__(self, client: httpx2.AsyncClient, session: str, folder: Path | None) -> None:
        self.client, self.base, self.folder, self.pictures = client, f"{DRIVER}/session/{session}", folder, 0

    async def ask(self, path: str, **values: Any) -> Any:
        answer = (await self.client.post(f"{self.base}/{path}", json=values)).json()["value"]
        if isinstance(answer, dict) and "error" in answer:
            raise RuntimeError(f"{path}: {answer['error']}: {answer['message'][:300]}")
        return answer

    async def open(self, url: str) -> None:
        await self.ask("url", url=url)

    async def run(self, script: str) -> Any:
        """A function of JavaScript, which may take its time."""
        script = f"({script})().then(v => arguments[0](JSON.stringify(v ?? null)))"
        return json.loads(await self.ask("execute/async", script=script, args=[]))

    async def tap(self, xpath: str) -> None:
        found = await until(lambda: self.ask("element", using="xpath", value=xpath), bool, xpath)
        await self.ask(f"element/{found[ELEMENT]}/click")

    async def press(self, words: str) -> None:
        await self.tap(f"//button[normalize-space()='{words}']")

    async def follow(self, words: str) -> None:
        await self.tap(f"//a[normalize-space()='{words}']")

    async def choose(self, value: str, name: str = "option") -> None:
        await self.tap(f"//label[.//input[@name='{name}' and @value='{value}']]")

    async def words(self, selector: str = "h1") -> str:
        said: str = await self.run(f"async () => document.querySelector({json.dumps(selector)})?.innerText ?? ''")
        return " ".join(said.split())

    async def says(self, words: str, selector: str = "h1") -> None:
        """Until it does, and a picture of it."""
        await until(lambda: self.words(selector), lambda said: words in said, f"“{words}” in {selector}")
        print(f"  {words}", flush=True)
        if self.folder:
            self.pictures += 1
            image = (await self.client.get(f"{self.base}/screenshot")).json()["value"]
            (self.folder / f"{self.pictures:02}.png").write_bytes(base64.b64decode(image))

    async def kept(self) -> None:
        """What the page leads to is on the phone."""
        await self.run("() => navigator.serviceWorker.ready.then(() => true)")
        await until(lambda: self.run(HELD), lambda found: bool(found["trainings"]), "something kept")


async def until(ask: Callable[[], Awaitable[Any]], wanted: Callable[[Any], bool], what: str, seconds: float = 40) -> Any:
    found = None
    for _ in range(int(seconds * 5)):
        try:
            if wanted(found := await ask()):
                return found
        except RuntimeError as error:  # between two pages
            found = error
        await asyncio.sleep(0.2)
    raise SystemExit(f"waited {seconds:.0f} s for {what}; last seen: {found}")


@asynccontextmanager
async def a_window(folder: Path | None) -> AsyncIterator[Window]:
    browser = next((path for path in BROWSERS if Path(path).exists()), None)
    if browser is None or not shutil.which("WebKitWebDriver") or not shutil.which("Xvfb"):
        raise SystemExit(BY_HAND)
    quiet = {"stdout": asyncio.subprocess.DEVNULL, "stderr": asyncio.subprocess.DEVNULL}
    alone = os.environ | {"DISPLAY": DISPLAY, "WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS": "1", "LIBGL_ALWAYS_SOFTWARE": "1"}
    screen = await asyncio.create_subprocess_exec("Xvfb", DISPLAY, "-screen", "0", "420x900x24", **quiet)
    driver = await asyncio.create_subprocess_exec("WebKitWebDriver", f"--port={DRIVER.rpartition(':')[2]}", env=alone, **quiet)
    options = {"binary": browser, "args": ["--automation"]}
    try:
        async with httpx2.AsyncClient(timeout=120, trust_env=False) as client:
            await until(lambda: _ready(client), bool, "WebKitWebDriver")
            asks = {"capabilities": {"alwaysMatch": {"webkitgtk:browserOptions": options}}}
            started = (await client.post(f"{DRIVER}/session", json=asks)).json()["value"]
            print(f"{started['capabilities']['browserName']} {started['capabilities']['browserVersion']}", flush=True)
            yield Window(client, started["sessionId"], folder)
            await client.delete(f"{DRIVER}/session/{started['sessionId']}")
    finally:
        for process in (driver, screen):
            process.terminate()
            await process.wait()


async def _ready(client: httpx2.AsyncClient) -> bool:
    try:
        return bool((await client.get(f"{DRIVER}/status")).json()["value"]["ready"])
    except httpx2.HTTPError:
        return False


async def training(window: Window, running: Running, line: Line) -> None:
    print("a training: the first question with a connection, the rest without", flush=True)
    await arrive(running, SINGLE, SAFETY, OPEN)
    await window.open(f"{line.address}/t/{link_to()}")
    await window.says("Say it back before you advise")
    await window.press("Start the training")
    await window.says("A reflection is a guess with a period")
    await window.press("Next")
    await window.says("Three tries")
    await window.press("Next")
    await window.press("Skip to the questions")
    await window.choose("a")
    await window.press("Certain")
    await window.says("Not quite")
    await window.kept()
    line.switch(off=True)
    await window.choose("b")
    await window.press("Check my answer")
    await window.says("That works")
    await window.follow("Next")
    await window.choose("a")
    await window.press("A guess")
    await window.press("Show me the answer instead")
    await window.says("Here is what works")
    await window.says("Your supervisor has not been told yet. Please call.", "#strip")
    await window.follow("Next")
    await window.tap("//textarea")
    await window.run("async () => { document.querySelector('textarea').value = 'It sounds like a lot.'; }")
    await window.press("Send to my supervisor")
    await window.says("Your answer is kept on this phone")
    await window.follow("Next")
    await window.says("Done. Talk with your supervisor first")
    line.switch(off=False)
    await window.press("Try now")
    await window.says("All answers sent.", "#strip")
    print(f"  the server has: {', '.join(await told(running))}", flush=True)
    await until(lambda: window.run(HELD), lambda found: not found["trainings"], "nothing kept")


async def check_in(window: Window, running: Running, line: Line) -> None:
    print("a check-in without a connection", flush=True)
    await checking_in.arrive(running, checking_in.over(revision=2))
    await window.open(f"{line.address}/c/{checking_in.link_to()}")
    await window.says("How did it go?")
    await window.kept()
    line.switch(off=True)
    await window.press("Send")
    await window.says("There is a problem", "#errors h2")
    for name, value in checking_in.ALL.items():
        await window.choose(value, name)
    await window.press("Send")
    await window.says("Your check-in is kept on this phone")
    line.switch(off=False)
    await window.press("Try now")
    await window.says("Your check-in is sent.", "#strip")
    print(f"  the server has: {len(await checking_in.said(running))} check-in", flush=True)


async def walked(folder: Path | None) -> None:
    async with a_window(folder) as window:
        for walk in (training, check_in):
            async with served() as (running, address), slow_line(address, rtt_ms=20, down_kbit=8_000, up_kbit=8_000) as line:
                await walk(window, running, line)


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
    with servers():
        asyncio.run(walked(folder))


if __name__ == "__main__":
    main()
