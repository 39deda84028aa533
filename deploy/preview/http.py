"""The pages of the preview: assessment's own in a frame, at addresses of its own, and around it what an author needs."""

import asyncio
from collections.abc import AsyncIterator
from importlib.resources import files
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, HTTPException, Request, Response
from fastapi.responses import RedirectResponse, StreamingResponse
from starlette.datastructures import MutableHeaders
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from deploy.preview import mentor
from deploy.preview.drafts import Seen, Shelf
from deploy.preview.outline import screens
from deploy.preview.rehearsal import Rehearsal
from services.content.findings import errors
from shared import http, media
from shared.http import page
from shared.media import Found
from shared.pages import environment

LOOK_SECONDS = 0.3  # between looks at the files
OWN_HOSTS = ["127.0.0.1", "localhost"]
IN_A_FRAME = http.HEADERS["Content-Security-Policy"].replace("frame-ancestors 'none'", "frame-ancestors 'self'")
LANGUAGES = {"en": "English", "es": "Español"}
FILES = {"preview.css": "text/css; charset=utf-8", "preview.js": "text/javascript; charset=utf-8"}
PAGES = environment("deploy.preview")
router = APIRouter(include_in_schema=False)


class Desk:
    """What is open: the files, and a rehearsal of each that somebody looks at."""

    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf
        self.open: dict[str, Rehearsal] = {}

    def rehearsal(self, name: str) -> Rehearsal | None:
        """With the module as it is on disk now; None while nothing of it could be read."""
        seen = self.shelf.find(name)
        if seen is None:
            raise HTTPException(404)
        if seen.module is None:
            return None
        known = self.open.setdefault(name, Rehearsal(name, seen.module))
        known.shows(seen.module)
        return known


def application(shelf: Shelf) -> FastAPI:
    app = FastAPI(title="jitt preview", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.desk = Desk(shelf)
    app.add_middleware(Framed)
    http.install(app)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=OWN_HOSTS)  # a page elsewhere that calls itself us reads nothing
    app.add_exception_handler(mentor.Unreadable, mentor.unreadable)
    app.include_router(router)
    app.include_router(mentor.router)
    return app


async def _desk(request: Request) -> Desk:
    desk: Desk = request.app.state.desk
    return desk


OwnDesk = Annotated[Desk, Depends(_desk)]


@router.get("/")
async def index(desk: OwnDesk) -> Response:
    found = desk.shelf.all()
    if len(found) == 1:
        return RedirectResponse(f"/m/{found[0].name}")
    return page(PAGES, "index.jinja", groups=_groups(found))


@router.get("/m/{name}")
async def workbench(desk: OwnDesk, name: str, at: str = "start") -> Response:
    return page(PAGES, "workbench.jinja", at=at if mentor.is_place(at) else "start", **_panel(desk, name))


@router.get("/m/{name}/panel")
async def panel(desk: OwnDesk, name: str) -> Response:
    return page(PAGES, "panel.jinja", **_panel(desk, name))


@router.get("/saved")
async def saved(desk: OwnDesk, request: Request) -> Response:
    return StreamingResponse(_saved(desk.shelf, request), media_type="text/event-stream")


@router.get("/files/{name}")
async def own_file(name: str) -> Response:
    if name not in FILES:
        raise HTTPException(404)
    body = (files("deploy.preview") / name).read_bytes()
    return Response(body, media_type=FILES[name], headers={"Cache-Control": "no-cache"})


@router.get("/media/{sha256}")
async def recording(desk: OwnDesk, request: Request, sha256: str) -> Response:
    """As the files are on disk now."""
    blobs = (blob for seen in desk.shelf.all() for blob in seen.draft.blobs)
    blob = next((each for each in blobs if each.sha256 == sha256), None)

    async def piece(start: int, length: int) -> bytes:
        return blob.body[start : start + length] if blob else b""

    return await media.answer(request, sha256, Found(blob.media_type, len(blob.body)) if blob else None, piece)


def _panel(desk: Desk, name: str) -> dict[str, Any]:
    found = desk.shelf.all()
    seen = next((each for each in found if each.name == name), None)
    if seen is None:
        raise HTTPException(404)
    bad = len(errors(seen.findings))
    return {
        "seen": seen,
        "screens": screens(seen),
        "others": [{"name": each.name, "words": _language(each), "here": each is seen} for each in _same_module(seen, found)],
        "bad": bad,
        "soft": len(seen.findings) - bad,
        "several": len(found) > 1,
    }


def _same_module(seen: Seen, found: list[Seen]) -> list[Seen]:
    """In every language, this one too."""
    own = seen.module and seen.module.module_id
    return [each for each in found if each is seen or (each.module and each.module.module_id == own)]


def _language(seen: Seen) -> str:
    locale = seen.module.locale if seen.module else ""
    return LANGUAGES.get(locale, locale or seen.file.name)


def _groups(found: list[Seen]) -> list[dict[str, Any]]:
    """One for each module, with its files in every language."""
    groups: dict[str, list[Seen]] = {}
    for seen in found:
        groups.setdefault(seen.module.module_id if seen.module else seen.name, []).append(seen)
    return [{"id": id_, "title": group[0].title, "files": [_row(seen) for seen in group]} for id_, group in groups.items()]


def _row(seen: Seen) -> dict[str, Any]:
    bad = len(errors(seen.findings))
    return {"name": seen.name, "words": _language(seen), "bad": bad, "soft": len(seen.findings) - bad}


async def _saved(shelf: Shelf, request: Request) -> AsyncIterator[str]:
    """One event whenever a file was saved, came or went."""
    stamp = shelf.stamp()
    yield "retry: 500\n\n"
    while not await request.is_disconnected():
        await asyncio.sleep(LOOK_SECONDS)
        if (now := shelf.stamp()) != stamp:
            stamp = now
            yield "event: saved\ndata: \n\n"


class Framed:
    """Lets our own pages, and nobody else's, show the mentor's page in a frame."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["Content-Security-Policy"] = IN_A_FRAME
            await send(message)

        await self.app(scope, receive, dressed if scope["type"] == "http" else send)
