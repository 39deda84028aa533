"""`python -m tests.browser.slow_walk [FOLDER]`: one training from its link to its end on slow 3G, and how long each tap takes.

A slow line carries everything, what the page's worker fetches included, and the page's processor is four times slower. A step is
from the tap until the next page is drawn. With a folder each page is left there as a picture.
"""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from playwright.async_api import Browser, Page
from rich.console import Console
from rich.table import Table

from shared.running import Running
from tests.assessment.building import OPEN, SAFETY, SINGLE
from tests.assessment.visiting import arrive, link_to
from tests.bench.machine import yardstick_ms
from tests.browser.light import DRAWN, SLOWER, Profile
from tests.browser.slow_line import Line, slow_line
from tests.browser.standing import found, servers, standing

SLOW_3G = Profile("slow 3G", 400, 400, 400)
ENDED = "() => performance.timeOrigin + performance.getEntriesByName('first-contentful-paint')[0].startTime"
READS_MS = 1_500  # nobody taps at once; meanwhile the worker fetches


@dataclass(slots=True)
class Step:
    name: str
    ms: float
    bytes: int


@dataclass(slots=True)
class Walk:
    page: Page
    line: Line
    folder: Path | None = None
    steps: list[Step] = field(default_factory=list)

    async def step(self, name: str, tap: Callable[[], Awaitable[object]]) -> None:
        """The page that follows is another document; the one before is marked, so that it is not taken for it."""
        await self.page.evaluate("() => { window.before = true; }")
        carried, began = self.line.down.carried, await self.page.evaluate("() => Date.now()")
        await tap()
        await self.page.wait_for_function(f"() => !window.before && ({DRAWN})()")
        ended = await self.page.evaluate(ENDED)
        self.steps.append(Step(name, ended - began, self.line.down.carried - carried))
        if self.folder:
            await self.page.screenshot(path=self.folder / f"{len(self.steps):02}-{name.replace(' ', '-')}.png", full_page=True)
        await self.page.wait_for_timeout(READS_MS)


async def walked(browser: Browser, line: Line, folder: Path | None = None) -> list[Step]:
    """As a mentor who misses one question and gets it right at the second try."""
    context = await browser.new_context(viewport={"width": 390, "height": 844})
    page = await context.new_page()
    client = await context.new_cdp_session(page)
    await client.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    walk = Walk(page, line, folder)

    def press(words: str) -> Callable[[], Awaitable[object]]:
        return lambda: page.get_by_role("button", name=words, exact=True).click(no_wait_after=True)

    def follow() -> Awaitable[object]:
        return page.get_by_role("link", name="Next", exact=True).click(no_wait_after=True)

    async def choose(option: str) -> None:
        await page.locator("label.choice", has=page.locator(f"input[value={option}]")).click()

    await walk.step("the link", lambda: page.goto(f"{line.address}/t/{link_to()}", wait_until="commit"))
    await walk.step("Start", press("Start the training"))
    await walk.step("second card", press("Next"))
    await walk.step("third card", press("Next"))
    await walk.step("first question", press("Skip to the questions"))
    await choose("a")
    await walk.step("answer not quite", press("Certain"))
    await choose("b")
    await walk.step("second try", press("Check my answer"))
    await walk.step("second question", follow)
    await choose("b")
    await walk.step("answer works", press("Fairly sure"))
    await walk.step("open question", follow)
    await page.get_by_role("textbox").fill("It sounds like a lot, every night.")
    await walk.step("answer sent", press("Send to my supervisor"))
    await walk.step("the end", follow)
    await context.close()
    return walk.steps


async def measured(executable: str, folder: Path | None) -> list[Step]:
    async with standing(executable) as (running, address, browser):
        return await on_a_line(running, address, browser, folder)


async def on_a_line(running: Running, address: str, browser: Browser, folder: Path | None = None) -> list[Step]:
    await arrive(running, SINGLE, SAFETY, OPEN)
    profile = SLOW_3G
    async with slow_line(address, rtt_ms=profile.rtt_ms, down_kbit=profile.down_kbit, up_kbit=profile.up_kbit) as line:
        return await walked(browser, line, folder)


def show(steps: list[Step]) -> None:
    table = Table("step", "until drawn, ms", "came down, bytes", box=None, pad_edge=False)
    for one in steps:
        table.add_row(one.name, f"{one.ms:,.0f}", f"{one.bytes:,}")
    console = Console(width=100)
    console.print(table)
    console.print(f"in all {sum(one.ms for one in steps) / 1000:.1f} s of waiting for {len(steps)} pages, one after the other")
    console.print(f"{SLOW_3G.name}: {SLOW_3G.down_kbit:.0f} kbit/s each way, {SLOW_3G.rtt_ms:.0f} ms a round trip, a processor "
                  f"{SLOWER} times slower; yardstick {yardstick_ms():.0f} ms, load {os.getloadavg()[0]:.0f}")  # fmt: skip


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
    executable = found()
    with servers():
        show(asyncio.run(measured(executable, folder)))


if __name__ == "__main__":
    main()
