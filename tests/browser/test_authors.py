"""The authors' pages in a real browser: readable by everybody, on a phone too; from a flag to the words of its question."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from playwright.async_api import Browser, BrowserContext, expect

from services.content import publishing
from services.content.app import SERVICE
from services.content.lint import LIBRARY
from services.content.module import read
from shared.contracts.content import Module
from shared.contracts.event import Event
from shared.running import Running
from shared.security import AUTHOR, SESSION_COOKIE, Signed, mint_session
from tests.browser.checking import problems
from tests.browser.conftest import serving
from tests.content.answering import a_report, a_try, an_end
from tests.driving import deliver

PAGE = "/authors/statistics"
NAMES = ("reflective_listening_1", "boundaries_1")


@pytest.fixture
async def author(database: Callable[..., Awaitable[Running]], browser: Browser) -> AsyncIterator[tuple[Running, BrowserContext]]:
    running = await database(SERVICE)
    async with serving(running) as address:
        context = await browser.new_context(base_url=address)
        cookie = mint_session(Signed(uuid4(), frozenset({AUTHOR}), frozenset()), datetime.now(UTC) + timedelta(minutes=15))
        await context.add_cookies([{"name": SESSION_COOKIE, "value": cookie, "url": address}])
        yield running, context
        await context.close()


def shipped() -> list[Module]:
    files = [LIBRARY / locale / f"{name}.md" for locale in ("en", "es") for name in NAMES]
    return [found.module for file in files if (found := read(file.read_text("utf-8"), file.name)).module]


def answers(module: Module) -> list[Event]:
    """The first question is missed by most; of the second nobody takes the last option; the third is as it should be."""
    own = {"module_id": module.module_id, "locale": module.locale}
    events: list[Event] = [an_end(n % 3 == 0, n % 2 == 0, n % 5 > 0, open_answers=(), **own) for n in range(60)]
    for place, item in enumerate(module.items):
        right = [option.id for option in item.options if option.right]
        wrong = [option.id for option in item.options if not option.right][: 1 if place == 1 else None]
        for n in range(64 if right else 0):
            correct = n % 3 == 0 if place == 0 else n % 4 > 0
            chosen = right[0] if correct else wrong[n % len(wrong)]
            events.append(a_try(item.id, chosen=(chosen,), correct=correct, seconds=(20, 30, 45, 90)[n % 4], **own))
            if not correct:
                events.append(a_try(item.id, chosen=(right[0],), attempt=2, correct=n % 2 == 0, **own))
    return [*events, *(a_report(kind, **own) for kind in ("unclear", "unclear", "wrong", "not_my_situation"))]


async def test_every_page_passes_the_checks_in_every_width_and_scheme(author: tuple[Running, BrowserContext]) -> None:
    running, context = author
    page = await context.new_page()
    found: list[str] = []
    await page.goto(PAGE)
    found += await problems(page, "authors-no-modules")
    modules = shipped()
    await publishing.publish(running, modules, "run 1")
    await page.goto(PAGE)
    found += await problems(page, "authors-none-yet")
    await deliver(running, *(event for module in modules[:3] for event in answers(module)))
    await publishing.publish(running, [modules[0].model_copy(update={"title": "Say it back, and wait"})], "run 2")
    await deliver(running, *(event.model_copy(update={"version": 2}) for event in answers(modules[0])))
    of_module = f"{PAGE}/{modules[0].module_id}/en"
    pages = {
        "list": PAGE, "flagged": f"{PAGE}?flagged=true", "spanish": f"{PAGE}?locale=es", "module": of_module,
        "first-version": f"{of_module}?version=1", "few": f"{PAGE}/{NAMES[1]}/es", "not-found": f"{PAGE}/none_1/en",
        "not-theirs": "/platform/dead",
    }  # fmt: skip
    for name, path in pages.items():
        await page.goto(path)
        found += await problems(page, f"authors-{name}")
    assert "\n".join(found) == ""


async def test_a_flag_leads_to_the_words_of_its_question_with_the_keyboard(author: tuple[Running, BrowserContext]) -> None:
    running, context = author
    [module] = [module for module in shipped() if (module.module_id, module.locale) == (NAMES[0], "en")]
    await publishing.publish(running, [module], "run 1")
    await deliver(running, *answers(module))
    page = await context.new_page()
    await page.goto(PAGE)
    worst = page.get_by_role("listitem").first
    await expect(worst).to_contain_text("Most miss it: 66% of the first tries.")
    await worst.get_by_role("link").press("Enter")
    first = page.locator(f"#{module.items[0].id}")
    await expect(first).to_be_in_viewport()
    await expect(first).to_contain_text(module.items[0].options[0].text)
