"""Files by their hash over HTTP: kept for ever by whoever asks, and given in pieces, as phones ask for audio and video."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from fastapi import HTTPException, Request, Response

from shared.http import has

LARGEST = 8 * 1024 * 1024
SHA256 = re.compile(r"[0-9a-f]{64}")
RANGE = re.compile(r"bytes=(?P<first>\d{0,15})-(?P<last>\d{0,15})")
TYPES = ("audio/mpeg", "audio/mp4", "video/mp4", "video/webm", "text/vtt")
FOR_EVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class Found:
    media_type: str
    size: int


Piece = Callable[[int, int], Awaitable[bytes]]  # from a byte, so many


async def answer(request: Request, sha256: str, found: Found | None, piece: Piece) -> Response:
    """The whole, or the one range that is asked for; several at once are answered with the whole (RFC 9110, 14.2)."""
    if found is None:
        raise HTTPException(404, "No file has this hash.")
    headers = {"Cache-Control": FOR_EVER, "ETag": f'"{sha256}"', "Accept-Ranges": "bytes"}
    if has(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    if request.method == "HEAD":  # how large it is, and that it comes in pieces; none is read
        return Response(media_type=found.media_type, headers=headers | {"Content-Length": str(found.size)})
    asked = RANGE.fullmatch(request.headers.get("range", ""))
    if asked is None or request.headers.get("if-range", headers["ETag"]) != headers["ETag"]:
        return Response(await piece(0, found.size), media_type=found.media_type, headers=headers)
    span = _span(asked["first"], asked["last"], found.size)
    if span is None:
        told = {"Content-Range": f"bytes */{found.size}", "Cache-Control": "no-store"}  # of this request, not of the file
        return Response(status_code=416, headers=headers | told)
    first, last = span
    headers["Content-Range"] = f"bytes {first}-{last}/{found.size}"
    return Response(await piece(first, last - first + 1), 206, media_type=found.media_type, headers=headers)


def _span(first: str, last: str, size: int) -> tuple[int, int] | None:
    """First and last byte; “-500” are the last 500. None: there are no such bytes."""
    if not first:
        return (max(0, size - int(last)), size - 1) if last and int(last) else None
    start, end = int(first), min(int(last or size), size - 1)
    return (start, end) if start <= end else None
