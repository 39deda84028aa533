"""Who is signed in to the console, for how long, and whose forms are taken."""

from collections.abc import AsyncIterator, Awaitable, Callable

import httpx2
import pytest

from services.supervision.app import SERVICE
from services.supervision.http_sign_in import mint_sign_in
from shared.contracts import ids
from shared.running import Running
from shared.service import Service
from tests.supervision.builders import SITE
from tests.supervision.console import Afternoon, a_browser, a_full_afternoon, form, path_of, signed_in, words

Database = Callable[[Service], Awaitable[Running]]
Browser = httpx2.AsyncClient


@pytest.fixture
async def day(database: Database) -> Afternoon:
    return await a_full_afternoon(await database(SERVICE))


@pytest.fixture
async def dana(day: Afternoon) -> AsyncIterator[Browser]:
    async with signed_in(day.running, "dana") as client:
        yield client


async def test_a_sign_in_link_works_once(day: Afternoon) -> None:
    link = path_of(await mint_sign_in(day.running.pool, ids.supervisor(SITE, "dana")))
    async with a_browser(day.running) as one, a_browser(day.running) as two:
        assert [(await one.get(link)).status_code for _ in range(2)] == [200, 200]  # looking spends nothing
        assert (await one.post(link)).headers["location"] == "/today"
        again = await two.post(link)
        assert (again.status_code, "This link was used or has expired." in words(again.text)) == (410, True)
        assert (await two.get("/today")).headers["location"] == "/sign-in"


async def test_signing_out_ends_the_stored_session_too(day: Afternoon, dana: Browser) -> None:
    stored = dana.cookies["jitt_console"]
    await dana.post("/sign-out", data=form((await dana.get("/today")).text, "/sign-out"))
    async with a_browser(day.running) as other:
        other.cookies.set("jitt_console", stored)
        assert (await other.get("/today")).headers["location"] == "/sign-in"


async def test_the_short_cookie_is_renewed_from_the_stored_session(dana: Browser) -> None:
    dana.cookies.delete("jitt_session")
    assert (await dana.get("/today")).status_code == 200
    assert "jitt_session" in dana.cookies


@pytest.mark.parametrize(
    ("change", "headers"),
    [
        ({"csrf": "0" * 40}, {}),
        ({"csrf": ""}, {}),
        ({}, {"origin": "https://elsewhere.example"}),
        ({}, {"sec-fetch-site": "cross-site"}),
    ],
)
async def test_a_form_that_another_page_made_up_is_refused(
    day: Afternoon, dana: Browser, change: dict[str, str], headers: dict[str, str]
) -> None:
    hidden = form((await dana.get(f"/briefs/{day.trainings['leah']}")).text, "/contacts")
    response = await dana.post("/contacts", data=hidden | {"outcome": "talked"} | change, headers=headers)
    assert response.status_code == 403


async def test_a_form_sent_after_signing_out_is_answered_with_where_to_sign_in(day: Afternoon, dana: Browser) -> None:
    hidden = form((await dana.get(f"/briefs/{day.trainings['leah']}")).text, "/contacts")
    dana.cookies.clear()
    response = await dana.post("/contacts", data=hidden | {"outcome": "talked"})
    assert response.headers["location"] == "/sign-in?sent=1"
    assert "You were signed out, so what you sent was not saved." in words((await dana.get("/sign-in?sent=1")).text)
