"""`python -m tests.browser.transcript`: what a screen reader is given of one training, page by page, from Chromium's own
accessibility tree. It goes into docs/accessibility.md, between two markers; a test looks whether it is still true.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from playwright.async_api import Page, expect

from tests import pages
from tests.assessment.building import MULTI, OPEN, ORDER, SINGLE
from tests.assessment.visiting import arrive, link_to
from tests.browser.acts import follow, press
from tests.browser.standing import found, servers, standing

DOCUMENT = Path(__file__).parents[2] / "docs" / "accessibility.md"
NAME = "transcript"
LANDMARKS = {"banner": "header", "main": "main part", "contentinfo": "footer", "navigation": "navigation", "region": "region"}
WHOLE = {"link", "button", "heading", "radio", "checkbox", "combobox", "textbox", "image", "DisclosureTriangle"}
NAMED = {"group", "alert", "status", "radiogroup", "list"}
WORDS = {"DisclosureTriangle": "fold-out", "radio": "radio button", "checkbox": "box", "combobox": "list to choose from",
         "textbox": "text field"}  # fmt: skip
PARTS = {"paragraph", "term", "definition", "listitem", "blockquote"}
LABELS = {"LabelText", "Legend"}
SAYS = tuple(f"{WORDS.get(role, role)}" for role in WHOLE)
DAY = re.compile(r"\b(Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day\b")
SHORT = re.compile(r"\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun)\b")
CLOCK = re.compile(r"\b\d{1,2}:\d{2} [ap]m\b")
ALONE: dict[str, Any] = {"service_workers": "block"}  # the worker's own line comes when it comes
Visit = Callable[[str], Awaitable[None]]


async def walked(page: Page, address: str, visit: Visit) -> None:
    """One training from the link to its end: a question missed and one left empty among them."""
    await page.goto(f"{address}/t/{link_to()}")
    await visit("The link is opened")
    await press(page, "Start the training", "Next", "Next")
    await visit("The third card")
    await press(page, "Skip to the questions")
    await visit("A question")
    await press(page, "Certain")
    await visit("Sent without a choice")
    await page.get_by_text("What if you did just ten minutes").click()
    await press(page, "Certain")
    await visit("Not right at the first try")
    await page.get_by_text("makes it hard even to start").click()
    await press(page, "Check my answer")
    await visit("Right at the second")
    await follow(page, "Next")
    await visit("A question with several right answers")
    for words in ("It feels like a lot", "You wish she asked"):
        await page.get_by_text(words).click()
    await press(page, "Fairly sure")
    await follow(page, "Next")
    await visit("A question about an order")
    for id_, place in (("a", "1"), ("b", "2"), ("c", "3")):
        await page.locator(f"select[name=place-{id_}]").select_option(place)
    await press(page, "A guess")
    await follow(page, "Next")
    await visit("The open question")
    await page.get_by_role("textbox").fill("It sounds like a lot, every night.")
    await press(page, "Send to my supervisor")
    await follow(page, "Next")
    await visit("The end")


async def transcript(page: Page, address: str) -> str:
    """Markdown. Days and times of day stand as Thursday, 4:00 pm: they depend on when it is made."""
    said: list[str] = []

    async def visit(name: str) -> None:
        lines = "\n".join(await heard(page))
        said.append(f"### {name}\n\n```\n{_steady(lines)}\n```\n")

    await walked(page, address, visit)
    return "\n".join(said)


async def heard(page: Page) -> list[str]:
    """The page from its title to its end, a line for each thing."""
    for first in await page.locator("[autofocus]").all():
        await expect(first).to_be_focused()  # with the next frame that is drawn
    client = await page.context.new_cdp_session(page)
    nodes = {node["nodeId"]: node for node in (await client.send("Accessibility.getFullAXTree"))["nodes"]}
    await client.detach()
    root = next(node for node in nodes.values() if "parentId" not in node)
    return [f"page: {_name(root)}", *_lines(root, nodes, 0)]


def _lines(node: Mapping[str, Any], nodes: Mapping[str, Any], depth: int) -> Iterator[str]:
    for id_ in node.get("childIds", ()):
        if child := nodes.get(id_):
            yield from _told(child, nodes, depth)


def _told(node: Mapping[str, Any], nodes: Mapping[str, Any], depth: int) -> Iterator[str]:
    role, name, inside = node["role"]["value"], _name(node), _lines(node, nodes, depth)
    if node["ignored"]:
        yield from inside
    elif role in WHOLE:
        yield f"{'  ' * depth}{_whole(node, role, name)}"
    elif role == "StaticText":
        yield from ([f"{'  ' * depth}{name}"] if name else [])
    elif role in LANDMARKS or (role in NAMED and (name or role in ("alert", "status"))):
        called = f"{LANDMARKS.get(role, role)}{f': {name}' if name else ''}"
        yield from _group(called, list(_lines(node, nodes, depth + 1)), depth)
    elif role in PARTS:
        yield from _sentence("- " if role == "listitem" else "", list(inside), depth)
    elif role in LABELS:  # what they name has said it already
        yield from (line for line in inside if line.strip().startswith(SAYS))
    elif _focused(node):
        yield from _group("the focus is here", list(inside), depth)
    else:
        yield from inside


def _group(name: str, lines: Sequence[str], depth: int) -> Iterator[str]:
    if lines:
        yield f"{'  ' * depth}[{name}]"
        yield from lines


def _sentence(mark: str, lines: Sequence[str], depth: int) -> Iterator[str]:
    """One line, unless there is something in it that can be pressed."""
    if not mark and any(line.strip().startswith(SAYS) for line in lines):
        yield from lines
    elif lines:
        yield f"{'  ' * depth}{mark}{' '.join(line.strip() for line in lines)}".replace(" ,", ",")


def _whole(node: Mapping[str, Any], role: str, name: str) -> str:
    facts = {fact["name"]: fact["value"].get("value") for fact in node.get("properties", ())}
    level = f" {facts['level']}" if role == "heading" else ""
    said = [f"{WORDS.get(role, role)}{level}: {name}"]
    if role in ("radio", "checkbox"):
        said.append("chosen" if facts.get("checked") == "true" else "not chosen")
    if role == "combobox":
        said.append(f"now {(node.get('value') or {}).get('value') or 'empty'}")
    if _focused(node):
        said.append("has the focus")
    if about := (node.get("description") or {}).get("value"):
        said.append(f"({about})")
    return ", ".join(said)


def _focused(node: Mapping[str, Any]) -> bool:
    return any(fact["name"] == "focused" and fact["value"].get("value") for fact in node.get("properties", ()))


def _name(node: Mapping[str, Any]) -> str:
    return str((node.get("name") or {}).get("value") or "").strip()


def _steady(said: str) -> str:
    return CLOCK.sub("4:00 pm", SHORT.sub("Thu", DAY.sub("Thursday", said)))


async def made(executable: str) -> str:
    async with standing(executable) as (running, address, browser):
        await arrive(running, SINGLE, MULTI, ORDER, OPEN)
        return await transcript(await browser.new_page(**ALONE), address)


def main() -> None:
    executable = found()
    with servers():
        pages.fill(DOCUMENT, NAME, asyncio.run(made(executable)))
    print(f"{DOCUMENT} tells what is heard now")


if __name__ == "__main__":
    main()
