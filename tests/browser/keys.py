"""Somebody who has a keyboard only: real presses of Tab, and at every stop whether one sees where one is."""

from dataclasses import dataclass, field

from playwright.async_api import Page

MOST = 60  # stops on a page
STOP = """() => {
  const at = document.activeElement, style = getComputedStyle(at), box = at.getBoundingClientRect();
  const words = at.labels?.[0]?.innerText ?? at.innerText ?? '', before = window.jittBefore;
  window.jittBefore = at;
  const wrong = [];
  if (at === document.body) return ['', []];
  if (style.outlineStyle === 'none' || parseFloat(style.outlineWidth) < 2) wrong.push('has no ring');
  if (box.bottom < 0 || box.top > innerHeight) wrong.push('is out of sight');
  if (!(at.getAttribute('aria-label') || words.trim() || at.title)) wrong.push('has no name');
  const later = before && before.isConnected && before !== document.body;
  if (later && !(before.compareDocumentPosition(at) & Node.DOCUMENT_POSITION_FOLLOWING)) wrong.push('goes back in the text');
  const from = later ? before.getBoundingClientRect() : null;
  if (from && box.bottom < from.top) wrong.push('stands above the stop before it');
  return [words.trim().split('\\n')[0], wrong];
}"""


@dataclass(slots=True)
class Keys:
    """`wrong`: what was found at the stops so far; `stops`: how many there were."""

    page: Page
    wrong: list[str] = field(default_factory=list)
    stops: int = 0

    async def tab_to(self, words: str) -> None:
        """Presses Tab until what has the focus begins with these words. Fails when nothing on the page does."""
        for _ in range(MOST):
            await self.page.keyboard.press("Tab")
            name, wrong = await self.page.evaluate(STOP)
            self.stops += bool(name)
            self.wrong += [f"{await self.page.title()}: {name!r} {each}" for each in wrong]
            if name.startswith(words):
                return
        raise AssertionError(f"no stop called {words!r} on {self.page.url}")

    async def press(self, words: str, key: str = "Enter") -> None:
        """To this button or link, and presses it; returns when the next page is there."""
        await self.tab_to(words)
        async with self.page.expect_navigation():
            await self.page.keyboard.press(key)

    async def mark(self, words: str) -> None:
        """To this radio button or box, and Space."""
        await self.tab_to(words)
        await self.page.keyboard.press("Space")

    async def put(self, words: str, place: int) -> None:
        """To the list beside this line, and as often the arrow."""
        await self.tab_to(words)
        for _ in range(place):
            await self.page.keyboard.press("ArrowDown")
