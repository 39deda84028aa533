"""Audio, video and captions of cards, from the page's own address: fetched from content once, then kept here.

Where one host serves all services, it may lead /media to content instead: the files are the same.
"""

from functools import partial
from hashlib import sha256 as hash_of

import httpx2
from cachetools import TTLCache
from fastapi import APIRouter, HTTPException, Request, Response

from services.assessment import store_media
from shared import media
from shared.media import Found
from shared.running import Running

SECONDS = 8.0
NOT_THERE: TTLCache[str, bool] = TTLCache(maxsize=1_000, ttl=60)  # content is not asked again and again


def routes(running: Running) -> APIRouter:
    router = APIRouter()

    @router.head("/media/{sha256}", include_in_schema=False)
    @router.get("/media/{sha256}")
    async def file(request: Request, sha256: str) -> Response:
        if not media.SHA256.fullmatch(sha256):
            raise HTTPException(404)
        found = await store_media.find(running.pool, sha256) or await fetched(running, sha256)
        return await media.answer(request, sha256, found, partial(store_media.get_piece, running.pool, sha256))

    return router


async def fetched(running: Running, sha256: str) -> Found | None:
    """None where content has no such file. What comes is kept only if it is what its name says."""
    if sha256 in NOT_THERE:
        return None
    try:
        async with httpx2.AsyncClient(timeout=SECONDS, trust_env=False) as client:
            response = await client.get(f"{running.settings.content_url}/media/{sha256}")
    except httpx2.HTTPError:
        raise HTTPException(503, "The file cannot be fetched now. Try again.") from None
    if response.status_code == 404:
        NOT_THERE[sha256] = True
        return None
    body, media_type = response.content, response.headers.get("content-type", "").partition(";")[0]
    right = response.status_code == 200 and media_type in media.TYPES and len(body) <= media.LARGEST
    if not right or hash_of(body).hexdigest() != sha256:
        raise HTTPException(503, "The file cannot be fetched now. Try again.")
    await store_media.keep(running.pool, sha256, media_type, body)
    return Found(media_type, len(body))
