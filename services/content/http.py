"""Modules for programs and authors to read, without signing in: nothing here is about a person. Statistics are for authors."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Request, Response

from services.content import http_statistics, store, store_media
from services.content.store import Listed, Shown
from shared import media
from shared.http import joined
from shared.running import Running


def routes(running: Running) -> APIRouter:
    return joined(module_routes(running), media_routes(running), http_statistics.routes(running))


def media_routes(running: Running) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.head("/media/{sha256}", include_in_schema=False)
    @router.get("/media/{sha256}")
    async def media_file(request: Request, sha256: str) -> Response:
        """Audio, video or captions of a card. The hash says what it is, so it is for everybody and for ever."""
        found = await store_media.find(running.pool, sha256) if media.SHA256.fullmatch(sha256) else None
        return await media.answer(request, sha256, found, partial(store_media.get_piece, running.pool, sha256))

    return router


def module_routes(running: Running) -> APIRouter:
    router = APIRouter(prefix="/v1", tags=["modules"])

    @router.get("/modules")
    async def list_modules(
        withdrawn: Annotated[bool, Query(description="also versions that were withdrawn")] = False,
    ) -> list[Listed]:
        """Every version, by module, language and number."""
        async with running.connection() as conn:
            return await store.list_modules(conn, withdrawn)

    @router.get("/modules/{module_id}")
    async def get_module(
        module_id: str,
        locale: Annotated[str, Query(description="as en or es")] = "en",
        version: Annotated[int | None, Query(ge=1, le=2_147_483_647, description="default: the newest published")] = None,
    ) -> Shown:
        """One version, whole. 404 when there is none."""
        async with running.connection() as conn:
            found = await store.find_module(conn, module_id, locale, version)
        if found is None:
            raise HTTPException(404, f"No module {module_id} in {locale}. GET /v1/modules lists what there is.")
        return found

    return router
