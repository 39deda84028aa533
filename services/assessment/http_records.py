"""A mentor's own record, by a link of its own kind: the record, a certificate to print, and the calendar that a phone reads.

All of it is read. The one button puts the link into a cookie, so that it leaves the address.
"""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256
from typing import Annotated
from urllib.parse import quote, urlencode
from uuid import UUID

from fastapi import APIRouter, Cookie, Request, Response
from fastapi.responses import RedirectResponse

from services.assessment import calendar_feed, guests, modules, record, screens, store, store_records, words
from services.assessment.guests import PROBE, Closed
from services.assessment.training import Training
from services.assessment.visits import PAGES
from shared.contracts.supervision import MentorEnrolled, SiteDescribed
from shared.http import has, joined, mentors_page, page, wanted
from shared.pages import languages
from shared.pages.languages import Language
from shared.running import Running
from shared.security import Expired, Link, mint_link
from shared.settings import settings

COOKIE = "jitt_own_record"  # not jitt_record: phones were given that for 90 days, and it would open the record for as long
AN_HOUR = 3_600  # then the link is needed again: a phone that is shared, and forgotten, shows the record to nobody for longer
CALENDAR_LIFE = timedelta(days=400)  # a school year and the summer after it
PAST = timedelta(days=60)  # that a calendar still shows
FOR_EVER = (datetime(2020, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC))
MOST = 5_000  # trainings on one certificate: more than anybody finishes
SEE_OTHER = 303


@dataclass(frozen=True, slots=True)
class Record:
    """Whose record it is, and `ref`, by which its pages are found: the mentor's id with the cookie, else the link itself."""

    ref: str
    link: Link
    now: datetime
    mentor: MentorEnrolled
    site: SiteDescribed | None
    language: Language
    asked: str = ""  # the language, where the address names it: links on the page go on in it

    @property
    def base(self) -> str:
        return f"/m/{self.ref}"

    @property
    def said(self) -> str:
        return f"?lang={self.asked}" if self.asked else ""

    @property
    def id(self) -> UUID:
        return self.link.mentor_id

    @property
    def zone(self) -> str:
        return self.mentor.time_zone


def routes(running: Running) -> APIRouter:
    return joined(door_routes(running), page_routes(running), calendar_routes(running))


def door_routes(running: Running) -> APIRouter:
    router = APIRouter()

    @router.get("/m/{ref}")
    async def door(request: Request, ref: str) -> Response:
        found = await welcome(running, request, ref)
        if isinstance(found, Record) and "." not in ref:
            return RedirectResponse(f"{found.base}/record", SEE_OTHER)
        response = screens.closed(found) if isinstance(found, Closed) else show("record-door.jinja", found)
        response.set_cookie(PROBE, "1", path="/m", samesite="lax", httponly=True, secure=_secure(request))
        return response

    @router.post("/m/{ref}/open")
    async def enter(request: Request, ref: str, jitt_cookies: Annotated[str, Cookie()] = "") -> Response:
        found = await welcome(running, request, ref)
        if isinstance(found, Closed):
            return screens.closed(found)
        own = f"/m/{found.id}"
        response = RedirectResponse(f"{own if jitt_cookies else found.base}/record{found.said}", SEE_OTHER)
        if jitt_cookies and "." in ref:
            response.set_cookie(
                COOKIE, ref, path=own, max_age=AN_HOUR, httponly=True, samesite="lax", secure=_secure(request)
            )
        return response

    @router.post("/m/{ref}/leave")
    async def leave(request: Request, ref: str) -> Response:
        """Takes the cookie away. A link that is older than its hour, or ended, leaves as well."""
        found = await welcome(running, request, ref)
        response = screens.closed(found) if isinstance(found, Closed) else screens.closed(Closed("record_left", found.language))
        response.delete_cookie(COOKIE, path=f"/m/{quote(ref, safe='')}")
        return response

    return router


def page_routes(running: Running) -> APIRouter:
    router = APIRouter()

    @router.get("/m/{ref}/record")
    async def own_record(request: Request, ref: str) -> Response:
        found = await welcome(running, request, ref)
        return screens.closed(found) if isinstance(found, Closed) else await record_page(running, found)

    @router.get("/m/{ref}/certificate")
    async def certificate(request: Request, ref: str) -> Response:
        found = await welcome(running, request, ref)
        if isinstance(found, Closed):
            return screens.closed(found)
        typed = (request.query_params.get("from", ""), request.query_params.get("to", ""))
        return await certificate_page(running, found, typed)

    return router


async def welcome(running: Running, request: Request, ref: str) -> Record | Closed:
    read = guests.presented(request, ref, "record", COOKIE)
    if isinstance(read, Closed):
        return replace(read, reason="record_shut") if read.reason == "broken" and "." not in ref else read
    link = read.link if isinstance(read, Expired) else read
    owner = await store_records.get_owner(running.pool, link.mentor_id)
    own = owner.mentor.locale if owner.mentor else ""
    asked, *accepted = wanted(request)
    language = languages.spoken(PAGES, asked, own, *accepted)
    if guests.revoked(owner.mentor, link):
        return Closed("revoked", language, owner.site)
    if isinstance(read, Expired):
        return Closed("record_expired", language, owner.site)
    if owner.mentor is None:
        return Closed("record_preparing", language)
    return Record(ref, link, owner.now, owner.mentor, owner.site, language, language.code if asked else "")


async def record_page(running: Running, own: Record) -> Response:
    trainings = await store_records.list_completed(running.pool, own.id, *FOR_EVER, record.SHOWN + 1)
    misses = await store_records.list_misses(running.pool, own.id)
    planned = await store_records.list_sessions(running.pool, own.id, own.now)
    prepared = [id for training in trainings for id in training.session_ids]
    sessions = await store_records.find_sessions(running.pool, prepared)
    known = await _modules(running, trainings, record.miss_keys(misses, own.mentor.locale))
    return show(
        "record.jinja",
        own,
        finished=record.finished(trainings[: record.SHOWN], [s for s in sessions if s.mentor_id == own.id], known, own.language),
        more=len(trainings) > record.SHOWN,
        returning=record.returning(misses, known, own.mentor.locale, own.language),
        coming=record.coming(planned, own.now, own.language),
        feed=feed_address(own),
    )


async def certificate_page(running: Running, own: Record, typed: tuple[str, str]) -> Response:
    usual = record.year_before(own.now, own.zone)
    first, last = (_day(text) if text else day for text, day in zip(typed, usual, strict=True))
    problem = _problem(first, last, own.language)
    first, last = (first, last) if first and last and not problem else usual
    since, until = record.days(first, last, own.zone)
    done = await store_records.list_completed(running.pool, own.id, since, until, MOST)
    sheet = record.certificate(done, first, last, await _modules(running, done), own.language)
    return show(
        "certificate.jinja",
        own,
        422 if problem else 200,
        f"&{urlencode(dict(zip(('from', 'to'), typed, strict=True)))}" if any(typed) else "",
        sheet=sheet,
        hours=record.length(sheet.minutes, own.language),
        since=datetime.combine(first, time(12, tzinfo=UTC)),
        until=datetime.combine(last, time(12, tzinfo=UTC)),
        typed=(typed[0] or first.isoformat(), typed[1] or last.isoformat()),
        problem=problem,
    )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _problem(first: date | None, last: date | None, language: Language) -> str:
    if first is None or last is None or not all(2000 <= day.year < 3000 for day in (first, last)):
        return language.gettext("Enter both days as in 2026-09-01")
    return language.gettext("The first day must not come after the last day") if first > last else ""


async def _modules(running: Running, trainings: list[Training], more: list[str] | None = None) -> modules.Modules:
    keys = dict.fromkeys([*(key for one in trainings for key in modules.all_keys(one.current)), *(more or [])])
    keys |= dict.fromkeys(key for one in trainings for key in modules.all_keys(one.assigned))
    return await store.find_modules(running.pool, list(keys))


def show(template: str, own: Record, status: int = 200, days: str = "", **values: object) -> Response:
    """`days`: what of the address stays when the language changes."""
    language, site = own.language, own.site
    frame = {"site_name": site.name, "talk": words.talk(site, language)} if site else {}
    links = [(code, name, f"?lang={code}{days}") for code, name in languages.others(PAGES, language.code)]
    made = page if days else mentors_page  # what repeats a part of its address is not compressed
    return made(screens.templates(language), template, status, own=own, tongue_links=links, **frame, **values)


def feed_address(own: Record) -> str:
    """Opens the calendar and nothing else. The same all day, so that it can be copied twice."""
    today = own.now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    link = Link("calendar", own.id, own.id, own.link.epoch)
    return f"{settings().assessment_url}/calendar/{mint_link(link, today + CALENDAR_LIFE)}.ics"


def calendar_routes(running: Running) -> APIRouter:
    router = APIRouter()

    @router.head("/calendar/{name}", include_in_schema=False)
    @router.get("/calendar/{name}")
    async def calendar(request: Request, name: str) -> Response:
        """Programs read this, not people: what is wrong is said by the status, in a line of text."""
        read = guests.presented(request, name.removesuffix(".ics"), "calendar", "")
        if isinstance(read, Closed):
            return _refused(429 if read.reason == "too_many" else 404)
        link = read.link if isinstance(read, Expired) else read
        owner = await store_records.get_owner(running.pool, link.mentor_id)
        if isinstance(read, Expired) or guests.revoked(owner.mentor, link):
            return _refused(410)
        if owner.mentor is None:
            return _refused(503)
        sessions = await store_records.list_sessions(running.pool, link.mentor_id, owner.now - PAST)
        return _calendar(request, calendar_feed.calendar(sessions, languages.spoken(PAGES, owner.mentor.locale)))

    return router


def _calendar(request: Request, body: bytes) -> Response:
    tag = f'"{sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache", "Content-Disposition": 'inline; filename="mentoring.ics"'}
    if has(request, tag):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="text/calendar; charset=utf-8", headers=headers)


def _refused(status: int) -> Response:
    said = {404: "There is no calendar here.", 410: "This calendar has ended. Open your record for a new address."}
    return Response(said.get(status, "Not now. Try again later."), status, media_type="text/plain; charset=utf-8")


def _secure(request: Request) -> bool:
    return settings().mode == "production" or request.url.scheme == "https"
