"""docs/openapi/<service>.json: what programs may ask each service (/v1) and what services ask each other (/internal).

Pages for people are left out, and so is health, which every service answers alike.
"""

from typing import Any, cast

from asyncpg import Pool
from fastapi.openapi.utils import get_openapi
from fastapi.routing import RouteContext, iter_route_contexts

from shared import process
from shared.running import Running
from shared.service import Service
from shared.settings import Settings

FOR_PROGRAMS = ("/v1/", "/internal/")
REFUSED = {
    "description": "Refused: `error` says why, and what to do.",
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Refused"}}},
}
SHAPE = {"title": "Refused", "type": "object", "required": ["error"], "properties": {"error": {"type": "string"}}}
NOT_OURS = ("HTTPValidationError", "ValidationError")  # what FastAPI would answer, and we do not


def document(service: Service) -> dict[str, Any]:
    """OpenAPI 3.1; building routes asks no database."""
    app = process.application_of(Running(service, cast(Pool, None), Settings()))
    routes = [route for route in iter_route_contexts(app.routes) if (route.path or "").startswith(FOR_PROGRAMS)]
    for route in routes:
        _show(route)
    return _with_refusals(get_openapi(title=app.title, version=app.version, openapi_version="3.1.0", routes=routes))


def _with_refusals(described: dict[str, Any]) -> dict[str, Any]:
    """Any operation may refuse, and always in the same shape."""
    schemas = described.setdefault("components", {}).setdefault("schemas", {})
    for operations in described["paths"].values():
        for operation in operations.values():
            if NOT_OURS[0] in str(operation["responses"].get("422", "")):
                operation["responses"]["422"] = REFUSED
            operation["responses"].setdefault("default", REFUSED)
    described["components"]["schemas"] = {name: one for name, one in schemas.items() if name not in NOT_OURS} | {"Refused": SHAPE}
    return described


def _show(route: RouteContext) -> None:
    """A route for programs is described also where the pages around it are not."""
    object.__setattr__(route, "include_in_schema", True)  # a route context is frozen, and asks its route for what it lacks
