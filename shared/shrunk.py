"""Responses that travel compressed: what mentors open on weak connections, and files that are the same for everybody.

A page with a secret of its reader's session is no such response (docs/decisions/0033-what-travels-compressed.md).
"""

from fastapi import Response
from fastapi.responses import HTMLResponse
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import Receive, Scope, Send

SMALLEST = 600  # bytes; less fits into one packet as it is
LEVEL = 6  # 9 takes twice the time for the last percent


class Shrunk(Response):
    """By gzip, for browsers that take it; `body` stays as it was made."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await GZipMiddleware(super().__call__, SMALLEST, LEVEL)(scope, receive, send)


class ShrunkPage(Shrunk, HTMLResponse):
    pass
