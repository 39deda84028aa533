"""Whom an account is: with two real providers over TLS, and a console that runs as in production."""

from contextlib import AsyncExitStack
from dataclasses import replace

import httpx2
import pytest

from services.supervision import store_accounts
from shared.contracts import ids
from shared.security import AUTHOR, PLATFORM
from tests.provider import started
from tests.provider.walking import (
    ANN,
    DANA,
    HARBOR,
    LAKE,
    Setting,
    comes_back,
    free_port,
    in_production,
    signs_in,
    somebody,
    with_addresses,
)  # fmt: skip
from tests.supervision.builders import SITE
from tests.supervision.console import Afternoon, form, words

NOT_KNOWN = "That account is not known here"


async def bound(day: Afternoon) -> list[tuple[str, str]]:
    rows = await day.running.pool.fetch("SELECT subject, person_id FROM account ORDER BY subject, site_id")
    return [(row["subject"], str(row["person_id"])) for row in rows]


async def sessions(day: Afternoon) -> int:
    found: int = await day.running.pool.fetchval("SELECT count(*) FROM console_session")
    return found


async def test_a_confirmed_address_binds_the_account_once_and_the_account_counts_from_then_on(
    production: Afternoon, setting: Setting
) -> None:
    async with somebody(setting) as client:
        landed = await signs_in(client, LAKE, "dana")
        assert (landed.url.path, "Signed in as Dana Ortiz, supervisor." in landed.text) == ("/today", True)
    assert await bound(production) == [("dana", str(ids.supervisor(SITE, "dana")))]
    await with_addresses(production, [(SITE, "dana", "Dana Ortiz", "dana.ortiz@eastfield.example")])
    async with somebody(setting) as client:
        assert "Signed in as Dana Ortiz" in (await signs_in(client, LAKE, "dana")).text


async def test_a_person_who_has_an_account_is_not_given_to_a_second_one(production: Afternoon, setting: Setting) -> None:
    async with somebody(setting) as client:
        await signs_in(client, LAKE, "dana")
    async with somebody(setting) as client:
        assert NOT_KNOWN in (await signs_in(client, HARBOR, "dana")).text
    async with production.running.connection() as conn:
        assert await store_accounts.forget(conn, [ids.supervisor(SITE, "dana")]) == 1
    async with somebody(setting) as client:
        assert "Signed in as Dana Ortiz" in (await signs_in(client, HARBOR, "dana")).text


async def test_a_district_speaks_for_its_own_sites_only(production: Afternoon, setting: Setting) -> None:
    await with_addresses(production, [("harbor", "sam", "Sam Lee", "sam@elsewhere.example")])
    async with somebody(setting) as client:
        refused = await signs_in(client, LAKE, "stranger")
        assert (refused.status_code, NOT_KNOWN in refused.text) == (403, True)
    assert (await bound(production), await sessions(production)) == ([], 0)


async def test_an_address_that_is_not_confirmed_is_nobodys(production: Afternoon, setting: Setting) -> None:
    async with somebody(setting) as client:
        refused = await signs_in(client, LAKE, "omar")
        assert (refused.status_code, "Your e-mail address is not confirmed there" in refused.text) == (403, True)
    assert await bound(production) == []


async def test_who_has_left_is_not_known_any_more(production: Afternoon, setting: Setting) -> None:
    async with somebody(setting) as client:
        await signs_in(client, LAKE, "dana")
        await production.running.pool.execute("UPDATE person SET status = 'left' WHERE reference = 'dana'")
        assert (await client.get("/today")).headers["location"] == "/sign-in"
        assert NOT_KNOWN in (await signs_in(client, LAKE, "dana")).text


@pytest.mark.parametrize(("role", "page"), [(PLATFORM, "/platform/dead"), (AUTHOR, "/authors/statistics")])
async def test_people_of_no_site_come_by_the_networks_own_accounts_only(
    production: Afternoon, setting: Setting, role: str, page: str
) -> None:
    async with production.running.connection() as conn:
        await store_accounts.add_network_person(conn, ids.supervisor("", "ann"), role, "Ann Bly", ANN)
    async with somebody(setting) as client:
        assert NOT_KNOWN in (await signs_in(client, LAKE, "ann")).text
    async with somebody(setting) as client:
        arrived = await client.get(await comes_back(client, HARBOR, "ann"))
        assert arrived.headers["location"].endswith(page)
        where = await client.get("/signed-in")
        assert "Harbor network" in words(where.text) and "UTC" in where.text


async def test_somebody_at_two_sites_chooses_and_may_change(production: Afternoon, setting: Setting) -> None:
    await with_addresses(production, [("lake-two", "d.ortiz", "Dana Ortiz", DANA)])
    async with somebody(setting) as client:
        asked = await signs_in(client, LAKE, "dana", to="/contacts")
        assert "Your account is known at 2 places." in words(asked.text)
        await _chooses(client, asked.text, ids.supervisor("lake-two", "d.ortiz"))
        assert "lake-two</b>" in (await client.get("/today")).text.replace("\n", "")
        before = client.cookies["__Host-jitt_console"]
        again = await client.get("/sign-in/site")
        response = await _chooses(client, again.text, ids.supervisor(SITE, "dana"))
        assert (response.headers["location"], client.cookies["__Host-jitt_console"] != before) == ("/today", True)
        assert "Eastfield Mentoring" in (await client.get("/today")).text
        assert (await _chooses(client, again.text, ids.supervisor(SITE, "omar"))).status_code == 403


async def test_signing_out_everywhere_reaches_the_accounts_other_site(production: Afternoon, setting: Setting) -> None:
    await with_addresses(production, [("lake-two", "d.ortiz", "Dana Ortiz", DANA)])
    async with somebody(setting) as phone, somebody(setting) as here:
        asked = await signs_in(phone, LAKE, "dana")
        await _chooses(phone, asked.text, ids.supervisor("lake-two", "d.ortiz"))
        await _chooses(here, (await signs_in(here, LAKE, "dana")).text, ids.supervisor(SITE, "dana"))
        page = (await here.get("/signed-in")).text
        assert words(page).count("Signed in with Lake district") == 2
        await here.post("/signed-in/end", data={"csrf": form(page, "/sign-out")["csrf"]})
        assert [(await one.get("/today")).headers["location"] for one in (phone, here)] == ["/sign-in", "/sign-in"]


async def test_a_provider_that_is_down_is_named_and_one_that_comes_back_with_new_keys_is_believed(
    eastfield: Afternoon, setting: Setting
) -> None:
    moving = replace(LAKE, port=free_port())
    async with AsyncExitStack() as lasting:
        async with started(setting.tls, setting.console, [moving]) as issuers:
            own = replace(setting, issuers=issuers)
            await lasting.enter_async_context(in_production(eastfield.running, own))
            async with somebody(own) as client:
                assert (await signs_in(client, moving, "dana")).url.path == "/today"
            client = await lasting.enter_async_context(somebody(own))
            came = await comes_back(client, moving, "dana")
        down = await client.get(came)
        assert (down.status_code, "Lake district does not answer" in words(down.text)) == (503, True)
        async with started(setting.tls, setting.console, [moving]), somebody(own) as client:
            assert (await signs_in(client, moving, "dana")).url.path == "/today"


async def _chooses(client: httpx2.AsyncClient, html: str, person: object) -> httpx2.Response:
    return await client.post("/sign-in/site", data=form(html, "/sign-in/site") | {"person": str(person)})
