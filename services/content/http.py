"""Modules for programs and authors to read, without signing in: nothing here is about a person. Statistics are for authors."""

from typing import Annotated

from fastapi import APIRouter, HTTPException, Query

from services.content import http_statistics, store
from services.content.store import Listed, Shown
from shared.running import Running


def routes(running: Running) -> APIRouter:
    everything = APIRouter()
    everything.include_router(module_routes(running))
    everything.include_router(http_statistics.routes(running))
    return everything


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
