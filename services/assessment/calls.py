"""I need to talk: the hotline first, from a local file, so that the page works with the database down; then a call.

A call counts as delivered when it has left for the supervisor's side. Until then its page says that nobody was told yet.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal
from urllib.parse import urlencode
from uuid import UUID, uuid4

import asyncpg
import structlog
from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from services.assessment import calls_kept, guests, screens, store, store_calls, store_check_ins, store_erasing
from services.assessment.calls_kept import Call
from services.assessment.check_in import CheckInCallPressed
from services.assessment.guests import Closed
from services.assessment.messages import CallPressed
from services.assessment.visits import PAGES, Visit
from shared import access
from shared.contracts.supervision import MentorEnrolled, SiteDescribed
from shared.http import mentors_page, wanted
from shared.messaging.outcome import Outcome
from shared.pages import languages, safeguarding, times
from shared.pages.languages import Language
from shared.running import Running
from shared.security import Link

EVERY = 10.0  # seconds between looks at the sites
KEPT_EVERY = 5.0  # seconds between tries to deliver what was kept
SOON = 2.0  # seconds in which a call usually leaves; the page waits for it
ANSWERED_WITHIN = timedelta(minutes=15)  # then the next person on the site's list is asked
OUT_OF_REACH = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)
REF = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
SEE_OTHER = 303
Kind = calls_kept.Kind
log = structlog.get_logger()


def routes(running: Running) -> APIRouter:
    router = APIRouter()

    @router.get("/talk")
    async def talk_anywhere(request: Request) -> Response:
        return talk_page(running, asked_in(request), "", "")

    @router.get("/talk/{site_id:path}")
    async def talk(request: Request, site_id: str, t: str = "", c: str = "") -> Response:
        """`t` and `c`: the training or the check-in that led here. What looks like neither gets no form of ours."""
        base = next((f"/{kind}/{ref}" for kind, ref in (("c", c), ("t", t)) if REF.fullmatch(ref)), "")
        return talk_page(running, asked_in(request), site_id, base)

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
        id_ = request_id or uuid4()
        if not await asked(running, request, ref, kind, id_):
            return talk_page(running, asked_in(request, lang), site, f"/t/{ref}", failed=True)
        query = urlencode({"kind": kind, "site": site, "lang": lang})
        return RedirectResponse(f"/t/{ref}/call/{id_}?{query}", SEE_OTHER)

    @router.get("/t/{ref}/call/{request_id}")
    async def whether_delivered(request: Request, ref: str, request_id: UUID, kind: Kind, site: str = "") -> Response:
        found = safeguarding.find(running.settings, site) if site else None
        language = asked_in(request)
        if calls_kept.waits(running.settings, request_id, kind):
            return waiting_page(language, found, f"/t/{ref}")
        try:
            visit = await guests.welcome(running, request, ref)
            if isinstance(visit, Closed):
                return screens.closed(visit)
            pressed_on, mentor_id = f"training/{visit.id}", visit.training.assigned.mentor_id
            at = await delivered(running, pressed_on, request_id, kind, mentor_id, concern=pressed_on)
        except OUT_OF_REACH:
            return waiting_page(language, found, f"/t/{ref}")
        return asked_page(visit, kind, at) if at else waiting_page(visit.language, visit.site, visit.base)

    return router


def asked_in(request: Request, first: str = "") -> Language:
    """The language of the page that leads here stands in the address, or in the form."""
    return languages.spoken(PAGES, first, *wanted(request))


def talk_page(running: Running, language: Language, site_id: str, base: str, *, failed: bool = False) -> Response:
    """No query, no check of the link: numbers are public, and nobody waits for them. `base`: the pages that led here."""
    site = safeguarding.find(running.settings, site_id) if site_id else None
    return _talk(language, site, site_id, base, failed=failed)


def talk_of(visit: Visit) -> Response:
    """As a phone keeps it with a training."""
    return _talk(visit.language, visit.site, visit.training.assigned.site_id, visit.base)


def talk_after(language: Language, site: SiteDescribed | None, site_id: str, base: str) -> Response:
    """The same with a check-in."""
    return _talk(language, site, site_id, base)


def _talk(language: Language, site: SiteDescribed | None, site_id: str, base: str, *, failed: bool = False) -> Response:
    return mentors_page(
        screens.templates(language),
        "talk.jinja",
        503 if failed else 200,
        site_name=site.name if site else "jitt",
        talk=_address(site_id, language),
        site=site,
        site_id=site_id,
        base=base,
        tongue_links=_in_other_languages(language, site_id, base),
        failed=failed,
        now_id=uuid4(),
        wait_id=uuid4(),
    )


def _in_other_languages(language: Language, site_id: str, base: str) -> list[tuple[str, str, str]]:
    """The same page, with the way back to where it was opened from."""
    _, kind, ref = base.split("/", 2) if base.count("/") > 1 else ("", "", "")
    back = {kind: ref} if kind in ("t", "c") else {}
    path = safeguarding.address(site_id) if site_id else "/talk"
    found = languages.others(PAGES, language.code)
    return [(code, name, f"{path}?{urlencode(back | {'lang': code})}") for code, name in found]


def _address(site_id: str, language: Language) -> str:
    return f"{safeguarding.address(site_id) if site_id else '/talk'}?lang={language.code}"


def waiting_page(language: Language, site: SiteDescribed | None, base: str, *, on_the_phone: bool = False) -> Response:
    """Nobody was told yet. A reload looks again."""
    return mentors_page(
        screens.templates(language),
        "waiting.jinja",
        200 if on_the_phone else 202,
        site_name=site.name if site else "jitt",
        talk=_address(site.site_id if site else "", language),
        site=site,
        base=base,
        on_the_phone=on_the_phone,
    )


def asked_page(visit: Visit, kind: str, at: datetime) -> Response:
    by = times.clock(at + ANSWERED_WITHIN, visit.zone, visit.language)
    return screens.show("called.jinja", visit, site=visit.site, base=visit.base, kind=kind, by=by)


async def asked(running: Running, request: Request, ref: str, kind: Kind, id_: UUID) -> bool:
    """Whether the call is on its way, or kept here until the database takes it."""
    try:
        visit = await guests.welcome(running, request, ref)
        return not isinstance(visit, Closed) and taken(await submit(running, visit.id, kind, id_))
    except OUT_OF_REACH as error:
        log.error("call_not_taken", kind=kind, error=type(error).__name__)
    link = guests.signed(request, ref)
    return link is not None and await keep(running, "training", link, kind, id_)


async def keep(running: Running, opens: Literal["training", "check_in"], link: Link, kind: Kind, id_: UUID) -> bool:
    """Whether it is on the disk, until the database takes it."""
    call = Call(opens=opens, id=link.id, mentor_id=link.mentor_id, epoch=link.epoch, kind=kind, request_id=id_)
    try:
        await asyncio.to_thread(calls_kept.keep, running.settings, call)
    except OSError as error:
        log.error("call_not_kept", kind=kind, error=type(error).__name__)
        return False
    return True


async def asked_before(running: Running, visit: Visit, form: Mapping[str, Any]) -> bool:
    """A call that a phone kept while it was offline."""
    try:
        id_ = UUID(str(form.get("request", "")))
    except ValueError:
        return False
    kind: Kind = "now" if form.get("kind") == "now" else "can_wait"
    return taken(await submit(running, visit.id, kind, id_))


async def submit(running: Running, training_id: UUID, kind: Kind, id_: UUID) -> Outcome:
    event = CallPressed(training_id=training_id, kind=kind, request_id=id_)
    return await running.submit(event, id=call_id(id_, kind), source=f"training/{training_id}")


async def submit_after(running: Running, session_id: UUID, mentor_id: UUID, kind: Kind, id_: UUID) -> Outcome:
    """From the page of a check-in."""
    event = CheckInCallPressed(session_id=session_id, mentor_id=mentor_id, kind=kind)
    return await running.submit(event, id=call_id(id_, kind), source=f"session/{session_id}")


def call_id(id_: UUID, kind: Kind) -> str:
    return f"call/{id_}/{kind}"


def taken(outcome: Outcome) -> bool:
    """Also one that stands behind a failed record: it is kept, and goes out when that is mended. Its page says so until then."""
    return outcome.kind in ("applied", "duplicate", "parked")


async def delivered(
    running: Running, source: str, id_: UUID, kind: Kind, mentor_id: UUID, *, concern: str
) -> datetime | None:
    """When it was taken, once it has left for the supervisor's side; waits a moment for that."""
    cause = store_calls.cause_of(running.service.name, source, call_id(id_, kind))
    loop = asyncio.get_running_loop()
    until = loop.time() + SOON
    while True:
        taken_at, left = await store_calls.find_call(running.pool, cause, mentor_id, concern)
        if taken_at is None or left or loop.time() > until:
            return taken_at if left else None
        await asyncio.sleep(0.1)


def kept_up(running: Running) -> Callable[[Any], AbstractAsyncContextManager[None]]:
    """While the pages are served: a site's changed numbers reach its file, and calls that wait are delivered."""

    @asynccontextmanager
    async def lifespan(app: Any) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(_keep_numbers(running)), asyncio.create_task(_deliver_kept(running))]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    return lifespan


async def _keep_numbers(running: Running) -> None:
    kept: dict[str, int] = {}
    while True:
        if (now := await _in_reach(keep_numbers(running, kept), "numbers_not_kept")) is not None:
            kept = now
        await asyncio.sleep(EVERY)


async def _deliver_kept(running: Running) -> None:
    while True:
        await _in_reach(deliver_kept(running), "calls_wait")
        await asyncio.sleep(KEPT_EVERY)


async def _in_reach(work: Awaitable[Any], words: str) -> Any:
    try:
        return await work
    except OUT_OF_REACH as error:
        log.warning(words, error=type(error).__name__)
        return None


async def deliver_kept(running: Running) -> int:
    """How many were delivered now. Raises what the database raises; the rest then waits."""
    count = 0
    for call in await asyncio.to_thread(calls_kept.waiting, running.settings):
        access.enter(guests.scope_of(call.link))
        mentor, known = await _known(running, call)
        if not known and await store_erasing.is_erased(running.pool, call.mentor_id):
            calls_kept.forget(running.settings, call)
        if not known:
            continue  # it is on its way here; a call that was refused would not be taken again
        revoked = guests.revoked(mentor, call.link)
        if revoked or not taken(await _submit_kept(running, call)):
            log.error("kept_call_refused", opens=call.opens, id=str(call.id), kind=call.kind, revoked=revoked)
        else:
            count += 1
        calls_kept.forget(running.settings, call)
    return count


async def _known(running: Running, call: Call) -> tuple[MentorEnrolled | None, bool]:
    """Who asked, and whether what their link opens is here by now."""
    if call.opens == "training":
        opened = await store.get_opened(running.pool, call.id, call.mentor_id)
        return opened.mentor, opened.training is not None
    at = await store_check_ins.get_opened(running.pool, call.id, call.mentor_id)
    return at.mentor, at.session is not None


async def _submit_kept(running: Running, call: Call) -> Outcome:
    if call.opens == "training":
        return await submit(running, call.id, call.kind, call.request_id)
    return await submit_after(running, call.id, call.mentor_id, call.kind, call.request_id)


async def keep_numbers(running: Running, kept: dict[str, int]) -> dict[str, int]:
    """Writes the sites that changed since `kept`; answers what is on disk now."""
    known = await store.list_site_revisions(running.pool)
    changed = [site_id for site_id, revision in known.items() if kept.get(site_id) != revision]
    for site in await store.list_sites(running.pool, changed) if changed else []:
        await asyncio.to_thread(safeguarding.keep, running.settings, site)
    return known
