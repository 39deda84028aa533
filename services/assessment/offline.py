"""Once opened, a training works without a connection: the worker that does it, what it keeps, and what it sends later.

The worker (static/worker.js) is a file like any other, with the version of what this process serves put before it: another
version of any page makes it another worker, and what phones keep is fetched anew.
"""

import json
from functools import lru_cache
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Literal

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse

from services.assessment import guests, offline_kept, offline_pages, screens
from services.assessment.guests import COOKIE, Closed
from services.assessment.offline_kept import Forms
from services.assessment.visits import PAGES, State
from shared.http import HEADERS, has
from shared.pages import asset
from shared.running import Running
from shared.shrunk import Shrunk

NOTHING = "There is nothing to take along: the training is done, or cannot be answered now."
SCRIPTS = ("worker.js", "worker-check-in.js")
SCOPES = {"t": "/t", "c": "/c/"}  # /talk, too, and no page of the console that begins with a c
SHELL = ("jitt.css", "mentor.js", "mark.svg")
SEEN = (".py", ".jinja", ".po", ".css", ".js", ".svg")


def routes(running: Running) -> APIRouter:
    router = APIRouter()

    @router.get("/t/worker.js")
    def of_trainings(request: Request) -> Response:
        return worker(request, "t")

    @router.get("/t/{ref}/offline")
    async def kept(request: Request, ref: str) -> Response:
        """What the phone keeps; 410 when there is nothing to go on with."""
        visit = await guests.welcome(running, request, ref)
        if isinstance(visit, Closed):
            return refused(visit.reason)
        if visit.state is not State.OPEN:
            return JSONResponse({"error": NOTHING, "id": str(visit.id), "reason": str(visit.state)}, 410)
        made = await run_in_threadpool(lambda: json.dumps(offline_pages.bundle(visit, version())).encode())
        return Shrunk(made, media_type="application/json")

    @router.post("/t/{ref}/kept")
    async def take(request: Request, ref: str, kept: Forms) -> Response:
        """What the phone sends later. A link that opens nothing any more is said for each form; a broken one is a 404."""
        taken = await offline_kept.take(running, request, ref, kept.forms)
        if taken and taken[0].reason in ("broken", "too_many"):
            return refused(taken[0].reason)
        visit = await guests.welcome(running, request, ref)
        done = not isinstance(visit, Closed) and visit.state is State.DONE
        said = offline_kept.told(kept.forms, taken, visit.language)
        stays = any(each.corrected or each.result in ("refused", "again") for each in taken)
        return JSONResponse({"results": [each.result for each in taken], "said": said, "done": done, "stays": stays})

    @router.post("/t/{ref}/forget")
    async def forget(request: Request, ref: str) -> Response:
        """Removes the cookie. What a phone keeps its worker has removed before this is asked."""
        visit = await guests.welcome(running, request, ref)
        response = screens.closed(visit) if isinstance(visit, Closed) else screens.offline(visit, "forgotten")
        if link := guests.signed(request, ref):
            response.delete_cookie(COOKIE, path=f"/t/{link.id}")
        return response

    return router


def refused(reason: str) -> Response:
    """The phone looks at the reason; the words are for whoever else asks."""
    status, (heading, _) = screens.CLOSED[reason]
    return JSONResponse({"error": heading, "reason": reason}, status)


def worker(request: Request, of: Literal["t", "c"]) -> Response:
    """The same file for trainings and “I need to talk”, and for check-ins, whose pages begin otherwise. With every page a browser
    asks whether there is another one: it is told so, and sent nothing, until there is."""
    headers = {"Service-Worker-Allowed": SCOPES[of], "Cache-Control": "no-cache", "ETag": f'"{of}-{version()}"'}
    if has(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return Shrunk(script(of), media_type="text/javascript; charset=utf-8", headers=headers)


def script(of: Literal["t", "c"] = "t") -> str:
    """The worker, as JavaScript that begins with what it has to know."""
    headers = HEADERS | {"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store"}
    known = {"of": of, "version": version(), "shell": [asset(name) for name in SHELL], "headers": headers}
    parts = [(files(PAGES) / "static" / name).read_text(encoding="utf-8") for name in SCRIPTS]
    return "\n".join([f"const KNOWN = {json.dumps(known)};", *parts])


@lru_cache
def version() -> str:
    """Another one when anything changed of which the pages are made."""
    seen = sha256()
    for root in (files(PAGES), files("shared.pages")):
        for name, file in sorted(_files(root, "")):
            seen.update(name.encode() + b"\x00" + file.read_bytes())
    return seen.hexdigest()[:12]


def _files(folder: Traversable, path: str) -> list[tuple[str, Traversable]]:
    found: list[tuple[str, Traversable]] = []
    for each in folder.iterdir():
        name = f"{path}/{each.name}"
        if each.is_dir():
            found += _files(each, name)
        elif name.endswith(SEEN):
            found.append((name, each))
    return found
