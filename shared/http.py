"""What every web process does: security headers, a limit on what it reads, error pages in plain words, static files."""

from collections.abc import Callable, Coroutine, Mapping
from functools import lru_cache
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from fastapi import APIRouter, FastAPI, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse
from fastapi.routing import APIRoute
from jinja2 import Environment
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared import access
from shared.pages import assets, environment, languages
from shared.pages.languages import N_, Language
from shared.shrunk import Shrunk, ShrunkPage

KIB = 1024
LIMIT = 256 * KIB
LARGER = {"/imports": 64 * KIB * KIB, "/calendars": 8 * KIB * KIB, "/v1/": 8 * KIB * KIB}  # by the path's beginning
HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; base-uri 'none'; object-src 'none'; "
    "form-action 'self'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
CONSOLE_HEADERS = {"Cache-Control": "no-store", "Referrer-Policy": "same-origin"}  # with no referrer a post says Origin: null
MOST_DIGITS = 18
GARBLED = "The address holds a NUL, or a character that is not percent-encoded. Correct it, and try again."
FOR_EVER = "public, max-age=31536000, immutable"
WORDS = {
    403: (N_("You do not have access to this page"), (N_("It belongs to another caseload."),)),
    404: (N_("Page not found"), (N_("If you typed the address, check that it is whole."),)),
    405: (N_("Page not found"), (N_("If you typed the address, check that it is whole."),)),
    413: (N_("That is too large to send"), (N_("Send less at once, or ask the people who run this site."),)),
}
PROBLEM = (N_("Sorry, there is a problem"), (N_("Your answers so far are saved. Try again in a few minutes."),))
NOT_UNDERSTOOD = (N_("That did not go through"), (N_("Go back, check what you sent, and try again."),))


def install(app: FastAPI, larger: Mapping[str, int] = LARGER) -> None:
    """Call once per app, after its own middlewares: what is added last runs first."""
    app.add_middleware(Guard, larger=larger)
    app.add_exception_handler(StarletteHTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _not_understood)
    app.include_router(static())


def joined(*routers: APIRouter) -> APIRouter:
    """One router with the routes of all of these, in this order. Where a router is included, FastAPI looks each path up twice on
    each level; of what a page costs that was a twelfth."""
    one = APIRouter()
    one.routes.extend(route for router in routers for route in router.routes)
    return one


def page(env: Environment, template: str, status: int = 200, **values: object) -> HTMLResponse:
    """Renders a template of `env`; personal unless the caller sets another Cache-Control."""
    return HTMLResponse(env.get_template(template).render(**values), status)


def mentors_page(env: Environment, template: str, status: int = 200, **values: object) -> HTMLResponse:
    """The same for whoever is on a weak connection, compressed: it holds no secret of a session."""
    return ShrunkPage(env.get_template(template).render(**values), status)


def saying(refusal: Callable[[HTTPException], Response | None]) -> type[APIRoute]:
    """Routes that say a refusal in a frame of their own; what `refusal` has no page for goes on as it is."""

    class Saying(APIRoute):
        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            handle = super().get_route_handler()

            async def answered(request: Request) -> Response:
                try:
                    return await handle(request)
                except HTTPException as refused:
                    if page := refusal(refused):
                        return page
                    raise

            return answered

    return Saying


def same_origin(request: Request, *others: str) -> bool:
    """A browser names where a form came from; what names nothing still needs the form's token. `others`: URLs also allowed."""
    origin = request.headers.get("origin")
    hosts = {request.headers.get("host", ""), *(urlsplit(url).netloc for url in others)}
    return origin is None or urlsplit(origin).netloc in hosts


def has(request: Request, tag: str) -> bool:
    """Whether the reader says that it has the body with this ETag; a proxy that compressed it has made the tag a weak one."""
    known = {each.strip().removeprefix("W/") for each in request.headers.get("if-none-match", "").split(",")}
    return tag in known or "*" in known


def static() -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.get("/static/{name}")
    def shared_file(name: str, v: str = "") -> Response:
        found = assets().get(name)
        if found is None:
            raise HTTPException(404)
        kept = FOR_EVER if v == found.version else "no-cache"
        return Shrunk(found.body, media_type=found.media_type, headers={"Cache-Control": kept})

    return router


class Guard:
    """Adds the headers, refuses large bodies and posts from other sites, and answers a failure with a page.

    It stands inside Starlette's own catch-all, because what that answers would miss the headers.
    """

    def __init__(self, app: ASGIApp, larger: Mapping[str, int]) -> None:
        self.app = app
        self.larger = larger

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        access.enter(access.NOBODY)
        request, dressed = Request(scope), _Dressed(send)
        limit = _limit(scope["path"], self.larger)
        refused = _refused(request, limit)
        try:
            await (refused or self.app)(scope, _limited(receive, limit), dressed)
        except Exception:
            if not dressed.started:
                await failure(request, 500)(scope, receive, dressed)
            raise


class _Dressed:
    """A `send` that adds our headers where a response has not set them itself."""

    def __init__(self, send: Send) -> None:
        self.send = send
        self.started = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
            headers.setdefault("Cache-Control", "no-store")
        await self.send(message)


def failure(request: Request, status: int, problem: str = "") -> Response:
    """A page for people, JSON for programs. `problem` tells a program what to do."""
    known = WORDS.get(status, NOT_UNDERSTOOD if status < 500 else PROBLEM)
    if not _wants_page(request):
        return JSONResponse({"error": problem or HTTPStatus(status).phrase}, status)
    language = languages.spoken(languages.SHARED, *wanted(request))
    heading, *sentences = [language.gettext(text) for text in (known[0], *known[1])]
    return page(_errors(language), "error.jinja", status, heading=heading, sentences=sentences, hotline=status >= 500)


def wanted(request: Request) -> list[str]:
    """The languages that the address or else the browser asks for, its first choice first."""
    accepted = request.headers.get("accept-language", "").split(",")
    return [request.query_params.get("lang", ""), *(each.partition(";")[0].strip() for each in accepted)]


@lru_cache
def _errors(language: Language) -> Environment:
    return environment(language=language)


async def _http_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, StarletteHTTPException):
        raise error
    response = failure(request, error.status_code, str(error.detail))
    response.headers.update(error.headers or {})
    return response


async def _not_understood(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    told = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
    return failure(request, 422, told)


def _wants_page(request: Request) -> bool:
    programs = request.scope["path"].startswith(("/v1/", "/internal/"))
    return not programs and "text/html" in request.headers.get("accept", "")


def _limit(path: str, larger: Mapping[str, int]) -> int:
    return next((size for start, size in larger.items() if path.startswith(start)), LIMIT)


def _refused(request: Request, limit: int) -> Response | None:
    """SameSite cookies keep other sites out already; the browser's own word for it is a second lock."""
    announced = request.headers.get("content-length", "")
    if announced.isascii() and announced.isdigit() and (len(announced) > MOST_DIGITS or int(announced) > limit):
        return failure(request, 413)
    if _garbled(request.scope):
        return failure(request, 400, GARBLED)
    if request.method not in ("GET", "HEAD") and request.headers.get("sec-fetch-site") == "cross-site":
        return failure(request, 403)
    return None


def _garbled(scope: Scope) -> bool:
    """No address of ours holds a NUL, which no database takes as text, and every address is ASCII."""
    query: bytes = scope["query_string"]
    return "\x00" in scope["path"] or not query.isascii() or b"\x00" in query or b"%00" in query


def _limited(receive: Receive, limit: int) -> Receive:
    read = 0

    async def counted() -> Message:
        nonlocal read
        message = await receive()
        read += len(message.get("body", b""))
        if read > limit:
            raise HTTPException(413)
        return message

    return counted
