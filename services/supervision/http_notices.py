"""Where a mentor says how they want to be written to, by the link in every mail; and where providers report what became of one.

Opening the link changes nothing: programs that check mail open links. A mail program's own “unsubscribe” posts to it (RFC 8058).
"""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated, Any, Literal
from uuid import UUID, uuid4

from asyncpg import Record
from fastapi import APIRouter, Form, HTTPException, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from jinja2 import ChoiceLoader, Environment, PackageLoader
from pydantic import BaseModel, Field, ValidationError

from services.supervision import store_notices, texting
from services.supervision.http_console import Console
from services.supervision.mailing import PAGES
from services.supervision.notice_messages import ChannelChosen, NoticeReported, Wanted
from shared import access
from shared.access import Scope
from shared.http import joined, mentors_page
from shared.pages import environment, languages
from shared.pages.languages import Language
from shared.running import Running
from shared.security import Expired, Link, read_link
from shared.settings import DEVELOPMENT_KEY

REPORTED: dict[str, tuple[int, str]] = {
    "applied": (202, ""),
    "duplicate": (202, ""),
    "no_such_notice": (404, "No notice has that id. It is the part of our Message-ID before the @, or `id` of a text message."),
    "not_sent_yet": (409, "That notice has not been sent yet. Report what you took from us."),
}
NOT_SIGNED = "Sign the request as Standard Webhooks are, with the first of JITT_NOTICE_KEYS, within the last five minutes."
NO_KEYS = "Reports are not taken here yet: set JITT_NOTICE_KEYS, and sign with it."


class Report(BaseModel):
    status: Literal["accepted", "delivered", "delayed", "bounced", "failed"]
    reason: str | None = Field(
        None, max_length=40, pattern=r"^[A-Za-z0-9_. -]*$", description="a code, such as 5.1.1; no address"
    )


DOCUMENTED: dict[str, Any] = {
    "status_code": 202,
    "responses": {
        202: {"description": "Noted, or known already, or nothing that changes anything: `outcome` says which."},
        401: {"description": NOT_SIGNED},
        404: {"description": REPORTED["no_such_notice"][1]},
        409: {"description": REPORTED["not_sent_yet"][1]},
        422: {"description": "Not understood. `error` names the field."},
        503: {"description": NO_KEYS},
    },
    "openapi_extra": {
        "requestBody": {"required": True, "content": {"application/json": {"schema": Report.model_json_schema()}}},
    },
}


def routes(console: Console) -> APIRouter:
    return joined(choosing(console.running), reporting(console.running))


def choosing(running: Running) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.get("/mail/{site_id}/{token}")
    async def page(site_id: str, token: str, saved: str = "") -> Response:
        reader = await _reader(running, site_id, token)
        if reader is None:
            return _closed()
        language = languages.spoken(PAGES, reader["locale"])
        texts = bool(running.settings.text_url and reader["phone"])
        return mentors_page(_pages(language), "mail-choice.jinja", reader=reader, here=f"/mail/{site_id}/{token}", texts=texts,
                            saved=bool(saved), site_name=reader["site_name"], talk=f"/talk/{site_id}")  # fmt: skip

    @router.post("/mail/{site_id}/{token}")
    async def chosen(site_id: str, token: str, wanted: Annotated[str, Form()] = "none") -> Response:
        """What a mail program posts says nothing of `wanted`: it means none."""
        reader = await _reader(running, site_id, token)
        if reader is None:
            return _closed()
        wanted_now: Wanted = "mail" if wanted == "mail" else "text" if wanted == "text" else "none"
        choice = ChannelChosen(site_id=site_id, person_id=reader["person_id"], wanted=wanted_now)
        await running.submit(choice, id=str(uuid4()), source="mail choice")
        return RedirectResponse(f"/mail/{site_id}/{token}?saved=1", 303)

    return router


def reporting(running: Running) -> APIRouter:
    router = APIRouter()

    @router.post("/v1/notices/{notice_id}/status", **DOCUMENTED)
    async def status(notice_id: UUID, request: Request) -> Response:
        """What became of a message that a provider took, signed as Standard Webhooks are."""
        keys = tuple(key.get_secret_value() for key in running.settings.notice_keys)
        if running.settings.mode == "production" and keys[0] == DEVELOPMENT_KEY:
            raise HTTPException(503, NO_KEYS)
        body = await request.body()
        if not texting.is_signed(dict(request.headers), body, keys, datetime.now(UTC)):
            raise HTTPException(401, NOT_SIGNED)
        report = _report(body)
        access.enter(Scope("provider"))
        outcome = await told(running, notice_id, report, source=f"report {request.headers['webhook-id']}")
        code, words = REPORTED.get(outcome, (202, ""))
        return JSONResponse({"error": words} if words else {"outcome": outcome}, code)

    return router


async def told(running: Running, notice_id: UUID, report: Report, source: str) -> str:
    """What came of a report: applied, duplicate, or why it says nothing new."""
    async with running.connection() as conn:
        whose = await store_notices.find_whose(conn, notice_id)
    if whose is None:
        return "no_such_notice"
    site_id, person_id, channel = whose
    event = NoticeReported(notice_id=notice_id, site_id=site_id, person_id=person_id, status=report.status, reason=report.reason,
                           channel="text" if channel == "text" else "mail")  # fmt: skip
    outcome = await running.submit(event, id=f"{notice_id}/{report.status}", source=source)
    return outcome.reason or outcome.kind


def _report(body: bytes) -> Report:
    try:
        return Report.model_validate_json(body)
    except ValidationError as error:
        first = error.errors()[0]
        raise HTTPException(422, f"{'.'.join(map(str, first['loc'])) or 'body'}: {first['msg']}") from None


async def _reader(running: Running, site_id: str, token: str) -> Record | None:
    """Whose choice a link is for. A link that is old still ends mails: nobody should have to write for that. One that was
    revoked may be in somebody else's hands, and changes nothing."""
    read = read_link(token, datetime.now(UTC))
    link = read.link if isinstance(read, Expired) else read
    if not isinstance(link, Link) or link.kind != "mail":
        return None
    access.enter(Scope("mentor", frozenset({site_id})))
    async with running.connection() as conn:
        found = await store_notices.find_choice(conn, link.mentor_id, site_id)
    return found if found and found["link_epoch"] == link.epoch else None


def _closed() -> Response:
    return mentors_page(_pages(languages.ENGLISH), "mail-choice.jinja", 404, reader=None, talk="/talk", site_name="jitt")


@lru_cache
def _pages(language: Language) -> Environment:
    """In the mentor's frame, which is the shared one: the console has a page of that name."""
    env = environment(PAGES, language)
    env.loader = ChoiceLoader([PackageLoader("shared", "pages"), PackageLoader(PAGES, "templates")])
    return env
