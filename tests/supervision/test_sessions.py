"""How long one stays signed in, where, and how it ends: at rest, at the end of the day, here, everywhere, and by command."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable

import httpx2
import pytest
import typer
from typer.testing import CliRunner, Result

from services.supervision import commands_accounts, commands_tokens
from services.supervision.app import SERVICE
from services.supervision.http_sign_in import mint_platform_sign_in, mint_sign_in
from shared import db
from shared.contracts import ids
from shared.running import Running
from shared.security import AUTHOR
from shared.service import Service
from tests.conftest import at_database
from tests.provider.walking import DANA, PRIYA, with_addresses
from tests.supervision.builders import SITE
from tests.supervision.console import Afternoon, a_browser, an_afternoon, form, path_of, signed_in, words

Database = Callable[[Service], Awaitable[Running]]
Jitt = Callable[..., Awaitable[Result]]
Browser = httpx2.AsyncClient
BACK = "UPDATE console_session SET {0} = {0} - interval '{1}'"


@pytest.fixture
async def day(database: Database) -> Afternoon:
    return await an_afternoon(await database(SERVICE))


@pytest.fixture
async def dana(day: Afternoon) -> AsyncIterator[Browser]:
    async with signed_in(day.running, "dana") as client:
        yield client


@pytest.fixture
async def jitt(day: Afternoon, monkeypatch: pytest.MonkeyPatch) -> Jitt:
    """Types a command, in a thread of its own as a process would be."""
    name = await day.running.pool.fetchval("SELECT current_database()")
    monkeypatch.setenv("JITT_SUPERVISION_POSTGRES", at_database(db.service_dsn("supervision"), name))
    app = typer.Typer()
    for commands in (commands_accounts, commands_tokens):
        commands.add_to(app, typer.Typer())
    return lambda *words: asyncio.to_thread(CliRunner().invoke, app, list(words))


async def passes(day: Afternoon, column: str, time: str) -> None:
    await day.running.pool.execute(BACK.format(column, time))


async def is_in(client: Browser) -> bool:
    return (await client.get("/today")).status_code == 200


async def sessions(day: Afternoon) -> int:
    found: int = await day.running.pool.fetchval("SELECT count(*) FROM console_session")
    return found


@pytest.mark.parametrize(
    ("column", "last", "over"), [("used_at", "59 minutes", "1 minute"), ("ends_at", "719 minutes", "1 minute")]
)
async def test_one_is_signed_out_after_an_hour_at_rest_and_after_twelve_hours_in_any_case(
    day: Afternoon, dana: Browser, column: str, last: str, over: str
) -> None:
    await passes(day, column, last)
    still = await day.running.pool.fetchval("SELECT ends_at > now() AND used_at > now() - interval '1 hour' FROM console_session")
    await passes(day, column, over)
    assert (still, await is_in(dana)) == (True, False)


async def test_each_page_that_is_opened_begins_the_hour_anew(day: Afternoon, dana: Browser) -> None:
    for _ in range(3):
        await passes(day, "used_at", "59 minutes")
        assert await is_in(dana)


async def test_a_page_that_only_looks_for_news_keeps_nobody_signed_in(day: Afternoon, dana: Browser) -> None:
    await passes(day, "used_at", "50 minutes")
    refused = await dana.get("/v1/alerts", headers={"accept": "application/json"})
    assert refused.status_code == 200
    await passes(day, "used_at", "10 minutes")
    assert not await is_in(dana)


async def test_the_signed_cookie_alone_opens_no_page_of_the_console(dana: Browser) -> None:
    assert await is_in(dana)
    dana.cookies.delete("jitt_console")
    assert "jitt_session" in dana.cookies
    assert not await is_in(dana)


async def test_a_sign_in_gives_a_new_token_and_ends_the_one_that_the_browser_had(day: Afternoon, dana: Browser) -> None:
    before = dana.cookies["jitt_console"]
    await dana.post(path_of(await mint_sign_in(day.running.pool, ids.supervisor(SITE, "dana"))))
    assert dana.cookies["jitt_console"] != before
    async with a_browser(day.running) as thief:
        thief.cookies.set("jitt_console", before)
        assert not await is_in(thief)
    assert await sessions(day) == 1


async def test_where_one_is_signed_in_lists_the_own_browsers_only_and_ends_one_of_them(day: Afternoon, dana: Browser) -> None:
    async with signed_in(day.running, "dana") as phone, signed_in(day.running, "omar") as omar:
        page = (await dana.get("/signed-in")).text
        assert words(page).count("Last used just now.") == 2
        hidden = form(page, "/signed-in/end")
        assert (await omar.post("/signed-in/end", data=hidden)).status_code == 403
        own = form((await omar.get("/signed-in")).text, "/sign-out")["csrf"]
        await omar.post("/signed-in/end", data=hidden | {"csrf": own})
        assert await is_in(phone)
        ended = await dana.post("/signed-in/end", data=hidden)
        assert ended.headers["location"] == "/signed-in?ended=1"
        assert "That browser is signed out." in words((await dana.get("/signed-in?ended=1")).text)
        assert [await is_in(one) for one in (phone, dana, omar)] == [False, True, True]


async def test_people_of_no_site_see_where_they_are_signed_in_too(day: Afternoon) -> None:
    async with a_browser(day.running) as author:
        await author.post(path_of(await mint_platform_sign_in(day.running.pool, AUTHOR)))
        page = (await author.get("/signed-in")).text
        assert "A browser" in words(page) and "Signed in as an author." in page
        out = await author.post("/signed-in/end", data=form(page, "/signed-in/end"))
        assert out.headers["location"] == "/sign-in?out=-"
    assert await sessions(day) == 0


async def test_a_sign_out_that_another_page_made_up_asks_first(day: Afternoon, dana: Browser) -> None:
    asked = await dana.post("/sign-out", data={"csrf": "0" * 40})
    assert asked.headers["location"] == "/sign-out"
    assert await is_in(dana)
    await dana.post("/sign-out", data=form((await dana.get("/sign-out")).text, "/sign-out"))
    assert (await sessions(day), await is_in(dana)) == (0, False)


async def test_pages_of_our_other_services_sign_out_without_a_name_of_their_own(day: Afternoon, dana: Browser) -> None:
    token = form((await dana.get("/sign-out")).text, "/sign-out")
    made_up = await dana.post("/sign-out", data={"csrf": "0" * 40}, headers={"origin": "null"})
    assert (made_up.headers["location"], await is_in(dana)) == ("/sign-out", True)
    elsewhere = await dana.post("/sign-out", data=token, headers={"origin": "https://elsewhere.example"})
    assert (elsewhere.status_code, await is_in(dana)) == (403, True)
    await dana.post("/sign-out", data=token, headers={"origin": "null"})
    assert await is_in(dana) is False


async def test_a_command_signs_somebody_out_everywhere_by_reference_or_address(day: Afternoon, dana: Browser, jitt: Jitt) -> None:
    await with_addresses(day, [(SITE, "dana", "Dana Ortiz", DANA.title()), (SITE, "priya", "Priya Nair", PRIYA)])
    async with signed_in(day.running, "dana"), signed_in(day.running, "priya") as priya:
        by_reference = await jitt("sign-out", "dana", "--site", SITE)
        assert by_reference.stdout.startswith("Signed out in 2 browsers")
        assert not await is_in(dana)
        by_address = await jitt("sign-out", PRIYA.upper(), "--json")
        assert (json.loads(by_address.stdout), await is_in(priya)) == ({"signed_out": 1}, False)
    again = await jitt("sign-out", DANA)
    assert (again.exit_code, again.stdout) == (0, "That person was signed in nowhere.\n")
    unknown = await jitt("sign-out", "nobody@eastfield.example")
    assert (unknown.exit_code, "has the address “nobody@eastfield.example”" in unknown.stderr) == (1, True)


async def test_people_of_no_site_are_entered_listed_and_removed_by_command(day: Afternoon, jitt: Jitt) -> None:
    added = await jitt("account", "add", "Ann@Network.example", "--role", "platform", "--name", "Ann Bly")
    assert added.stdout == "Ann Bly may sign in with an account that has the address ann@network.example, and runs the network.\n"
    twice = await jitt("account", "add", "ann@network.example", "--role", "author", "--name", "Ann Bly")
    assert (twice.exit_code, "is entered already" in twice.stderr) == (1, True)
    listed = json.loads((await jitt("account", "list", "--json")).stdout)
    assert [(one["email"], one["role"], one["issuer"]) for one in listed] == [("ann@network.example", "platform", None)]
    removed = await jitt("account", "remove", "ann@network.example")
    assert "can no longer sign in" in removed.stdout
    assert (await jitt("account", "remove", "ann@network.example")).exit_code == 1
    assert (await jitt("account", "add", "no address", "--role", "author", "--name", "A")).exit_code == 2
    assert (await jitt("account", "add", "a@b.example", "--role", "supervisor", "--name", "A")).exit_code == 2


async def test_a_token_is_given_once_shown_by_its_beginning_and_ended(day: Afternoon, jitt: Jitt) -> None:
    given = json.loads((await jitt("token", "add", "wall", "--site", SITE, "--scope", "alerts:read", "--json")).stdout)
    bearer = {"authorization": f"Bearer {given['token']}", "accept": "application/json"}
    async with a_browser(day.running) as system:
        assert (await system.get("/v1/alerts", headers=bearer)).status_code == 200
        listed = await jitt("token", "list", "--json")
        one = json.loads(listed.stdout)[0]
        assert given["token"] not in listed.stdout and given["token"].startswith(one["prefix"])
        assert (one["sites"], one["scopes"], bool(one["used_at"])) == ([SITE], ["alerts:read"], True)
        assert (await jitt("token", "add", "wall", "--site", SITE, "--scope", "alerts:read")).exit_code == 1
        await jitt("token", "revoke", "wall")
        refused = await system.get("/v1/alerts", headers=bearer)
        assert (refused.status_code, "Bearer TOKEN" in refused.json()["error"]) == (401, True)
        assert (await jitt("token", "revoke", "wall")).exit_code == 1
        again = json.loads((await jitt("token", "add", "wall", "--site", SITE, "--scope", "alerts:read", "--json")).stdout)
        await day.running.pool.execute("UPDATE api_token SET expires_at = now()")
        expired = {"authorization": f"Bearer {again['token']}", "accept": "application/json"}
        assert (await system.get("/v1/alerts", headers=expired)).status_code == 401
    kept = await day.running.pool.fetchval("SELECT string_agg(t::text, '') FROM api_token t")
    assert again["token"][12:] not in kept


@pytest.mark.parametrize(
    ("words_", "said"),
    [
        (("token", "add", "Wall!", "--site", SITE, "--scope", "alerts:read"), "A name is small letters"),
        (("token", "add", "wall", "--site", SITE, "--scope", "events:write"), "jitt publisher add"),
        (("token", "add", "wall", "--site", SITE, "--scope", "everything"), "There is no scope “everything”"),
        (("token", "add", "wall", "--site", "nowhere", "--scope", "alerts:read"), "Nothing is known of the site “nowhere”"),
    ],
    ids=["name", "publisher", "scope", "site"],
)
async def test_what_no_token_is_given_for_is_said(jitt: Jitt, words_: tuple[str, ...], said: str) -> None:
    result = await jitt(*words_)
    assert (result.exit_code in (1, 2), said in result.stderr, result.stdout) == (True, True, "")


async def test_wrong_tokens_are_counted_and_right_ones_are_not_held_up(day: Afternoon) -> None:
    async with a_browser(day.running) as system:
        wrong = {"authorization": "Bearer jitt_wrong", "accept": "application/json"}
        told = [(await system.get("/v1/alerts", headers=wrong)).status_code for _ in range(21)]
        assert told == [401] * 20 + [429]
