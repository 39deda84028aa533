"""Which system asks: the token in its Authorization header, what that may do, and for which sites.

A route of a program names what it needs: `Annotated[System, Depends(tokens.needs(running, "alerts:read"))]`.
"""

from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Annotated, Literal

from fastapi import Depends, HTTPException, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from services.supervision import store_tokens
from services.supervision.store_tokens import System
from shared import access
from shared.guesses import Guesses
from shared.running import Running
from shared.tokens import hashed

Scope = Literal["alerts:read"]
SCOPES: dict[Scope, str] = {"alerts:read": "read alerts, and hear of new ones"}
NOT_KNOWN = "Send a token that is in use as “Authorization: Bearer TOKEN”. `jitt token add` gives one."
NOT_ITS_SCOPE = "This token may not do that: it needs the scope {}. `jitt token add` gives a token with it."
TOO_MANY = "Too many wrong tokens from this address. Wait a minute, check the token, and try again."
BEARER = HTTPBearer(auto_error=False, description="a system's token, from `jitt token add`")
Bearer = Annotated[HTTPAuthorizationCredentials | None, Depends(BEARER)]


def needs(running: Running, scope: Scope) -> Callable[[Request, Bearer], Awaitable[System]]:
    """A dependency that answers who asks: 401 without a good token, 403 without the scope, 429 after too many guesses."""
    guesses = Guesses()

    async def system(request: Request, bearer: Bearer) -> System:
        found = await _find(running, hashed(bearer.credentials)) if bearer else None
        if found is None:
            if bearer and guesses.too_many(request.client.host if request.client else "", monotonic()):
                raise HTTPException(429, TOO_MANY, {"Retry-After": "60"})
            raise HTTPException(401, NOT_KNOWN, {"WWW-Authenticate": "Bearer"})
        if scope not in found.scopes:
            raise HTTPException(403, NOT_ITS_SCOPE.format(scope))
        access.enter(access.Scope("system", found.sites))
        return found

    return system


async def still(running: Running, system: System, scope: Scope) -> System | None:
    """For streams, which outlive a look: as of now; None once this token may not read on."""
    found = await _find(running, system.token_hash)
    return found if found and scope in found.scopes else None


async def _find(running: Running, token_hash: bytes) -> System | None:
    async with running.connection() as conn:
        return await store_tokens.find_system(conn, token_hash)
