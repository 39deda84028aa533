"""The page of calendars, for the people who run the network: which ones wait for somebody, and what to do. It names nobody."""

from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import Response

from services.trigger import fetching, mapping_words, store_feeds
from services.trigger.store_feeds import Feed
from shared.pages import environment
from shared.platform import Platform
from shared.running import Running
from shared.security import Signed

HERE = "Calendars"
MOST = 100
FAILED = 3  # times in a row: a server that fails once is asked again, and nobody has to do anything


def routes(running: Running) -> APIRouter:
    env = environment("services.trigger")
    env.globals |= {"what": mapping_words.what, "how": mapping_words.HOW, "which": mapping_words.which,
                    "needs_of": mapping_words.parse, "host": host, "failed": FAILED}  # fmt: skip
    shown = Platform(running, env)
    router = shown.router()
    signed_in = Annotated[Signed, Depends(shown.caller)]

    @router.get("/calendars")
    async def page(caller: signed_in) -> Response:
        found = await waiting(running)
        return shown.page(caller, "calendars.jinja", HERE, found=found[:MOST], more=len(found) > MOST)

    return router


async def waiting(running: Running) -> list[Feed]:
    """One more than are shown, where there are more."""
    async with running.connection() as conn:
        return await store_feeds.list_waiting(conn, FAILED, MOST + 1)


def host(url: str) -> str:
    """The rest of an address may be its owner's secret, or name."""
    return fetching.parsed(url).host
