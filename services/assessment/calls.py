"""I need to talk: the hotline first, from a local file, so that the page works with the database down; then a call."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from typing import Annotated, Any, Literal
from uuid import UUID, uuid4

import asyncpg
import structlog
from fastapi import APIRouter, Form, Request, Response

from services.assessment import guests, screens, store
from services.assessment.guests import Closed
from services.assessment.messages import CallPressed
from services.assessment.visits import PAGES, Visit
from shared.http import page, wanted
from shared.pages import languages, safeguarding, times
from shared.pages.languages import Language
from shared.running import Running

EVERY = 10.0  # seconds between looks at the sites
ANSWERED_WITHIN = timedelta(minutes=15)  # then the next person on the site's list is asked
OUT_OF_REACH = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)
Kind = Literal["now", "can_wait"]
log = structlog.get_logger()


def routes(running: Running) -> APIRouter:
    router = APIRouter()

    @router.get("/talk")
    async def talk_anywhere(request: Request) -> Response:
        return talk_page(running, asked_in(request), "", "")

    @router.get("/talk/{site_id:path}")
    async def talk(request: Request, site_id: str, t: str = "") -> Response:
        return talk_page(running, asked_in(request), site_id, t)

    @router.post("/t/{ref}/call")
    async def call(
        request: Request,
        ref: str,
        *,
        kind: Annotated[Kind, Form()],
        site: Annotated[str, Form()] = "",
        lang: Annotated[str, Form()] = "",
        request_id: Annotated[UUID | None, Form(alias="request")] = None,
    ) -> Response:
        try:
            asked = await ask_for_call(running, request, ref, kind, request_id or uuid4())
        except OUT_OF_REACH as error:
            log.error("call_not_sent", kind=kind, error=type(error).__name__)
            asked = None
        return asked or talk_page(running, asked_in(request, lang), site, ref, failed=True)

    return router


def asked_in(request: Request, first: str = "") -> Language:
    """The language of the page that leads here stands in the address, or in the form."""
    return languages.spoken(PAGES, first, *wanted(request))


def talk_page(running: Running, language: Language, site_id: str, ref: str, *, failed: bool = False) -> Response:
    """No query, no check of the link: numbers are public, and nobody waits for them."""
    site = safeguarding.find(running.settings, site_id) if site_id else None
    return page(
        screens.templates(language),
        "talk.jinja",
        503 if failed else 200,
        site_name=site.name if site else "jitt",
        talk=f"{safeguarding.address(site_id) if site_id else '/talk'}?lang={language.code}",
        site=site,
        site_id=site_id,
        ref=ref,
        failed=failed,
        now_id=uuid4(),
        wait_id=uuid4(),
    )


async def ask_for_call(
    running: Running, request: Request, ref: str, kind: Literal["now", "can_wait"], id_: UUID
) -> Response | None:
    visit = await guests.welcome(running, request, ref)
    if isinstance(visit, Closed):
        return None
    event = CallPressed(training_id=visit.id, kind=kind, request_id=id_)
    outcome = await running.submit(event, id=f"call/{id_}/{kind}", source=f"training/{visit.id}")
    return asked_page(visit, kind) if outcome.kind in ("applied", "duplicate") else None


def asked_page(visit: Visit, kind: str) -> Response:
    by = times.clock(visit.now + ANSWERED_WITHIN, visit.zone, visit.language)
    return screens.show("called.jinja", visit, site=visit.site, ref=visit.ref, kind=kind, by=by)


def numbers_kept(running: Running) -> Callable[[Any], AbstractAsyncContextManager[None]]:
    """While the pages are served, every change of a site reaches its file within some seconds."""

    @asynccontextmanager
    async def lifespan(app: Any) -> AsyncIterator[None]:
        task = asyncio.create_task(_keep(running))
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    return lifespan


async def _keep(running: Running) -> None:
    kept: dict[str, int] = {}
    while True:
        try:
            kept = await keep_numbers(running, kept)
        except OUT_OF_REACH as error:
            log.warning("numbers_not_kept", error=type(error).__name__)
        await asyncio.sleep(EVERY)


async def keep_numbers(running: Running, kept: dict[str, int]) -> dict[str, int]:
    """Writes the sites that changed since `kept`; answers what is on disk now."""
    known = await store.list_site_revisions(running.pool)
    changed = [site_id for site_id, revision in known.items() if kept.get(site_id) != revision]
    for site in await store.list_sites(running.pool, changed) if changed else []:
        await asyncio.to_thread(safeguarding.keep, running.settings, site)
    return known
