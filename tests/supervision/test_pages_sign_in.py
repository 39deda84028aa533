"""`jitt sign-in` as somebody types it, and what production says to a printed link."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

from services.supervision import commands_console, http, http_sign_in
from services.supervision.app import SERVICE
from services.supervision.http_console import console
from services.supervision.http_sign_in import DevelopmentOnly, NobodyThere, mint_platform_sign_in, mint_sign_in
from shared import db
from shared.contracts import ids
from shared.running import Running
from shared.service import Service
from shared.settings import CannotStart, Issuer
from tests.conftest import at_database
from tests.supervision.builders import SITE
from tests.supervision.console import Afternoon, a_browser, an_afternoon, path_of

Database = Callable[[Service], Awaitable[Running]]
Jitt = Callable[..., Awaitable[Result]]
AN_ISSUER = Issuer(id="lake", name="Lake district", issuer="https://id.lake.example", client_id="jitt", sites=("*",))
A_PLAIN_ISSUER = Issuer(id="plain", name="Plain", issuer="http://127.0.0.1:9", client_id="jitt", sites=("*",))


@pytest.fixture
async def day(database: Database) -> Afternoon:
    return await an_afternoon(await database(SERVICE))


@pytest.fixture
async def jitt(day: Afternoon, monkeypatch: pytest.MonkeyPatch) -> Jitt:
    """Types a command, in a thread of its own as a process would be."""
    async with day.running.connection() as conn:
        name = await conn.fetchval("SELECT current_database()")
    monkeypatch.setenv("JITT_SUPERVISION_POSTGRES", at_database(db.service_dsn("supervision"), name))
    app = typer.Typer()
    app.callback()(lambda: None)
    commands_console.add_to(app, typer.Typer())
    return lambda *words: asyncio.to_thread(CliRunner().invoke, app, list(words))


async def test_the_printed_link_signs_its_person_in(day: Afternoon, jitt: Jitt) -> None:
    printed = await jitt("sign-in", "--site", SITE, "--person", "dana", "--json")
    async with a_browser(day.running) as browser:
        await browser.post(path_of(json.loads(printed.stdout)["url"]))
        assert "Signed in as Dana Ortiz, supervisor." in (await browser.get("/today")).text


async def test_a_reference_that_nobody_has_is_answered_in_one_sentence(jitt: Jitt) -> None:
    result = await jitt("sign-in", "--site", SITE, "--person", "nobody")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("Nobody at site “eastfield” has the reference “nobody”")


async def test_a_mentor_gets_no_link_to_the_console(day: Afternoon, jitt: Jitt) -> None:
    mentor = await day.mentor("marcus", "Marcus Bell")
    assert (await jitt("sign-in", "--site", SITE, "--person", "marcus")).exit_code == 1
    with pytest.raises(NobodyThere):
        await mint_sign_in(day.running.pool, mentor)


async def test_a_link_is_dead_after_fifteen_minutes(day: Afternoon) -> None:
    link = path_of(await mint_sign_in(day.running.pool, ids.supervisor(SITE, "dana")))
    async with day.running.connection() as conn:
        await conn.execute("UPDATE sign_in_link SET expires_at = expires_at - interval '15 minutes'")
    async with a_browser(day.running) as browser:
        assert (await browser.post(link)).status_code == 410


async def test_no_token_is_kept_as_it_is(day: Afternoon) -> None:
    link = await mint_sign_in(day.running.pool, ids.supervisor(SITE, "dana"))
    async with day.running.connection() as conn:
        kept = await conn.fetchval("SELECT string_agg(l::text, '') FROM sign_in_link l")
    assert link.rsplit("/", 1)[1].encode().hex() not in kept and link.rsplit("/", 1)[1] not in kept


async def test_nothing_can_be_started_with_printed_links_outside_development(
    day: Afternoon, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = path_of(await mint_sign_in(day.running.pool, ids.supervisor(SITE, "dana")))
    production = day.running.settings.model_copy(
        update={"mode": "production", "supervision_url": "https://jitt.example", "sign_in": (AN_ISSUER,)}
    )
    running = replace(day.running, settings=production)
    with pytest.raises(DevelopmentOnly, match="for development only"):
        http_sign_in.routes(console(running))
    async with a_browser(running) as browser:
        assert [(await browser.get(link)).status_code, (await browser.post(link)).status_code] == [404, 404]
        assert "jitt sign-in" not in (await browser.get("/sign-in")).text
    monkeypatch.setattr(http_sign_in, "settings", lambda: production)
    with pytest.raises(DevelopmentOnly):
        await mint_sign_in(day.running.pool, ids.supervisor(SITE, "dana"))
    with pytest.raises(DevelopmentOnly):
        await mint_platform_sign_in(day.running.pool)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "set JITT_SIGN_IN"),
        ({"sign_in": (AN_ISSUER,)}, "set JITT_SUPERVISION_URL"),
        (
            {"sign_in": (A_PLAIN_ISSUER,), "supervision_url": "https://jitt.example"},
            "the issuer plain has to begin with https://",
        ),
    ],
)
async def test_production_names_the_setting_without_which_nobody_could_sign_in(
    day: Afternoon, changes: dict[str, object], said: str
) -> None:
    production = day.running.settings.model_copy(update={"mode": "production", **changes})
    with pytest.raises(CannotStart, match=said):
        http.routes(replace(day.running, settings=production))
