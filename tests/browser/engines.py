"""`python -m tests.browser.engines webkit|firefox [FOLDER]`: a training with and without a line, and a check-in, in another
engine than Chromium's: that of every browser on an iPhone, or Firefox's.

They are those that Debian packs. Neither protocol knows a network switch: the line to the server is cut instead.
"""

import asyncio
import base64
import json
import os
import shutil
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx2

from deploy.local.ports import free_port
from shared.running import Running
from tests.assessment import checking_in
from tests.assessment.building import OPEN, SAFETY, SINGLE
from tests.assessment.visiting import arrive, link_to, told
from tests.browser.offline import HELD
from tests.browser.slow_line import Line, slow_line
from tests.browser.standing import served, servers

Ask = Callable[..., Awaitable[Any]]  # a command of WebDriver and its values; answers its value
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
WEBKIT = ("/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser", "/usr/lib/aarch64-linux-gnu/webkit2gtk-4.1/MiniBrowser")
WEBKIT_BY_HAND = "This needs WebKitGTK: apt-get install --no-install-recommends webkit2gtk-driver xvfb"
FIREFOX_BY_HAND = "This needs Firefox: apt-get install --no-install-recommends firefox-esr"
PATHS = {"Navigate": "url", "ExecuteAsyncScript": "execute/async", "FindElement": "element", "TakeScreenshot": "screenshot"}
DISPLAY = ":97"


class Window:
    """What a person does with a page."""

    def __init__(self, ask: Ask, folder: Path | None) -> None:
        self.ask, self.folder, self.pictures = ask, folder, 0

    async def open(self, url: str) -> None:
        await self.ask("Navigate", url=url)

    async def run(self, script: str) -> Any:
        """A function of JavaScript, which may take its time."""
        script = f"({script})().then(v => arguments[0](JSON.stringify(v ?? null)))"
        return json.loads(await self.ask("ExecuteAsyncScript", script=script, args=[]))

    async def tap(self, xpath: str) -> None:
        async def tapped() -> bool:
            found = await self.ask("FindElement", using="xpath", value=xpath)
            await self.ask("ElementClick", id=found[ELEMENT])
            return True

        await until(tapped, bool, xpath)

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
            (self.folder / f"{self.pictures:02}.png").write_bytes(base64.b64decode(await self.ask("TakeScreenshot")))

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
        except RuntimeError as error:  # between two pages, or not listening yet
            found = error
        await asyncio.sleep(0.2)
    raise SystemExit(f"waited {seconds:.0f} s for {what}; last seen: {found}")


@asynccontextmanager
async def webkit() -> AsyncIterator[Ask]:
    """By WebDriver, over HTTP."""
    browser = next((path for path in WEBKIT if Path(path).exists()), None)
    if browser is None or not shutil.which("WebKitWebDriver") or not shutil.which("Xvfb"):
        raise SystemExit(WEBKIT_BY_HAND)
    port = free_port()
    at: dict[str, Any] = {"base_url": f"http://127.0.0.1:{port}", "timeout": 120, "trust_env": False}
    alone = os.environ | {"DISPLAY": DISPLAY, "WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS": "1", "LIBGL_ALWAYS_SOFTWARE": "1"}
    screen = ("Xvfb", DISPLAY, "-screen", "0", "420x900x24")
    driver = ("WebKitWebDriver", f"--port={port}")
    async with _running(*screen), _running(*driver, env=alone), httpx2.AsyncClient(**at) as client:

        async def said(method: str, path: str, values: Any = None) -> Any:
            try:
                answer = (await client.request(method, path, json=values)).json()["value"]
            except httpx2.TransportError as error:
                raise RuntimeError(str(error)) from error
            if isinstance(answer, dict) and "error" in answer:
                raise RuntimeError(f"{path}: {answer['error']}: {answer['message'][:300]}")
            return answer

        await until(lambda: said("GET", "/status"), lambda state: bool(state["ready"]), "WebKitWebDriver")
        options = {"binary": browser, "args": ["--automation"]}
        started = await said("POST", "/session", {"capabilities": {"alwaysMatch": {"webkitgtk:browserOptions": options}}})
        session = f"/session/{started['sessionId']}"

        async def ask(command: str, **values: Any) -> Any:
            if command == "ElementClick":
                return await said("POST", f"{session}/element/{values['id']}/click", {})
            return await said("POST" if values else "GET", f"{session}/{PATHS[command]}", values or None)

        print(f"{started['capabilities']['browserName']} {started['capabilities']['browserVersion']}", flush=True)
        yield ask
        await said("DELETE", session)


@asynccontextmanager
async def firefox() -> AsyncIterator[Ask]:
    """By Marionette, Firefox's own protocol with WebDriver's commands: `length:[0, number, command, values]`, one at a time."""
    if not (browser := shutil.which("firefox-esr") or shutil.which("firefox")):
        raise SystemExit(FIREFOX_BY_HAND)
    port, numbers = free_port(), count(1)
    with TemporaryDirectory(prefix="jitt-firefox-", ignore_cleanup_errors=True) as profile:
        (Path(profile) / "user.js").write_text(f'user_pref("marionette.port", {port});\n')
        command = (browser, "--headless", "--marionette", "--no-remote", "--profile", profile)
        async with _running(*command, env=os.environ | {"HOME": profile}):
            reader, writer = await until(lambda: _connected(port), bool, "Firefox")

            async def heard() -> Any:
                length = (await reader.readuntil(b":"))[:-1]
                return json.loads(await reader.readexactly(int(length)))

            async def ask(command: str, **values: Any) -> Any:
                asked = json.dumps([0, next(numbers), f"WebDriver:{command}", values]).encode()
                writer.write(b"%d:%s" % (len(asked), asked))
                _, _, error, answer = await heard()
                if error:
                    raise RuntimeError(f"{command}: {error['error']}: {error['message'][:300]}")
                return answer.get("value", answer) if isinstance(answer, dict) else answer

            await heard()  # its greeting
            started = await ask("NewSession")
            print(f"{started['capabilities']['browserName']} {started['capabilities']['browserVersion']}", flush=True)
            await ask("SetWindowRect", width=420, height=900)
            yield ask
            writer.close()


async def _connected(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    try:
        return await asyncio.open_connection("127.0.0.1", port)
    except OSError as error:
        raise RuntimeError(str(error)) from error


@asynccontextmanager
async def _running(*command: str, env: dict[str, str] | None = None) -> AsyncIterator[None]:
    quiet = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(*command, env=env, stdout=quiet, stderr=quiet)
    try:
        yield
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


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


ENGINES: dict[str, Callable[[], AbstractAsyncContextManager[Ask]]] = {"webkit": webkit, "firefox": firefox}


async def walked(engine: str, folder: Path | None) -> None:
    async with ENGINES[engine]() as ask:
        for walk in (training, check_in):
            async with served() as (running, address), slow_line(address, rtt_ms=20, down_kbit=8_000, up_kbit=8_000) as line:
                await walk(Window(ask, folder and folder / walk.__name__), running, line)


def main() -> None:
    engine, *folders = sys.argv[1:] or ("",)
    if engine not in ENGINES:
        raise SystemExit(f"Which engine? {' or '.join(ENGINES)}. A folder after it keeps a picture of each page.")
    folder = Path(folders[0]) if folders else None
    for walk in (training, check_in):
        if folder:
            (folder / walk.__name__).mkdir(parents=True, exist_ok=True)
    with servers():
        asyncio.run(walked(engine, folder))


if __name__ == "__main__":
    main()
