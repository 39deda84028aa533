"""The site's page: what its mentors are told, what is missing, and which trainings wait for it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from uuid import uuid4

import httpx2
import pytest

from services.supervision.app import SERVICE
from services.supervision.messages import SiteEntered
from shared.contracts.content import AssignedItem, ModulePublished, ModuleRef
from shared.contracts.event import Event
from shared.running import Running
from shared.service import Service
from tests.supervision import builders
from tests.supervision.builders import HOUR, SITE
from tests.supervision.console import (
    GRADE,
    MODULE,
    SECRET,
    Afternoon,
    a_browser,
    an_afternoon,
    signed_in,
    the_module,
    the_site,
    words,
)

Database = Callable[[Service], Awaitable[Running]]
Browser = httpx2.AsyncClient
NEEDS = ("state_hotline", "staff_on_call")


def without_numbers(day: Afternoon) -> Event:
    site = the_site(day.zone)
    assert isinstance(site, SiteEntered)
    return site.model_copy(update={"hotline": None, "staff_on_call": None})


def a_version(number: int = 1, locale: str = "en", title: str = "If they tell you something scary", **changes: object) -> Event:
    """The console's module under another title, which names the site's numbers."""
    published = the_module()
    module = published.module.model_copy(update={"locale": locale, "title": title, "site_variables": NEEDS} | changes)
    return ModulePublished(module_id=MODULE, locale=locale, version=number, content_hash="1" * 64, module=module)


@pytest.fixture
async def day(database: Database) -> Afternoon:
    return await an_afternoon(await database(SERVICE))


@pytest.fixture
async def priya(day: Afternoon) -> AsyncIterator[Browser]:
    async with signed_in(day.running, "priya") as client:
        yield client


async def look(browser: Browser, path: str = "/site") -> str:
    return words((await browser.get(path)).text)


async def test_a_site_that_lacks_its_numbers_sees_which_trainings_wait_and_how_to_add_them(
    day: Afternoon, priya: Browser
) -> None:
    await day.happens(a_version(2), without_numbers(day))
    page = await look(priya)
    assert "Not used here yet: one training" in page
    assert "One training needs your state’s child protection line and the number of staff on call." in page
    assert "“If they tell you something scary”." in page
    assert f'jitt site add {SITE} \\ --hotline-label "What the line is called" \\ --hotline "Its number" \\ --on-call' in page
    assert "Call the state line yourself." in page


async def test_a_site_with_all_its_numbers_can_use_every_training(day: Afternoon, priya: Browser) -> None:
    await day.happens(a_version(2))
    page = await look(priya)
    assert "Every training can be used here." in page
    assert "jitt site add" not in page
    assert "State child protection line, 1-800-555-0199" in page


async def test_only_the_newest_version_counts(day: Afternoon, priya: Browser) -> None:
    await day.happens(a_version(2), without_numbers(day), a_version(3, site_variables=()))
    assert "Not used here yet" not in await look(priya)
    await day.happens(a_version(4))
    assert "Not used here yet" in await look(priya)


async def test_today_tells_the_site_lead_that_trainings_wait_and_a_supervisor_who_has_a_lead_is_left_in_peace(
    day: Afternoon, priya: Browser
) -> None:
    await day.happens(a_version(2), without_numbers(day))
    assert "Not used here yet: one training. See what is missing" in await look(priya, "/today")
    async with signed_in(day.running, "dana") as dana:
        assert "Not used here yet" not in await look(dana, "/today")
        assert "Not used here yet" in await look(dana)
    await day.happens(the_site(day.zone))
    assert "Not used here yet" not in await look(priya, "/today")


async def test_another_sites_gaps_are_not_told(day: Afternoon) -> None:
    await day.happens(a_version(2), without_numbers(day).model_copy(update={"site_id": "west", "name": "Westfield"}))
    await day.staff("wendy", "Wendy West", "site_lead", site="west")
    async with signed_in(day.running, "wendy", "west") as wendy, signed_in(day.running, "priya") as priya:
        assert "Not used here yet" in await look(wendy)
        assert "Not used here yet" not in await look(priya)


async def test_whoever_is_not_signed_in_is_sent_to_sign_in(day: Afternoon) -> None:
    async with a_browser(day.running) as nobody:
        assert (await nobody.get("/site")).headers["location"] == "/sign-in?to=%2Fsite"


async def test_a_brief_shows_each_question_in_the_language_it_was_asked_in(day: Afternoon, priya: Browser) -> None:
    """Versions count per language: 1 of the Spanish one and 1 of the English one are not the same words."""
    items = the_module().module.items
    spanish = tuple(one.model_copy(update={"topic": f"{one.topic} (es)"}) for one in items)
    await day.happens(a_version(1, "es", items=spanish))
    await day.mentor("lucia", "Lucía Prado")
    await day.session("lucia", 2 * HOUR, training=False)
    day.trainings["lucia"] = uuid4()
    await day.happens(builders.assigned(
        **day.of_training("lucia"), quiz_by=day.now - HOUR, time_zone=day.zone, locale="es",
        module=ModuleRef(module_id=MODULE, version=1),
        items=(AssignedItem(module_id=MODULE, version=1, item_id=SECRET, locale="en"),
               AssignedItem(module_id=MODULE, version=1, item_id=GRADE, locale="es")),
    ))  # fmt: skip
    await day.answers("lucia", SECRET, "wrong")
    await day.answers("lucia", GRADE, "wrong")
    brief = await look(priya, f"/briefs/{day.trainings['lucia']}")
    assert "Pressure at home about a grade (es)" in brief
    assert "Asked to keep a secret" in brief
    assert "Asked to keep a secret (es)" not in brief
