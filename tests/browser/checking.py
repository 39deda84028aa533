"""What every page has to pass: axe, no sideways scrolling, targets of 44 px, in light and dark, at three widths.

axe looks at every rule wherever other elements are shown than at the width before; where the same are, at those of color and
place only, and in a width's second scheme at those of color: nothing else can differ.

JITT_SHOTS=<folder> also keeps a picture of each page at 390 and 1280 px, in both schemes.
"""

import os
from collections.abc import Sequence
from pathlib import Path

from axe_playwright_python.base import AXE_SCRIPT
from playwright.async_api import Page

COLORS = ["color-contrast", "link-in-text-block"]  # all that axe knows of them within WCAG AA
PLACES = [*COLORS, "target-size", "scrollable-region-focusable", "skip-link"]  # and of where things are
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
WIDTHS = (320, 390, 1280)
SCHEMES = ("light", "dark")
SMALL = """() => [...document.querySelectorAll('a, button, summary, select, textarea, .choice')]
  .filter(e => e.offsetParent !== null && !e.closest('.foot') && !e.classList.contains('skip'))
  .filter(e => !(e.tagName === 'A' && getComputedStyle(e).display === 'inline' && e.closest('.errors')))
  .map(e => [e.textContent.trim().slice(0, 40), Math.round(e.getBoundingClientRect().height)])
  .filter(([, height]) => height < 44)"""
OVERFLOW = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
AXE = """rules => axe.run({runOnly: rules, resultTypes: ['violations']}).then(found => found.violations.map(one =>
  `axe ${one.id}: ${one.help} ${JSON.stringify(one.nodes.slice(0, 3).map(node => node.html.slice(0, 120)))}`))"""
SHOWN = """() => document.documentElement.outerHTML + [...document.querySelectorAll('*')].map(
  e => +e.checkVisibility({visibilityProperty: true, opacityProperty: true})).join('')"""
SPACING = """* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important }
  p { margin-bottom: 2em !important }"""


async def problems(page: Page, name: str, schemes: Sequence[str] = SCHEMES) -> list[str]:
    """Everything that is wrong with the page as it stands; empty when nothing is."""
    found: list[str] = []
    await page.wait_for_load_state()  # a click ends when the next page begins
    await _load_axe(page)
    before = ""
    for width in WIDTHS:
        await page.set_viewport_size({"width": width, "height": 844 if width < 600 else 900})
        for n, scheme in enumerate(schemes):
            await page.emulate_media(color_scheme=scheme)
            same, before = before, await page.evaluate(SHOWN)
            rules = TAGS if same != before else COLORS if n else PLACES
            wrong = [*await _axe(page, rules), *([] if n else await _layout(page))]
            found += [f"{name} {width} {scheme}: {problem}" for problem in wrong]
            await _shot(page, name, width, scheme)
    return found + [f"{name} with wider text: {sideways} px" for sideways in [await _spaced(page)] if sideways > 0]


async def _load_axe(page: Page) -> None:
    """Once for each document: half a megabyte of script."""
    if not await page.evaluate("() => 'axe' in window"):
        await page.evaluate(AXE_SCRIPT)


async def _axe(page: Page, rules: Sequence[str]) -> list[str]:
    found: list[str] = await page.evaluate(AXE, rules)
    return found


async def _layout(page: Page) -> list[str]:
    sideways, small = await page.evaluate(f"() => [({OVERFLOW})(), ({SMALL})()]")
    return [*([f"{sideways} px sideways"] if sideways > 0 else []), *(f"small target: {s}" for s in small)]


async def _spaced(page: Page) -> int:
    """WCAG 1.4.12 at the narrowest width; the sheet goes in by script, since the policy forbids inline styles."""
    await page.set_viewport_size({"width": 320, "height": 844})
    await page.evaluate(
        "css => { const s = new CSSStyleSheet(); s.replaceSync(css); document.adoptedStyleSheets = [s] }", SPACING
    )
    sideways: int = await page.evaluate(OVERFLOW)
    await page.evaluate("() => { document.adoptedStyleSheets = [] }")
    return sideways


async def _shot(page: Page, name: str, width: int, scheme: str) -> None:
    folder = os.environ.get("JITT_SHOTS")
    if folder and width != 320:
        await page.screenshot(path=Path(folder) / f"{name}.{width}.{scheme}.png", full_page=True)
